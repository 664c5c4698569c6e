// What every backend keeps and promises. Times are parameters (milliseconds); keys are digests, never a raw id.
import { type Fault, faultOf } from './fault.ts';

/** Why a session is over. */
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
  /** The record's pseudonym of whoever ended it, or `terminal`; absent where a rule did. An address would outlive its person here. */
  readonly by?: string;
  /** What differed, where a change of surroundings ended it: "browser", "system", "network". */
  readonly changes?: readonly string[];
  /** The tie to the session at the gate, in the gate's own form, to tell a new sign-in from the old one. */
  readonly gate?: unknown;
}

/** A session at rest. */
export interface SessionRow {
  /** Where it is kept: the first half of the id in the cookie, of no use without the second. */
  readonly key: string;
  /** Public name of the session, unrelated to the id; it stays when the id is replaced. */
  readonly handle: string;
  readonly personId: string;
  readonly email: string;
  readonly createdAt: number;
  /** Written at most once a minute. */
  readonly lastSeenAt: number;
  /** After this instant the backend may forget the row. */
  readonly expiresAt: number;
  /** Digest of the id that is valid now, and since when. */
  readonly idHash: string;
  readonly idIssuedAt: number;
  /** The id before, once there was one. */
  readonly previous?: PreviousId;
  /** The rest, small, merged key by key. */
  readonly data: Readonly<Record<string, unknown>>;
  /** Present once the session is over; such a row never changes again. */
  readonly ended?: SessionEnd;
}

export interface PreviousId {
  readonly idHash: string;
  /** What the present id was derived with: whoever still holds the id before arrives at the same one. */
  readonly salt: string;
  /** When the present id first came back; absent: not yet. */
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
  /** Only addresses that begin with it; the order is `email` then. */
  readonly emailPrefix?: string;
  /** From the page before. */
  readonly cursor?: string;
  readonly limit: number;
}

export interface SessionPage {
  readonly rows: readonly SessionRow[];
  /** undefined: that was the last one. */
  readonly next: string | undefined;
}

/** Invariant 3: an ended session stays ended, whatever is in flight. Invariant 6: one id is replaced by one other. */
export interface SessionTable {
  /** @returns false, changing nothing, where the key was ever used, by a live or an ended session. */
  create(row: SessionRow): Promise<boolean>;
  /** The row, ended or not; undefined where there is none. */
  read(key: string): Promise<SessionRow | undefined>;
  /** Merges `patch` into `data`, key by key; a key of undefined is removed. @returns false where no live row is there. */
  update(key: string, patch: Readonly<Record<string, unknown>>): Promise<boolean>;
  /** Moves `lastSeenAt` forward, never back. @returns false where no live row is there. */
  touch(key: string, lastSeenAt: number): Promise<boolean>;
  /** @returns false, changing nothing, where `fromHash` is not the valid id of a live row (any more). */
  rotate(key: string, rotation: Rotation): Promise<boolean>;
  /** Notes that the id `idHash`, the valid one, came back; the first time counts. */
  successorSeen(key: string, idHash: string, at: number): Promise<void>;
  /** @returns true for the one call that ended it; false where it was over, or never there. */
  end(key: string, end: SessionEnd): Promise<boolean>;

  /** The row of that handle, ended or not. */
  findByHandle(handle: string): Promise<SessionRow | undefined>;
  /** A person's live sessions that have not expired at `now`, newest first. Costs nothing for other people's. */
  ofPerson(personId: string, now: number): Promise<SessionRow[]>;
  /** Live sessions of everyone, by an index: the cost is the page's. @throws RangeError for a cursor that is none. */
  page(query: SessionQuery): Promise<SessionPage>;
  /** How many sessions are live; those that expired lately may still be counted. */
  countLive(now: number): Promise<number>;
  /** Every row that is kept of a person, ended ones too, newest first. */
  rowsOf(personId: string): Promise<SessionRow[]>;
  /** Deletes every row of a person. To be called when they have ended: a live one would be gone without a word. */
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
  readonly device: {
    readonly browser: string;
    readonly os: string;
    readonly kind: 'desktop' | 'mobile' | 'tablet' | 'bot' | 'unknown';
  };
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
  /** Everyone who signed in with that address last, whichever account it was. */
  idsOf(email: string): Promise<string[]>;
  /** Who has not signed in since `before`, the longest away first, at most `limit`. */
  awaySince(before: number, limit: number): Promise<string[]>;
  remove(id: string): Promise<void>;
}

