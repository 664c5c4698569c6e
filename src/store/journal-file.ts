// A small file of lines that are on disk before anybody goes on, shared by the processes of one data folder. Room is set aside while
// there is some, so that it takes lines on a full disk too.
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { withLock } from './file-lock.ts';
import { replaceFile } from './replace-file.ts';

export interface JournalLines {
  /** Changes where the file began anew. */
  readonly id: string;
  /** In order; a line that a crash tore keeps its place, and is no JSON. */
  readonly lines: readonly string[];
}

export interface JournalFile {
  /** Adds lines of JSON, on disk when it resolves. @returns the number of the last one, from 1. @throws what the file system refuses */
  append(lines: readonly string[]): Promise<{ readonly id: string; readonly last: number }>;
  /** undefined: there is none. */
  read(): Promise<JournalLines | undefined>;
  /** Puts the lines that `edit` gives in the place of those that are there; undefined: leaves them. @returns whether it did */
  edit(edit: (now: JournalLines) => readonly string[] | undefined): Promise<boolean>;
  /** Begins anew, without a line, where `mayGo` says so. @returns whether it did */
  clear(mayGo: (now: JournalLines) => boolean): Promise<boolean>;
}

const lockWaitMs = 2_000;
/** Newlines behind the lines: written over in place, so a full disk takes that much. */
const roomBytes = 64 * 1024;
const newline = 0x0a;

export function createJournalFile(path: string): JournalFile {
  /** Where the lines that were seen last end, to read on from there. */
  let seen:
    | { readonly inode: number; readonly id: string; readonly end: number; readonly count: number }
    | undefined;

  async function locked<T>(work: () => Promise<T>): Promise<T> {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const done = await withLock(path, lockWaitMs, work);
    if ('busy' in done)
      throw Object.assign(new Error('another process holds the journal'), { code: 'EBUSY' });
    return done.value;
  }

  function begin(lines: readonly string[] = [], id = randomBytes(9).toString('base64url')): void {
    const head = JSON.stringify({ journal: id });
    const text = [head, ...lines].map((line) => `${line}\n`).join('');
    replaceFile(path, Buffer.concat([Buffer.from(text), Buffer.alloc(roomBytes, newline)]));
    seen = undefined;
  }

  /** Under the lock. */
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
  // Without its head the numbers of the lines mean nothing; it was written whole, so somebody else wrote this.
  if (id === undefined) throw new Error('the journal does not begin as one');
  // The newline that ends the last line, also where a crash tore it off.
  return { id, lines, end: end + 1 };
}

/** A full disk takes only a part: then nothing of it stays. */
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
