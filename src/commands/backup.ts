import { parseArgs } from 'node:util';
import { onlyOne, passphraseOf, passphraseOptions } from './backup-options.ts';
import type { BackupParts, BackupTask } from './backup-run.ts';
import type { Command, Wrong } from './terminal.ts';

const help = `gatehouse backup FILE [--force] [--with-env [--passphrase-file PATH | --passphrase-fd N]]

  Writes everything that this deployment stores to one archive (tar.gz, mode 0600): sessions and people, the record, the vault (still
  encrypted), the allow-list, the record's file, the library. The server may be running. "-" writes to standard output.
  The archive shows who signed in, when and from where: keep it where only operators can read it.

  .env is not in it, and nothing can be restored without it: keep a copy elsewhere.
  --with-env          includes .env, encrypted with a passphrase that is asked for in the terminal,
                      or is the first line of PATH or of file descriptor N
  --force             replaces FILE if it exists

Exit code: 0 done, 1 done, but the record in it is not intact, 2 the backup could not be made.`;

/** Exit code 1: done, but the record in it is not intact. */
export const backupCommand: Command<BackupTask, BackupParts> = {
  name: 'backup',
  help,
  read: readBackup,
  async parts() {
    const { configuration } = await import('./settings.ts');
    return (await import('./backup-open.ts')).backupParts(configuration());
  },
  run: async (task, parts, say) => (await import('./backup-run.ts')).runBackup(task, parts, say),
};

function readBackup(args: readonly string[]): BackupTask | Wrong {
  const options = { ...passphraseOptions, force: { type: 'boolean', default: false } } as const;
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
  const file = onlyOne(positionals, 'a file to write');
  if (typeof file === 'object') return file;
  const env = passphraseOf(values);
  if (env && 'wrong' in env) return env;
  return { file, force: values.force, env };
}
