import { parseArgs } from 'node:util';
import { onlyOne, passphraseOf, passphraseOptions } from './backup-options.ts';
import type { BackupParts, BackupTask } from './backup-run.ts';
import type { Command, Wrong } from './terminal.ts';

const help = `gatehouse backup FILE [--force] [--with-env [--passphrase-file PATH | --passphrase-fd N]]

  Writes one archive (tar.gz, mode 0600) of what this deployment keeps: sessions and people, the record, the vault (sealed as it is),
  the allow-list, the record's file, the library. The server may run. "-" writes it to standard output.
  It holds who signed in, when and from where: keep it where only operators can read it.

  .env is not in it, and nothing can be restored without: keep a copy elsewhere.
  --with-env          seals .env with a passphrase and puts it in; the passphrase is asked for on the terminal,
                      or is the first line of PATH or of file descriptor N
  --force             replaces FILE where there is one

Exit code: 0 done, 1 done, but the record in it is not intact, 2 it could not be made.`;

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
