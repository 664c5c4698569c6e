// Marks of what must be refused although oauth2-proxy still accepts it: notes that every replica reads. A mark is written before anything
// is deleted.
import { digest } from '../crypto/tokens.ts';
import { type NoteTable, StoreUnavailable } from '../store/contract.ts';
import type { EndTarget, GateLink, GateReceipt, LinkMarks } from './revocation.ts';

export interface RevocationMarks {
  /**
   * Ends the session of one sign-in under a ticket; if the sign-in is unknown, everything that is there now. A browser keeps its
   * ticket at the next sign-in, so the ticket alone does not identify a session.
   */
  endTicket(key: string, signIn: string | undefined): Promise<void>;
  /** Whether anything under this ticket was ever ended; if not, nothing more has to be read. */
  isTicketMarked(key: string): Promise<boolean>;
  isEnded(key: string, session: { readonly signIn?: string; readonly createdAt: number }): Promise<boolean>;
  isSignInEnded(key: string, signIn: string): Promise<boolean>;
  /** Notes that a sign-in that was not ended uses this ticket now, so that nobody deletes its session. */
  take(key: string, signIn: string): Promise<void>;
  takenBy(key: string): Promise<string | undefined>;
  endCookie(cookieDigest: string): Promise<void>;
  isCookieEnded(cookieDigest: string): Promise<boolean>;
  /** Refuses everything that was issued to the person until now. */
  endPerson(personId: string): Promise<void>;
  /** Refuses everything that was issued to anybody until now. */
  endEveryone(): Promise<void>;
  /** undefined: nobody ended everything of this person, or of everyone. */
  cutAtOf(personId: string): Promise<number | undefined>;
  /** The notes that the functions above read, for requests that are admitted in groups. */
  readonly names: {
    ticket(key: string): string;
    cookie(cookieDigest: string): string;
    /** Both notes that `cutAtOf` reads. */
    person(personId: string): readonly string[];
  };
  /** For a request whose gate cookie is not at hand, like those of other apps. */
  readonly ofLink: LinkMarks;
  /** What a note with that name says: the mark that this process still has to write, or else what was read. */
  valueOf(name: string, read: unknown): unknown;
}

/** The latest of the instants that the notes of `names.person` hold; undefined: there is none. */
export function latestOf(values: readonly unknown[]): number | undefined {
  const instants = values.filter((at) => typeof at === 'number');
  return instants.length > 0 ? Math.max(...instants) : undefined;
}

/** If the sign-in is unknown, only the time distinguishes what a refresh in progress wrote back from the next sign-in. */
const inFlightMs = 10_000;
/** What a refresh in progress wrote back lives a little longer than what was ended. */
const marginMs = 3_600_000;

/** @returns whether the store accepted the mark; other failures are thrown */
export async function isMarked(marking: Promise<void>): Promise<boolean> {
  try {
    await marking;
    return true;
  } catch (error) {
    if (error instanceof StoreUnavailable) return false;
    throw error;
  }
}

