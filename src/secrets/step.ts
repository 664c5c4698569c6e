// What a run does to one secret, as the report and the other edits see it.
import type { Former } from './fallbacks.ts';
import type { SecretKind } from './kinds.ts';

export interface Step {
  readonly kind: SecretKind;
  /**
   * `made`: it was missing, empty or a placeholder; `unfit`: kept, though it cannot serve; `elsewhere`: a `NAME_FILE` holds it.
   */
  readonly action: 'made' | 'rotated' | 'kept' | 'unfit' | 'elsewhere';
  /** The secret after the plan; undefined for `unfit` and `elsewhere`. */
  readonly secret?: string;
  /** The fit secret that it replaces. */
  readonly former?: string;
  /** Whether the former secret still counts, as a fallback. */
  readonly formerKept: boolean;
  /** The former secrets of its list, newest first, those that go in this run as well. */
  readonly formers: readonly Former[];
  /** What people notice, without a full stop. */
  readonly people: string;
  /** Other variables that repeated the former secret and now repeat the new one. */
  readonly copies: readonly string[];
}
