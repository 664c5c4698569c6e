// Whose a session at the gate is, for the radar and the governor: noted when its request comes by, since reading the gate's
// own value would change what is read, and could only be done with the browser's ticket.
import { digest } from '../crypto/tokens.ts';
import type { NoteTable } from '../store/contract.ts';
import type { GateLink } from './revocation.ts';

/** What the house knows of a session at the gate. */
export interface Owner {
  readonly personId: string;
  readonly email: string;
  /** Of the session of the house that came with it last. */
  readonly handle: string;
  readonly link: GateLink;
}

export interface SessionOwners {
  /** Notes `owner` where that is new; cheap to call on every request. Only for sessions that the gate keeps in Redis. */
  remember(owner: Owner): Promise<void>;
  ownersOf(keys: readonly string[]): Promise<ReadonlyMap<string, Owner>>;
}

const batch = 200;
const rememberedAtMost = 10_000;

/** @param expireMs how long the gate keeps a session: a note is written again while the session is used. */
export function createSessionOwners(notes: NoteTable, now: () => number, expireMs: number): SessionOwners {
  /** What this process has noted already, oldest first. */
  const noted = new Map<string, { readonly what: string; readonly at: number }>();
  const nameOf = (key: string) => `gate:tie:${digest(key)}`;
  return {
    async remember(owner) {
      if (owner.link.state !== 'verified') return;
      const { key, signIn = '' } = owner.link;
      const what = `${owner.handle} ${signIn}`;
      const before = noted.get(key);
      if (before?.what === what && now() - before.at < expireMs / 4) return;
      await notes.write(nameOf(key), owner, now() + 2 * expireMs, owner.personId);
      noted.delete(key);
      noted.set(key, { what, at: now() });
      const [oldest] = noted.keys();
      if (noted.size > rememberedAtMost && oldest !== undefined) noted.delete(oldest);
    },
    async ownersOf(keys) {
      const owners = new Map<string, Owner>();
      for (let from = 0; from < keys.length; from += batch) {
        const some = keys.slice(from, from + batch);
        const found = await Promise.all(some.map((key) => notes.read(nameOf(key), now())));
        for (const [index, key] of some.entries())
          if (found[index] !== undefined) owners.set(key, found[index] as Owner);
      }
      return owners;
    },
  };
}
