// AES-256 key wrap (RFC 3394): stores a key encrypted under another key. A wrong or damaged key is detected, never used.
import { createCipheriv, createDecipheriv } from 'node:crypto';

const algorithm = 'id-aes256-wrap';
/** RFC 3394, section 2.2.3.1. */
const initialValue = Buffer.alloc(8, 0xa6);

/** @param key a multiple of 8 bytes; the result is 8 bytes longer */
export function wrapKey(kek: Uint8Array, key: Uint8Array): Buffer {
  const cipher = createCipheriv(algorithm, kek, initialValue);
  return Buffer.concat([cipher.update(key), cipher.final()]);
}

/** @returns undefined if `kek` is not the key that wrapped it, or if `wrapped` was modified */
export function unwrapKey(kek: Uint8Array, wrapped: Uint8Array): Buffer | undefined {
  // OpenSSL unwraps empty input to an empty key without an error; the shortest key has 16 bytes (RFC 3394, section 2).
  if (wrapped.length < 24) return undefined;
  try {
    const decipher = createDecipheriv(algorithm, kek, initialValue);
    return Buffer.concat([decipher.update(wrapped), decipher.final()]);
  } catch {
    return undefined;
  }
}
