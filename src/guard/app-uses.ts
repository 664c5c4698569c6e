// When a session last used each app, as its row says: `use:NAME`, in milliseconds, written by the check at most once a minute.
import type { SessionTable } from '../store/contract-sessions.ts';

const prefix = 'use:';
const nameForm = /^[a-z\d-]{1,32}$/;

/**
 * @param data of a session's row
 * @returns the last use of each app, in milliseconds, the latest first; entries in another form are left out
 */
export function appUses(data: Readonly<Record<string, unknown>>): ReadonlyMap<string, number> {
  const found: [name: string, at: number][] = [];
  for (const [key, at] of Object.entries(data)) {
    if (!key.startsWith(prefix) || typeof at !== 'number' || !Number.isFinite(at)) continue;
    const name = key.slice(prefix.length);
    if (nameForm.test(name)) found.push([name, at]);
  }
  return new Map(found.sort(([, a], [, b]) => b - a));
}

/** The use of an app by one session. */
export interface SessionAppUse {
  readonly app: string;
  /** The session's handle. */
  readonly session: string;
  /** Milliseconds. */
  readonly at: number;
}

export interface UsesOptions {
  readonly sessions: Pick<SessionTable, 'ofPerson'>;
  readonly now: () => number;
}

/** Reads which apps a person's live sessions used. What ended sessions used is not kept. The function throws StoreUnavailable. */
export function readUsesOf({
  sessions,
  now,
}: UsesOptions): (personId: string) => Promise<readonly SessionAppUse[]> {
  return async (personId) => {
    const rows = await sessions.ofPerson(personId, now());
    return rows.flatMap(({ handle, data }) =>
      [...appUses(data)].map(([app, at]) => ({ app, session: handle, at })),
    );
  };
}
