// Refusals of one network in one minute are one entry, and the networks of a minute are limited: nobody can flood the record.
import { isIP } from 'node:net';
import { networkOf } from '../store/network.ts';
import type { EventName } from './events.ts';
import type { RecordedEvent } from './recorder.ts';

const counted: ReadonlySet<EventName> = new Set([
  'csrf.rejected',
  'gate.untrusted',
  'signin.denied',
  'operator.denied',
  'gate.refused',
]);
const windowMs = 60_000;
const mostNetworks = 200;

interface Further {
  readonly event: RecordedEvent;
  count: number;
}

export interface Refusals {
  /** @returns whether it is counted with others, and is not an entry of its own. */
  isFurther(event: RecordedEvent): boolean;
  /** Ends the minute: what was counted becomes entries. */
  end(): void;
}

/** @param emit takes the entry of those that were counted */
export function createRefusals(emit: (event: RecordedEvent) => void, now: () => number): Refusals {
  let further = new Map<string, Further>();
  let endsAt = 0;
  let timer: NodeJS.Timeout | undefined;

  function end(): void {
    clearTimeout(timer);
    timer = undefined;
    const over = further;
    further = new Map();
    for (const { event, count } of over.values()) {
      if (count > 0) emit({ ...event, facts: { count } });
    }
  }

  return {
    end,
    isFurther(event) {
      if (!counted.has(event.event)) return false;
      if (now() >= endsAt) end();
      if (further.size === 0) {
        endsAt = now() + windowMs;
        timer ??= setTimeout(end, windowMs).unref();
      }
      const network = event.network !== undefined && isIP(event.network) ? networkOf(event.network) : '';
      const key = `${event.event} ${network}`;
      const before = further.get(key);
      if (before) {
        before.count += 1;
        return true;
      }
      const { event: name, outcome = 'refused' } = event;
      if (further.size < mostNetworks) {
        // Of the further ones only what they share: they can be of several people.
        const shared = {
          event: name,
          outcome,
          ...(event.network !== undefined && { network: event.network }),
        };
        further.set(key, { event: shared, count: 0 });
        return false;
      }
      const rest = further.get(name) ?? {
        event: { event: name, outcome, reason: 'many networks' },
        count: 0,
      };
      rest.count += 1;
      further.set(name, rest);
      return true;
    },
  };
}
