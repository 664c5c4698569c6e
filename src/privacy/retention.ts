// Erases people who have not signed in for long, and tries again what a scrub could not do immediately.
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

/** One batch; several replicas may do it concurrently. @returns how many people were erased */
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
