// The contract of the store for the audit log: sealed entries, and the people behind its pseudonyms.

/** A stored entry of the audit log: sealed text, of which the store reads only the fields that are indexed. */
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
