// What every backend keeps and promises. Times are parameters (milliseconds); keys are digests, never a raw id.

/** Why a session is over. */
export type EndReason = 'idle' | 'expired' | 'signed_out' | 'person_changed';

export interface SessionEnd {
  readonly at: number;
  readonly reason: EndReason;
}

/** A session at rest. */
export interface SessionRow {
  /** Digest of the id in the cookie. */
  readonly idHash: string;
  /** Public name of the session; unrelated to the id. */
  readonly handle: string;
  readonly personId: string;
  readonly createdAt: number;
  /** Written at most once a minute. */
  readonly lastSeenAt: number;
  /** After this instant the backend may forget the row. */
  readonly expiresAt: number;
  /** The rest, small, merged key by key. */
  readonly data: Readonly<Record<string, unknown>>;
  /** Present once the session is over; such a row never changes again. */
  readonly ended?: SessionEnd;
}

/** Invariant 3: an ended session stays ended, whatever is in flight. */
export interface SessionTable {
  /** @returns false, changing nothing, where the id was ever used, by a live or an ended session. */
  create(row: SessionRow): Promise<boolean>;
  /** The row, ended or not; undefined where there is none. */
  read(idHash: string): Promise<SessionRow | undefined>;
  /** Merges `patch` into `data`, key by key; a key of undefined is removed. @returns false where no live row is there. */
  update(idHash: string, patch: Readonly<Record<string, unknown>>): Promise<boolean>;
  /** Moves `lastSeenAt` forward, never back. @returns false where no live row is there. */
  touch(idHash: string, lastSeenAt: number): Promise<boolean>;
  /** @returns true for the one call that ended it; false where it was over, or never there. */
  end(idHash: string, end: SessionEnd): Promise<boolean>;
}

/** What a visitor or a member chose. */
export interface Choices {
  readonly theme?: 'auto' | 'light' | 'dark';
  readonly noticeSeen?: boolean;
}

export type VisitorRow =
  | { readonly state: 'live'; readonly choices: Choices }
  | { readonly state: 'retired' };

/** Only visitors who chose something have a row, and those whose id was replaced at sign-in. */
export interface VisitorTable {
  read(idHash: string, now: number): Promise<VisitorRow | undefined>;
  /** Merges `choices`. @returns false where the id is retired. */
  choose(idHash: string, choices: Choices, now: number, expiresAt: number): Promise<boolean>;
  /** The id is dead until `expiresAt`, when its cookie is too; what it chose is forgotten. Again: no effect. */
  retire(idHash: string, now: number, expiresAt: number): Promise<void>;
}

/** A sign-in as it is shown to the person. */
export interface SignIn {
  readonly at: number;
  readonly device: { readonly browser: string; readonly os: string; readonly kind: string };
  readonly network: string;
}

export interface PersonRow {
  /** The provider's stable subject. */
  readonly id: string;
  readonly email: string;
  readonly choices: Choices;
  readonly lastSignIn: SignIn;
}

export interface PersonTable {
  read(id: string): Promise<PersonRow | undefined>;
  /** Records a sign-in and fills in `choices` that the person has not made. @returns the sign-in before, if any. */
  signIn(id: string, email: string, signIn: SignIn, choices: Choices): Promise<SignIn | undefined>;
  /** Merges; a person who never signed in is left unknown. */
  choose(id: string, choices: Choices): Promise<void>;
}

/** Short-lived agreements between requests that run at the same time. */
export interface ClaimTable {
  /** @returns the value under `key`: `value` for the first caller, the first one's for the others, until `expiresAt`. */
  claim(key: string, value: string, now: number, expiresAt: number): Promise<string>;
  release(key: string): Promise<void>;
}

export interface Store {
  readonly sessions: SessionTable;
  readonly visitors: VisitorTable;
  readonly people: PersonTable;
  readonly claims: ClaimTable;
  /** Resolves where a read works; else throws StoreUnavailable. */
  ping(): Promise<void>;
  /** Forgets what ended before `now`. @returns how many rows. */
  purge(now: number): Promise<number>;
  close(): Promise<void>;
}

/** The backend did not answer. Nothing is known about the session, so nobody is signed out for it (invariant 9). */
export class StoreUnavailable extends Error {
  readonly status = 503;
  readonly code = 'store_unavailable';
  constructor(cause: unknown) {
    super('The store did not answer', { cause });
    this.name = 'StoreUnavailable';
  }
}

/** Runs one operation of a backend; whatever it throws becomes StoreUnavailable. */
export async function attempt<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof StoreUnavailable ? error : new StoreUnavailable(error);
  }
}

/** `data` with `patch` merged in; keys of undefined are left out. */
export function merge(
  data: Readonly<Record<string, unknown>>,
  patch: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  return Object.fromEntries(Object.entries({ ...data, ...patch }).filter(([, value]) => value !== undefined));
}
