// Reads the audit log for people: newest first, through indexes, a page at a time. Also lets readers subscribe to new entries.
// SQLite is synchronous, so long reads yield to other work in between.
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { AliasTable, RecordName, RecordRow, RecordTable } from '../store/contract-record.ts';
import { readCursor, writeCursor } from '../store/cursor.ts';
import { createAliases } from './aliases.ts';
import { type Entry, readEntry } from './entry.ts';
import { type EventName, events, type Weight } from './events.ts';
import { seqAt } from './find-time.ts';
import { createNewEntries, type NewEntries } from './new-entries.ts';
import type { PersonRef } from './recorder.ts';

export interface RecordQuery {
  /** From the previous page. */
  readonly cursor?: string | undefined;
  readonly limit: number;
  /** Entries about this person; with `doings` also what they did to others. */
  readonly person?: PersonRef | undefined;
  readonly doings?: boolean | undefined;
  readonly event?: EventName | undefined;
  readonly session?: string | undefined;
  /** Milliseconds, both inclusive. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly weight?: Weight | undefined;
}

export interface RecordItem {
  readonly seq: number;
  /** undefined: its text cannot be read; `verify` says more. */
  readonly entry: Entry | undefined;
  /** The people behind the pseudonyms; undefined if nobody is named, or the person was erased. */
  readonly who: PersonRef | undefined;
  readonly by: PersonRef | 'terminal' | undefined;
}

export interface RecordPage {
  readonly items: readonly RecordItem[];
  /** undefined: this was the last page. A page can be short, or empty, and still have a next one. */
  readonly next: string | undefined;
}

export interface RecordReader extends NewEntries<RecordItem> {
  /** @throws RangeError for an invalid cursor; StoreUnavailable */
  page(query: RecordQuery): Promise<RecordPage>;
  /** Every match, oldest first, in batches; for exports: it looks at every entry between the two times. */
  all(query: Omit<RecordQuery, 'cursor' | 'limit'>): AsyncGenerator<RecordItem[]>;
}

export interface ReaderOptions {
  readonly record: RecordTable;
  readonly aliases: AliasTable;
}

/** The pseudonyms of the person whose entries are asked for; undefined: everyone's. */
type Own = ReadonlyMap<string, PersonRef> | undefined;

/** How many entries one page may look at; a filter without an index continues on the next page. */
const lookAtMost = 2_000;
const stepSize = 200;
/** Replicas' clocks differ, so the order of numbers is not exactly the order of times. */
const slackMs = 600_000;

