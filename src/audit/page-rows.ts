// Entries of the audit log as the pages show them.
import type { RecordRowView } from '../../views/record-row.ts';
import { type EventName, events } from './events.ts';
import type { RecordItem } from './reader.ts';
import type { PersonRef } from './recorder.ts';

export function rowOf({ seq, entry, who, by }: RecordItem): RecordRowView {
  if (!entry) return { seq, readable: false };
  const { event, outcome, reason, session, network, facts } = entry;
  const known = Object.hasOwn(events, event) ? events[event as EventName] : undefined;
  return {
    seq,
    readable: true,
    at: Date.parse(entry.at),
    event,
    about: known?.about ?? 'An event that this version does not know.',
    weight: known?.weight ?? 'change',
    outcome,
    reason,
    session,
    network,
    // The pseudonym of an erased person is shown as it is.
    who: nameOf(who) ?? (entry.who === undefined ? undefined : `erased (${entry.who.slice(0, 6)}…)`),
    by:
      by === 'terminal'
        ? 'the terminal'
        : (nameOf(by) ?? (entry.by === undefined ? undefined : 'an erased person')),
    facts: Object.entries(facts ?? {}).map(([name, value]) => [name, String(value)] as const),
  };
}

function nameOf(person: PersonRef | undefined): string | undefined {
  return person?.email ?? person?.id;
}
