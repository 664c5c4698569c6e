// What the store remembers of a key, by its fingerprint: since when it is in use, and when a former one was last of use.
import { fingerprint } from '../crypto/fingerprint.ts';
import type { Logger } from '../http/log.ts';
import type { NoteTable } from '../store/contract.ts';

export interface KeyDates {
  /** Since when a key is in use, ms: this instant where it was never met before. @throws StoreUnavailable */
  since(fingerprint: string): Promise<number>;
  /** When a former key last proved something, ms; undefined: not since this house began to note it. @throws StoreUnavailable */
  lastUse(fingerprint: string): Promise<number | undefined>;
  /** Notes, soon and at most once a minute, that a former secret was of use. Never throws. */
  noteUse(secret: string): void;
}

const tenYearsMs = 10 * 365 * 86_400_000;
const throttleMs = 60_000;
const sinceKey = (print: string) => `key:since:${print}`;
const usedKey = (print: string) => `key:used:${print}`;

export function createKeyDates(notes: NoteTable, now: () => number, logger: Logger): KeyDates {
  const notedAt = new Map<string, number>();
  return {
    async since(print) {
      const known = await notes.read(sinceKey(print), now());
      if (typeof known === 'number') return known;
      const at = now();
      await notes.write(sinceKey(print), at, at + tenYearsMs);
      return at;
    },
    async lastUse(print) {
      const known = await notes.read(usedKey(print), now());
      return typeof known === 'number' ? known : undefined;
    },
    noteUse(secret) {
      const print = fingerprint(secret);
      const at = now();
      if (at - (notedAt.get(print) ?? Number.NEGATIVE_INFINITY) < throttleMs) return;
      notedAt.set(print, at);
      notes.write(usedKey(print), at, at + tenYearsMs).catch((error: unknown) => {
        logger.warn({ event: 'keys.use_not_noted', err: error });
      });
    },
  };
}
