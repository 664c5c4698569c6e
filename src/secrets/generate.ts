// One run on one .env file, under its lock: read, plan, confirm, back up, replace. Nothing is written unless everything can be. Invariant
// 11: if killed at any instant, .env is complete, either old or new, and the vault opens with it.
import { existsSync, lstatSync, readdirSync, rmSync, statSync, unlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { FileRefused, named as namedError } from '../files/file-refused.ts';
import { withLock } from '../store/file-lock.ts';
import { removeDeadTemporaries, replaceFile } from '../store/replace-file.ts';
import { type OnDisk, readEnvFile, tighten } from './disk.ts';
import { type Draft, type DraftOptions, passphraseIn, prepare, type Refusal, reachable } from './draft.ts';
import { parseEnv } from './env-file.ts';
import { backupBeside, isBackupOf } from './paths.ts';
import { type Ended, leftToDo, type Report, type Step } from './report.ts';
import { dropLeftover } from './vault-change.ts';
import { lockFaultLine, readFaultLine } from './words.ts';

export interface Run extends DraftOptions {
  /** Writes nothing, not even a lock. */
  readonly dryRun: boolean;
  /** How many people are signed in; undefined if that cannot be determined. */
  countPeople?(envFile: string): Promise<number | undefined>;
  /** Ends every session, here and at the gate, with the file's settings as they are now. */
  endEverything?(envFile: string): Promise<Ended>;
  /** Asked before anything is written. */
  confirm(
    steps: readonly Step[],
    outcome: 'would-create' | 'would-change',
    people: number | undefined,
  ): Promise<boolean>;
  /** How long to wait for another run. */
  readonly lockWaitMs: number;
}

/** Throws only if the file system refuses something, or the vault does before anything was changed. */
export async function generate(run: Run): Promise<Report | Refusal> {
  if (!statSync(dirname(run.path), { throwIfNoEntry: false })?.isDirectory())
    return { wrong: [readFaultLine(run.path, 'no-folder')] };
  if (run.dryRun) {
    const draft = await prepare(run);
    if ('wrong' in draft) return draft;
    return report(run, draft, plannedOutcome(draft), await peopleFor(run, draft));
  }
  let isMine = false;
  const locked = await withLock(run.path, run.lockWaitMs, () => {
    isMine = true;
    return carryOut(run);
  }).catch((error: unknown) => {
    if (isMine) throw error;
    return { value: { wrong: [lockFaultLine(run.path, error)] } };
  });
  if ('value' in locked) return locked.value;
  return { wrong: [`${run.path} is being changed by another run: try again when it is done`] };
}

async function carryOut(run: Run): Promise<Report | Refusal> {
  const { path, vault } = run;
  removeDeadTemporaries(path);
  await dropLeftover(reachable(vault), presentPassphrase(path));
  const draft = await prepare(run);
  if ('wrong' in draft) return draft;
  const { file } = draft;
  const outcome = plannedOutcome(draft);
  const people = await peopleFor(run, draft);
  if (outcome === 'unchanged') {
    if (file?.isOpen) tighten(path);
    return report(run, draft, outcome, people);
  }
  if (!(await run.confirm(draft.steps, outcome, people))) return report(run, draft, 'declined', people);
  // First, and with the former settings: a run killed after this can be repeated, but a later call could no longer reach Redis.
  const ended = run.emergency && file ? await run.endEverything?.(path) : undefined;
  const written = await write(run, draft);
  if ('wrong' in written) return written;
  return {
    ...report(run, draft, file ? 'changed' : 'created', people),
    ...written,
    ...(ended && { ended }),
  };
}

interface Written {
  readonly backup?: string;
  readonly olderBackupsGone: number;
  readonly vault?: NonNullable<Report['vault']>;
}

async function write(run: Run, { file, text, steps, vaultChange }: Draft): Promise<Written | Refusal> {
  const { path } = run;
  let backup: string | undefined;
  try {
    await vaultChange?.before();
    backup = file && backUp(path, file, run.now());
    const isUnchanged = () => isAsRead(path, file);
    if (!replaceFile(path, Buffer.from(text), { owner: file?.owner, isUnchanged })) {
      if (backup) unlinkSync(backup);
      await vaultChange?.undo();
      return { wrong: [`${path} was changed by something else in the meantime; run this again`] };
    }
  } catch (error) {
    // A failure after the rename has still changed the file: keep the copy, and leave the vault matching the new file.
    if (!isAsRead(path, file)) throw error;
    await leaveNoTrace(backup, vaultChange);
    const named = namedError({ path, setting: '--env' }, error);
    if (!(named instanceof FileRefused)) throw error;
    return { wrong: [`${named.message}; nothing was changed`] };
  }
  // The file is new and the vault opens with it: report a failure from here on; the next run fixes it.
  const changed = await vaultChange?.after().then(
    () => 'changed' as const,
    () => 'unfinished' as const,
  );
  const isReplaced = steps.some(({ kind, action }) => kind.word === 'vault' && action === 'rotated');
  const outOfReach = run.vault === 'elsewhere' ? 'elsewhere' : 'not here';
  const vault = changed ?? (isReplaced ? outOfReach : undefined);
  const olderBackupsGone = backup ? dropOlderBackups(path, backup) : 0;
  return { olderBackupsGone, ...(vault && { vault }), ...(backup && { backup }) };
}

/** If nothing was changed, a copy full of secrets is useless. A failure here must not hide the original error. */
async function leaveNoTrace(backup: string | undefined, vaultChange: Draft['vaultChange']): Promise<void> {
  if (backup) rmSync(backup, { force: true });
  await vaultChange?.undo().catch(() => undefined);
}

function plannedOutcome({ file, text }: Draft): 'unchanged' | 'would-create' | 'would-change' {
  if (!file) return 'would-create';
  return file.text === text ? 'unchanged' : 'would-change';
}

/** Counted only if everyone has to sign in again. */
async function peopleFor({ path, countPeople }: Run, { file, steps }: Draft): Promise<number | undefined> {
  const isGateReset = steps.some(({ kind, action }) => kind.word === 'oauth2' && action === 'rotated');
  return file && isGateReset ? countPeople?.(path) : undefined;
}

function report(
  { path, prune, emergency }: Run,
  { file, steps, text, recordKeysLost }: Draft,
  outcome: Report['outcome'],
  people: number | undefined,
): Report {
  const isNew = outcome === 'created' || outcome === 'would-create';
  const tightened = outcome !== 'declined' && (file?.isOpen ?? false);
  const byHand = isNew ? leftToDo(parseEnv(text)) : [];
  return { outcome, path, steps, prune, emergency, people, recordKeysLost, tightened, byHand };
}

function presentPassphrase(path: string): string {
  const read = readEnvFile(path);
  return 'file' in read && read.file ? passphraseIn(parseEnv(read.file.text)) : '';
}

/** An editor ignores the lock: anything saved in the meantime must not be lost. */
function isAsRead(path: string, file: OnDisk | undefined): boolean {
  const read = readEnvFile(path);
  if ('fault' in read) return false;
  return file && read.file ? file.bytes.equals(read.file.bytes) : file === read.file;
}

/** Keeps the one copy of the file before the change, mode 0600 and dated. @param now milliseconds. @returns the path of the copy */
function backUp(path: string, { bytes, owner }: OnDisk, now: number): string {
  for (let count = 1; ; count++) {
    const backup = backupBeside(path, now, count);
    if (replaceFile(backup, bytes, { owner, isUnchanged: () => !existsSync(backup) })) return backup;
  }
}

/** Removes the copies of earlier runs, and only those that this program named. @returns how many were removed */
function dropOlderBackups(path: string, kept: string): number {
  const folder = dirname(path);
  const older = readdirSync(folder)
    .filter((entry) => isBackupOf(path, entry))
    .map((entry) => join(folder, entry))
    .filter((backup) => backup !== kept && lstatSync(backup).isFile());
  for (const backup of older) unlinkSync(backup);
  return older.length;
}
