// The result of a run as data; the text and the JSON output are made from it.
import type { Step } from './step.ts';

/** What was ended in an emergency. */
export interface Ended {
  /** Sessions deleted at the gate; `in cookies`: the gate stores none, and its cookies become worthless with its new secret. */
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
  /** How many people are signed in, if all of them must sign in again; undefined if that cannot be determined. */
  readonly people: number | undefined;
  /** How many keys of the record did not fit in their list. */
  readonly recordKeysLost: number;
  /** Where the previous version of the file is kept. */
  readonly backup?: string;
  /** How many copies of earlier runs were removed. */
  readonly olderBackupsGone?: number;
  /**
   * Absent: untouched. `unfinished`: the new passphrase opens it, but so does the former one, or the stolen data key is
   * still in use. `not here`: there is a new passphrase, but no vault beside this file to apply it to. `elsewhere`: the same,
   * but there may be a vault in a container's volume, which needs the new passphrase by hand.
   */
  readonly vault?: 'changed' | 'unfinished' | 'not here' | 'elsewhere';
  readonly ended?: Ended;
  /** The file's mode was open to others, and is (or would be) 0600 now. */
  readonly tightened: boolean;
  readonly byHand: readonly string[];
}

/** Whether the secrets in the report are those in the file. */
export function isReal({ outcome }: Pick<Report, 'outcome'>): boolean {
  return outcome === 'created' || outcome === 'changed' || outcome === 'unchanged';
}

/** 1 if something is left to fix. */
export function exitCodeOf({ outcome, steps, vault }: Report): 0 | 1 {
  const isUnfit = steps.some(({ action }) => action === 'unfit');
  return outcome === 'declined' || isUnfit || vault === 'unfinished' ? 1 : 0;
}
