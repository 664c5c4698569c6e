// Stores the bytes of attachments in a folder of their own. File names are digests: nothing that people wrote becomes part of a path.
import { createHash, randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ListedFile } from './api.ts';
import type { Client } from './client.ts';
import { Unanswered } from './outcomes.ts';
import type { StoredFile } from './sync-store.ts';

export interface Files {
  /** Downloads one attachment. @throws Unanswered */
  fetch(file: ListedFile): Promise<StoredFile>;
  /** Whether all its bytes are stored. */
  has(file: StoredFile): Promise<boolean>;
  /** Removes files that no row refers to: left by a killed sync, or of deleted attachments. Only while nothing is being fetched. */
  sweep(known: ReadonlySet<string>): Promise<void>;
}

export function createFiles(folder: string, limit: number, client: Client): Files {
  return {
    async fetch({ id, title, mediaType, size, version, download }) {
      if (size > limit) throw new Unanswered('too_large');
      // Each version has its own name, so a reader of the old one can still read it to the end.
      const file = createHash('sha256').update(`${id}\n${version}`).digest('hex');
      const path = join(folder, file);
      const temporary = `${path}.${randomBytes(6).toString('hex')}.part`;
      try {
        const stored = await client.file(download, mediaType, (body) => save(body, temporary, limit));
        await rename(temporary, path);
        return { id, title, mediaType, version, file, ...stored };
      } catch (error) {
        await rm(temporary, { force: true });
        throw error;
      }
    },
    async has({ file, size }) {
      try {
        return (await stat(join(folder, file))).size === size;
      } catch {
        return false;
      }
    },
    async sweep(known) {
      for (const name of await readdir(folder)) {
        if (!known.has(name)) await rm(join(folder, name), { force: true, recursive: true });
      }
    },
  };
}

/** Disk errors: a connection never fails with one of these. */
const diskFaults = new Set([
  'ENOSPC',
  'EDQUOT',
  'EACCES',
  'EPERM',
  'EROFS',
  'ENOENT',
  'EMFILE',
  'ENFILE',
  'EIO',
  'EFBIG',
]);

async function save(body: Readable, path: string, limit: number): Promise<{ size: number; sha256: string }> {
  const hash = createHash('sha256');
  let size = 0;
  const out = createWriteStream(path, { mode: 0o600, flags: 'w' });
  try {
    await pipeline(
      body,
      async function* (parts: AsyncIterable<Buffer>) {
        for await (const part of parts) {
          size += part.length;
          if (size > limit) throw new Unanswered('too_large');
          hash.update(part);
          yield part;
        }
      },
      out,
    );
  } catch (error) {
    throw diskFaults.has(String((error as NodeJS.ErrnoException).code))
      ? new Unanswered('not_stored')
      : error;
  }
  return { size, sha256: hash.digest('hex') };
}
