// Ends the use of an app in sessions that stay signed in: everywhere, for one person, or on one device. The next request to the app is
// refused, on every replica: a person who still may open it comes in again by the desk.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { committed } from '../audit/confirmed-change.ts';
import type { PersonRef, RevocationRecorder } from '../audit/recorder.ts';
import type { SessionRow, SessionTable } from '../store/contract-sessions.ts';
import type { AppRules, EndOutcome } from './app-rules.ts';
import { hasGrant, withdrawing } from './grants.ts';
import type { Operator } from './rule-edits.ts';

export interface AppEndingsOptions {
  readonly rules: Pick<AppRules, 'end'>;
  readonly sessions: Pick<SessionTable, 'page' | 'ofPerson' | 'update'>;
  readonly recorder: RevocationRecorder;
  readonly now: () => number;
}

const atOnce = 200;

export interface AppEndings {
  /**
   * Ends it for everyone. The instant in the apps file holds at once; then the grants are removed from the sessions, also if the file
   * could not be changed.
   * @returns in how many sessions there were grants. @throws StoreUnavailable
   */
  everywhere(app: string, by: Operator): Promise<{ readonly file: EndOutcome; readonly sessions: number }>;
  /** Ends it in every live session of a person. @returns in how many there were grants. @throws StoreUnavailable */
  person(app: string, person: Required<PersonRef>, by: Operator): Promise<number>;
  /** Ends it in one session. @throws StoreUnavailable */
  device(app: string, row: SessionRow, by: Operator): Promise<void>;
}

export function createAppEndings({ rules, sessions, recorder, now }: AppEndingsOptions): AppEndings {
  const withdraw = (row: SessionRow, app: string) =>
    sessions.update(row.key, withdrawing(row.data, app, now()));

  async function sweep(app: string): Promise<number> {
    let [ended, cursor]: [number, string | undefined] = [0, undefined];
    do {
      // By this order, use does not move a session from one page to another.
      const page = await sessions.page({
        sort: 'created',
        limit: atOnce,
        ...(cursor !== undefined && { cursor }),
      });
      for (const row of page.rows) if (hasGrant(row.data, app) && (await withdraw(row, app))) ended += 1;
      cursor = page.next;
      await nextTurn();
    } while (cursor !== undefined);
    return ended;
  }

  return {
    async everywhere(app, by) {
      const file = await rules.end(app, by);
      if (file.kind === 'unknown-app') return { file, sessions: 0 };
      return { file, sessions: await committed(() => sweep(app)) };
    },

    async person(app, person, by) {
      const isOwn = person.id === by.id;
      await recorder.writeEnding({ event: 'app.closed', person, ...(!isOwn && { by }), facts: { app } });
      const rows = await sessions.ofPerson(person.id, now());
      // Also where there is no grant yet: one that is being added counts as made before.
      await committed(() => Promise.all(rows.map((row) => withdraw(row, app))));
      return rows.filter(({ data }) => hasGrant(data, app)).length;
    },

    async device(app, row, by) {
      const person = { id: row.personId, email: row.email };
      const isOwn = person.id === by.id;
      const event = { event: 'app.closed', person, session: row.handle, facts: { app } } as const;
      await recorder.writeEnding({ ...event, ...(!isOwn && { by }) });
      await committed(() => withdraw(row, app));
    },
  };
}
