// What a run does to one secret, for the report and the other edits.
import type { Former } from './fallbacks.ts';
import type { SecretKind } from './kinds.ts';

export interface Step {
  readonly kind: SecretKind;
  /** `made`: it was missing, empty or a placeholder; `unfit`: kept, although it cannot be used; `elsewhere`: it is in a `NAME_FILE`. */
  readonly action: 'made' | 'rotated' | 'kept' | 'unfit' | 'elsewhere';
  /** The secret after the plan; undefined for `unfit` and `elsewhere`. */
  readonly secret?: string;
  /** The fit secret that it replaces. */
  readonly former?: string;
  /** Whether the former secret is still accepted, as a fallback. */
  readonly formerKept: boolean;
  /** The former secrets in its list, newest first, including those removed in this run. */
  readonly formers: readonly Former[];
  /** What people notice, without a full stop. */
  readonly people: string;
  /** Other variables that repeated the former secret and now repeat the new one. */
  readonly copies: readonly string[];
}
