// What features know of the audit log: an event is written before the change that it describes (invariant 8).
import type { EventName } from './events.ts';

/** A person as an event names them; the audit log stores a pseudonym. At least one of the two. */
export interface PersonRef {
  /** The provider's subject; absent if only the address is known. */
  readonly id?: string;
  readonly email?: string;
}

export type Outcome = 'done' | 'refused' | 'failed';

export interface RecordedEvent {
  readonly event: EventName;
  /** The person concerned; absent: nobody in particular. */
  readonly person?: PersonRef;
  /** Who did it, if not `person`: an operator, or `terminal`. Absent with a `person`: they themselves, or a rule. */
  readonly by?: PersonRef | 'terminal';
  /** Default: `done`. */
  readonly outcome?: Outcome;
  /** One or two words of a closed set that the feature defines. */
  readonly reason?: string;
  /** The session's handle, never its id. */
  readonly session?: string;
  /** The network address as it was seen; the audit log stores /24 or /48. */
  readonly network?: string;
  /** The id of the request, as in the log. */
  readonly requestId?: string;
  /** Further small facts; never a secret, an address of a person or the value of a cookie. */
  readonly facts?: Readonly<Record<string, string | number | boolean>>;
}

/**
 * Where the entry of a revocation is: in the audit log (`recorded`), or kept on disk, else in memory, until the log takes it
 * (`follows`).
 */
export type Noted = 'recorded' | 'follows';

export interface Recorder {
  /**
   * Writes the event of a change that is about to be made; the change waits for it.
   * @throws RecordUnavailable if it cannot be written: then the change must not be made
   */
  write(event: RecordedEvent): Promise<void>;
  /**
   * Writes, soon, what has already happened (a refusal, a limit that was reached). Never throws; repeated refusals of one network are
   * counted together.
   */
  note(event: RecordedEvent): void;
}

/** For code that ends sessions or access. */
export interface RevocationRecorder extends Recorder {
  /**
   * Writes the event of a revocation that is about to be made: a sign-out, a device, a person, access that is removed. Never throws
   * and never takes long: a revocation makes people safer, so it does not wait for an audit log that cannot be written.
   */
  writeEnding(event: RecordedEvent): Promise<Noted>;
}

/** The audit log did not take an entry, so the change it describes is not made (invariant 8). */
export class RecordUnavailable extends Error {
  readonly status = 503;
  readonly code = 'record_unavailable';
  constructor(cause: unknown) {
    super('The record cannot be written', { cause });
    this.name = 'RecordUnavailable';
  }
}

interface RecordState {
  /** Entries that are not written yet. */
  readonly waiting: number;
  readonly lastWrittenAt: number | undefined;
  readonly lastFailureAt: number | undefined;
  /** Notes that were dropped. */
  readonly dropped: number;
  /** Entries that the file lacks until it can be written again. */
  readonly fileBehind: number;
}

export interface RecordKeeper extends RevocationRecorder {
  /** Resolves once everything passed in before is written, to the file too, or was dropped. */
  flush(): Promise<void>;
  /** Writes what was counted and what waits, then accepts no more. Call before the store is closed. */
  close(): Promise<void>;
  /** Anonymizes what waits in the journal about this person. Call before their pseudonym is forgotten. */
  forget(person: PersonRef): Promise<void>;
  /**
   * Removes what is older than the retention, from the store and the file. Called hourly.
   * @param at the time from which age is counted, never later than the clock; default: the clock
   * @returns how many entries
   */
  prune(at?: number): Promise<number>;
  state(): RecordState;
}
