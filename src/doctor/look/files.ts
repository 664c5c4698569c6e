// Gathers facts about files and their permissions. Reads only the allow-list and git's ignore files; of all others, only the metadata.
import { accessSync, constants, existsSync, readdirSync, statfsSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import type { FileFact, Files, Known } from '../deployment.ts';
import { lookAtGit } from './git.ts';

export interface FilesToSee {
  /** The deployment's folder. */
  readonly folder: string;
  /** The path of `.env`. */
  readonly envFile: string;
  readonly dataDir: Known<string>;
  readonly auditLog: Known<string>;
  readonly emailsFile: Known<string>;
  /** The files named by settings that end in _FILE. */
  readonly secretFiles: readonly string[];
  /** The addresses of an allow-list, as oauth2-proxy reads it; throws if it cannot be read. */
  readonly addressesIn: (path: string) => readonly string[];
  /** Compose files and others of this deployment, in addition to those that are always checked. */
  readonly alsoDeciding: readonly string[];
}

const hasModes = process.platform !== 'win32';
const deciding = [
  'oauth2-proxy.cfg',
  'Dockerfile',
  'docker-compose.yml',
  'compose.yaml',
  'compose.yml',
  'docker-compose.yaml',
  'compose.override.yaml',
  'compose.override.yml',
  'docker-compose.override.yml',
  'docker-compose.override.yaml',
  'gate-pages',
  'src',
  'access',
  // With write access to the folder itself, each of these files can be replaced.
  '.',
];
const copyNames = /^(?:\.?env[._-].*|\.env(?:~|\d+|\.swp)|\.\.env\.sw.|.+\.env)$/i;

export async function lookAtFiles({
  folder,
  envFile,
  dataDir,
  auditLog,
  emailsFile,
  secretFiles,
  addressesIn,
  alsoDeciding,
}: FilesToSee): Promise<Files> {
  const show = (path: string) => {
    const near = relative(folder, path);
    if (near === '') return '.';
    return near.startsWith('..') ? path : near;
  };
  const fact = (path: string): FileFact => ({ path: show(path), mode: modeOf(path) });
  const to = <T>(known: Known<string>, look: (path: string) => Known<T>): Known<T> => {
    if ('missing' in known) return known;
    const path = resolve(folder, known.found);
    try {
      return look(path);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      return { missing: `${show(path)} cannot be read${code ? ` (${code})` : ''}`, unread: true };
    }
  };
  const env = resolve(folder, envFile);
  const copies = readdirSync(folder).filter(
    (name) =>
      copyNames.test(name) && !/(?:\.|^)(?:example|sample|template|dist|lock(?:-.*)?)(?:\.env)?$/i.test(name),
  );
  return {
    env: to({ found: env }, () => (isThere(env) ? { found: fact(env) } : { missing: 'no .env here' })),
    ...(await lookAtGit(env, copies)),
    envCopies: copies.map((name) => fact(join(folder, name))),
    secretFiles: to({ found: '.' }, () => ({
      found: secretFiles
        .map((path) => resolve(folder, path))
        .filter(isThere)
        .map(fact),
    })),
    freeBytes: to(dataDir, (path) => {
      const { bavail, bsize } = statfsSync(nearestTo(path));
      return { found: bavail * bsize };
    }),
    notWritable: to(dataDir, (data) => {
      if (!isThere(data)) return { found: isWritable(data) ? [] : [show(data)] };
      const me = process.getuid?.();
      if (me !== undefined && me !== 0 && statSync(data).uid !== me)
        return {
          missing: `${show(data)} belongs to another user; run the check-up as that user`,
          unread: true,
        };
      const inside = readdirSync(data, { withFileTypes: true }).filter((entry) => entry.isFile());
      const files = inside.map(({ name }) => join(data, name)).filter((file) => !canWrite(file));
      return { found: [...(canWrite(data) ? [] : [data]), ...files].map(show) };
    }),
    data: to(dataDir, (data) => {
      if (!isThere(data)) return { missing: `the data folder ${show(data)} does not exist yet` };
      const openFiles = readdirSync(data)
        .map((name) => join(data, name))
        .filter((path) => ((modeOf(path) ?? 0) & 0o077) !== 0);
      return { found: { ...fact(data), openFiles: openFiles.map(show) } };
    }),
    auditLog: to(auditLog, (file) => {
      return { found: { path: show(file), writable: isWritable(file) } };
    }),
    emails: to(emailsFile, (file) => {
      if (!isThere(file)) return { found: { path: show(file), mode: undefined, addresses: [] } };
      // Reading from a pipe could block for ever.
      if (!statSync(file).isFile()) return { missing: `${show(file)} is not a file`, unread: true };
      return { found: { ...fact(file), addresses: addressesIn(file) } };
    }),
    openToAll: hasModes
      ? {
          found: [...new Set([...deciding, ...alsoDeciding])]
            .map((name) => resolve(folder, name))
            .filter((path) => existsSync(path) && ((modeOf(path) ?? 0) & 0o002) !== 0)
            .map(show),
        }
      : { missing: 'this system has no file permissions' },
  };
}

/** @throws if that cannot be determined */
function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

function modeOf(path: string): number | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  return hasModes && found ? found.mode & 0o777 : undefined;
}

function canWrite(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function nearestTo(path: string): string {
  let place = path;
  while (!existsSync(place) && dirname(place) !== place) place = dirname(place);
  return place;
}

/** A file that does not exist yet counts as writable if its nearest existing folder is writable. */
function isWritable(path: string): boolean {
  const there = existsSync(path);
  if (there && !statSync(path).isFile()) return false;
  const place = nearestTo(path);
  try {
    accessSync(place, constants.W_OK | (there ? 0 : constants.X_OK));
    return there || statSync(place).isDirectory();
  } catch {
    return false;
  }
}
