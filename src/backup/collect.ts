// Gathers a deployment in a folder while it runs: each store as of one instant, in an order that respects their references to each other.
import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { backup, DatabaseSync } from 'node:sqlite';
import { filesOf } from '../audit/file-disk.ts';
import { withLock } from '../store/file-lock.ts';
import { createJournalFile } from '../store/journal-file.ts';
import { createRedisStore } from '../store/redis.ts';
import { rowsOfRedis } from '../store/redis-rows.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import { copyRecord, loadRows } from '../store/stored-rows.ts';
import {
  attachmentName,
  attachmentsFolder,
  attachmentsName,
  journalFile,
  libraryFile,
  lockedFiles,
  type Place,
  storeFile,
} from './place.ts';

const lockMs = 5_000;
/** All pages in one step: a write in between would restart the copy, which on a busy server would never finish. */
const allPages = 2_000_000_000;

/** @returns the names of the files, in archive order. @throws what the file system, SQLite or Redis refuses */
export async function collect(place: Place, folder: string): Promise<string[]> {
  const { dataDir, emailsFile, logFile } = place;
  // The vault and the journal count their changes in the store: if the store is copied first, neither is ever behind it.
  if (place.redis) await copyFromRedis(place.redis, dataDir, folder);
  else await copyDatabase(join(dataDir, storeFile), join(folder, storeFile));
  for (const name of lockedFiles) await copyLocked(join(dataDir, name), join(folder, name));
  if (existsSync(emailsFile)) copyFileSync(emailsFile, join(folder, 'emails.txt'));
  if (logFile !== undefined) for (const file of await filesOf(logFile)) copyLines(file, logFile, folder);
  const attachments = await copyLibrary(dataDir, folder);
  return [
    ...readdirSync(folder)
      .filter((name) => !attachmentsName.startsWith(name))
      .sort(),
    ...attachments,
  ];
}

async function copyLocked(from: string, to: string): Promise<void> {
  if (!existsSync(from)) return;
  const locked = await withLock(from, lockMs, () => copyFileSync(from, to));
  if ('busy' in locked) throw new Error(`another process holds ${from}; try again`);
}

async function copyDatabase(from: string, to: string): Promise<void> {
  const source = new DatabaseSync(from, { readOnly: true, timeout: 5000 });
  try {
    await backup(source, to, { rate: allPages });
  } finally {
    source.close();
  }
  intoOneFile(to);
}

/** As anyone who opens it by hand expects: no write-ahead log next to the file. */
function intoOneFile(path: string): void {
  const copy = new DatabaseSync(path);
  copy.exec('PRAGMA journal_mode = DELETE');
  copy.close();
}

/** Sessions may change meanwhile; the record is copied up to one head, so that it verifies. */
async function copyFromRedis(
  { redis, prefix }: NonNullable<Place['redis']>,
  dataDir: string,
  folder: string,
): Promise<void> {
  const source = createRedisStore(redis, { prefix });
  const journal = await createJournalFile(join(dataDir, journalFile)).read();
  const target = openSqliteStore(folder, { durable: false });
  try {
    await source.prepare();
    await loadRows(target, rowsOfRedis({ redis, prefix }));
    await copyRecord(source.record, target.record, journal?.id);
  } finally {
    await target.close();
  }
  intoOneFile(join(folder, storeFile));
}

/** The last line may be only partly written. */
function copyLines(file: string, logFile: string, folder: string): void {
  if (!existsSync(file)) return;
  const bytes = readFileSync(file);
  const whole = bytes.subarray(0, bytes.lastIndexOf('\n') + 1);
  const name = `record.log${basename(file).slice(basename(logFile).length)}`;
  writeFileSync(join(folder, name), whole, { mode: 0o600, flag: 'wx' });
}

/** @returns the attachments' names in the archive */
async function copyLibrary(dataDir: string, folder: string): Promise<string[]> {
  const database = join(dataDir, libraryFile);
  if (!existsSync(database)) return [];
  const to = join(folder, attachmentsName);
  mkdirSync(to, { mode: 0o700 });
  // Both before and after: every file that the copied table names is there, even if a sync adds or removes files meanwhile.
  linkAttachments(attachmentsFolder(dataDir), to);
  await copyDatabase(database, join(folder, libraryFile));
  linkAttachments(attachmentsFolder(dataDir), to);
  return readdirSync(to)
    .sort()
    .map((name) => `${attachmentsName}${name}`);
}

/** A file's bytes never change under its name, so a hard link keeps them without copying. */
function linkAttachments(from: string, to: string): void {
  if (!existsSync(from)) return;
  for (const name of readdirSync(from)) {
    if (!attachmentName.test(name) || existsSync(join(to, name))) continue;
    try {
      linkSync(join(from, name), join(to, name));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') continue;
      copyFileSync(join(from, name), join(to, name));
    }
  }
}
