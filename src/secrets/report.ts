// What a run did, as values: the lines and the JSON are made from it.
import type { Step } from './step.ts';

/** What was ended in an emergency. */
export interface Ended {
  /** Sessions deleted at the gate; `in cookies`: it keeps none, and its cookies are worthless with its new secret. */
  readonly gate: number | 'unreachable' | 'in cookies';
  /** Sessions of the app. */
  readonly sessions: number | 'unreachable';
}

export interface Report {
  readonly outcome: 'created' | 'changed' | 'unchanged' | 'would-create' | 'would-change' | 'declined';
  readonly path: string;
  readonly steps: readonly Step[];
  readonly prune: boolean;
  readonly emergency: boolean;
  /** How many people are signed in, where they all have to sign in again; undefined where nobody can tell. */
  readonly people: number | undefined;
  /** How many keys of the record found no room in their list. */
  readonly recordKeysLost: number;
  /** Where the file as it was is kept. */
  readonly backup?: string;
  /** How many copies of earlier runs were removed. */
  readonly olderBackupsGone?: number;
  /**
   * Absent: untouched. `unfinished`: the new passphrase opens it, but the former one still does too, or the stolen data key is
   * still in use. `not here`: there is a new passphrase, and no vault beside this file that could learn it. `elsewhere`: the same,
   * and there may be one in a container's volume, which learns it by hand.
   */
  readonly vault?: 'changed' | 'unfinished' | 'not here' | 'elsewhere';
  readonly ended?: Ended;
  /** The mode was open to others, and is (or would be) 0600 now. */
  readonly tightened: boolean;
  readonly byHand: readonly string[];
}

/** Whether the secrets in the report are the ones in the file. */
export function isReal({ outcome }: Pick<Report, 'outcome'>): boolean {
  return outcome === 'created' || outcome === 'changed' || outcome === 'unchanged';
}

/** 1 where something is left to mend. */
export function exitCodeOf({ outcome, steps, vault }: Report): 0 | 1 {
  const isUnfit = steps.some(({ action }) => action === 'unfit');
  return outcome === 'declined' || isUnfit || vault === 'unfinished' ? 1 : 0;
}
