// The owners of gate sessions, for the radar and the governor. Noted when a request of that session arrives, because reading
// oauth2-proxy's own value would change its idle time, and needs the browser's ticket to decrypt it.
import { digest } from '../crypto/tokens.ts';
import type { NoteTable } from '../store/contract.ts';
import type { GateLink } from './revocation.ts';

/** What Gatehouse knows of a gate session. */
export interface Owner {
  readonly personId: string;
  readonly email: string;
  /** The handle of the Gatehouse session that last came with it. */
  readonly handle: string;
  readonly link: GateLink;
}

export interface SessionOwners {
  /** Notes `owner` if it is new; cheap enough for every request. Only for sessions that oauth2-proxy keeps in Redis. */
  remember(owner: Owner): Promise<void>;
  /** Whether `remember` would do nothing. */
  isRemembered(owner: Owner): boolean;
  ownersOf(keys: readonly string[]): Promise<ReadonlyMap<string, Owner>>;
}

const batch = 200;
const rememberedAtMost = 10_000;

/** @param expireMs how long oauth2-proxy keeps a session: a note is renewed while the session is used */
export function createSessionOwners(notes: NoteTable, now: () => number, expireMs: number): SessionOwners {
  /** What this process has noted already, oldest first. */
  const noted = new Map<string, { readonly what: string; readonly at: number }>();
  const nameOf = (key: string) => `gate:tie:${digest(key)}`;
  const isNoted = (key: string, what: string) => {
    const before = noted.get(key);
    return before?.what === what && now() - before.at < expireMs / 4;
  };
  const whatOf = (handle: string, signIn = '') => `${handle} ${signIn}`;
  return {
    isRemembered: ({ handle, link }) =>
      link.state !== 'verified' || isNoted(link.key, whatOf(handle, link.signIn)),
    async remember(owner) {
      if (owner.link.state !== 'verified') return;
      const { key, signIn } = owner.link;
      const what = whatOf(owner.handle, signIn);
      if (isNoted(key, what)) return;
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
