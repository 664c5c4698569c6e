// Random tokens, digests and fingerprints, and constant-time comparison.
import { createHash, hash, randomFillSync, timingSafeEqual } from 'node:crypto';

/** A fresh token of `bytes` random bytes (default 32: 256 bits, ASVS 7.2.3 asks for 128) as base64url. */
export function randomToken(bytes = 32): string {
  if (bytes > pool.length) throw new RangeError(`a token of ${bytes} bytes`);
  if (used + bytes > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const token = pool.toString('base64url', used, used + bytes);
  // Wipes what was handed out, so that the pool keeps no second copy of it in memory.
  pool.fill(0, used, used + bytes);
  used += bytes;
  return token;
}

/** A random 72-bit name that people read and paste. It never starts with `-`, which a command line would take for an option. */
export function randomName(): string {
  for (;;) {
    const name = randomToken(9);
    if (!name.startsWith('-')) return name;
  }
}

/** Random bytes are requested from the system a pool at a time: a call costs as much as hundreds of bytes. */
const pool = Buffer.alloc(4096);
let used = pool.length;

/** SHA-256 as base64url: all that the store knows of a token. Tokens are random, so neither a salt nor a slow hash is needed. */
export function digest(token: string): string {
  return hash('sha256', token, 'base64url');
}

/** Constant-time equality, for any lengths (ASVS 11.2.4). */
export function equalInConstantTime(a: string, b: string): boolean {
  return timingSafeEqual(hash('sha256', a, 'buffer'), hash('sha256', b, 'buffer'));
}

/**
 * Tells two secrets apart without revealing anything about either: 8 hex digits, the same wherever the secret is used. Only for random
 * secrets: a weak one could be guessed from it.
 */
export function fingerprint(secret: string): string {
  return createHash('sha256')
    .update('gatehouse secret fingerprint v1\0')
    .update(secret)
    .digest('hex')
    .slice(0, 8);
}
