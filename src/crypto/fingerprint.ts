// A fingerprint tells two secrets apart without revealing anything about either.
import { createHash } from 'node:crypto';

/** 8 hex digits, the same wherever the secret is used. Only for random secrets: a weak one could be guessed from it. */
export function fingerprint(secret: string): string {
  return createHash('sha256')
    .update('gatehouse secret fingerprint v1\0')
    .update(secret)
    .digest('hex')
    .slice(0, 8);
}
