// `gatehouse restore`: reads a backup to its end, verifies it, prepares it next to the existing data, and puts it in place in one instant.
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { recordKeys } from '../audit/chain.ts';
import { type Verdict, verifyRecord } from '../audit/verify.ts';
import type { Store } from '../store/contract.ts';
import { isEmptyRedis } from '../store/redis-rows.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import { BadArchive, readArchive } from './archive.ts';
import { envName, type Manifest } from './manifest.ts';
import { libraryFile, type Place, storeFile } from './place.ts';
import { commit, finish, isPending, sweep } from './put-in-place.ts';

/** A backup that is unpacked in DATA_DIR, and not in use. */
export interface Unpacked {
  /** Its name in DATA_DIR. */
  readonly folder: string;
  readonly manifest: Manifest;
  /** The sealed `.env` from the backup; undefined: it has none. */
  readonly sealedEnv: string | undefined;
  /** @throws BadArchive if none of these keys (64 hex digits each) sealed it */
  judge(keys: readonly string[]): void;
}

/** Requires the exclusive lock of the place. @throws BadArchive, after removing what it created */
export async function unpack(dataDir: string, input: AsyncIterable<Uint8Array>): Promise<Unpacked> {
  sweep(dataDir);
  const folder = `restore-${randomBytes(6).toString('hex')}`;
  const path = join(dataDir, folder);
  mkdirSync(path, { mode: 0o700 });
  try {
    const { manifest, judge } = await readArchive({ input, folder: path });
    const env = join(path, envName);
    return {
      folder,
      manifest,
      sealedEnv: existsSync(env) ? readFileSync(env, 'utf8') : undefined,
      judge: (keys) => judge(recordKeys(keys)),
    };
  } catch (error) {
    rmSync(path, { recursive: true, force: true });
    throw error;
  }
}

export interface ReadyOptions {
  readonly dataDir: string;
  readonly unpacked: Unpacked;
  /** 64 hex digits each. */
  readonly keys: readonly string[];
}

/** Checks that the files are sound and the record is as it was written. @throws BadArchive, NewerStore */
export async function verifyUnpacked({ dataDir, unpacked, keys }: ReadyOptions): Promise<Verdict> {
  const folder = join(dataDir, unpacked.folder);
  for (const name of [storeFile, libraryFile]) {
    if (existsSync(join(folder, name)) && !isSound(join(folder, name)))
      throw new BadArchive(`${name} in it is damaged`);
  }
  const store = openSqliteStore(folder, { evenIfClosed: true });
  try {
    return await verifyRecord({ record: store.record, keys: recordKeys(keys) });
  } finally {
    await store.close();
  }
}

/** What a restore does to the store before it is used; nobody else has `store` open, nor its folder. */
export type Change = (store: Store, folder: string) => Promise<void>;

/** Applies `change` and puts everything in place: if killed at any instant, the place is entirely old or entirely new. */
export async function putUnpacked(place: Place, unpacked: Unpacked, change: Change): Promise<void> {
  const folder = join(place.dataDir, unpacked.folder);
  const store = openSqliteStore(folder, { evenIfClosed: true });
  try {
    await change(store, folder);
  } finally {
    await store.close();
  }
  reopen(join(folder, storeFile));
  const names = unpacked.manifest.files.map(({ name }) => name).filter((name) => name !== envName);
  commit(place.dataDir, unpacked.folder, names);
  await finish(place);
}

/** Keeps the owner; clears which servers used it, and that it was closed. */
function reopen(path: string): void {
  const db = new DatabaseSync(path);
  db.exec("DELETE FROM store_fact WHERE name IN ('keys:replicas', 'closed'); PRAGMA journal_mode = DELETE;");
  db.close();
}

function isSound(path: string): boolean {
  try {
    const db = new DatabaseSync(path);
    try {
      return db.prepare('PRAGMA quick_check(1)').get()?.['quick_check'] === 'ok';
    } finally {
      db.close();
    }
  } catch {
    return false;
  }
}

/** What exists here and would be replaced, in words; empty if nothing would be. @throws if Redis does not answer */
export async function whatIsHere({ dataDir, emailsFile, logFile, redis }: Place): Promise<string[]> {
  const files = [
    ...(redis ? [] : [join(dataDir, storeFile)]),
    join(dataDir, 'vault.json'),
    join(dataDir, libraryFile),
    ...(logFile === undefined ? [] : [logFile]),
  ].filter((path) => existsSync(path));
  const list = existsSync(emailsFile) && readFileSync(emailsFile, 'utf8').trim() !== '' ? [emailsFile] : [];
  const keys = redis && !(await isEmptyRedis(redis)) ? ['what the store at REDIS_URL holds'] : [];
  return [...files, ...list, ...keys];
}

/** Discards what was unpacked, unless it is being put in place. */
export function discard(dataDir: string, { folder }: Unpacked): void {
  if (!isPending(dataDir)) rmSync(join(dataDir, folder), { recursive: true, force: true });
}
