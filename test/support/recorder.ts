// A recorder that keeps its events in memory: for testing what is reported to the record, not the record itself.
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

/** A recorder that only writes log lines, like those that the record also writes. */
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
