// The audit log file on disk: each batch is appended with one write, for the owner only; full or old files are rotated to numbered names.
import { constants } from 'node:fs';
import { mkdir, open, readdir, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { withLock } from '../store/file-lock.ts';
import { readEntry, readLine } from './entry.ts';

const fullBytes = 10 * 1024 * 1024;
const lockWaitMs = 1_000;
/** No line is longer. */
const tailBytes = 128 * 1024;
const shortestSpanMs = 86_400_000;

/**
 * Appends `text` with one write, so that lines of several processes never mix. @throws what the file system reports
 * @returns the id of the file that took it; undefined: there was nothing to append
 */
export async function appendLines(path: string, text: string): Promise<string | undefined> {
  if (text === '') return undefined;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW;
  const file = await open(path, flags, 0o600);
  try {
    const bytes = Buffer.from(text);
    const { size, dev, ino } = await file.stat();
    const { bytesWritten } = await file.write(bytes);
    if (bytesWritten === bytes.length) return `${dev}:${ino}`;
    // A full disk took only part of it. Remove that part, or the next line would start in the middle of this one.
    if ((await file.stat()).size === size + bytesWritten) await file.truncate(size);
    throw Object.assign(new Error('the disk is full'), { code: 'ENOSPC' });
  } finally {
    await file.close();
  }
}

/** Whether `id` is the most recently rotated file. */
export async function hasSteppedAside(path: string, id: string): Promise<boolean> {
  const found = await stat(`${path}.1`).catch(() => undefined);
  return found !== undefined && `${found.dev}:${found.ino}` === id;
}

/** Moves an incomplete last line, left by a crash, to `<path>.torn`. @returns how many bytes; 0: the last line was complete */
export async function setTornEndAside(path: string, wait: () => Promise<unknown>): Promise<number> {
  const before = await tornEnd(path);
  if (!before) return 0;
  await wait();
  const torn = await tornEnd(path);
  if (!torn || torn.at !== before.at || torn.bytes.length !== before.bytes.length) return 0;
  await appendLines(`${path}.torn`, `${torn.bytes.toString('latin1')}\n`);
  const file = await open(path, constants.O_RDWR | constants.O_NOFOLLOW);
  try {
    await file.truncate(torn.at);
  } finally {
    await file.close();
  }
  return torn.bytes.length;
}

async function tornEnd(path: string): Promise<{ at: number; bytes: Buffer } | undefined> {
  const { start, tail } = await readTail(path);
  const end = tail.lastIndexOf(0x0a) + 1;
  return end === tail.length ? undefined : { at: start + end, bytes: tail.subarray(end) };
}

/** The last lines, at least one if there is any; from the most recently rotated file if the current one does not exist yet. */
export async function lastLines(path: string): Promise<string[]> {
  for (const file of (await filesOf(path)).reverse()) {
    const { tail } = await readTail(file);
    if (tail.length > 0) return tail.toString().split('\n');
  }
  return [];
}

async function readTail(path: string): Promise<{ start: number; tail: Buffer }> {
  const file = await openForReading(path);
  if (!file) return { start: 0, tail: Buffer.alloc(0) };
  try {
    const { size } = await file.stat();
    const start = Math.max(0, size - tailBytes);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size - start), 0, size - start, start);
    return { start, tail: buffer.subarray(0, bytesRead) };
  } finally {
    await file.close();
  }
}

/** Rotates a file that is full, or whose first entry is older than a thirtieth of the retention: to `.1`, that one to `.2`, and so on. */
export async function rotateFile(path: string, now: number, retentionMs: number): Promise<void> {
  if (!(await isDue(path, now, retentionMs))) return;
  await withLock(path, lockWaitMs, async () => {
    // Another process may have done it while this one waited for the lock.
    if (!(await isDue(path, now, retentionMs))) return;
    const numbers = (await numberedFiles(path)).map(({ number }) => number).sort((a, b) => b - a);
    for (const number of numbers) await rename(`${path}.${number}`, `${path}.${number + 1}`);
    await rename(path, `${path}.1`);
  });
}

/** Removes files whose last entry is older than `before`. */
export async function dropOldFiles(path: string, before: number): Promise<void> {
  const files = (await numberedFiles(path)).map(({ file }) => file);
  for (const file of [...files, `${path}.torn`]) {
    const found = await stat(file).catch(() => undefined);
    if (found && found.mtimeMs < before) await unlink(file);
  }
}

/** The files that exist, oldest lines first. */
export async function filesOf(path: string): Promise<string[]> {
  const numbered = (await numberedFiles(path)).sort((a, b) => b.number - a.number).map(({ file }) => file);
  // After a rotation the current file does not exist until the next line.
  const isThere = numbered.length === 0 || (await stat(path).catch(() => undefined)) !== undefined;
  return isThere ? [...numbered, path] : numbered;
}

async function numberedFiles(path: string): Promise<{ file: string; number: number }[]> {
  const name = `${basename(path)}.`;
  const found = await readdir(dirname(path)).catch(() => []);
  return found
    .filter((file) => file.startsWith(name) && /^[1-9]\d{0,5}$/.test(file.slice(name.length)))
    .map((file) => ({ file: join(dirname(path), file), number: Number(file.slice(name.length)) }));
}

async function isDue(path: string, now: number, retentionMs: number): Promise<boolean> {
  const file = await openForReading(path);
  if (!file) return false;
  try {
    const { size } = await file.stat();
    if (size >= fullBytes) return true;
    const { buffer, bytesRead } = await file.read(Buffer.alloc(16_384), 0, 16_384, 0);
    const [line = ''] = buffer.subarray(0, bytesRead).toString().split('\n', 1);
    const entry = readEntry(readLine(line)?.text ?? '');
    return entry !== undefined && Date.parse(entry.at) < now - Math.max(shortestSpanMs, retentionMs / 30);
  } finally {
    await file.close();
  }
}

async function openForReading(path: string) {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
