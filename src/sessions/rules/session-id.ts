// Session ids: `<key>.<secret>`. The store keeps the row under the key, and only a digest of the whole id.
import type { Keyring } from '../../crypto/keyring.ts';
import { digest, randomToken } from '../../crypto/tokens.ts';

/** 16 random bytes for the key and 32 for the secret (ASVS 7.2.3 requires 16 in total). */
export function newSessionId(): string {
  return `${randomToken(16)}.${randomToken(32)}`;
}

/** The key under which the row of `id` is stored. */
export function keyOf(id: string): string {
  return id.slice(0, Math.max(0, id.indexOf('.')));
}

/** Derives the same id for the same `salt`, `context` and session id key. */
export function derivedSessionId(keyring: Keyring, context: string, salt: string): string {
  const key = keyring.mac('session id', `key\n${context}\n${salt}`).slice(0, 22);
  return `${key}.${keyring.mac('session id', `secret\n${context}\n${salt}`)}`;
}

/** The possible successors of `id`, under the same row key: use the first; the others are derived from former signing keys. */
export function successorsOf(keyring: Keyring, id: string, salt: string): string[] {
  const secrets = keyring.macs('session id', `successor\n${digest(id)}\n${salt}`);
  return secrets.map((secret) => `${keyOf(id)}.${secret}`);
}
