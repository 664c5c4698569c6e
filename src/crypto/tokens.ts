// Random tokens, their digests, and comparison without a timing trace.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** A fresh token of `bytes` random bytes (default 32: 256 bits, ASVS 7.2.3 asks for 128) as base64url. */
export function randomToken(bytes = 32): string {
  return randomBytes(bytes).toString('base64url');
}

/** SHA-256 as base64url: what the store knows of a token. A token is random, so no salt and no slow hash are needed. */
export function digest(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}

/** Equality that takes as long for a near miss as for a far one, whatever the lengths (ASVS 11.2.4). */
export function equalInConstantTime(a: string, b: string): boolean {
  const [left, right] = [a, b].map((text) => createHash('sha256').update(text).digest());
  return left !== undefined && right !== undefined && timingSafeEqual(left, right);
}
