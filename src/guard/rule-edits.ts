// The changes of the apps file that its pages make, and what the pages need of the file.
import type { Apps, AppsFault } from './contract.ts';
import type { RuleTarget } from './rule-entries.ts';

/** One change of who may open an app. `allow` also sets or removes the end of an entry that is there already. */
export type RuleEdit =
  | { readonly kind: 'allow'; readonly app: string; readonly target: RuleTarget; readonly until?: number }
  | { readonly kind: 'remove'; readonly app: string; readonly target: RuleTarget };

/** One change of a group. */
export type GroupEdit =
  | { readonly kind: 'create-group' | 'delete-group'; readonly group: string }
  | { readonly kind: 'join' | 'leave'; readonly group: string; readonly email: string };

/** Every use of the app that began up to `at`, in milliseconds, is ended. */
export interface EndEdit {
  readonly kind: 'end';
  readonly app: string;
  readonly at: number;
}

export type FileEdit = RuleEdit | GroupEdit | EndEdit;

/** The file could not be changed: what is wrong and what to do, in plain words. */
export interface EditRefused {
  readonly kind: 'refused';
  readonly message: string;
}

/** One member per kind, so that a `switch` can tell them apart. */
export type Kind<K extends string> = K extends string ? { readonly kind: K } : never;

/** The person who changes a rule. */
export interface Operator {
  readonly id: string;
  readonly email: string;
}

export interface AppsShown {
  /** What applies now: if the file has faults, what it said before. */
  readonly apps: Apps;
  /** What is wrong with the file as it is. */
  readonly faults: readonly AppsFault[];
}

/** The apps file, as the rules need it. */
export interface RuleFile {
  /** From `APPS_FILE`. */
  readonly path: string;
  show(): AppsShown;
  /** Makes this change, and no other in the file. `absent`: there was nothing to change. */
  change(edit: FileEdit): Promise<Kind<'changed' | 'absent'> | EditRefused>;
}
