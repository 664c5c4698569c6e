// `gatehouse restore`: puts a backup in place, or only verifies it. A passphrase is never an argument: `ps` shows those to everyone.
import { parseArgs } from 'node:util';
import { onlyOne, passphraseOf, passphraseOptions } from './backup-options.ts';
import type { RestoreParts, RestoreTask } from './restore-run.ts';
import type { Command, Wrong } from './terminal.ts';

const help = `gatehouse restore FILE [--check] [--replace [--yes]] [--keep-sessions] [--even-if-tampered]
                       [--with-env [--passphrase-file PATH | --passphrase-fd N]]

  Puts a backup in place; no server may run. Everybody signs in again, so that whoever was signed out since the backup stays so.
  FILE is read to its end and verified, with the record in it, before anything changes. "-" reads standard input.

  --check             verifies it, and changes nothing
  --replace           replaces what is here, after you have typed a word; --yes stands for the word
  --keep-sessions     sessions of the backup go on, also those that have been ended since it was made
  --with-env          takes .env out of the backup as well, where there is none here
  --even-if-tampered  restores a backup of which the record does not verify

Exit code: 0 done, 1 refused because of what is in FILE, 2 it could not be done.`;

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
