// Counts repeated refusals: a network's first refusal is an entry immediately, later ones share one entry per window, and the number of
// networks in an hour is limited. So nobody can flood the audit log, however long they try.
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
const firstMs = 60_000;
/** While refusals continue, the window doubles up to this. */
const longestMs = 3_600_000;
const sweepMs = 60_000;
const mostNetworks = 200;

interface Further {
  readonly event: RecordedEvent;
  count: number;
  forMs: number;
  beganAt: number;
}

export interface Refusals {
  /** @returns whether the event is counted with others instead of becoming an entry of its own */
  isFurther(event: RecordedEvent): boolean;
  /** Writes entries for what was counted so far. */
  end(): void;
}

/** @param emit is called with the entry of those that were counted */
export function createRefusals(emit: (event: RecordedEvent) => void, now: () => number): Refusals {
  const further = new Map<string, Further>();
  let hourBeganAt = Number.NEGATIVE_INFINITY;
  let networks = 0;
  let timer: NodeJS.Timeout | undefined;

  /** A clock that was set back ends the window too; otherwise it would last until the clock has caught up. */
  const isOver = (beganAt: number, forMs: number) => now() >= beganAt + forMs || now() < beganAt;

  function tell({ event, count }: Further): void {
    if (count > 0) emit({ ...event, facts: { count } });
  }

  function sweep(): void {
    for (const [key, one] of further) {
      if (!isOver(one.beganAt, one.forMs)) continue;
      tell(one);
      if (one.count === 0) further.delete(key);
      else Object.assign(one, { count: 0, beganAt: now(), forMs: Math.min(one.forMs * 2, longestMs) });
    }
    timer = further.size === 0 ? undefined : setTimeout(sweep, sweepMs).unref();
  }

  function begin(key: string, event: RecordedEvent, count: number): void {
    further.set(key, { event, count, forMs: firstMs, beganAt: now() });
    timer ??= setTimeout(sweep, sweepMs).unref();
  }

  /** Counts one more network of this hour. @returns false if there were too many */
  function takeNetwork(): boolean {
    if (isOver(hourBeganAt, longestMs)) [hourBeganAt, networks] = [now(), 0];
    networks += 1;
    return networks <= mostNetworks;
  }

  return {
    end() {
      clearTimeout(timer);
      timer = undefined;
      for (const one of further.values()) tell(one);
      further.clear();
    },
    isFurther(event) {
      if (!counted.has(event.event)) return false;
      clearTimeout(timer);
      sweep();
      const network = event.network !== undefined && isIP(event.network) ? networkOf(event.network) : '';
      const { event: name, outcome = 'refused' } = event;
      const before = further.get(`${name} ${network}`);
      if (before) {
        before.count += 1;
        return true;
      }
      if (takeNetwork()) {
        // Only what the counted refusals share: they can concern several people.
        const shared = {
          event: name,
          outcome,
          ...(event.network !== undefined && { network: event.network }),
        };
        begin(`${name} ${network}`, shared, 0);
        return false;
      }
      const rest = further.get(name);
      if (rest) rest.count += 1;
      else begin(name, { event: name, outcome, reason: 'many networks' }, 1);
      return true;
    },
  };
}
