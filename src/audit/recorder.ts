// What features know of the record: an event is written before the change that it tells of (invariant 8).
import type { EventName } from './events.ts';

/** A person as an event names them; the record keeps a pseudonym. At least one of the two. */
export interface PersonRef {
  /** The provider's subject; absent where only the address is known. */
  readonly id?: string;
  readonly email?: string;
}

export type Outcome = 'done' | 'refused' | 'failed';

export interface RecordedEvent {
  readonly event: EventName;
  /** Whom it concerns; absent: nobody in particular. */
  readonly person?: PersonRef;
  /** Who did it, where that is not `person`: an operator, or `terminal`. Absent with a `person`: they themselves, or a rule. */
  readonly by?: PersonRef | 'terminal';
  /** `done` where absent. */
  readonly outcome?: Outcome;
  /** One word or two of a closed set of the feature's. */
  readonly reason?: string;
  /** The session's handle, never its id. */
  readonly session?: string;
  /** The network address as it was seen; the record keeps /24 or /48. */
  readonly network?: string;
  /** The id of the request, as in the log. */
  readonly requestId?: string;
  /** Small further facts; never a secret, an address of a person or a cookie's value. */
  readonly facts?: Readonly<Record<string, string | number | boolean>>;
}

/** Where the entry of an ending is: in the record, or kept on disk (else in memory) until the record takes it. */
export type Noted = 'recorded' | 'follows';

export interface Recorder {
  /**
   * Writes an event of a change that is about to be made; the change waits for it.
   * @throws RecordUnavailable where it cannot be written: then the change must not be made
   */
  write(event: RecordedEvent): Promise<void>;
  /** Writes, soon, what has happened anyway (a refusal, a limit that was met). Never throws; the same refusals of one network are counted together. */
  note(event: RecordedEvent): void;
}

/** For whoever ends something. */
export interface RevocationRecorder extends Recorder {
  /**
   * Writes an event of an ending that is about to be made: a sign-out, a device, a person, access that is taken away. Never
   * throws and never takes long: an ending makes people safer, so it does not wait for a record that cannot be written.
   */
  writeEnding(event: RecordedEvent): Promise<Noted>;
}

/** The record did not take an entry, so what it was to tell of is not done (invariant 8). */
export class RecordUnavailable extends Error {
  readonly status = 503;
  readonly code = 'record_unavailable';
  constructor(cause: unknown) {
    super('The record cannot be written', { cause });
    this.name = 'RecordUnavailable';
  }
}
