// Versions of a store's layout, and the rule for migrating: in order, each step once, never backwards.
import { StoreUnavailable } from './contract.ts';

/** One step, from the previous version to `version`. */
export interface Migration<Db, Result> {
  /** Consecutive in its list. */
  readonly version: number;
  /** What changes, for readers of the list. */
  readonly about: string;
  readonly run: (db: Db) => Result;
}

/** The store answers, but this program must not use it until an operator does what the message says. */
export class UnfitStore extends StoreUnavailable {
  constructor(message: string) {
    super(undefined);
    this.message = message;
  }
}

/** The store was written by a newer version of the program, and may hold data that this version would lose. */
export class NewerStore extends UnfitStore {
  /** @param place what the message calls the store: a file's path, or the setting that leads to it */
  constructor(place: string, found: number, known: number) {
    super(
      `${place} was written by a newer Gatehouse: its layout is version ${found}, but this program only knows versions up to ${known}. Nothing was changed. Run the newer program again, or restore the backup that was made before the upgrade (docs/operate.md)`,
    );
    this.name = 'NewerStore';
  }
}

/** Why a store must not be used, as stored in its fact `closed`. */
export type Closing = 'filling' | 'moved';

const closedWords: Readonly<Record<Closing, string>> = {
  filling:
    'is being filled by a restore or a move that has not finished. If none is running, run the same command again: it starts over',
  moved:
    'was moved to the other kind of store, which has everything since then. Set SESSION_BACKEND to that one; to move back, run `gatehouse move-store` again',
};

/** The store must not be used yet, or no longer. */
export class ClosedStore extends UnfitStore {
  constructor(place: string, closing: string) {
    super(`${place} ${closedWords[closing === 'moved' ? 'moved' : 'filling']} (docs/operate.md)`);
    this.name = 'ClosedStore';
  }
}

/** @returns the pending steps, in order. @throws NewerStore */
export function missingSteps<Step extends { readonly version: number }>(
  steps: readonly Step[],
  found: number,
  place: string,
): readonly Step[] {
  const known = steps.at(-1)?.version ?? 0;
  if (found > known) throw new NewerStore(place, found, known);
  return steps.filter(({ version }) => version > found);
}
