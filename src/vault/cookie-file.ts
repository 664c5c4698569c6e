// The text file that cookies can be pasted into. The cookies are removed from it once they are safely in the vault, never before.
import { constants, mkdirSync, readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Recorder } from '../audit/recorder.ts';
import { withLock } from '../store/file-lock.ts';
import { replaceFile } from '../store/replace-file.ts';
import type { Load, LoadOutcome, Vault } from './contract.ts';

export type CookieFileOutcome =
  | (Extract<LoadOutcome, { kind: 'loaded' }> & {
      /** `no`: the cookies are in the vault, but also still in the file. */
      readonly emptied: 'yes' | 'changed_meanwhile' | 'no';
    })
  | Exclude<LoadOutcome, { kind: 'loaded' }>
  | { readonly kind: 'made' }
  | { readonly kind: 'file'; readonly fault: 'unreadable' | 'not_a_file' | 'too_big' | 'cannot_make' };

export interface CookieFileOptions {
  readonly path: string;
  readonly vault: Pick<Vault, 'load'>;
  readonly recorder: Recorder;
  /** Milliseconds. */
  readonly now: () => number;
}

const maxBytes = 256 * 1024;
const lockWaitMs = 5_000;

/** Loads what was pasted into the file; creates the file, with instructions, if it does not exist. */
export async function loadCookieFile(
  { path, vault, recorder, now }: CookieFileOptions,
  load: Load,
): Promise<CookieFileOutcome> {
  const bytes = await readBytes(path);
  if (bytes === 'missing') return make(path, load.target);
  if (typeof bytes === 'string') return { kind: 'file', fault: bytes };
  const outcome = await vault.load(withoutComments(bytes.toString('utf8')), load);
  if (outcome.kind !== 'loaded') return outcome;
  // Write the record first: if that fails, the cookies are already in the vault and the file can be loaded again.
  await recorder.write({ event: 'vault.file_emptied', by: load.by, facts: { host: load.target.host } });
  const text = `${instructions(load.target)}# Emptied at ${new Date(now()).toISOString()}: the cookies are in the vault, and no longer in this file.\n`;
  return { ...outcome, emptied: await replaceUnchanged(path, bytes, text) };
}

async function replaceUnchanged(
  path: string,
  bytes: Buffer,
  text: string,
): Promise<'yes' | 'changed_meanwhile' | 'no'> {
  // Text pasted since the file was read must not be lost.
  const isUnchanged = () => readFileSync(path).equals(bytes);
  try {
    const locked = await withLock(path, lockWaitMs, () =>
      replaceFile(path, Buffer.from(text), { isUnchanged }),
    );
    if ('busy' in locked) return 'no';
    return locked.value ? 'yes' : 'changed_meanwhile';
  } catch {
    return 'no';
  }
}

async function make(path: string, target: URL): Promise<CookieFileOutcome> {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const file = await open(path, 'wx', 0o600);
    try {
      await file.writeFile(instructions(target));
    } finally {
      await file.close();
    }
    return { kind: 'made' };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return { kind: 'made' };
    return { kind: 'file', fault: 'cannot_make' };
  }
}

async function readBytes(
  path: string,
): Promise<Buffer | 'missing' | 'unreadable' | 'not_a_file' | 'too_big'> {
  try {
    // NONBLOCK: opening a named pipe would otherwise block until another process opens it for writing.
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | (constants.O_NONBLOCK ?? 0));
    try {
      const stat = await file.stat();
      if (!stat.isFile()) return 'not_a_file';
      return stat.size > maxBytes ? 'too_big' : await file.readFile();
    } finally {
      await file.close();
    }
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'missing' : 'unreadable';
  }
}

function withoutComments(text: string): string {
  return text
    .replace(/^\ufeff/, '')
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n');
}

function instructions({ origin, pathname }: URL): string {
  return `# Cookies for ${origin}${pathname === '/' ? '' : pathname}
#
# 1. Open that address in a browser and sign in.
# 2. Open the developer tools (F12), choose "Network", and load the page again.
# 3. Right-click the first request, then choose "Copy" and "Copy as cURL".
#    The value of its "Cookie" request header works as well, and so does
#    an export of the cookies as JSON.
# 4. Paste it under these lines, save, and run: gatehouse vault load
#
# The cookies are then encrypted in the vault and removed from this file.
# Lines that start with # are ignored.
`;
}
