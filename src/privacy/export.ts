// Everything that is stored about a person, each field explained in plain words (GDPR, articles 15 and 20).
import type { NoteTable, PersonTable } from '../store/contract.ts';
import type { SessionRow, SessionTable } from '../store/contract-sessions.ts';
import type { Somebody } from './person.ts';

export interface ExportSection {
  readonly section: string;
  /** What this is and why it is stored. */
  readonly about: string;
  /** What each field of the items means. */
  readonly fields: Readonly<Record<string, string>>;
  readonly items: readonly unknown[];
}

export interface PersonExport {
  /** ISO 8601. */
  readonly madeAt: string;
  readonly about: string;
  readonly sections: readonly ExportSection[];
}

/** What another module stores about somebody. */
export type ExportSource = (who: Somebody) => Promise<ExportSection>;

export interface ExportOptions {
  readonly people: PersonTable;
  readonly sessions: SessionTable;
  readonly notes: NoteTable;
  readonly further: readonly ExportSource[];
  readonly now: () => number;
}

export async function exportPerson(who: Somebody, options: ExportOptions): Promise<PersonExport> {
  const { further, now } = options;
  const sections = await Promise.all([
    account(who, options),
    sessionsOf(who, options),
    notesOf(who, options),
    ...further.map((source) => source(who)),
  ]);
  return {
    madeAt: iso(now()),
    about: `Everything that this site keeps about ${who.email}. Secrets (the numbers in your cookies) are kept as digests only and are left out. What oauth2-proxy and Google keep is theirs to tell.`,
    sections,
  };
}

async function account({ ids }: Somebody, { people }: ExportOptions): Promise<ExportSection> {
  const rows = await Promise.all(ids.map((id) => people.read(id)));
  return {
    section: 'account',
    about: 'Who you are here, as Google said it, and what you chose.',
    fields: {
      id: 'the number of your account at Google',
      email: 'your address',
      choices: 'the look, and whether you have seen the privacy notice',
      lastSignIn: 'when, from which browser and system, and from which network address you signed in last',
    },
    items: rows.flatMap((row) =>
      row ? [{ ...row, lastSignIn: { ...row.lastSignIn, at: iso(row.lastSignIn.at) } }] : [],
    ),
  };
}

async function sessionsOf({ ids }: Somebody, { sessions }: ExportOptions): Promise<ExportSection> {
  const rows = (await Promise.all(ids.map((id) => sessions.rowsOf(id)))).flat();
  return {
    section: 'sessions',
    about:
      'Where you are and were signed in. An ended session is kept without its device, until it would have expired.',
    fields: {
      handle: 'the session’s public name',
      createdAt: 'when you signed in',
      lastSeenAt: 'when you were here last, to the minute',
      expiresAt: 'when this is forgotten',
      idReplacedAt: 'when the number in its cookie was replaced last',
      device: 'browser and system, as your browser named them',
      network: 'the network address that signed in',
      staySignedIn: 'whether it outlives the closing of the browser',
      gate: 'whether it is linked to a session at the gate',
      ended: 'when and why it ended, and by whom',
    },
    items: rows.map((row) => sessionItem(row)),
  };
}

function sessionItem(row: SessionRow) {
  const { handle, createdAt, lastSeenAt, expiresAt, idIssuedAt, data, ended } = row;
  const { device, network, staySignedIn, gate } = data;
  return {
    handle,
    createdAt: iso(createdAt),
    lastSeenAt: iso(lastSeenAt),
    expiresAt: iso(expiresAt),
    idReplacedAt: iso(idIssuedAt),
    ...(ended === undefined && { device, network, staySignedIn, gate: gate !== undefined }),
    ...(ended && { ended: { at: iso(ended.at), reason: ended.reason, by: byWhom(ended) } }),
  };
}

function byWhom({ by, reason }: NonNullable<SessionRow['ended']>): string {
  if (by === undefined) return 'a rule';
  return reason === 'signed_out' || reason === 'revoked' ? 'you' : 'an operator';
}

/** Notes by the prefix of their name; the rest of a name can be a digest. */
const noteWords: readonly (readonly [prefix: string, what: string])[] = [
  ['devices:', 'the kinds of device that you signed in from, as digests, to tell you of a new one'],
  ['replayed:', 'that a cookie of yours was used again after it had been replaced'],
  ['ended-device:', 'which device a session was that ended within the last hour'],
  ['gate:tie:', 'which of your sessions belongs to which session at the gate'],
];

async function notesOf({ ids }: Somebody, { notes, now }: ExportOptions): Promise<ExportSection> {
  const found = (await Promise.all(ids.map((id) => notes.ofPerson(id, now())))).flat();
  return {
    section: 'notes',
    about: 'Small facts with an end of their own.',
    fields: { what: 'what it says', value: 'what is kept' },
    items: found.map(({ key, value }) => ({
      what: noteWords.find(([prefix]) => key.startsWith(prefix))?.[1] ?? key.split(':')[0],
      // oauth2-proxy's name for a session is useless to a reader and useful to a thief.
      value: key.startsWith('gate:tie:') ? undefined : value,
    })),
  };
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
