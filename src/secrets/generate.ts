// One run on one .env file, under its lock: read, plan, confirm, back up, replace. Nothing is written unless all of it can be.
import { existsSync, readFileSync, statSync, unlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { envExample } from '../config/documents.ts';
import { withLock } from '../store/file-lock.ts';
import { removeDeadTemporaries, replaceFile } from '../store/replace-file.ts';
import { leftToDo } from './by-hand.ts';
import { type OnDisk, readEnvFile, tighten } from './disk.ts';
import { editEnv, parseEnv } from './env-file.ts';
import type { RandomBytes, RotateWord } from './kinds.ts';
import { planSecrets, type Step } from './plan.ts';
import { editFaultLine, type Report, readFaultLine } from './words.ts';

export interface Run {
  readonly path: string;
  readonly rotate: ReadonlySet<RotateWord>;
  /** Writes nothing, not even a lock. */
  readonly dryRun: boolean;
  /** Asked before anything is written. */
  confirm(steps: readonly Step[], outcome: 'would-create' | 'would-change'): Promise<boolean>;
  /** Milliseconds. */
  now(): number;
  readonly bytes: RandomBytes;
  /** How long to wait for another run. */
  readonly lockWaitMs: number;
}

/** A line for each thing that is wrong; nothing was changed. */
export interface Refusal {
  readonly wrong: readonly string[];
}

interface Draft {
  /** What is there now. */
  readonly file: OnDisk | undefined;
  readonly steps: readonly Step[];
  /** What shall be there. */
  readonly text: string;
}

/** Throws only for what the file system refuses. */
export async function generate(run: Run): Promise<Report | Refusal> {
  if (!statSync(dirname(run.path), { throwIfNoEntry: false })?.isDirectory())
    return { wrong: [readFaultLine(run.path, 'no-folder')] };
  if (run.dryRun) {
    const draft = prepare(run);
    return 'wrong' in draft ? draft : report(run.path, draft, plannedOutcome(draft));
  }
  const locked = await withLock(run.path, run.lockWaitMs, () => carryOut(run));
  if ('value' in locked) return locked.value;
  return { wrong: [`${run.path} is being changed by another run: try again when it is done`] };
}

function prepare({ path, rotate, bytes }: Run): Draft | Refusal {
  const read = readEnvFile(path);
  if ('fault' in read) return { wrong: [readFaultLine(path, read.fault)] };
  const { file } = read;
  const example = join(dirname(path), '.env.example');
  const fromFile = !file && existsSync(example);
  const base = file?.text ?? (fromFile ? readFileSync(example, 'utf8') : envExample());
  const plan = planSecrets({ values: parseEnv(base), inUse: file !== undefined, rotate, bytes });
  if ('heldElsewhere' in plan) {
    return {
      wrong: plan.heldElsewhere.map((name) => `${name} is set: rotate the secret in the file that it names`),
    };
  }
  const edited = editEnv(base, plan.edits);
  if ('faults' in edited) {
    return { wrong: edited.faults.map((fault) => editFaultLine(fromFile ? example : path, fault)) };
  }
  return { file, steps: plan.steps, text: edited.text };
}

async function carryOut(run: Run): Promise<Report | Refusal> {
  const { path } = run;
  removeDeadTemporaries(path);
  const draft = prepare(run);
  if ('wrong' in draft) return draft;
  const { file, text } = draft;
  const outcome = plannedOutcome(draft);
  if (outcome === 'unchanged') {
    if (file?.isOpen) tighten(path);
    return report(path, draft, outcome);
  }
  if (!(await run.confirm(draft.steps, outcome))) return report(path, draft, 'declined');
  const backup = file && backUp(path, file, run.now());
  const isUnchanged = () => isAsRead(path, file);
  if (!replaceFile(path, Buffer.from(text), { owner: file?.owner, isUnchanged })) {
    if (backup) unlinkSync(backup);
    return { wrong: [`${path} was changed by something else meanwhile; run this again`] };
  }
  return { ...report(path, draft, file ? 'changed' : 'created'), ...(backup && { backup }) };
}

function plannedOutcome({ file, text }: Draft): 'unchanged' | 'would-create' | 'would-change' {
  if (!file) return 'would-create';
  return file.text === text ? 'unchanged' : 'would-change';
}

function report(path: string, { file, steps, text }: Draft, outcome: Report['outcome']): Report {
  const isNew = outcome === 'created' || outcome === 'would-create';
  const tightened = outcome !== 'declined' && (file?.isOpen ?? false);
  return { outcome, path, steps, tightened, byHand: isNew ? leftToDo(parseEnv(text)) : [] };
}

/** A copy beside the file, with the instant in its name; `.env.*` is ignored by git. @returns its path */
function backUp(path: string, { bytes, owner }: OnDisk, now: number): string {
  const instant = new Date(now).toISOString().replace(/[-:]|\.\d+/g, '');
  for (let count = 1; ; count++) {
    const backup = join(dirname(path), `${basename(path)}.backup-${instant}${count > 1 ? `-${count}` : ''}`);
    if (replaceFile(backup, bytes, { owner, isUnchanged: () => !existsSync(backup) })) return backup;
  }
}

/** An editor knows nothing of the lock: what it saved since must not be lost. */
function isAsRead(path: string, file: OnDisk | undefined): boolean {
  const read = readEnvFile(path);
  if ('fault' in read) return false;
  return file && read.file ? file.bytes.equals(read.file.bytes) : file === read.file;
}
