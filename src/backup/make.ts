// `gatehouse backup`: gathers the deployment, describes its contents, and writes one file, completely or not at all.
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  copyFileSync,
  createWriteStream,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Writable } from 'node:stream';
import { type RecordKey, recordKeys } from '../audit/chain.ts';
import { verifyRecord } from '../audit/verify.ts';
import { withLock } from '../store/file-lock.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import { layoutOf } from '../store/sqlite-migrate.ts';
import { describeFile, writeArchive } from './archive.ts';
import { collect } from './collect.ts';
import {
  archiveVersion,
  envName,
  type Manifest,
  manifestName,
  readmeName,
  readmeOf,
  sealName,
  sealOf,
  writeManifest,
} from './manifest.ts';
import { type Place, storeFile } from './place.ts';
import { sealEnv } from './sealed-env.ts';

export interface MakeOptions {
  readonly place: Place;
  /** 64 hex digits each, newest first. */
  readonly keys: readonly string[];
  /** The version of the program that makes it. */
  readonly program: string;
  /** The public address. */
  readonly address: string;
  /** Absent: without `.env`. */
  readonly env?: { readonly text: string; readonly passphrase: string };
  /** Milliseconds. */
  readonly now: () => number;
}

export interface Target {
  /** A path, or a stream such as standard output. */
  readonly to: string | Writable;
  readonly force: boolean;
}

const backupLockMs = 2_000;

/** The file exists and may not be replaced. */
export class TargetExists extends Error {
  override readonly name = 'TargetExists';
}

/** @throws TargetExists; and what the file system, SQLite or Redis refuses: nothing was written then */
export async function makeBackup(options: MakeOptions, { to, force }: Target): Promise<Manifest> {
  const { dataDir } = options.place;
  if (typeof to === 'string' && existsSync(to) && !force) throw new TargetExists(to);
  const locked = await withLock(join(dataDir, 'backup'), backupLockMs, async () => {
    // Nobody else has such a folder while the lock is held.
    for (const name of readdirSync(dataDir))
      if (/^backup-[\da-f]{12}$/.test(name)) rmSync(join(dataDir, name), { recursive: true, force: true });
    const folder = join(dataDir, `backup-${randomBytes(6).toString('hex')}`);
    mkdirSync(folder, { mode: 0o700 });
    try {
      const { manifest, names } = await fill(options, folder);
      if (typeof to === 'string') await writeFile(to, force, (stream) => writeArchive(folder, names, stream));
      else await writeArchive(folder, names, to);
      return manifest;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
  if ('busy' in locked) throw new Error('another backup of this deployment is being made');
  return locked.value;
}

async function fill(
  { place, keys: hexKeys, program, address, env, now }: MakeOptions,
  folder: string,
): Promise<{ manifest: Manifest; names: string[] }> {
  const madeAt = now();
  const names = await collect(place, folder);
  // Anyone who unpacks it by hand gets files that only they can read; the attachments have that mode already, and are those of DATA_DIR.
  for (const name of names) if (!name.startsWith('library/')) chmodSync(join(folder, name), 0o600);
  if (env) {
    writeFileSync(join(folder, envName), await sealEnv(env.text, env.passphrase, madeAt), { mode: 0o600 });
    names.push(envName);
  }
  const keys = recordKeys(hexKeys);
  const layout = layoutOf(join(folder, storeFile));
  const record = await lookAtRecord(folder, keys);
  writeFileSync(join(folder, readmeName), readmeOf(new Date(madeAt), address, names), { mode: 0o600 });
  names.unshift(readmeName);
  const files = [];
  for (const name of names) files.push(await describeFile(folder, name));
  const manifest: Manifest = {
    format: 'gatehouse backup',
    version: archiveVersion,
    madeAt: new Date(madeAt).toISOString(),
    ...{ program, layout, address, record, files },
    store: place.redis ? 'redis' : 'filesystem',
  };
  const text = writeManifest(manifest);
  writeFileSync(join(folder, manifestName), text, { mode: 0o600 });
  writeFileSync(join(folder, sealName), sealOf(text, keys), { mode: 0o600 });
  return { manifest, names: [manifestName, sealName, ...names] };
}

/** Uses a copy of the copy: checking upgrades a file of an earlier version, and the backup must keep the original. */
async function lookAtRecord(folder: string, keys: readonly RecordKey[]): Promise<Manifest['record']> {
  const look = join(folder, 'look');
  mkdirSync(look, { mode: 0o700 });
  try {
    copyFileSync(join(folder, storeFile), join(look, storeFile));
    const store = openSqliteStore(look, { evenIfClosed: true, durable: false });
    try {
      const verdict = await verifyRecord({ record: store.record, keys });
      return { entries: verdict.count, last: verdict.to, intact: verdict.state === 'intact' };
    } finally {
      await store.close();
    }
  } finally {
    rmSync(look, { recursive: true });
  }
}

/** Writes next to the target first; nobody sees a partial file under its name. */
async function writeFile(
  path: string,
  force: boolean,
  write: (stream: Writable) => Promise<void>,
): Promise<void> {
  for (const name of readdirSync(dirname(path)))
    if (
      name.startsWith(`${basename(path)}.`) &&
      /^[\da-f]{12}\.part$/.test(name.slice(basename(path).length + 1))
    )
      rmSync(join(dirname(path), name), { force: true });
  const temporary = `${path}.${randomBytes(6).toString('hex')}.part`;
  try {
    await write(createWriteStream(temporary, { flags: 'wx', mode: 0o600, flush: true }));
    if (force) renameSync(temporary, path);
    else putNew(temporary, path);
  } finally {
    rmSync(temporary, { force: true });
  }
  if (process.platform === 'win32') return;
  const folder = openSync(dirname(path), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** Does not overwrite a name that another process created meanwhile. Not every disk (a USB stick, for example) supports links. */
function putNew(temporary: string, path: string): void {
  try {
    linkSync(temporary, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST' || existsSync(path)) throw new TargetExists(path);
    renameSync(temporary, path);
  }
}
