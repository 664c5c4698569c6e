// Erases a person: the erasure is recorded, then all sessions end, then all data is deleted, the key of the pseudonym last. Safe to
// repeat at any point, so a crash halfway leaves nothing that a second try does not reach (GDPR, article 17). What may be left in the
// store's own files is noted before anything is deleted, so that rewriting them is retried until it succeeds.
import { committed } from '../audit/confirmed-change.ts';
import type { PersonRef, RevocationRecorder } from '../audit/recorder.ts';
import type { Store } from '../store/contract.ts';
import type { Somebody } from './person.ts';

const scrubDue = 'privacy:scrub-due';
const dueForMs = 400 * 86_400_000;
const roundsAtMost = 5;

export interface EraseOptions {
  readonly store: Pick<Store, 'sessions' | 'people' | 'notes' | 'scrub'>;
  readonly recorder: ErasingRecorder;
  /** Destroys the keys of a person's pseudonyms: the entries of the record stay and belong to nobody. */
  readonly forgetAliases: (person: PersonRef) => Promise<unknown>;
  /** Ends all sessions of a person, here and at the gate. */
  readonly endSessions: (
    personId: string,
    by: ErasedBy,
  ) => Promise<readonly { readonly endedNow: boolean }[]>;
  /** What other modules store about somebody. */
  readonly further: readonly ((who: Somebody) => Promise<void>)[];
  /** Whether the address is still on the allow-list, so that the person could come back. */
  readonly isListed: (email: string) => boolean;
  readonly now: () => number;
}

/** A recorder that can be flushed, and whose journal can forget a person. */
export interface ErasingRecorder extends RevocationRecorder {
  flush(): Promise<void>;
  forget(person: PersonRef): Promise<void>;
}

/** The person, an operator, the terminal, or retention. */
export type ErasedBy = { readonly id: string; readonly email: string } | 'terminal' | 'retention';

export interface Erased {
  readonly sessionsEnded: number;
  /** Whether nothing is left in the store's own files either; false: that is tried again. */
  readonly scrubbed: boolean;
  readonly stillListed: boolean;
}

export type Erase = (who: Somebody, by: ErasedBy) => Promise<Erased>;

export function createErase(options: EraseOptions): Erase {
  const { store, recorder, forgetAliases, endSessions, further, isListed, now } = options;
  const { sessions, people, notes } = store;
  return async (who, by) => {
    const { ids, email } = who;
    const refs: PersonRef[] = ids.length === 0 ? [{ email }] : ids.map((id) => ({ id, email }));
    for (const person of refs) {
      await recorder.writeEnding({
        event: 'privacy.erased',
        person,
        ...(by === 'retention' ? { reason: 'retention' } : isThemselves(by, ids) ? {} : { by }),
      });
    }
    // Its first step ends the session that may have asked for it.
    return committed(async () => {
      await notes.writeEnding(scrubDue, true, now() + dueForMs);
      let sessionsEnded = 0;
      for (let round = 0, again = true; again && round < roundsAtMost; round++) {
        for (const id of ids) {
          sessionsEnded += (await endSessions(id, by)).filter(({ endedNow }) => endedNow).length;
          await sessions.forgetPerson(id);
          await notes.forgetPerson(id);
        }
        for (const erase of further) await erase(who);
        // After the events of the revocations: a later event would create a new pseudonym.
        await recorder.flush();
        for (const person of refs) await recorder.forget(person);
        for (const person of refs) await forgetAliases(person);
        // The person's row goes last: while it exists, the address leads to what is left.
        for (const id of ids) await people.remove(id);
        // Somebody who signed in meanwhile has a session now, and nothing else leads to it.
        again = (await Promise.all(ids.map((id) => sessions.rowsOf(id)))).some((rows) => rows.length > 0);
      }
      return { sessionsEnded, scrubbed: await scrubNow(store), stillListed: isListed(email) };
    });
  };
}

/** Tries again what an erasure could not do immediately, or did not reach before it was killed. */
export async function scrubAgain(store: Pick<Store, 'notes' | 'scrub'>, now: number): Promise<void> {
  if ((await store.notes.read(scrubDue, now)) !== undefined) await scrubNow(store);
}

async function scrubNow({ notes, scrub }: Pick<Store, 'notes' | 'scrub'>): Promise<boolean> {
  const scrubbed = await scrub();
  if (scrubbed) await notes.remove(scrubDue);
  return scrubbed;
}

function isThemselves(by: ErasedBy, ids: readonly string[]): boolean {
  return typeof by === 'object' && ids.includes(by.id);
}
