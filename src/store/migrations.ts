// The version of a store's layout, and the rule for bringing one up to date: in order, each step once, never backwards.
import { StoreUnavailable } from './contract.ts';

/** One step from the version before to `version`. */
export interface Migration<Db, Result> {
  /** Consecutive in its list. */
  readonly version: number;
  /** What changes, for whoever reads the list. */
  readonly about: string;
  readonly run: (db: Db) => Result;
}

/** The store was written by a newer version of the program, which may keep things in it that this one would lose. */
export class NewerStore extends StoreUnavailable {
  /** @param place what the message calls the store: a file's path, or the setting that leads to it */
  constructor(place: string, found: number, known: number) {
    super(undefined);
    this.name = 'NewerStore';
    this.message = `${place} was written by a newer Gatehouse: its layout is version ${found}, and this program knows versions up to ${known}. Nothing was changed. Run the newer program again, or restore the backup that was made before the upgrade (docs/operate.md)`;
  }
}

/** @returns the steps that are missing, in order. @throws NewerStore */
export function missingSteps<Step extends { readonly version: number }>(
  steps: readonly Step[],
  found: number,
  place: string,
): readonly Step[] {
  const known = steps.at(-1)?.version ?? 0;
  if (found > known) throw new NewerStore(place, found, known);
  return steps.filter(({ version }) => version > found);
}
