// The contract of every store backend. Times are parameters (milliseconds); keys are digests, never a raw id.

import type { AliasTable, RecordTable } from './contract-record.ts';
import type { SessionTable } from './contract-sessions.ts';
import { type Fault, faultOf } from './fault.ts';

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
