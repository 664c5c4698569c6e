// What `gatehouse backup`, `restore` and `move-store` were asked to do, or what is wrong with it in one line. A passphrase is never an
// argument: `ps` shows those to everyone.
import { parseArgs } from 'node:util';

export const backupHelp = `gatehouse backup FILE [--force] [--with-env [--passphrase-file PATH | --passphrase-fd N]]

  Writes one archive (tar.gz, mode 0600) of what this deployment keeps: sessions and people, the record, the vault (sealed as it is),
  the allow-list, the record's file, the library. The server may run. "-" writes it to standard output.
  It holds who signed in, when and from where: keep it where only operators can read it.

  .env is not in it, and nothing can be restored without: keep a copy elsewhere.
  --with-env          seals .env with a passphrase and puts it in; the passphrase is asked for on the terminal,
                      or is the first line of PATH or of file descriptor N
  --force             replaces FILE where there is one

Exit code: 0 done, 1 done, but the record in it is not intact, 2 it could not be made.`;

export const restoreHelp = `gatehouse restore FILE [--check] [--replace [--yes]] [--keep-sessions] [--even-if-tampered]
                       [--with-env [--passphrase-file PATH | --passphrase-fd N]]

  Puts a backup in place; no server may run. Everybody signs in again, so that whoever was signed out since the backup stays so.
  FILE is read to its end and verified, with the record in it, before anything changes. "-" reads standard input.

  --check             verifies it, and changes nothing
  --replace           replaces what is here, after you have typed a word; --yes stands for the word
  --keep-sessions     sessions of the backup go on, also those that have been ended since it was made
  --with-env          takes .env out of the backup as well, where there is none here
  --even-if-tampered  restores a backup of which the record does not verify

Exit code: 0 done, 1 refused because of what is in FILE, 2 it could not be done.`;

export const moveHelp = `gatehouse move-store redis|filesystem [--replace [--yes]]

  Copies sessions, people and the record from where SESSION_BACKEND keeps them to Redis (REDIS_URL) or to the file in DATA_DIR.
  No server may run. Nobody is signed out. Set SESSION_BACKEND afterwards; the place before is closed, so that nobody uses it by mistake.

  --replace           replaces what is there, after you have typed a word; --yes stands for the word

Exit code: 0 done, 2 it could not be done.`;

export interface Passphrase {
  /** Where it is read from; undefined: asked for. */
  readonly file: string | undefined;
  readonly fd: number | undefined;
}
export interface BackupTask {
  readonly file: string;
  readonly force: boolean;
  /** undefined: without `.env`. */
  readonly env: Passphrase | undefined;
}
export interface RestoreTask {
  readonly file: string;
  readonly check: boolean;
  readonly replace: boolean;
  readonly yes: boolean;
  readonly keepSessions: boolean;
  readonly evenIfTampered: boolean;
  readonly env: Passphrase | undefined;
}
export interface MoveTask {
  readonly to: 'redis' | 'filesystem';
  readonly replace: boolean;
  readonly yes: boolean;
}

export type Read<Task> = Task | 'help' | { readonly wrong: string };

const envOptions = {
  'with-env': { type: 'boolean', default: false },
  'passphrase-file': { type: 'string' },
  'passphrase-fd': { type: 'string' },
} as const;
const replaceOptions = {
  replace: { type: 'boolean', default: false },
  yes: { type: 'boolean', default: false },
} as const;
const helpOption = { help: { type: 'boolean', short: 'h', default: false } } as const;

export function readBackupArgs(args: readonly string[]): Read<BackupTask> {
  return attempt(() => {
    const options = { ...envOptions, ...helpOption, force: { type: 'boolean', default: false } } as const;
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
    if (values.help) return 'help';
    return { file: oneOf(positionals, 'a file to write'), force: values.force, env: passphraseOf(values) };
  });
}

export function readRestoreArgs(args: readonly string[]): Read<RestoreTask> {
  return attempt(() => {
    const options = {
      ...envOptions,
      ...replaceOptions,
      ...helpOption,
      check: { type: 'boolean', default: false },
      'keep-sessions': { type: 'boolean', default: false },
      'even-if-tampered': { type: 'boolean', default: false },
    } as const;
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
    if (values.help) return 'help';
    const { check, replace, yes } = values;
    return {
      file: oneOf(positionals, 'a backup to read'),
      ...{ check, replace, yes },
      keepSessions: values['keep-sessions'],
      evenIfTampered: values['even-if-tampered'],
      env: passphraseOf(values),
    };
  });
}

export function readMoveArgs(args: readonly string[]): Read<MoveTask> {
  return attempt(() => {
    const options = { ...replaceOptions, ...helpOption } as const;
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
    if (values.help) return 'help';
    const to = oneOf(positionals, 'redis or filesystem');
    if (to !== 'redis' && to !== 'filesystem') throw new Error('say redis or filesystem');
    return { to, replace: values.replace, yes: values.yes };
  });
}

function passphraseOf(values: {
  'with-env': boolean;
  'passphrase-file'?: string | undefined;
  'passphrase-fd'?: string | undefined;
}): Passphrase | undefined {
  const { 'passphrase-file': file, 'passphrase-fd': fd } = values;
  if (!values['with-env']) {
    if (file !== undefined || fd !== undefined) throw new Error('a passphrase is for --with-env');
    return undefined;
  }
  if (file !== undefined && fd !== undefined)
    throw new Error('--passphrase-file or --passphrase-fd, not both');
  if (fd !== undefined && !/^\d{1,3}$/.test(fd)) throw new Error('--passphrase-fd takes a number');
  return { file, fd: fd === undefined ? undefined : Number(fd) };
}

function oneOf(positionals: readonly string[], what: string): string {
  const [first, ...more] = positionals;
  if (!first || more.length > 0) throw new Error(`name ${what}, and nothing else`);
  return first;
}

function attempt<Task>(read: () => Task | 'help'): Read<Task> {
  try {
    return read();
  } catch (error) {
    const text = error instanceof Error ? error.message : '';
    return { wrong: plain(text.split('. ')[0] ?? text) };
  }
}

/** What came from outside must not steer the terminal. */
export function plain(text: string): string {
  return text.replace(/\p{Cc}|\p{Cf}/gu, '?');
}
