// Opens each stored session once: a dashboard asks for the same one over and over, and decryption is the dear part.
// Remembers what a session says under a digest of its sealed form and its secret, and neither of the two.
import { createHash } from 'node:crypto';
import { type OpenSession, openSession, type Unreadable } from './ticket.ts';

export type Opener = (key: string, value: Buffer, secret: Buffer) => OpenSession | Unreadable;

/** @param limit sessions remembered at most; the one opened longest ago goes first. */
export function createOpener(limit = 5_000): Opener {
  const opened = new Map<string, { readonly seal: string; readonly session: OpenSession }>();
  return (key, value, secret) => {
    // The secret has a fixed length, so nothing can move from one into the other.
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
