// What the generator says: one line a fact, the mend beside the fault, and never a secret.
import type { ReadFault } from './disk.ts';
import type { EnvFault } from './env-file.ts';
import { fingerprint } from './fingerprint.ts';
import { type Part, parts } from './kinds.ts';
import type { Step } from './plan.ts';

export interface Report {
  readonly outcome: 'created' | 'changed' | 'unchanged' | 'would-create' | 'would-change' | 'declined';
  readonly path: string;
  readonly steps: readonly Step[];
  /** Where the file as it was is kept. */
  readonly backup?: string;
  /** The mode was open to others, and is (or would be) 0600 now. */
  readonly tightened: boolean;
  readonly byHand: readonly string[];
}

const headlines: Record<Report['outcome'], string> = {
  created: 'made',
  changed: 'changed',
  unchanged: 'nothing to change',
  'would-create': 'would be made',
  'would-change': 'would be changed',
  declined: 'left as it was',
};

/** `NAME: what people notice (what was done)`. @param isReal false: the new secrets are not the ones that will be written */
export function stepLine(step: Step, isReal: boolean): string {
  return `${step.kind.name}: ${step.people} (${notesOf(step, isReal).join(', ')})`;
}

function notesOf(step: Step, isReal: boolean): string[] {
  const { kind, action, secret, formerKept, copies } = step;
  if (action === 'elsewhere') return [`held by ${kind.name}_FILE`];
  if (action === 'unfit') return [`kept, but unfit: --rotate ${kind.word} replaces it`];
  const notes: string[] = [{ made: 'new', rotated: 'replaced', kept: 'kept' }[action]];
  if (secret !== undefined && (isReal || action === 'kept')) notes.push(`fingerprint ${fingerprint(secret)}`);
  if (formerKept) notes.push('the former one is still accepted');
  if (action === 'rotated' && kind.fallbacks && !formerKept)
    notes.push('the former one was unfit and is gone');
  if (copies.length > 0) notes.push(`also in ${copies.join(', ')}`);
  return notes;
}

/** The lines around those of the steps: what became of the file, then what is left to do. */
export function reportLines(report: Report): { readonly first: string; readonly last: readonly string[] } {
  const { outcome, path, backup, tightened, byHand, steps } = report;
  const isPlan = outcome === 'would-create' || outcome === 'would-change';
  const restart = outcome === 'changed' ? restartOf(steps) : [];
  const last = [
    tightened && `Others could read it: its mode ${isPlan ? 'would be' : 'is'} 0600 now.`,
    backup && `As it was: ${backup} (it holds the former secrets: delete it once all works)`,
    restart.length > 0 &&
      `Restart ${restart.join(', ').replace(/, ([^,]+)$/, ' and $1')}: until then the former secrets are in use.`,
    byHand.length > 0 && 'Left to do by hand:',
    ...byHand.map((line) => `  ${line}`),
  ];
  return { first: `${path}: ${headlines[outcome]}`, last: last.filter((line) => typeof line === 'string') };
}

export function reportJson(report: Report): string {
  const { outcome, path, backup, tightened, byHand, steps } = report;
  const isReal = outcome !== 'would-create' && outcome !== 'would-change' && outcome !== 'declined';
  const secrets = steps.map((step) => ({
    name: step.kind.name,
    action: step.action,
    people: step.people,
    fingerprint: step.secret && (isReal || step.action === 'kept') ? fingerprint(step.secret) : null,
    formerKept: step.formerKept,
    copies: step.copies,
  }));
  const restart = outcome === 'changed' ? restartOf(steps) : [];
  return JSON.stringify(
    { outcome, file: path, backup: backup ?? null, tightened, secrets, restart, byHand },
    null,
    2,
  );
}

function restartOf(steps: readonly Step[]): Part[] {
  const changed = steps.filter(({ action }) => action === 'made' || action === 'rotated');
  return parts.filter((part) => changed.some(({ kind }) => kind.restart.includes(part)));
}

export function readFaultLine(path: string, fault: ReadFault): string {
  const words: Record<ReadFault, string> = {
    symlink: 'is a symbolic link: name the file itself with --env',
    directory: 'is a folder: name a file with --env',
    'not-a-file': 'is not a regular file',
    'not-utf8': 'is not UTF-8 text: save it as UTF-8 first',
    'too-big': 'is over 1 MB: is it the right file?',
    'not-yours': 'belongs to another user: run this as that user',
    'no-folder': 'is in a folder that does not exist: make the folder first',
    'no-access': 'cannot be read: check its mode and who owns it',
  };
  return `${path} ${words[fault]}; nothing was changed`;
}

export function editFaultLine(path: string, { line, name, reason }: EnvFault): string {
  const words: Record<EnvFault['reason'], string> = {
    'byte-order-mark': 'the file begins with a byte-order mark: save it as UTF-8 without one',
    duplicate: `${name} stands here more than once: keep one of them`,
    'unclosed-quote': `the quote of ${name} is not closed, or text follows it`,
    'multi-line': `${name} runs over several lines: put it on one`,
    'hidden-in-multi-line': `${name} stands inside the value of another key: is a quote left open above?`,
    'not-quotable': `what ${name} must hold cannot be written so that every reader agrees: replace its quotes by hand`,
    'not-editable': `${name} would read differently after the change: look at the quotes around here`,
  };
  return `${path}:${line}: ${words[reason]}; nothing was changed`;
}
