// What is wrong with a setting.

export interface Problem {
  /** The variable to mend. */
  readonly name: string;
  /** What is wrong and what to do, without the value. */
  readonly message: string;
  /** `shared`: the same secret serves two ends. */
  readonly kind?: 'shared';
}