/** Short-lived agreements between requests that run at the same time. */
export interface ClaimTable {
  /**
   * @returns the value under `key`: `value` for the first caller, the first one's for the others, until `expiresAt`. Where the
   * clock is set back meanwhile, for no longer than twice the time that was asked for: a dead owner is not waited for.
   */
  claim(key: string, value: string, now: number, expiresAt: number): Promise<string>;
  release(key: string): Promise<void>;
}

/** Small facts with an end: what the gate's word is no longer good for, how an ending went, what a person is to be told. */
export interface NoteTable {
  /** Writes or replaces; `value` is JSON. @param personId whom it says something about, so that it is found with them */
  write(key: string, value: unknown, expiresAt: number, personId?: string): Promise<void>;
  /** As `write`, also in a Redis that is full: only for what an ending writes, since an ending is never refused for want of room. */
  writeEnding(key: string, value: unknown, expiresAt: number, personId?: string): Promise<void>;
  /** undefined where there is none, or it is over at `now`. */
  read(key: string, now: number): Promise<unknown>;
  remove(key: string): Promise<void>;
  /** What says something about a person. */
  ofPerson(personId: string, now: number): Promise<{ readonly key: string; readonly value: unknown }[]>;
  forgetPerson(personId: string): Promise<void>;
}

/** Counts of a day, for the charts. Their names are of a closed set of the program's: nobody is in them. */
export interface CounterTable {
  /** Adds to each of the counters of `day` (`YYYY-MM-DD`), all or none; they are kept until `expiresAt`. */
  add(day: string, counts: Readonly<Record<string, number>>, expiresAt: number): Promise<void>;
  /** Sets a counter to `n` where it is lower, or not there. */
  raise(day: string, name: string, n: number, expiresAt: number): Promise<void>;
  /** By day, in the order of `days`: every counter of it; empty where there is none. */
  read(days: readonly string[]): Promise<readonly Readonly<Record<string, number>>[]>;
}

/**
 * Small permanent facts about the store itself: whose it is, the version of its schema. Nothing about people belongs here,
 * and nothing is ever removed.
 */
export interface FactTable {
  read(name: string): Promise<string | undefined>;
  /** Writes `value` where the fact is not known yet. @returns the value that is kept: the first writer's */
  create(name: string, value: string): Promise<string>;
  /** Writes `value` only where `expected` is still kept. @returns false, changing nothing, where it is not */
  replace(name: string, expected: string, value: string): Promise<boolean>;
}

/** An entry of the record as it is kept: sealed text, of which the store reads only the names that it is found by. */
export interface RecordRow {
  readonly seq: number;
  /** One line of JSON with `event`, and perhaps `who`, `by` and `session`. */
  readonly text: string;
  /** The mac of the entry before; the chain's start where there is none. */
  readonly prev: string;
  readonly mac: string;
}

/** Where the record ends. */
export interface RecordEnd {
  /** Sealed text; undefined where it is missing, or nothing was ever written. */
  readonly head: string | undefined;
  /** The last entry that is there, null where none is; absent where it was not asked for. */
  readonly last?: RecordRow | null;
}

export interface RecordAddition {
  readonly rows: readonly RecordRow[];
  readonly head: string;
}

/** How far a process's journal of endings has come into the record. */
export interface JournalStep {
  /** The journal's own random name. */
  readonly journal: string;
  /** How many of its lines were added before, and how many are with this addition. */
  readonly from: number;
  readonly to: number;
}

