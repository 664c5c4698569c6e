// A recorder that keeps its events in memory: for tests of what is told to the record, not of the record.
import type { RecordedEvent, Recorder } from '../../src/audit/recorder.ts';

type Flushed = Recorder & { flush(): Promise<void> };

export interface KeptEvents extends Flushed {
  readonly events: readonly RecordedEvent[];
}

export function keepEvents(): KeptEvents {
  const events: RecordedEvent[] = [];
  return {
    events,
    write: async (event) => void events.push(event),
    note: (event) => void events.push(event),
    flush: async () => {},
  };
}

/** A recorder that only logs, as the record does beside itself. */
export function logEvents(logger: { info(line: object): void; warn(line: object): void }): Flushed {
  const note = ({ event, outcome, reason, session, requestId, facts }: RecordedEvent) => {
    const line = { event, reason, handle: session, reqId: requestId, ...facts };
    if (outcome === 'refused' || outcome === 'failed') logger.warn(line);
    else logger.info(line);
  };
  return { note, write: async (event) => note(event), flush: async () => {} };
}
