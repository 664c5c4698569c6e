// Decides whether a request may reach an app: the answer to `GET /check`. Requests that arrive together are decided by one read of the
// store, which begins after each of them has arrived; nothing that was read earlier is used. Reads only: it ends nothing.
import type { LinkMarks } from '../gate/revocation.ts';
import { storedLink } from '../gate/revocation.ts';
import { changesBetween, type Surroundings } from '../sessions/rules/binding.ts';
import { endOf, type SessionLimits } from '../sessions/rules/session.ts';
import type { SessionRow, SessionTable } from '../store/contract-sessions.ts';
import type { Apps, Candidate, GuardedApp, GuardReason } from './contract.ts';
import { grantOf, isClosed, isReplayed, limitReached, useOf } from './grants.ts';
import type { GuardId } from './guard-cookie.ts';

/** What a check is about, from its headers alone. */
export interface CheckRequest {
  readonly app: GuardedApp;
  /** undefined: no guard cookie, or not a valid one. */
  readonly id: GuardId | undefined;
  /** Whether a person opens a page, so that the browser can be sent elsewhere. */
  readonly isNavigation: boolean;
  /** Called only if `SESSION_BINDING` is `enforce`. */
  readonly here: () => Surroundings;
}

export type Verdict =
  | { readonly kind: 'admitted'; readonly row: SessionRow; readonly groups: readonly string[] }
  /** 401: the person must come by the desk. */
  | { readonly kind: 'sign in'; readonly reason: GuardReason; readonly row?: SessionRow }
  /** 403. */
  | { readonly kind: 'refused'; readonly reason: GuardReason; readonly row: SessionRow };

export interface CheckOptions {
  readonly sessions: Pick<SessionTable, 'readMany'>;
  readonly linkMarks: LinkMarks;
  readonly limits: SessionLimits;
  readonly binding: 'off' | 'observe' | 'enforce';
  /** Read anew for each group: a rule that was changed counts from the next request on. */
  readonly apps: () => Apps;
  readonly mayUse: (app: GuardedApp, person: Candidate, apps: Apps, now: number) => boolean;
  /** Whether oauth2-proxy would still let that address in. */
  readonly isListed: (email: string) => boolean;
  /** Age at which a grant is renewed by a visit to the desk, in milliseconds. */
  readonly renewAfterMs: number;
  readonly now: () => number;
}

/** Names of the notes that a row needs, by its key: known after its first request, and verified against the row each time. */
const hintsAtMost = 20_000;

/** @returns decides a group of requests, in their order. @throws StoreUnavailable */
export function createCheck(options: CheckOptions) {
  const { sessions, linkMarks, now } = options;
  const hints = new Map<string, readonly string[]>();

  const namesFor = (row: SessionRow) => linkMarks.names(storedLink(row.data['gate']), row.personId);

  /** The rows by key, and the values of their notes. */
  async function read(keys: readonly string[], at: number) {
    const notes = new Map<string, unknown>();
    const readNotes = async (rowKeys: readonly string[], names: readonly string[]) => {
      const found = await sessions.readMany(rowKeys, names, at);
      for (const [i, name] of names.entries()) notes.set(name, found.notes[i]);
      return found.rows;
    };
    const hinted = unique(keys.flatMap((key) => hints.get(key) ?? []));
    const rows = await readNotes(keys, hinted);
    const missing: string[] = [];
    for (const row of rows) {
      if (!row) continue;
      const names = namesFor(row);
      missing.push(...names.filter((name) => !notes.has(name)));
      if (hints.size >= hintsAtMost) hints.clear();
      hints.set(row.key, names);
    }
    if (missing.length > 0) await readNotes([], unique(missing));
    return { rows: new Map(keys.map((key, i) => [key, rows[i]])), notes };
  }

  /** Whether the row admits its person at all, whatever the app. @returns why not; undefined: it does */
  function endedBy(
    row: SessionRow,
    notes: ReadonlyMap<string, unknown>,
    at: number,
  ): GuardReason | undefined {
    const end = endOf(row, options.limits, at);
    if (end) return end.reason === 'idle' || end.reason === 'expired' ? end.reason : 'ended';
    const values = namesFor(row).map((name) => notes.get(name));
    const link = storedLink(row.data['gate']);
    return linkMarks.isEnded(link, row.personId, row.createdAt, values) ? 'ended' : undefined;
  }

  function judge(
    { app, id, isNavigation, here }: CheckRequest,
    { rows, notes }: Awaited<ReturnType<typeof read>>,
    apps: Apps,
    at: number,
  ): Verdict {
    const row = id && rows.get(id.key);
    // An ended row has lost its grants.
    if (row?.ended) return { kind: 'sign in', reason: 'ended', row };
    const grant = row && grantOf(row.data, app.name, id.secret);
    if (!row || !grant) return { kind: 'sign in', reason: 'no-session' };
    if (isClosed(row.data, app, grant)) return { kind: 'sign in', reason: 'ended', row };
    const ended = endedBy(row, notes, at);
    if (ended) return { kind: 'sign in', reason: ended, row };
    if (isReplayed(grant, at)) return { kind: 'sign in', reason: 'replayed', row };
    const { email } = row;
    if (!options.isListed(email)) return { kind: 'refused', reason: 'not-listed', row };
    if (!options.mayUse(app, { email }, apps, at)) return { kind: 'refused', reason: 'not-allowed', row };
    const use = useOf(row.data, app.name);
    const reached = use ? limitReached(use, app, at) : 'expired';
    if (reached) return { kind: 'sign in', reason: reached, row };
    if (options.binding === 'enforce' && changesBetween(surroundingsOf(row), here()).length > 0)
      return { kind: 'sign in', reason: 'moved', row };
    if (isNavigation && Math.abs(at - grant.at) >= options.renewAfterMs)
      return { kind: 'sign in', reason: 'renew', row };
    return { kind: 'admitted', row, groups: groupsOf(email, apps) };
  }

  return async (requests: readonly CheckRequest[]): Promise<readonly Verdict[]> => {
    const at = now();
    const apps = options.apps();
    const keys = unique(requests.flatMap(({ id }) => (id ? [id.key] : [])));
    const found =
      keys.length === 0
        ? { rows: new Map<string, SessionRow | undefined>(), notes: new Map<string, unknown>() }
        : await read(keys, at);
    return requests.map((request) => judge(request, found, apps, at));
  };
}

function groupsOf(email: string, { groups }: Apps): string[] {
  return [...groups].filter(([, people]) => people.has(email)).map(([name]) => name);
}

/** Where the session was used when it was last seen on the desk. */
function surroundingsOf({ data }: SessionRow): Surroundings {
  return { device: data['device'], network: data['network'] } as Surroundings;
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names)];
}
