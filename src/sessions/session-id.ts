// Session ids: `<key>.<secret>`. The store keeps the row under the key and knows the whole id by its digest alone.
import type { Keyring } from '../crypto/keyring.ts';
import { digest, randomToken } from '../crypto/tokens.ts';

/** 16 random bytes for the key, 32 for the secret (ASVS 7.2.3 asks for 16 in all). */
export function newSessionId(): string {
  return `${randomToken(16)}.${randomToken(32)}`;
}

/** Where the row of `id` is kept. */
export function keyOf(id: string): string {
  return id.slice(0, Math.max(0, id.indexOf('.')));
}

/** An id that everyone arrives at who has `salt` and the same `context`, and this house's key. */
export function derivedSessionId(keyring: Keyring, context: string, salt: string): string {
  const key = keyring.mac('session id', `key\n${context}\n${salt}`).slice(0, 22);
  return `${key}.${keyring.mac('session id', `secret\n${context}\n${salt}`)}`;
}

/** The id that replaces `id`: under the same key, with a secret that follows from both. */
export function successorOf(keyring: Keyring, id: string, salt: string): string {
  return `${keyOf(id)}.${keyring.mac('session id', `successor\n${digest(id)}\n${salt}`)}`;
}