export type RecordName = 'who' | 'by' | 'event' | 'session';

/** Sealed entries, numbered from 1; nothing in it changes, and it is shortened from the front alone. */
export interface RecordTable {
  /**
   * Adds what `seal` makes of the end, whole or not at all; no other writer of any replica comes between.
   * @param seal is asked again where another writer was faster; and with `last` where it gave undefined without, or where
   * an entry lies beyond the head
   */
  append(seal: (end: RecordEnd) => RecordAddition | undefined): Promise<RecordAddition>;
  /**
   * As `append`, and counts the lines of a journal in the same transaction, so that a line is added once, whoever adds it and
   * wherever they are killed.
   * @returns undefined, having added nothing, where `step.from` is not how far the journal had come
   */
  appendOnce(
    step: JournalStep,
    seal: (end: RecordEnd) => RecordAddition | undefined,
  ): Promise<RecordAddition | undefined>;
  /** How many lines of a journal were added; 0 where it is not known. */
  journaled(journal: string): Promise<number>;
  /** The journal is not there any more. */
  dropJournal(journal: string): Promise<void>;
  head(): Promise<string | undefined>;
  /** Sealed text that stands for what was removed from the front; undefined: nothing was. */
  anchor(): Promise<string | undefined>;
  /** Oldest first, beyond `seq`. */
  after(seq: number, limit: number): Promise<RecordRow[]>;
  /** Newest first, before `seq` (Infinity: from the end); with a name only those that bear it. The cost is the page's. */
  before(seq: number, limit: number, name?: readonly [RecordName, string]): Promise<RecordRow[]>;
  /** Puts `anchor`, JSON with `seq`, in the place of the entries up to `seq`, which are removed. @returns how many */
  prune(seq: number, anchor: string): Promise<number>;
}

/** What ties a pseudonym in the record to a person; without the row nothing does. */
export interface AliasRow {
  readonly alias: string;
  /** What the alias was made with, 32 random bytes as hex. */
  readonly key: string;
  /** Absent where only the address was known. */
  readonly subject?: string;
  readonly email?: string;
}

export interface AliasTable {
  /** @returns the row for this subject (without one: for this address alone), which is `row` where there was none. */
  add(row: AliasRow): Promise<AliasRow>;
  bySubject(subject: string): Promise<AliasRow | undefined>;
  /** Several where the address went from one person to another, or was known before its person. */
  byEmail(email: string): Promise<AliasRow[]>;
  byAlias(alias: string): Promise<AliasRow | undefined>;
  /** The person's address is another one now. */
  setEmail(alias: string, email: string): Promise<void>;
  /** @returns false where it was not there. */
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
  /** Brings the layout up to this program's; whatever else is asked does so first. @throws NewerStore for that of a newer program */
  prepare(): Promise<void>;
  /** Resolves where a read works; else throws StoreUnavailable. */
  ping(): Promise<void>;
  /** Forgets what ended before `now`. @returns how many rows. */
  purge(now: number): Promise<number>;
  /**
   * Leaves nothing of what was deleted in the backend's own files: SQLite's log, Redis' append-only file or dump.
   * @returns false where that is not sure yet (another process reads, Redis does not allow it); asked again later
   */
  scrub(): Promise<boolean>;
  /** How much it uses, and how much it may; undefined where the backend does not tell. */
  room(): Promise<Room | undefined>;
  close(): Promise<void>;
}

/** The backend did not answer. Nothing is known about the session, so nobody is signed out for it (invariant 9). */
export class StoreUnavailable extends Error {
  readonly status = 503;
  readonly code = 'store_unavailable';
  /** Why, in fixed words; undefined where nothing is known of it. */
  readonly fault: Fault | undefined;
  constructor(cause: unknown) {
    super('The store did not answer', { cause });
    this.fault = faultOf(cause);
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
