// Every recorded event is logged too, with the same fields but nothing that names a person or a network: logs outlive an erasure.
import { factsOf, reasonOf } from './entry.ts';
import { events } from './events.ts';
import type { RecordedEvent } from './recorder.ts';

/** The part of the program's logger that the audit log needs. */
export interface RecordLogger {
  info(line: object): void;
  warn(line: object): void;
  error(line: object): void;
}

/** Alarms and refusals are warnings. */
export function logLine(logger: RecordLogger, event: RecordedEvent): void {
  const { event: name, outcome = 'done', session, requestId, by } = event;
  const reason = reasonOf(event);
  const line = {
    ...factsOf(event),
    event: name,
    ...(reason !== undefined && { reason }),
    ...(outcome !== 'done' && { outcome }),
    ...(session !== undefined && { handle: session }),
    ...(by === 'terminal' && { by }),
    ...(requestId !== undefined && { reqId: requestId }),
  };
  if (events[name].weight === 'alarm' || outcome === 'refused') logger.warn(line);
  else logger.info(line);
}
