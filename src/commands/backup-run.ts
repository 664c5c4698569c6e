// What `gatehouse backup` does, and what it prints.
import { existsSync, readFileSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { type MakeOptions, makeBackup, TargetExists } from '../backup/make.ts';
import type { Manifest } from '../backup/manifest.ts';
import type { Passphrase } from './backup-options.ts';
import { sizeOf, whyOf } from './backup-words.ts';
import { readPassphrase } from './passphrase.ts';
import type { AskSecret } from './question.ts';
import type { ExitCode, Say } from './terminal.ts';

export interface BackupTask {
  readonly file: string;
  readonly force: boolean;
  /** undefined: do not include `.env`. */
  readonly env: Passphrase | undefined;
}

export interface BackupParts {
  /** Opens what is to be copied, once the arguments are valid. The place is locked until it is closed. */
  open(say: Say): Promise<Omit<MakeOptions, 'env' | 'now'> & { close(): void }>;
  readonly envFile: string;
  readonly now: () => number;
  readonly ask: AskSecret;
  /** Standard output, for "-"; everything the command prints goes to standard error then. */
  readonly output: Writable & { readonly isTTY?: boolean };
}

export async function runBackup(task: BackupTask, parts: BackupParts, say: Say): Promise<ExitCode> {
  const wrong = faultOf(task, parts);
  if (wrong !== undefined) {
    say.fault(`${wrong}; see \`gatehouse backup --help\``);
    return 2;
  }
  try {
    const env = task.env && (await sealing(task.env, parts));
    if (env && 'wrong' in env) {
      say.fault(env.wrong);
      return 2;
    }
    return await make(task, env, parts, say);
  } catch (error) {
    say.fault(
      error instanceof TargetExists
        ? `${error.message} already exists and was left as it is; --force replaces it`
        : `${whyOf(error)}; no backup was made`,
    );
    return 2;
  }
}

async function make(
  task: BackupTask,
  env: MakeOptions['env'],
  { open, output, now, envFile }: BackupParts,
  say: Say,
): Promise<ExitCode> {
  const { close, ...options } = await open(say);
  try {
    const to = task.file === '-' ? output : task.file;
    const all = { ...options, now, ...(env && { env }) };
    const manifest = await makeBackup(all, { to, force: task.force });
    tell(manifest, task, envFile, say);
    return manifest.record.intact ? 0 : 1;
  } finally {
    close();
  }
}

function tell({ files, record, madeAt }: Manifest, task: BackupTask, envFile: string, { note }: Say): void {
  const size = sizeOf(files.reduce((sum, file) => sum + file.size, 0));
  const where = task.file === '-' ? 'standard output' : task.file;
  const attachments = files.filter(({ name }) => name.startsWith('library/')).length;
  const names = files.map(({ name }) => name).filter((name) => !/^(library\/|README)/.test(name));
  note(
    `Backup of ${madeAt} in ${where}: ${names.join(', ')}${attachments > 0 ? `, ${attachments} attachments` : ''}; ${size} unpacked.`,
  );
  const span = `${record.entries} entries, up to number ${record.last}`;
  note(
    record.intact
      ? `The record in it is intact: ${span}.`
      : `The record in it is not intact (${span}). \`gatehouse audit verify\` says where, and a restore needs --even-if-tampered.`,
  );
  if (task.env) note('.env is in it, encrypted. Without the passphrase it cannot be opened.');
  else
    note(
      `Not in it: ${existsSync(envFile) ? envFile : 'the secrets (.env)'}. Keep a copy of it elsewhere: without it this backup cannot be restored.`,
    );
}

function faultOf({ file, env }: BackupTask, { output, envFile }: BackupParts): string | undefined {
  if (file === '-' && output.isTTY)
    return 'the archive would go to the terminal; name a file, or send the output to one';
  if (env && !existsSync(envFile))
    return 'there is no .env here to include: run this where .env is, or keep a copy of .env yourself';
  return undefined;
}

async function sealing(
  passphrase: NonNullable<BackupTask['env']>,
  { ask, envFile }: BackupParts,
): Promise<NonNullable<MakeOptions['env']> | { readonly wrong: string }> {
  const read = await readPassphrase(passphrase, ask, true);
  return 'wrong' in read ? read : { text: readFileSync(envFile, 'utf8'), passphrase: read.passphrase };
}
