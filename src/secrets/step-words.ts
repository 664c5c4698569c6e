// What the generator prints about one secret. Never a secret itself.
import { markOf } from './dates.ts';
import type { Former } from './fallbacks.ts';
import type { Step } from './report.ts';

export interface StepWords {
  /** false: the new secrets are not the ones that will be written. */
  readonly isReal: boolean;
  /** Also lists each former secret and the day from which it can be removed. */
  readonly prune: boolean;
  /** How many people are signed in; undefined if that cannot be determined. */
  readonly people: number | undefined;
}

export const pruneCommand = 'node generate-secrets.ts --prune';

/** `NAME: what people notice (what was done)`, then, if former secrets were checked, one line for each. */
export function stepLines(step: Step, words: StepWords): string[] {
  const first = `${step.kind.name}: ${peopleLine(step, words.people)} (${notesOf(step, words.isReal).join(', ')})`;
  return words.prune ? [first, ...step.formers.map((former) => formerLine(step, former))] : [first];
}

/** What people notice, with how many if known, and with the day from which the former secret can be removed. */
export function peopleLine({ kind, people, formers, formerKept }: Step, count?: number): string {
  if (kind.word === 'oauth2' && count !== undefined)
    return people.replace('everyone signs in', () => counted(count));
  const day = formerKept ? formers[0]?.canGoFrom : undefined;
  return day === undefined ? people : `${people}; the former one can be removed from ${day}: ${pruneCommand}`;
}

function counted(people: number): string {
  if (people === 0) return 'nobody is signed in here; people with a session at the gate sign in';
  return people === 1 ? '1 person signs in' : `${people} people sign in`;
}

function notesOf(step: Step, isReal: boolean): string[] {
  const { kind, action, secret = '', former, formers, formerKept, copies } = step;
  if (action === 'elsewhere') return [`set by ${kind.name}_FILE`];
  if (action === 'unfit') return [`kept, but too weak: --rotate ${kind.word} replaces it`];
  const notes: string[] = [{ made: 'new', rotated: 'replaced', kept: 'kept' }[action]];
  const [before, after] = [
    former && markOf(former),
    isReal || action === 'kept' ? markOf(secret) : undefined,
  ];
  if (before) notes.push(`fingerprint ${before} -> ${after ?? 'a new one'}`);
  else if (after) notes.push(`fingerprint ${after}`);
  if (formerKept) notes.push('the former one is still accepted');
  if (action === 'rotated' && kind.fallbacks && !former)
    notes.push('the former one was too weak and was dropped');
  const gone = formers.filter(({ fate }) => fate === 'dropped').length;
  if (gone > 0) notes.push(`${gone} former ${gone === 1 ? 'one' : 'ones'} dropped`);
  if (copies.length > 0) notes.push(`also in ${copies.join(', ')}`);
  return notes;
}

function formerLine({ kind }: Step, { secret, fate, canGoFrom }: Former): string {
  const name = `  ${kind.fallbacks} ${markOf(secret) ?? '(too short for a fingerprint)'}`;
  if (fate === 'dropped') return `${name}: dropped`;
  if (canGoFrom !== undefined) return `${name}: can be removed from ${canGoFrom}`;
  return `${name}: kept, since PERMANENT_SESSION_LIFETIME or VISITOR_SESSION_TTL_DAYS in this file is not valid`;
}
