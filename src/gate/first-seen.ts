// When each gate session was first seen. Kept as notes, because a refresh resets oauth2-proxy's own timestamp.
import { digest } from '../crypto/tokens.ts';
import type { NoteTable } from '../store/contract.ts';
import type { ScannedSession } from './session-scan.ts';

export interface FirstSeen {
  /** By key. Notes sessions seen for the first time, and forgets those that are gone. */
  of(sessions: readonly Pick<ScannedSession, 'key' | 'savedAt'>[]): Promise<ReadonlyMap<string, number>>;
  /** A later sign-in on the same ticket starts over. */
  forget(key: string): Promise<void>;
}

const batch = 200;

/** @param expireMs how long a session lives without a refresh; a note outlives it, and is renewed while the session lives */
export function createFirstSeen(notes: NoteTable, now: () => number, expireMs: number): FirstSeen {
  const known = new Map<string, { readonly at: number; readonly notedAt: number }>();
  const nameOf = (key: string) => `gate:first-seen:${digest(key)}`;

  async function note({ key, savedAt }: Pick<ScannedSession, 'key' | 'savedAt'>): Promise<void> {
    const before = known.get(key);
    if (before && now() - before.notedAt < expireMs) return;
    const noted = before?.at ?? ((await notes.read(nameOf(key), now())) as number | undefined);
    const at = noted ?? savedAt ?? now();
    await notes.write(nameOf(key), at, now() + 2 * expireMs);
    known.set(key, { at, notedAt: now() });
  }

  async function forget(key: string): Promise<void> {
    known.delete(key);
    await notes.remove(nameOf(key));
  }

  return {
    async of(sessions) {
      for (let from = 0; from < sessions.length; from += batch)
        await Promise.all(sessions.slice(from, from + batch).map(note));
      const live = new Set(sessions.map(({ key }) => key));
      for (const key of [...known.keys()]) if (!live.has(key)) await forget(key);
      return new Map([...known].map(([key, { at }]) => [key, at]));
    },
    forget,
  };
}
