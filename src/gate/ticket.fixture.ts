// For tests: cookies and stored sessions as oauth2-proxy makes them.
import { createCipheriv, randomBytes } from 'node:crypto';

export const raw = (bytes: Buffer | string) => Buffer.from(bytes).toString('base64url');

export const padded = (text: string) =>
  Buffer.from(text).toString('base64').replaceAll('+', '-').replaceAll('/', '_');

/** The first part of the cookie. */
export const ticketPayload = (id: string, secret: Buffer) => padded(`v2.${raw(id)}.${raw(secret)}`);

/** AES-GCM, preceded by its nonce. */
export function seal(plain: Buffer, secret: Buffer): Buffer {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-128-gcm', secret, nonce);
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** As oauth2-proxy's library writes it: string keys, times as extension -1 with nanoseconds. */
export function encode(value: unknown): Buffer {
  if (value === null) return Buffer.from([0xc0]);
  if (typeof value === 'boolean') return Buffer.from([value ? 0xc3 : 0xc2]);
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(9, 0xcb);
    bytes.writeDoubleBE(value, 1);
    return bytes;
  }
  if (typeof value === 'string') return sized(0xda, Buffer.from(value));
  if (Buffer.isBuffer(value)) return Buffer.concat([Buffer.from([0xc4, value.length]), value]);
  if (value instanceof Date) {
    const data = Buffer.alloc(8);
    const nanoseconds = BigInt(value.getTime() % 1000) * 1_000_000n;
    data.writeBigUInt64BE((nanoseconds << 34n) | BigInt(Math.floor(value.getTime() / 1000)));
    return Buffer.concat([Buffer.from([0xd7, 0xff]), data]);
  }
  if (Array.isArray(value)) return counted(0xdc, value.length, value.map(encode));
  const entries = value instanceof Map ? [...value] : Object.entries(value as object);
  if (entries.length < 16)
    return Buffer.concat([Buffer.from([0x80 | entries.length]), ...entries.flat().map(encode)]);
  return counted(0xde, entries.length, entries.flat().map(encode));
}

function sized(tag: number, bytes: Buffer): Buffer {
  return counted(tag, bytes.length, [bytes]);
}

function counted(tag: number, count: number, parts: readonly Buffer[]): Buffer {
  return Buffer.concat([Buffer.from([tag, count >> 8, count & 0xff]), ...parts]);
}
