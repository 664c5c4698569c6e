// Forgets people who have not signed in for long, and asks again for what a scrub could not do at once.
import type { Store } from '../store/contract.ts';
import { type Erase, scrubAgain } from './erase.ts';

export interface RetentionOptions {
  readonly store: Pick<Store, 'people' | 'notes' | 'scrub'>;
  readonly erase: Erase;
  /** 0: never. */
  readonly retentionMs: number;
  readonly now: () => number;
}

const atOnce = 50;

/** One round, a batch; several replicas may do it side by side. @returns how many people were erased. */
export async function forgetAway({ store, erase, retentionMs, now }: RetentionOptions): Promise<number> {
  await scrubAgain(store, now());
  if (retentionMs === 0) return 0;
  const ids = await store.people.awaySince(now() - retentionMs, atOnce);
  for (const id of ids) {
    const person = await store.people.read(id);
    if (person) await erase({ ids: [id], email: person.email }, 'retention');
    else await store.people.remove(id);
  }
  return ids.length;
}
