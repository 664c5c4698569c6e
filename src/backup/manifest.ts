// What a backup says about itself: its contents, with sizes and digests, sealed with a key that only this deployment's secrets yield,
// and a README for people.
import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { RecordKey } from '../audit/chain.ts';

export const manifestName = 'manifest.json';
/** The seal of the manifest, over its exact bytes. */
export const sealName = 'manifest.seal';
export const readmeName = 'README.txt';
export const envName = 'env.sealed.json';

/** The restoring program decides where each name goes; an archive names no path. */
const knownName =
  /^(?:README\.txt|gatehouse\.db|library\.db|vault\.json|endings\.(?:journal|unfinished)|emails\.txt|env\.sealed\.json|record\.log(?:\.[1-9]\d{0,5})?|library\/[\da-f]{64})$/;

const fileSchema = z.strictObject({
  name: z.string().regex(knownName),
  size: z.number().int().min(0),
  sha256: z.string().regex(/^[\da-f]{64}$/),
});

const manifestSchema = z.object({
  format: z.literal('gatehouse backup'),
  version: z.number().int().min(1),
  /** UTC. */
  madeAt: z.iso.datetime(),
  /** The Gatehouse version that made it. */
  program: z.string(),
  /** The layout of `gatehouse.db`. */
  layout: z.number().int().min(0),
  /** Where the deployment kept its sessions. */
  store: z.enum(['filesystem', 'redis']),
  /** Its public address. */
  address: z.string(),
  record: z.object({ entries: z.number().int(), last: z.number().int(), intact: z.boolean() }),
  files: z.array(fileSchema),
});

export type Manifest = z.infer<typeof manifestSchema>;
export type ManifestFile = z.infer<typeof fileSchema>;

/** The archive format that this program writes, and the newest that it reads. */
export const archiveVersion = 1;

export function writeManifest(manifest: Manifest): string {
  return `${JSON.stringify(manifest, undefined, 2)}\n`;
}

/** @returns what is wrong, in words, if this program cannot restore it */
export function readManifest(text: string): Manifest | { readonly wrong: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { wrong: 'its manifest.json cannot be read' };
  }
  const { version } = (value ?? {}) as { version?: unknown };
  if (typeof version === 'number' && version > archiveVersion)
    return {
      wrong: `it was made by a newer Gatehouse (format ${version}; this program reads up to ${archiveVersion})`,
    };
  const parsed = manifestSchema.safeParse(value);
  if (!parsed.success) return { wrong: 'its manifest.json is not that of a backup' };
  const names = parsed.data.files.map(({ name }) => name);
  if (new Set(names).size !== names.length) return { wrong: 'its manifest.json lists a file twice' };
  if (!names.includes('gatehouse.db')) return { wrong: 'gatehouse.db is not in it' };
  return parsed.data;
}

/** One line: which key, and the seal. @param keys newest first, at least one */
export function sealOf(manifest: string, [key]: readonly RecordKey[]): string {
  if (!key) throw new RangeError('no key to seal with');
  return `${key.kid} ${macOf(manifest, key).toString('base64url')}\n`;
}

/** `key unknown`: sealed with a secret that is not among `keys`. `forged`: changed since, or never sealed with that key. */
export function judgeSeal(
  manifest: string,
  seal: string,
  keys: readonly RecordKey[],
): 'genuine' | 'key unknown' | 'forged' {
  const [, kid, mac = ''] = /^([\da-f]+) ([\w-]{43})\n$/.exec(seal) ?? [];
  if (kid === undefined) return 'forged';
  const key = keys.find((one) => one.kid === kid);
  if (!key) return 'key unknown';
  return timingSafeEqual(macOf(manifest, key), Buffer.from(mac, 'base64url')) ? 'genuine' : 'forged';
}

/** A separate key, derived from the record's: a seal of one kind is never valid as the other. */
function macOf(manifest: string, { key }: RecordKey): Buffer {
  const derived = Buffer.from(hkdfSync('sha256', key, '', 'gatehouse backup v1', 32));
  return createHmac('sha256', derived).update(manifest).digest();
}

/** The text for anyone who opens a backup by hand. */
export function readmeOf(madeAt: Date, address: string, names: readonly string[]): string {
  const has = (name: string, line: string) => (names.some((one) => one.startsWith(name)) ? [line] : []);
  return `${[
    `A backup of Gatehouse for ${address}, made ${madeAt.toISOString()}.`,
    '',
    'To restore it: gatehouse restore FILE (docs/operate.md). It needs the .env that belongs to it.',
    'By hand: tar -xzf FILE; sha256sum of each file is in manifest.json.',
    '',
    '  gatehouse.db      sessions, people, notes and the record (sqlite3 gatehouse.db); addresses in plain text, no usable cookie',
    ...has(
      'library.db',
      '  library.db        pages that were fetched from Confluence; their attachments are in library/',
    ),
    ...has('vault.json', '  vault.json        cookies for other services, sealed with VAULT_PASSPHRASE'),
    ...has('endings', '  endings.*         revocations that the record or the store did not have yet'),
    ...has('emails.txt', '  emails.txt        who may sign in (EMAILS_FILE)'),
    ...has('record.log', '  record.log        the record as JSON lines (AUDIT_LOG_FILE)'),
    ...has(
      'env.sealed',
      '  env.sealed.json   .env, encrypted with the passphrase that was entered for this backup',
    ),
    '',
    'Not in it: .env unless it was included encrypted, TLS keys, and sessions that oauth2-proxy keeps itself.',
  ].join('\n')}\n`;
}
