// The archive: a tar.gz that any tar can open. It is written from a folder of finished files, and read completely or not at all: nothing
// in it chooses a path, and every byte is checked against the manifest.
import { createHash } from 'node:crypto';
import { createReadStream, statfsSync } from 'node:fs';
import { mkdir, open, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { create, Parser, type ReadEntry } from 'tar';
import type { RecordKey } from '../audit/chain.ts';
import {
  judgeSeal,
  type Manifest,
  type ManifestFile,
  manifestName,
  readManifest,
  sealName,
} from './manifest.ts';

/** The archive cannot be restored. The message says what is wrong with it. */
export class BadArchive extends Error {
  override readonly name = 'BadArchive';
}

const mostManifestBytes = 64 * 1024 * 1024;
const mostSealBytes = 1024;

export async function describeFile(folder: string, name: string): Promise<ManifestFile> {
  const path = join(folder, name);
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return { name, size: (await stat(path)).size, sha256: hash.digest('hex') };
}

/** @param names in archive order: manifest and seal first */
export async function writeArchive(folder: string, names: readonly string[], to: Writable): Promise<void> {
  const pack = create({ cwd: folder, gzip: true, portable: true, strict: true, noDirRecurse: true }, [
    ...names,
  ]);
  await pipeline(Readable.from(pack), to);
}

export interface ReadOptions {
  readonly input: AsyncIterable<Uint8Array>;
  /** An empty folder. Its files must not be used if this throws, nor before the seal was checked. */
  readonly folder: string;
}

export interface ReadArchive {
  readonly manifest: Manifest;
  /** @throws BadArchive if none of `keys` sealed it as it is */
  judge(keys: readonly RecordKey[]): void;
}

/** @throws BadArchive if it is damaged, truncated, or contains anything that the manifest does not name */
export async function readArchive({ input, folder }: ReadOptions): Promise<ReadArchive> {
  const parser = new Parser({ strict: true });
  const reading = createReading(folder);
  let work = Promise.resolve();
  let fault: Error | undefined;
  let current: ReadEntry | undefined;
  const fail = (error: unknown) => {
    fault ??= error instanceof Error ? error : new Error(String(error));
  };
  parser.on('entry', (entry: ReadEntry) => {
    current = entry;
    work = work
      .then(() => reading.take(entry))
      .catch((error: unknown) => {
        fail(error);
        // Otherwise code that waits for the end of this entry would wait forever.
        entry.resume();
      });
  });
  const ended = new Promise<void>((resolve) => {
    parser.on('end', resolve);
    parser.on('error', (error: unknown) => {
      fail(error);
      resolve();
    });
  });
  try {
    await pipeline(Readable.from(input), createGunzip(), async (chunks: AsyncIterable<Buffer>) => {
      for await (const chunk of chunks) {
        if (fault !== undefined) throw fault;
        if (!parser.write(chunk)) await Promise.race([drained(parser), ended]);
      }
    });
  } catch (error) {
    const first = fault ?? error;
    // Otherwise the file that it is being saved to would stay open.
    current?.end();
    await work;
    throw asBadArchive(first);
  }
  parser.end();
  await ended;
  await work;
  if (fault !== undefined) throw asBadArchive(fault);
  return reading.finish();
}

function drained(parser: Parser): Promise<void> {
  return new Promise((resolve) => parser.once('drain', resolve));
}

function createReading(folder: string) {
  let manifestText: string | undefined;
  let manifest: Manifest | undefined;
  let seal = '';
  const open = new Map<string, ManifestFile>();

  async function take(entry: ReadEntry): Promise<void> {
    const { path, type } = entry;
    if (type !== 'File' && type !== 'OldFile') throw new BadArchive('something in it is not a plain file');
    if (manifestText === undefined) {
      if (path !== manifestName) throw new BadArchive('it does not start with manifest.json');
      manifestText = await textOf(entry, mostManifestBytes);
      return;
    }
    if (manifest === undefined) {
      if (path !== sealName) throw new BadArchive('its manifest has no seal');
      seal = await textOf(entry, mostSealBytes);
      const read = readManifest(manifestText);
      if ('wrong' in read) throw new BadArchive(read.wrong);
      manifest = read;
      for (const file of manifest.files) open.set(file.name, file);
      makeRoom(folder, manifest);
      return;
    }
    const file = open.get(path);
    if (!file) throw new BadArchive('it contains something that its manifest does not list');
    open.delete(path);
    await save(entry, join(folder, file.name), file);
  }

  return {
    take,
    finish(): ReadArchive {
      if (!manifest) throw new BadArchive('it is empty, or its beginning is missing');
      const [missing] = open.keys();
      if (missing !== undefined) throw new BadArchive(`it is cut off: ${missing} is missing`);
      const text = manifestText ?? '';
      return { manifest, judge: (keys) => judge(text, seal, keys) };
    },
  };
}

function judge(text: string, seal: string, keys: readonly RecordKey[]): void {
  const verdict = judgeSeal(text, seal, keys);
  if (verdict === 'forged')
    throw new BadArchive(
      'its manifest was changed after it was made, or was made by somebody without the secrets',
    );
  if (verdict === 'key unknown')
    throw new BadArchive(
      'it was sealed with a different SECRET_KEY: use the .env that belongs to it (or `--with-env`, if it contains its own)',
    );
}

function makeRoom(folder: string, { files }: Manifest): void {
  const needed = files.reduce((sum, { size }) => sum + size, 0);
  const { bavail, bsize } = statfsSync(folder);
  if (bavail * bsize < needed)
    throw new BadArchive(
      `it needs ${megabytes(needed)} MB, but only ${megabytes(bavail * bsize)} MB are free where DATA_DIR is`,
    );
}

const megabytes = (bytes: number) => Math.ceil(bytes / 1_000_000);

async function textOf(entry: ReadEntry, most: number): Promise<string> {
  if (entry.size > most) throw new BadArchive('its manifest is too long');
  const chunks: Buffer[] = [];
  for await (const chunk of entry) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

/** Durable on disk when it resolves. */
async function save(entry: ReadEntry, path: string, { name, size, sha256 }: ManifestFile): Promise<void> {
  if (entry.size !== size) throw new BadArchive(`${name} in it has a different size than its manifest says`);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const hash = createHash('sha256');
  const file = await open(path, 'wx', 0o600);
  try {
    for await (const chunk of entry) {
      hash.update(chunk);
      await file.write(chunk);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  if (hash.digest('hex') !== sha256) throw new BadArchive(`${name} in it is damaged`);
}

/** Puts errors of the unpacking itself into words; disk errors are passed on unchanged. */
function asBadArchive(error: unknown): unknown {
  const { code = '' } = error as NodeJS.ErrnoException;
  if (/^(Z_|TAR_)/.test(code)) return new BadArchive('it is damaged, incomplete, or not a backup');
  return error;
}