export function createReader({ record, aliases: table }: ReaderOptions): RecordReader {
  const aliases = createAliases(table);

  /** @param known people whose pseudonyms were already looked up */
  async function itemsOf(
    rows: readonly RecordRow[],
    known: ReadonlyMap<string, PersonRef> = new Map(),
  ): Promise<RecordItem[]> {
    const people = new Map<string, Promise<PersonRef | undefined>>();
    const personOf = (alias: string | undefined) => {
      if (alias === undefined || alias === 'terminal') return Promise.resolve(undefined);
      const found = known.get(alias);
      const person = people.get(alias) ?? (found ? Promise.resolve(found) : aliases.personOf(alias));
      people.set(alias, person);
      return person;
    };
    return Promise.all(
      rows.map(async ({ seq, text }) => {
        const entry = readEntry(text);
        const [who, doer] = await Promise.all([personOf(entry?.who), personOf(entry?.by)]);
        return { seq, entry, who, by: entry?.by === 'terminal' ? 'terminal' : doer };
      }),
    );
  }

  /** The indexes that together hold what is asked for; undefined as an element: every entry. */
  function walksFor(query: RecordQuery, own: Own): (readonly [RecordName, string] | undefined)[] {
    if (query.session !== undefined) return [['session', query.session]];
    if (own) {
      const names: RecordName[] = query.doings ? ['who', 'by'] : ['who'];
      return [...own.keys()].flatMap((alias) => names.map((name) => [name, alias] as const));
    }
    if (query.event !== undefined) return [['event', query.event]];
    if (query.weight === 'alarm') return eventsOf('alarm').map((name) => ['event', name] as const);
    return [undefined];
  }

  function filterFor(query: Omit<RecordQuery, 'cursor' | 'limit'>, own: Own): (entry: Entry) => boolean {
    const { event, weight, session, from = 0, to = Number.POSITIVE_INFINITY } = query;
    const weighty = weight && new Set<string>(eventsOf(weight));
    return (entry) => {
      const at = Date.parse(entry.at);
      return (
        at >= from &&
        at <= to &&
        (event === undefined || entry.event === event) &&
        (session === undefined || entry.session === session) &&
        (!weighty || weighty.has(entry.event)) &&
        (!own || own.has(entry.who ?? '') || (query.doings === true && own.has(entry.by ?? '')))
      );
    };
  }

  async function startOf({ cursor, to }: RecordQuery): Promise<number> {
    if (cursor !== undefined) return Number(readCursor(cursor, 'number').value);
    return to === undefined ? Number.POSITIVE_INFINITY : await seqAt(record, to + slackMs);
  }

  const newEntries = createNewEntries(record, (rows) => itemsOf(rows));
  return {
    ...newEntries,
    async *all(query) {
      const own = query.person && (await aliases.allNamed(query.person));
      const fits = filterFor(query, own);
      const { from, to = Number.POSITIVE_INFINITY } = query;
      let seq = from === undefined ? 0 : (await seqAt(record, from - slackMs)) - 1;
      for (;;) {
        await nextTurn();
        const rows = await record.after(seq, stepSize);
        const last = rows.at(-1);
        if (!last) return;
        seq = last.seq;
        const entries = rows.map((row) => ({ row, entry: readEntry(row.text) }));
        yield await itemsOf(
          entries.filter(({ entry }) => entry === undefined || fits(entry)).map(({ row }) => row),
        );
        const end = entries.at(-1)?.entry;
        if (end && Date.parse(end.at) > to + slackMs) return;
      }
    },
    async page(query) {
      const [start, own] = await Promise.all([
        startOf(query),
        query.person && aliases.allNamed(query.person),
      ]);
      let before = start;
      const walks = walksFor(query, own);
      const fits = filterFor(query, own);
      const isFiltered = [query.person, query.event, query.session, query.weight, query.from, query.to].some(
        (one) => one !== undefined,
      );
      const found: RecordRow[] = [];
      let more = walks.length > 0;
      for (let seen = 0; more && found.length <= query.limit && seen < lookAtMost; ) {
        const size = Math.min(stepSize, Math.max(query.limit + 1, 20));
        const { rows, floor } = await step(record, walks, before, size);
        for (const row of rows) {
          const entry = readEntry(row.text);
          if (entry ? fits(entry) : !isFiltered) found.push(row);
        }
        const oldest = rows.at(-1) && readEntry(rows.at(-1)?.text ?? '');
        const isPast = oldest && query.from !== undefined && Date.parse(oldest.at) < query.from - slackMs;
        seen += Math.max(1, rows.length);
        more = floor !== undefined && !isPast;
        before = floor ?? before;
        if (more) await nextTurn();
      }
      const rows = found.slice(0, query.limit);
      const last = rows.at(-1);
      // Either one more was found than the page holds, or the limit of entries to look at was reached.
      const next = found.length > query.limit && last ? last.seq : more ? before : undefined;
      return {
        items: await itemsOf(rows, own),
        next: next === undefined ? undefined : writeCursor({ value: next, key: '' }),
      };
    },
  };
}

/**
 * The newest rows before `before`, merged from several indexes.
 * @returns `floor`: every further row has a smaller number; undefined: there are none
 */
async function step(
  record: RecordTable,
  walks: readonly (readonly [RecordName, string] | undefined)[],
  before: number,
  size: number,
): Promise<{ rows: RecordRow[]; floor: number | undefined }> {
  const parts = await Promise.all(walks.map((name) => record.before(before, size, name)));
  const ends = parts.filter((part) => part.length === size).map((part) => part.at(-1)?.seq ?? 0);
  const floor = ends.length > 0 ? Math.max(...ends) : undefined;
  const known = new Map(parts.flat().map((row) => [row.seq, row]));
  const rows = [...known.values()].filter(({ seq }) => floor === undefined || seq >= floor);
  return { rows: rows.sort((a, b) => b.seq - a.seq), floor };
}

function eventsOf(weight: Weight): EventName[] {
  return (Object.keys(events) as EventName[]).filter((name) => events[name].weight === weight);
}
