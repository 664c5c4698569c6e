// Session ids: `<key>.<secret>`. The store keeps the row under the key and knows the whole id by its digest alone.
import type { Keyring } from '../../crypto/keyring.ts';
import { digest, randomToken } from '../../crypto/tokens.ts';

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

/** The ids that may replace `id`, under the same key: the first is the one to use; former signing keys made the others. */
export function successorsOf(keyring: Keyring, id: string, salt: string): string[] {
  const secrets = keyring.macs('session id', `successor\n${digest(id)}\n${salt}`);
  return secrets.map((secret) => `${keyOf(id)}.${secret}`);
}
