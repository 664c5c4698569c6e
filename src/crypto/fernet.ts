// Fernet tokens, exactly as specified (github.com/fernet/spec). Nothing is decrypted before its MAC is verified, and every kind of failure
// returns the same result.
import { createCipheriv, createDecipheriv, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** `0x80 | u64 seconds | IV 16 | AES-128-CBC, PKCS#7 | HMAC-SHA256`. */
const version = 0x80;
const headerBytes = 1 + 8 + 16;
const macBytes = 32;
const blockBytes = 16;
const maxSkewS = 60;

/** How old a token may be. Its timestamp is not encrypted, and is trusted only after the MAC has been verified. */
export interface TokenAge {
  /** Both in milliseconds. */
  readonly now: number;
  readonly maxAgeMs: number;
}

/** Splits the key as specified: 16 bytes for signing, 16 for encryption. @throws RangeError for any other length */
function halves(key: Uint8Array): { readonly signing: Uint8Array; readonly encryption: Uint8Array } {
  if (key.length !== 32) throw new RangeError('A Fernet key has 32 bytes');
  return { signing: key.subarray(0, 16), encryption: key.subarray(16) };
}

/**
 * @param now milliseconds; the token stores whole seconds
 * @param iv only for the specification's test vectors
 * @returns base64url with padding
 */
export function sealFernet(
  key: Uint8Array,
  plaintext: Uint8Array,
  now: number,
  iv: Uint8Array = randomBytes(16),
): string {
  const { signing, encryption } = halves(key);
  const head = Buffer.alloc(9);
  head[0] = version;
  head.writeBigUInt64BE(BigInt(Math.floor(now / 1000)), 1);
  const cipher = createCipheriv('aes-128-cbc', encryption, iv);
  const signed = Buffer.concat([head, iv, cipher.update(plaintext), cipher.final()]);
  const mac = createHmac('sha256', signing).update(signed).digest();
  return toBase64url(Buffer.concat([signed, mac]));
}

/**
 * @param age absent: the token may have any age, as specified when no TTL is given
 * @returns the plaintext; undefined for a token that is malformed, forged, from another key, too old, or more than 60 s in the future
 */
export function openFernet(key: Uint8Array, token: string, age?: TokenAge): Buffer | undefined {
  const { signing, encryption } = halves(key);
  const bytes = fromBase64url(token);
  if (!bytes || bytes.length < headerBytes + blockBytes + macBytes || bytes[0] !== version) return undefined;
  const signed = bytes.subarray(0, -macBytes);
  const mac = createHmac('sha256', signing).update(signed).digest();
  if (!timingSafeEqual(mac, bytes.subarray(-macBytes))) return undefined;
  if (age && !isOfAge(Number(signed.readBigUInt64BE(1)), age)) return undefined;
  const decipher = createDecipheriv('aes-128-cbc', encryption, signed.subarray(9, headerBytes));
  try {
    return Buffer.concat([decipher.update(signed.subarray(headerBytes)), decipher.final()]);
  } catch {
    // The length or padding is invalid although the MAC is right.
    return undefined;
  }
}

function isOfAge(sealedS: number, { now, maxAgeMs }: TokenAge): boolean {
  const nowS = Math.floor(now / 1000);
  return sealedS + maxAgeMs / 1000 >= nowS && sealedS <= nowS + maxSkewS;
}

function toBase64url(bytes: Buffer): string {
  const text = bytes.toString('base64url');
  return text + '='.repeat((4 - (text.length % 4)) % 4);
}

/** Node's decoder skips unknown characters, so only text that re-encodes to itself is accepted (RFC 4648, sections 3.2, 3.3, 3.5). */
function fromBase64url(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url');
  return toBase64url(bytes) === text ? bytes : undefined;
}
