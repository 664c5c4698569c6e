// `gatehouse backup` at the terminal.
import { existsSync, readFileSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { type BackupTask, backupHelp, plain, readBackupArgs } from './cli-options.ts';
import { type MakeOptions, makeBackup, TargetExists } from './make.ts';
import type { Manifest } from './manifest.ts';
import { type AskSecret, readPassphrase } from './passphrase.ts';
import { sizeOf, whyOf } from './words.ts';

export interface BackupCommand {
  /** What is copied, once the arguments make sense; the place is held meanwhile. */
  open(): Promise<Omit<MakeOptions, 'env' | 'now'> & { close(): void }>;
  readonly envFile: string;
  readonly now: () => number;
  readonly ask: AskSecret;
  /** Standard output, for "-". */
  readonly output: Writable & { readonly isTTY?: boolean };
  /** Everything that is said: with "-" the output is the archive. */
  err(line: string): void;
}

/** @returns the exit code */
export async function runBackup(args: readonly string[], command: BackupCommand): Promise<number> {
  const task = readBackupArgs(args);
  if (task === 'help') {
    command.output.write(`${backupHelp}\n`);
    return 0;
  }
  const wrong = 'wrong' in task ? task.wrong : faultOf(task, command);
  if (wrong !== undefined || 'wrong' in task) {
    command.err(`gatehouse backup: ${wrong}; see \`gatehouse backup --help\``);
    return 2;
  }
  try {
    const env = task.env && (await sealing(task.env, command));
    if (env && 'wrong' in env) {
      command.err(`gatehouse backup: ${env.wrong}`);
      return 2;
    }
    return await make(task, env, command);
  } catch (error) {
    command.err(
      error instanceof TargetExists
        ? `gatehouse backup: ${plain(error.message)} is there already, and was left as it is; --force replaces it`
        : `gatehouse backup: ${whyOf(error)}; no backup was made`,
    );
    return 2;
  }
}

async function make(task: BackupTask, env: MakeOptions['env'], command: BackupCommand): Promise<number> {
  const { close, ...options } = await command.open();
  try {
    const to = task.file === '-' ? command.output : task.file;
    const all = { ...options, now: command.now, ...(env && { env }) };
    const manifest = await makeBackup(all, { to, force: task.force });
    tell(manifest, task, command);
    return manifest.record.intact ? 0 : 1;
  } finally {
    close();
  }
}

function tell({ files, record, madeAt }: Manifest, task: BackupTask, { err, envFile }: BackupCommand): void {
  const size = sizeOf(files.reduce((sum, file) => sum + file.size, 0));
  const where = task.file === '-' ? 'standard output' : plain(task.file);
  const attachments = files.filter(({ name }) => name.startsWith('library/')).length;
  const names = files.map(({ name }) => name).filter((name) => !/^(library\/|README)/.test(name));
  err(
    `Backup of ${madeAt} in ${where}: ${names.join(', ')}${attachments > 0 ? `, ${attachments} attachments` : ''}; ${size} unpacked.`,
  );
  const span = `${record.entries} entries, up to number ${record.last}`;
  err(
    record.intact
      ? `The record in it is intact: ${span}.`
      : `The record in it is not as it was written (${span}). \`gatehouse audit verify\` says where, and a restore asks for --even-if-tampered.`,
  );
  if (task.env) err('.env is in it, sealed. Without the passphrase it cannot be opened.');
  else
    err(
      `Not in it: ${existsSync(envFile) ? plain(envFile) : 'the secrets (.env)'}. Keep a copy of it elsewhere: without it this backup cannot be restored.`,
    );
}

function faultOf({ file, env }: BackupTask, { output, envFile }: BackupCommand): string | undefined {
  if (file === '-' && output.isTTY)
    return 'the archive would go to the terminal; name a file, or send the output to one';
  if (env && !existsSync(envFile))
    return 'there is no .env here to seal: run it where .env is, or keep a copy of .env yourself';
  return undefined;
}

async function sealing(
  passphrase: NonNullable<BackupTask['env']>,
  { ask, envFile }: BackupCommand,
): Promise<NonNullable<MakeOptions['env']> | { readonly wrong: string }> {
  const read = await readPassphrase(passphrase, ask, true);
  return 'wrong' in read ? read : { text: readFileSync(envFile, 'utf8'), passphrase: read.passphrase };
}
