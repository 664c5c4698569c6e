// What the store remembers of each key, by fingerprint: since when it is in use, and when a former key was last used.
import { fingerprint } from '../crypto/tokens.ts';
import type { Logger } from '../http/log.ts';
import type { NoteTable } from '../store/contract.ts';

export interface KeyDates {
  /** Since when a key is in use, ms; for an unknown key, now. @throws StoreUnavailable */
  since(fingerprint: string): Promise<number>;
  /** When a former key last verified something, ms; undefined: not since recording started. @throws StoreUnavailable */
  lastUse(fingerprint: string): Promise<number | undefined>;
  /** Records in the background, at most once a minute, that a former secret was used. Never throws. */
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
