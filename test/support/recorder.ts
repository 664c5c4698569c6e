// A recorder that keeps its events in memory: for tests of what is told to the record, not of the record.
import type { RecordedEvent } from '../../src/audit/recorder.ts';
import type { ErasingRecorder } from '../../src/privacy/erase.ts';

type Flushed = ErasingRecorder;

export interface KeptEvents extends Flushed {
  readonly events: readonly RecordedEvent[];
}

export function keepEvents(): KeptEvents {
  const events: RecordedEvent[] = [];
  return {
    events,
    write: async (event) => void events.push(event),
    async writeEnding(event) {
      events.push(event);
      return 'recorded';
    },
    note: (event) => void events.push(event),
    flush: async () => {},
    forget: async () => {},
  };
}

/** A recorder that only logs, as the record does beside itself. */
export function logEvents(logger: { info(line: object): void; warn(line: object): void }): Flushed {
  const note = ({ event, outcome, reason, session, requestId, facts }: RecordedEvent) => {
    const line = { event, reason, handle: session, reqId: requestId, ...facts };
    if (outcome === 'refused' || outcome === 'failed') logger.warn(line);
    else logger.info(line);
  };
  return {
    note,
    write: async (event) => note(event),
    async writeEnding(event) {
      note(event);
      return 'recorded';
    },
    flush: async () => {},
    forget: async () => {},
  };
}
