// Random tokens, their digests, and comparison without a timing trace.
import { hash, randomFillSync, timingSafeEqual } from 'node:crypto';

/** A fresh token of `bytes` random bytes (default 32: 256 bits, ASVS 7.2.3 asks for 128) as base64url. */
export function randomToken(bytes = 32): string {
  if (bytes > pool.length) throw new RangeError(`a token of ${bytes} bytes`);
  if (used + bytes > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const token = pool.toString('base64url', used, used + bytes);
  // What was given out is in no copy of this process's memory a second time.
  pool.fill(0, used, used + bytes);
  used += bytes;
  return token;
}

/** A fresh random name that people read and paste, of 72 bits: it never begins with `-`, which a command line takes for an option. */
export function randomName(): string {
  for (;;) {
    const name = randomToken(9);
    if (!name.startsWith('-')) return name;
  }
}

/** Random bytes are asked of the system by the pool: each call costs as much as hundreds of bytes. */
const pool = Buffer.alloc(4096);
let used = pool.length;

/** SHA-256 as base64url: what the store knows of a token. A token is random, so no salt and no slow hash are needed. */
export function digest(token: string): string {
  return hash('sha256', token, 'base64url');
}

/** Equality that takes as long for a near miss as for a far one, whatever the lengths (ASVS 11.2.4). */
export function equalInConstantTime(a: string, b: string): boolean {
  return timingSafeEqual(hash('sha256', a, 'buffer'), hash('sha256', b, 'buffer'));
}