/** @param expireMs how long a gate session lives: the lifetime of its cookie */
export function createRevocationMarks(
  notes: NoteTable,
  now: () => number,
  expireMs: number,
): RevocationMarks {
  // One note per fact instead of one that is read, changed and written, because revocations run concurrently.
  const ticketNote = (key: string) => `gate:ended:ticket:${digest(key)}`;
  const signInNote = (key: string, signIn: string) => `gate:ended:sign-in:${digest(`${key}\n${signIn}`)}`;
  const blindNote = (key: string) => `gate:ended:before:${digest(key)}`;
  const takenNote = (key: string) => `gate:taken:${digest(key)}`;
  const cookieNote = (cookieDigest: string) => `gate:ended:cookie:${cookieDigest}`;
  const personNote = (personId: string) => `gate:ended:person:${digest(personId)}`;
  const everyoneNote = 'gate:ended:everyone';
  const personNotes = (personId: string) => [personNote(personId), everyoneNote];
  /** Marks that the store did not accept, by name: this process applies them until they are written. */
  const kept = new Map<string, unknown>();
  const read = async (name: string) => kept.get(name) ?? (await notes.read(name, now()));
  // Works on a full Redis as well: what was ended must be refused.
  const write = async (name: string, value: unknown) => {
    try {
      await notes.writeEnding(name, value, now() + expireMs + marginMs);
      kept.delete(name);
    } catch (error) {
      kept.set(name, value);
      throw error;
    }
  };
  const isSignInEnded = async (key: string, signIn: string) => (await read(signInNote(key, signIn))) === true;
  const markOf = (name: string, found: unknown) => kept.get(name) ?? found;
  const sessionNotes = (link: GateLink | undefined) => {
    if (link?.state === 'cookie') return [cookieNote(link.digest)];
    if (link?.state !== 'verified') return [];
    const { key, signIn } = link;
    return [blindNote(key), ...(signIn === undefined ? [] : [signInNote(key, signIn)])];
  };
  const namesOfLink = (link: GateLink | undefined, personId: string) => [
    ...personNotes(personId),
    ...sessionNotes(link),
  ];
  return {
    ofLink: {
      names: namesOfLink,
      isEnded(link, personId, createdAt, values) {
        const [person, everyone, ...session] = namesOfLink(link, personId).map((name, i) =>
          markOf(name, values[i]),
        );
        const issuedAt = link?.state === 'cookie' ? link.issuedAt : (link?.createdAt ?? createdAt);
        const cutAt = latestOf([person, everyone]);
        if (cutAt !== undefined && issuedAt <= cutAt) return true;
        return session.some((mark) => mark === true || (typeof mark === 'number' && issuedAt <= mark));
      },
    },
    async endTicket(key, signIn) {
      try {
        if (signIn === undefined) await write(blindNote(key), now() + inFlightMs);
        else await write(signInNote(key, signIn), true);
      } finally {
        // Last, so that anyone who sees this mark also finds the others. Written even if the store did not accept the first one, because
        // this process applies both.
        await write(ticketNote(key), true);
      }
    },
    isTicketMarked: async (key) => (await read(ticketNote(key))) === true,
    async isEnded(key, { signIn, createdAt }) {
      const [before, ended] = await Promise.all([
        read(blindNote(key)),
        signIn !== undefined && isSignInEnded(key, signIn),
      ]);
      return ended || (typeof before === 'number' && createdAt <= before);
    },
    isSignInEnded,
    take: (key, signIn) => write(takenNote(key), signIn),
    takenBy: async (key) => (await read(takenNote(key))) as string | undefined,
    endCookie: (cookieDigest) => write(cookieNote(cookieDigest), true),
    isCookieEnded: async (cookieDigest) => (await read(cookieNote(cookieDigest))) === true,
    endPerson: (personId) => write(personNote(personId), now()),
    endEveryone: () => write(everyoneNote, now()),
    cutAtOf: async (personId) => latestOf(await Promise.all(personNotes(personId).map(read))),
    names: { ticket: ticketNote, cookie: cookieNote, person: personNotes },
    valueOf: markOf,
  };
}

/** Ends everything of a person at the gate: a mark that refuses what was issued until now, and each known session. @see GateRevocation.endPerson */
export async function endPersonBy(
  personId: string,
  targets: readonly EndTarget[],
  parts: {
    readonly marks: Pick<RevocationMarks, 'endPerson'>;
    readonly end: (target: EndTarget) => Promise<GateReceipt>;
  },
): Promise<GateReceipt[]> {
  const isRefused = await isMarked(parts.marks.endPerson(personId));
  if (!isRefused && targets.length === 0) throw new StoreUnavailable(new Error('no mark was taken'));
  const receipts = await Promise.all(targets.map(parts.end));
  return isRefused ? receipts : receipts.map((receipt) => ({ ...receipt, unmarked: true as const }));
}
