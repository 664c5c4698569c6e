// The contract of the store for sessions.

/** Why a session ended. */
export type EndReason =
  | 'idle'
  | 'expired'
  | 'signed_out'
  | 'person_changed'
  | 'revoked'
  | 'revoked_by_operator'
  | 'replayed'
  | 'too_many'
  | 'device_changed'
  | 'gate_limit'
  | 'superseded'
  | 'access_removed'
  | 'erased';

export interface SessionEnd {
  readonly at: number;
  readonly reason: EndReason;
  /** The audit pseudonym of the person who ended it, or `terminal`; absent if a rule did. An address kept here would outlive its person. */
  readonly by?: string;
  /** What differed, if a change of device ended it: "browser", "system", "network". */
  readonly changes?: readonly string[];
  /** The binding to oauth2-proxy's session, in the gate module's own form, to tell a new sign-in from the old one. */
  readonly gate?: unknown;
}

/** A stored session. */
export interface SessionRow {
  /** The lookup key: the first half of the id in the cookie, useless without the second half. */
  readonly key: string;
  /** Public name of the session, unrelated to the id; unchanged when the id is rotated. */
  readonly handle: string;
  readonly personId: string;
  readonly email: string;
  readonly createdAt: number;
  /** Written at most once a minute. */
  readonly lastSeenAt: number;
  /** From this time on the backend may delete the row. */
  readonly expiresAt: number;
  /** Digest of the id that is currently valid, and since when it is. */
  readonly idHash: string;
  readonly idIssuedAt: number;
  /** The previous id, if the id was ever rotated. */
  readonly previous?: PreviousId;
  /** All other data: small, merged key by key. */
  readonly data: Readonly<Record<string, unknown>>;
  /** Present once the session has ended; such a row never changes again. */
  readonly ended?: SessionEnd;
}

export interface PreviousId {
  readonly idHash: string;
  /** The salt the current id was derived with: a request that still has the previous id derives the same one. */
  readonly salt: string;
  /** When a browser first presented the current id; absent: not yet. */
  readonly successorSeenAt?: number;
}

interface Rotation {
  readonly fromHash: string;
  readonly toHash: string;
  readonly salt: string;
  readonly at: number;
}

/** One page of everyone's live sessions. */
export interface SessionQuery {
  /** `seen` and `created`: newest first; `email`: in alphabetical order. */
  readonly sort: 'seen' | 'created' | 'email';
  /** Only addresses that start with it; the order is then `email`. */
  readonly emailPrefix?: string;
  /** From the previous page. */
  readonly cursor?: string;
  readonly limit: number;
}

export interface SessionPage {
  readonly rows: readonly SessionRow[];
  /** undefined: this was the last page. */
  readonly next: string | undefined;
}

export interface SessionsAndNotes {
  /** In the order of the keys. */
  readonly rows: readonly (SessionRow | undefined)[];
  /** In the order of the names. */
  readonly notes: readonly unknown[];
}

/** Invariant 3: an ended session stays ended, whatever is in flight. Invariant 6: one id is replaced by one other. */
export interface SessionTable {
  /** @returns false, changing nothing, if the key was ever used, by a live or an ended session. */
  create(row: SessionRow): Promise<boolean>;
  /** The row, ended or not; undefined if there is none. */
  read(key: string): Promise<SessionRow | undefined>;
  /**
   * The row of each key and the note of each name, as `read` and `notes.read` give them, for requests that are admitted together. Every
   * read begins after the call.
   */
  readMany(keys: readonly string[], noteNames: readonly string[], now: number): Promise<SessionsAndNotes>;
  /** Merges `patch` into `data`, key by key; a key set to undefined is removed. @returns false if there is no live row. */
  update(key: string, patch: Readonly<Record<string, unknown>>): Promise<boolean>;
  /** Moves `lastSeenAt` forward, never back. @returns false if there is no live row. */
  touch(key: string, lastSeenAt: number): Promise<boolean>;
  /** @returns false, changing nothing, if `fromHash` is not, or no longer, the valid id of a live row. */
  rotate(key: string, rotation: Rotation): Promise<boolean>;
  /** Records that a browser presented the valid id `idHash`; only the first time is kept. */
  successorSeen(key: string, idHash: string, at: number): Promise<void>;
  /** @returns true for the one call that ended it; false if it had already ended or never existed. */
  end(key: string, end: SessionEnd): Promise<boolean>;

  /** The row with that handle, ended or not. */
  findByHandle(handle: string): Promise<SessionRow | undefined>;
  /** A person's live sessions that have not expired at `now`, newest first. The cost does not depend on other people's sessions. */
  ofPerson(personId: string, now: number): Promise<SessionRow[]>;
  /** Everyone's live sessions, by an index: the cost depends only on the page. @throws RangeError for an invalid cursor. */
  page(query: SessionQuery): Promise<SessionPage>;
  /** How many sessions are live; recently expired ones may still be counted. */
  countLive(now: number): Promise<number>;
  /** Every stored row of a person, including ended ones, newest first. */
  rowsOf(personId: string): Promise<SessionRow[]>;
  /** Deletes every row of a person. Call it only after the sessions have ended: a live one would vanish without a trace. */
  forgetPerson(personId: string): Promise<void>;
}
