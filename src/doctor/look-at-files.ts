// Looks at files and their permissions. It reads the allow-list and git's lists, of everything else only that it is there.
import { accessSync, constants, existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import type { FileFact, Files, Known } from './deployment.ts';
import { gitStateOf } from './git-index.ts';

export interface FilesToSee {
  /** The folder that the deployment stands in. */
  readonly folder: string;
  /** Of `.env`, its path. */
  readonly envFile: string;
  readonly dataDir: Known<string>;
  readonly auditLog: Known<string>;
  readonly emailsFile: Known<string>;
  /** The addresses of an allow-list, as oauth2-proxy reads it; throws where it cannot be read. */
  readonly addressesIn: (path: string) => readonly string[];
}

const hasModes = process.platform !== 'win32';
const deciding = [
  'oauth2-proxy.cfg',
  'docker-compose.yml',
  'compose.override.yml',
  'docker-compose.override.yml',
  'gate-pages',
  'src',
  'access',
];
const copyNames = /^(?:\.?env[._-].*|\.env(?:~|\d+|\.swp)|\.\.env\.sw.)$/i;

export function lookAtFiles({
  folder,
  envFile,
  dataDir,
  auditLog,
  emailsFile,
  addressesIn,
}: FilesToSee): Files {
  const show = (path: string) => {
    const near = relative(folder, path);
    return near.startsWith('..') || near === '' ? path : near;
  };
  const fact = (path: string): FileFact => ({ path: show(path), mode: modeOf(path) });
  const env = resolve(folder, envFile);
  return {
    env: existsSync(env) ? { found: fact(env) } : { missing: 'no .env here' },
    git: git(env),
    envCopies: readdirSync(folder)
      .filter(
        (name) => copyNames.test(name) && !/\.(?:example|sample|template|dist|lock(?:-.*)?)$/i.test(name),
      )
      .map((name) => fact(join(folder, name))),
    data: to(dataDir, (path) => {
      const data = resolve(folder, path);
      if (!existsSync(data)) return { missing: `the data folder ${show(data)} is not there yet` };
      const openFiles = readdirSync(data)
        .map((name) => join(data, name))
        .filter((file) => ((modeOf(file) ?? 0) & 0o077) !== 0);
      return { found: { ...fact(data), openFiles: openFiles.map(show) } };
    }),
    auditLog: to(auditLog, (path) => {
      const file = resolve(folder, path);
      return { found: { path: show(file), writable: isWritable(file) } };
    }),
    emails: to(emailsFile, (path) => {
      const file = resolve(folder, path);
      if (!existsSync(file)) return { found: { path: show(file), mode: undefined, addresses: [] } };
      try {
        return { found: { ...fact(file), addresses: addressesIn(file) } };
      } catch {
        return { missing: `${show(file)} cannot be read` };
      }
    }),
    openToAll: hasModes
      ? {
          found: deciding
            .map((name) => join(folder, name))
            .filter((path) => existsSync(path) && ((modeOf(path) ?? 0) & 0o002) !== 0)
            .map(show),
        }
      : { missing: 'this system has no permission bits' },
  };
}

function git(env: string): Files['git'] {
  try {
    const state = gitStateOf(env);
    return state ? { found: state } : { missing: 'this folder is not in a git repository' };
  } catch {
    return { missing: 'git’s index is in a form that is not read here' };
  }
}

function to<T>(known: Known<string>, look: (path: string) => Known<T>): Known<T> {
  return 'missing' in known ? known : look(known.found);
}

function modeOf(path: string): number | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  return hasModes && found ? found.mode & 0o777 : undefined;
}

/** What is not there yet can be made where the nearest folder that is there can be written. */
function isWritable(path: string): boolean {
  const there = existsSync(path);
  if (there && !statSync(path).isFile()) return false;
  let place = path;
  while (!existsSync(place) && dirname(place) !== place) place = dirname(place);
  try {
    accessSync(place, constants.W_OK | (there ? 0 : constants.X_OK));
    return there || statSync(place).isDirectory();
  } catch {
    return false;
  }
}
