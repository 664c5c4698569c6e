// The express-session store, on top of any backend. Hashes session ids here, so that no lower layer sees one (invariant 4).
import type { Request } from 'express';
import session, { type Session, type SessionData } from 'express-session';
import { digest } from '../../crypto/tokens.ts';
import type { PreviousId, SessionEnd, SessionRow, SessionTable } from '../../store/contract-sessions.ts';
import {
  absoluteEndOf,
  endOf,
  type IdState,
  type SessionFacts,
  type SessionLimits,
  stateOfId,
  touchIntervalMs,
} from '../rules/session.ts';
import { keyOf } from '../rules/session-id.ts';
import { SessionCookie, type SessionCookieAttributes } from './session-cookie.ts';

declare module 'express-session' {
  interface SessionData extends SessionFacts {
    handle: string;
    personId: string;
    email: string;
    createdAt: number;
    lastSeenAt: number;
    expiresAt: number;
    /** Set on an ended session: the browser is shown the reason and nothing else. */
    ended?: SessionEnd;
    /** Digest of the current id. */
    idHash: string;
    idIssuedAt: number;
    previous?: PreviousId;
    /** Validity of the id that the browser presented. */
    idState: IdState;
  }
}

/** The session of a request, loaded by express-session or just created. */
export type LoadedSession = Session & SessionData;

/** The fields available to every page, however the session was read. */
export type AdmittedSession = Readonly<Omit<SessionData, 'cookie'>>;

/** Fields stored in columns of the row, or not stored at all. */
const columns: ReadonlySet<string> = new Set([
  'cookie',
  'handle',
  'personId',
  'email',
  'createdAt',
  'lastSeenAt',
  'expiresAt',
  'ended',
  'idHash',
  'idIssuedAt',
  'previous',
  'idState',
]);

export interface ExpressStoreOptions {
  readonly table: SessionTable;
  readonly limits: SessionLimits;
  readonly cookie: SessionCookieAttributes;
  readonly now: () => number;
}

export class ExpressStore extends session.Store {
  readonly #options: ExpressStoreOptions;
  /** Each session as it was loaded, so that a save writes only what this request changed. */
  readonly #loaded = new WeakMap<object, ReadonlyMap<string, string>>();

  constructor(options: ExpressStoreOptions) {
    super();
    this.#options = options;
  }

  /** Also returns ended sessions, marked as ended: `admitSession` reports why they ended. */
  override get(sid: string, callback: (error: unknown, session?: SessionData | null) => void): void {
    this.#options.table.read(keyOf(sid)).then(
      (row) => callback(null, row ? this.toSession(row, digest(sid)) : null),
      (error: unknown) => callback(error),
    );
  }

  /** Writes the keys that changed, and only to an existing live session. Only sign-in creates sessions. */
  override set(sid: string, data: SessionData, callback: (error?: unknown) => void = ignore): void {
    const before = this.#loaded.get(data);
    if (!before) {
      callback(new Error('a session was to be saved that no sign-in began'));
      return;
    }
    const after = factsOf(data);
    const changed = [...new Set([...before.keys(), ...after.keys()])].filter(
      (key) => before.get(key) !== after.get(key),
    );
    if (changed.length === 0 || data.ended) {
      // After an id was replaced, express-session saves instead of touching.
      this.touch(sid, data, callback);
      return;
    }
    const patch = Object.fromEntries(changed.map((key) => [key, Reflect.get(data, key)]));
    this.#loaded.set(data, after);
    this.#options.table.update(keyOf(sid), patch).then(() => this.touch(sid, data, callback), callback);
  }

  override touch(sid: string, data: SessionData, callback: (error?: unknown) => void = ignore): void {
    const { limits, now, table } = this.#options;
    const seenAt = now();
    if (data.ended || seenAt - data.lastSeenAt < touchIntervalMs(limits)) {
      callback();
      return;
    }
    table.touch(keyOf(sid), seenAt).then(() => callback(), callback);
  }

  override destroy(sid: string, callback: (error?: unknown) => void = ignore): void {
    const end: SessionEnd = { at: this.#options.now(), reason: 'signed_out' };
    this.#options.table.end(keyOf(sid), end).then(() => callback(), callback);
  }

  override createSession(req: Request, data: SessionData) {
    const { cookie, limits, now } = this.#options;
    const live = super.createSession(req, data);
    live.cookie = new SessionCookie(cookie, () =>
      Reflect.get(live, 'staySignedIn') ? absoluteEndOf(data, limits) - now() : undefined,
    );
    this.#loaded.set(live, factsOf(data));
    return live;
  }

  /** A row as express-session holds it. */
  toSession(row: SessionRow, presentedHash: string): SessionData {
    const { limits, now, cookie } = this.#options;
    return {
      ...readRow(row, presentedHash, limits, now()),
      cookie: new SessionCookie(cookie, () => undefined),
    };
  }
}

/** The session in `row` as seen by a request that presented the id with this digest. */
export function readRow(
  row: SessionRow,
  presentedHash: string,
  limits: SessionLimits,
  now: number,
): AdmittedSession {
  const { handle, personId, email, createdAt, lastSeenAt, expiresAt, idHash, idIssuedAt, previous } = row;
  const ended = endOf(row, limits, now);
  return {
    ...(row.data as unknown as SessionFacts),
    handle,
    personId,
    email,
    createdAt,
    lastSeenAt,
    expiresAt,
    idHash,
    idIssuedAt,
    idState: stateOfId(row, presentedHash, now),
    ...(previous && { previous }),
    ...(ended && { ended }),
  };
}

function ignore(): void {}

function factsOf(data: SessionData): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(data)
      .filter(([key, value]) => !columns.has(key) && value !== undefined)
      .map(([key, value]) => [key, JSON.stringify(value)]),
  );
}
