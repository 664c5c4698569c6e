// The vault as text: passphrase slots, sealed entries, and a MAC over all of it, so that swapping, dropping or adding anything is
// detected.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { subkey } from '../crypto/kdf.ts';

/** One passphrase that opens the vault. Binary values are base64url. */
const slotSchema = z.strictObject({
  salt: z.string(),
  rounds: z.number(),
  bound: z.boolean(),
  /** Identifies the machine; empty if the slot is not bound. */
  machine: z.string(),
  wrapped: z.string(),
});
export type Slot = Readonly<z.infer<typeof slotSchema>>;

const format = 'gatehouse vault';
const version = 1;

const fileSchema = z.strictObject({
  format: z.literal(format),
  version: z.literal(version),
  /** Random, set once; the highest generation is remembered under this id. */
  id: z.string().regex(/^[\w-]{22}$/),
  /** Identifies the data key that seals the entries; reveals nothing about it. */
  keyId: z.string(),
  /** Incremented at every change. */
  generation: z.int().min(1),
  slots: z.array(slotSchema).min(1).max(2),
  /** Fernet tokens. */
  entries: z.array(z.string()),
  /** HMAC-SHA256 over everything before it, with a key derived from the data key. */
  mac: z.string(),
  /** SHA-256 over everything before it: distinguishes damage from a wrong passphrase, and protects against nothing else. */
  sum: z.string(),
});
type SealedFile = Readonly<z.infer<typeof fileSchema>>;
export interface Content extends Pick<SealedFile, 'id' | 'generation'> {
  readonly slots: readonly Slot[];
  readonly entries: readonly string[];
}

/** The text of the file that holds `content`. */
export function writeSealed({ id, generation, slots, entries }: Content, dataKey: Uint8Array): string {
  const kept = { slots: [...slots], entries: [...entries] };
  const body = { format, version, id, keyId: keyIdOf(dataKey), generation, ...kept } as const;
  const signed = { ...body, mac: macOf(body, dataKey).toString('base64url') };
  return textOf({ ...signed, sum: sumOf(signed) });
}

/**
 * @returns undefined unless the text is byte for byte what `writeSealed` produces. Not authenticated until `isSealedWith` is called.
 */
export function readSealed(text: string): SealedFile | undefined {
  try {
    const parsed = fileSchema.safeParse(JSON.parse(text));
    if (!parsed.success) return undefined;
    const { sum, ...signed } = parsed.data;
    return sumOf(signed) === sum && textOf(parsed.data) === text ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a holder of `dataKey` wrote exactly this file. */
export function isSealedWith({ mac, sum: _, ...body }: SealedFile, dataKey: Uint8Array): boolean {
  const [expected, found] = [macOf(body, dataKey), Buffer.from(mac, 'base64url')];
  return (
    found.length === expected.length && timingSafeEqual(found, expected) && body.keyId === keyIdOf(dataKey)
  );
}

export function keyIdOf(dataKey: Uint8Array): string {
  return subkey(dataKey, 'key id', 8).toString('hex');
}

function macOf(body: Omit<SealedFile, 'mac' | 'sum'>, dataKey: Uint8Array): Buffer {
  return createHmac('sha256', subkey(dataKey, 'file', 32))
    .update(JSON.stringify(body))
    .digest();
}

function sumOf(signed: Omit<SealedFile, 'sum'>): string {
  return createHash('sha256').update(JSON.stringify(signed)).digest('base64url');
}

function textOf(file: SealedFile): string {
  return `${JSON.stringify(file, null, 2)}\n`;
}
