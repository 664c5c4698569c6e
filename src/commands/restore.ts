// `gatehouse restore`: puts a backup in place, or only verifies it. A passphrase is never an argument: `ps` shows those to everyone.
import { parseArgs } from 'node:util';
import { onlyOne, passphraseOf, passphraseOptions } from './backup-options.ts';
import type { RestoreParts, RestoreTask } from './restore-run.ts';
import type { Command, Wrong } from './terminal.ts';

const help = `gatehouse restore FILE [--check] [--replace [--yes]] [--keep-sessions] [--even-if-tampered]
                       [--with-env [--passphrase-file PATH | --passphrase-fd N]]

  Restores a backup; stop all servers first. Everyone has to sign in again, so that sessions ended since the backup stay ended.
  FILE is read completely and verified, including the record in it, before anything changes. "-" reads standard input.

  --check             only verifies it, and changes nothing
  --replace           replaces what is here, after you have typed a word; --yes skips the question
  --keep-sessions     sessions of the backup continue, including those that have been ended since it was made
  --with-env          restores .env from the backup as well, if there is none here
  --even-if-tampered  restores a backup even if its record is not intact

Exit code: 0 done, 1 refused because of what is in FILE, 2 not done.`;

/** Exit code 1: refused because of what is in the file. Works without settings too: they may be in the backup. */
export const restoreCommand: Command<RestoreTask, RestoreParts> = {
  name: 'restore',
  help,
  read: readRestore,
  async parts() {
    const { load } = await import('./settings.ts');
    return (await import('./restore-open.ts')).restoreParts(load());
  },
  run: async (task, parts, say) => (await import('./restore-run.ts')).runRestore(task, parts, say),
};

function readRestore(args: readonly string[]): RestoreTask | Wrong {
  const off = { type: 'boolean', default: false } as const;
  const options = {
    ...passphraseOptions,
    ...{ check: off, replace: off, yes: off, 'keep-sessions': off, 'even-if-tampered': off },
  } as const;
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
  const file = onlyOne(positionals, 'a backup to read');
  if (typeof file === 'object') return file;
  const env = passphraseOf(values);
  if (env && 'wrong' in env) return env;
  const { check, replace, yes } = values;
  return {
    ...{ file, check, replace, yes, env },
    keepSessions: values['keep-sessions'],
    evenIfTampered: values['even-if-tampered'],
  };
}
