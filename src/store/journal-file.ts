// A small file of lines that are on disk before the caller continues, shared by the processes of one data folder. It reserves space
// while there is some, so that it accepts lines on a full disk too.
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { withLock } from './file-lock.ts';
import { replaceFile } from './replace-file.ts';

export interface JournalLines {
  /** Changes when the file is started over. */
  readonly id: string;
  /** In order; a line cut off by a crash keeps its position, and is not valid JSON. */
  readonly lines: readonly string[];
}

export interface JournalFile {
  /** Appends lines of JSON, on disk when it resolves. @returns the number of the last line, from 1. @throws errors of the file system */
  append(lines: readonly string[]): Promise<{ readonly id: string; readonly last: number }>;
  /** undefined if there is no journal. */
  read(): Promise<JournalLines | undefined>;
  /** Replaces all lines with those that `edit` returns; undefined keeps them. @returns whether they were replaced */
  edit(edit: (now: JournalLines) => readonly string[] | undefined): Promise<boolean>;
  /** Starts over without any lines if `mayGo` returns true. @returns whether it did */
  clear(mayGo: (now: JournalLines) => boolean): Promise<boolean>;
}

const lockWaitMs = 2_000;
/** Newlines after the last line, overwritten in place, so that much can be written on a full disk. */
const roomBytes = 64 * 1024;
const newline = 0x0a;

export function createJournalFile(path: string): JournalFile {
  /** Where the lines read so far end, to continue reading from there. */
  let seen:
    | { readonly inode: number; readonly id: string; readonly end: number; readonly count: number }
    | undefined;

  async function locked<T>(work: () => Promise<T>): Promise<T> {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const done = await withLock(path, lockWaitMs, work);
    if ('busy' in done)
      throw Object.assign(new Error('another process has locked the journal'), { code: 'EBUSY' });
    return done.value;
  }

  function begin(lines: readonly string[] = [], id = randomBytes(9).toString('base64url')): void {
    const head = JSON.stringify({ journal: id });
    const text = [head, ...lines].map((line) => `${line}\n`).join('');
    replaceFile(path, Buffer.concat([Buffer.from(text), Buffer.alloc(roomBytes, newline)]));
    seen = undefined;
  }

  /** Call it only while holding the lock. */
  async function look(file: FileHandle): Promise<NonNullable<typeof seen>> {
    const { ino, size } = await file.stat();
    if (seen?.inode === ino && (await isBlank(file, seen.end, size))) return seen;
    const { id, lines, end } = parse(await readAll(file));
    seen = { inode: ino, id, end, count: lines.length };
    return seen;
  }

  async function add(lines: readonly string[]): Promise<{ id: string; last: number }> {
    const file = await openFile(path, constants.O_RDWR);
    if (!file) {
      begin();
      return add(lines);
    }
    try {
      const { id, end, count, inode } = await look(file);
      if (lines.length === 0) return { id, last: count };
      const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
      const { size } = await file.stat();
      await writeWhole(file, bytes, end, size);
      await file.datasync();
      seen = { inode, id, end: end + bytes.length, count: count + lines.length };
      return { id, last: seen.count };
    } finally {
      await file.close();
    }
  }

  async function read(): Promise<JournalLines | undefined> {
    const file = await openFile(path, constants.O_RDONLY);
    if (!file) return undefined;
    try {
      const { id, lines } = parse(await readAll(file));
      return { id, lines };
    } finally {
      await file.close();
    }
  }

  return {
    append: (lines) => locked(() => add(lines)),
    read,
    edit: (edit) =>
      locked(async () => {
        const now = await read();
        const lines = now && edit(now);
        if (lines) begin(lines, now.id);
        return lines !== undefined;
      }),
    clear: (mayGo) =>
      locked(async () => {
        const now = await read();
        const goes = now !== undefined && mayGo(now);
        if (goes) begin();
        return goes;
      }),
  };
}

async function openFile(path: string, flags: number): Promise<FileHandle | undefined> {
  try {
    return await open(path, flags | constants.O_NOFOLLOW);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function readAll(file: FileHandle): Promise<Buffer> {
  const { size } = await file.stat();
  const { buffer, bytesRead } = await file.read(Buffer.alloc(size), 0, size, 0);
  return buffer.subarray(0, bytesRead);
}

async function isBlank(file: FileHandle, from: number, to: number): Promise<boolean> {
  if (to <= from) return true;
  const { buffer, bytesRead } = await file.read(Buffer.alloc(to - from), 0, to - from, from);
  return buffer.subarray(0, bytesRead).every((byte) => byte === newline);
}

function parse(bytes: Buffer): { id: string; lines: string[]; end: number } {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === newline) end -= 1;
  const [head = '', ...lines] = bytes.toString('utf8', 0, end).split('\n').filter(Boolean);
  const id = /^\{"journal":"([\w-]{12})"\}$/.exec(head)?.[1];
  // Without the head, line numbers mean nothing. The head is written in one piece, so another program wrote this file.
  if (id === undefined) throw new Error('the journal does not start with its header');
  // Counts the newline that ends the last line, also if a crash cut it off.
  return { id, lines, end: end + 1 };
}

/** A full disk may accept only part of the bytes; then none of them are kept. */
async function writeWhole(file: FileHandle, bytes: Buffer, at: number, size: number): Promise<void> {
  const isTorn = at > size;
  const whole = isTorn ? Buffer.concat([Buffer.from('\n'), bytes]) : bytes;
  const start = isTorn ? size : at;
  try {
    for (let done = 0; done < whole.length; ) {
      const { bytesWritten } = await file.write(whole, done, whole.length - done, start + done);
      if (bytesWritten === 0) throw Object.assign(new Error('the disk is full'), { code: 'ENOSPC' });
      done += bytesWritten;
    }
  } catch (error) {
    await file
      .write(Buffer.alloc(Math.max(0, size - start), newline), 0, undefined, start)
      .catch(() => undefined);
    await file.truncate(Math.max(size, start)).catch(() => undefined);
    throw error;
  }
}
