// Decrypts each stored session only once: a dashboard asks for the same one repeatedly, and decryption is the expensive part. Caches the
// content under a digest of the encrypted form and the secret, and keeps neither of them.
import { createHash } from 'node:crypto';
import { type OpenSession, openSession, type Unreadable } from './ticket.ts';

export type Opener = (key: string, value: Buffer, secret: Buffer) => OpenSession | Unreadable;

/** @param limit the most sessions that are cached; the one decrypted longest ago is dropped first */
export function createOpener(limit = 5_000): Opener {
  const opened = new Map<string, { readonly seal: string; readonly session: OpenSession }>();
  return (key, value, secret) => {
    // The secret has a fixed length, so the boundary between the two inputs is unambiguous.
    const seal = createHash('sha256').update(secret).update(value).digest('base64');
    const before = opened.get(key);
    if (before?.seal === seal) return before.session;
    const session = openSession(value, secret);
    if (typeof session === 'string') return session;
    opened.delete(key);
    opened.set(key, { seal, session });
    const [oldest] = opened.keys();
    if (opened.size > limit && oldest !== undefined) opened.delete(oldest);
    return session;
  };
}
