// One run on one .env file, under its lock: read, plan, confirm, back up, replace. Nothing is written unless all of it can be.
// Invariant 11: killed at any instant, .env is old or new and whole, and the vault opens with the one that is there.
import { rmSync, statSync, unlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { FileRefused, named as namedError } from '../files/file-refused.ts';
import { withLock } from '../store/file-lock.ts';
import { removeDeadTemporaries, replaceFile } from '../store/replace-file.ts';
import { backUp, dropOlderBackups } from './backups.ts';
import { leftToDo } from './by-hand.ts';
import { type OnDisk, readEnvFile, tighten } from './disk.ts';
import { type Draft, type DraftOptions, passphraseIn, prepare, type Refusal, reachable } from './draft.ts';
import { parseEnv } from './env-file.ts';
import type { Ended, Report } from './report.ts';
import type { Step } from './step.ts';
import { dropLeftover } from './vault-change.ts';
import { lockFaultLine, readFaultLine } from './words.ts';

export interface Run extends DraftOptions {
  /** Writes nothing, not even a lock. */
  readonly dryRun: boolean;
  /** How many people are signed in; undefined where nobody can tell. */
  countPeople?(envFile: string): Promise<number | undefined>;
  /** Ends every session, here and at the gate, with the settings of the file as it is now. */
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

/** Throws only for what the file system refuses, or the vault before anything was changed. */
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
  // First, and by the former settings: a run that is killed after it can be repeated, one that came too late could not reach Redis.
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
      return { wrong: [`${path} was changed by something else meanwhile; run this again`] };
    }
  } catch (error) {
    // What failed after the rename changed the file all the same: then the copy and the vault must stay as they fit it.
    if (!isAsRead(path, file)) throw error;
    await leaveNoTrace(backup, vaultChange);
    const named = namedError({ path, setting: '--env' }, error);
    if (!(named instanceof FileRefused)) throw error;
    return { wrong: [`${named.message}; nothing was changed`] };
  }
  // The file is new and the vault opens with it: what fails now is said, and mended by the next run.
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

/** A copy full of secrets helps nobody where nothing was changed. What fails here must not hide why this is done. */
async function leaveNoTrace(backup: string | undefined, vaultChange: Draft['vaultChange']): Promise<void> {
  if (backup) rmSync(backup, { force: true });
  await vaultChange?.undo().catch(() => undefined);
}

function plannedOutcome({ file, text }: Draft): 'unchanged' | 'would-create' | 'would-change' {
  if (!file) return 'would-create';
  return file.text === text ? 'unchanged' : 'would-change';
}

/** Asked only where everyone has to sign in again. */
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

/** An editor knows nothing of the lock: what it saved since must not be lost. */
function isAsRead(path: string, file: OnDisk | undefined): boolean {
  const read = readEnvFile(path);
  if ('fault' in read) return false;
  return file && read.file ? file.bytes.equals(read.file.bytes) : file === read.file;
}
