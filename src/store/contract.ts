// The contract of every store backend. Times are parameters (milliseconds); keys are digests, never a raw id.
import { type Fault, faultOf } from './fault.ts';

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

export interface Rotation {
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

/** What a visitor or a member chose. */
export interface Choices {
  readonly theme?: 'auto' | 'light' | 'dark';
  readonly noticeSeen?: boolean;
}

export type VisitorRow =
  | { readonly state: 'live'; readonly choices: Choices }
  | { readonly state: 'retired' };

/** Only visitors who chose something have a row, and visitors whose id was replaced at sign-in. */
export interface VisitorTable {
  read(idHash: string, now: number): Promise<VisitorRow | undefined>;
  /** Merges `choices`. @returns false if the id is retired. */
  choose(idHash: string, choices: Choices, now: number, expiresAt: number): Promise<boolean>;
  /** Invalidates the id until `expiresAt`, when its cookie expires too, and deletes its choices. Idempotent. */
  retire(idHash: string, now: number, expiresAt: number): Promise<void>;
}

/** A sign-in as shown to the person. */
export interface SignIn {
  readonly at: number;
  readonly device: {
    readonly browser: string;
    readonly os: string;
    readonly kind: 'desktop' | 'mobile' | 'tablet' | 'bot' | 'unknown';
  };
  readonly network: string;
}

export interface PersonRow {
  /** The identity provider's stable subject. */
  readonly id: string;
  readonly email: string;
  readonly choices: Choices;
  readonly lastSignIn: SignIn;
}

export interface PersonTable {
  read(id: string): Promise<PersonRow | undefined>;
  /** Records a sign-in and fills in `choices` that the person has not made. @returns the previous sign-in, if any. */
  signIn(id: string, email: string, signIn: SignIn, choices: Choices): Promise<SignIn | undefined>;
  /** Merges `choices`; does nothing for a person who never signed in. */
  choose(id: string, choices: Choices): Promise<void>;
  /** The ids of all accounts whose latest sign-in used that address. */
  idsOf(email: string): Promise<string[]>;
  /** People who have not signed in since `before`, the longest absent first, at most `limit`. */
  awaySince(before: number, limit: number): Promise<string[]>;
  remove(id: string): Promise<void>;
}

/** Short-lived agreements between concurrent requests. */
export interface ClaimTable {
  /**
   * @returns the value under `key`: `value` for the first caller, and the first caller's value for all others until `expiresAt`.
   * If the clock is set back meanwhile, the claim lasts at most twice the requested time: nobody waits for a dead owner.
   */
  claim(key: string, value: string, now: number, expiresAt: number): Promise<string>;
  release(key: string): Promise<void>;
}

/** Small facts that expire: identities that the gate vouches for but are no longer accepted, how a revocation went, notices for a person. */
export interface NoteTable {
  /** Writes or replaces; `value` is JSON. @param personId the person that it is about, so that it is found with their data */
  write(key: string, value: unknown, expiresAt: number, personId?: string): Promise<void>;
  /** As `write`, but also works when Redis is full. Only for revocations, which are never refused for lack of memory. */
  writeEnding(key: string, value: unknown, expiresAt: number, personId?: string): Promise<void>;
  /** undefined if there is none, or it has expired at `now`. */
  read(key: string, now: number): Promise<unknown>;
  remove(key: string): Promise<void>;
  /** The notes about a person. */
  ofPerson(personId: string, now: number): Promise<{ readonly key: string; readonly value: unknown }[]>;
  forgetPerson(personId: string): Promise<void>;
}

/** Daily counters for the charts. Their names come from a fixed set in the program and never identify a person. */
export interface CounterTable {
  /** Adds to the counters of `day` (`YYYY-MM-DD`), all or none; they are kept until `expiresAt`. */
  add(day: string, counts: Readonly<Record<string, number>>, expiresAt: number): Promise<void>;
  /** Sets a counter to `n` if it is lower or missing. */
  raise(day: string, name: string, n: number, expiresAt: number): Promise<void>;
  /** All counters of each day, in the order of `days`; empty for a day without counters. */
  read(days: readonly string[]): Promise<readonly Readonly<Record<string, number>>[]>;
}

/**
 * Small permanent facts about the store itself: its owner, its schema version. Nothing about people belongs here, and nothing is
 * ever removed.
 */
export interface FactTable {
  read(name: string): Promise<string | undefined>;
  /** Writes `value` if the fact does not exist yet. @returns the stored value: the first writer's */
  create(name: string, value: string): Promise<string>;
  /** Writes `value` only if the stored value is still `expected`. @returns false, changing nothing, if it is not */
  replace(name: string, expected: string, value: string): Promise<boolean>;
}

/** A stored entry of the audit record: sealed text, of which the store reads only the fields that are indexed. */
export interface RecordRow {
  readonly seq: number;
  /** One line of JSON with `event`, and optionally `who`, `by` and `session`. */
  readonly text: string;
  /** The mac of the previous entry; the chain's start value for the first one. */
  readonly prev: string;
  readonly mac: string;
}

/** The end of the record. */
export interface RecordEnd {
  /** Sealed text; undefined if it is missing, or nothing was ever written. */
  readonly head: string | undefined;
  /** The last stored entry, null if there is none; absent if it was not requested. */
  readonly last?: RecordRow | null;
}

export interface RecordAddition {
  readonly rows: readonly RecordRow[];
  readonly head: string;
}

/** How much of a process's revocation journal has been added to the record. */
export interface JournalStep {
  /** The journal's own random name. */
  readonly journal: string;
  /** How many of its lines were added before, and how many will be after this addition. */
  readonly from: number;
  readonly to: number;
}

export type RecordName = 'who' | 'by' | 'event' | 'session';

/** Sealed entries, numbered from 1. Entries never change, and are removed only from the front. */
export interface RecordTable {
  /**
   * Atomically appends what `seal` returns for the current end; no writer of any replica can come between.
   * @param seal is called again if another writer was faster; and with `last` if it returned undefined without it, or if there is
   * an entry beyond the head
   */
  append(seal: (end: RecordEnd) => RecordAddition | undefined): Promise<RecordAddition>;
  /**
   * As `append`, and counts the journal's lines in the same transaction, so that each line is added exactly once, whichever process
   * adds it and wherever it is killed.
   * @returns undefined, having added nothing, if `step.from` is not the stored position of the journal
   */
  appendOnce(
    step: JournalStep,
    seal: (end: RecordEnd) => RecordAddition | undefined,
  ): Promise<RecordAddition | undefined>;
  /** How many lines of a journal were added; 0 if the journal is unknown. */
  journaled(journal: string): Promise<number>;
  /** Forgets the position of a journal that no longer exists. */
  dropJournal(journal: string): Promise<void>;
  head(): Promise<string | undefined>;
  /** Sealed text that replaces the entries removed from the front; undefined: none were. */
  anchor(): Promise<string | undefined>;
  /** Entries after `seq`, oldest first. */
  after(seq: number, limit: number): Promise<RecordRow[]>;
  /** Entries before `seq` (Infinity: from the end), newest first; with `name`, only matching ones. The cost depends only on the page. */
  before(seq: number, limit: number, name?: readonly [RecordName, string]): Promise<RecordRow[]>;
  /** Replaces the entries up to and including `seq` by `anchor`, JSON with `seq`. @returns how many were removed */
  prune(seq: number, anchor: string): Promise<number>;
}

/** Links a pseudonym in the record to a person; without this row nothing does. */
export interface AliasRow {
  readonly alias: string;
  /** The key that the alias was derived with, 32 random bytes as hex. */
  readonly key: string;
  /** Absent if only the address was known. */
  readonly subject?: string;
  readonly email?: string;
}

export interface AliasTable {
  /** @returns the row for this subject (or, without a subject, for this address alone); it is `row` if there was none. */
  add(row: AliasRow): Promise<AliasRow>;
  bySubject(subject: string): Promise<AliasRow | undefined>;
  /** Several if the address passed from one person to another, or was known before its person. */
  byEmail(email: string): Promise<AliasRow[]>;
  byAlias(alias: string): Promise<AliasRow | undefined>;
  /** Sets the person's new address. */
  setEmail(alias: string, email: string): Promise<void>;
  /** @returns false if it did not exist. */
  remove(alias: string): Promise<boolean>;
}

export interface Room {
  readonly usedBytes: number;
  /** Absent: there is no limit. */
  readonly mostBytes?: number;
}

export interface Store {
  readonly sessions: SessionTable;
  readonly visitors: VisitorTable;
  readonly people: PersonTable;
  readonly claims: ClaimTable;
  readonly notes: NoteTable;
  readonly counters: CounterTable;
  readonly facts: FactTable;
  readonly record: RecordTable;
  readonly aliases: AliasTable;
  /** Migrates the layout to this program's version; every other operation does so first. @throws NewerStore for a newer layout */
  prepare(): Promise<void>;
  /** Resolves if a read works. @throws StoreUnavailable */
  ping(): Promise<void>;
  /** Deletes what expired before `now`. @returns how many rows. */
  purge(now: number): Promise<number>;
  /**
   * Removes all traces of deleted data from the backend's own files: SQLite's log, Redis's append-only file or dump.
   * @returns false if that is not certain yet (another process is reading, or Redis does not allow it); the caller tries again later
   */
  scrub(): Promise<boolean>;
  /** Used and available space; undefined if the backend does not report it. */
  room(): Promise<Room | undefined>;
  close(): Promise<void>;
}

/** The backend did not answer. Nothing is known about the session, so nobody is signed out because of it (invariant 9). */
export class StoreUnavailable extends Error {
  readonly status = 503;
  readonly code = 'store_unavailable';
  /** Why, in fixed words; undefined if unknown. */
  readonly fault: Fault | undefined;
  constructor(cause: unknown) {
    super('The store did not answer', { cause });
    this.fault = faultOf(cause);
    this.name = 'StoreUnavailable';
  }
}

/** Runs one operation of a backend and turns any error into StoreUnavailable. */
export async function attempt<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof StoreUnavailable ? error : new StoreUnavailable(error);
  }
}

/** `data` with `patch` merged in; keys set to undefined are left out. */
export function merge(
  data: Readonly<Record<string, unknown>>,
  patch: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  return Object.fromEntries(Object.entries({ ...data, ...patch }).filter(([, value]) => value !== undefined));
}
