// The journal of revocations: the entry of a revocation is on this machine's disk before anything ends, and moves to the audit log as soon
// as the log accepts it, in order and exactly once, wherever a process is killed. The store counts the lines that it has added.
import type {
  AliasTable,
  JournalStep,
  RecordAddition,
  RecordEnd,
  RecordTable,
} from '../store/contract-record.ts';
import { createJournalFile } from '../store/journal-file.ts';
import { createAliases } from './aliases.ts';
import { bodyOf, type EntryBody } from './entry.ts';
import { type Line, nameNobody, readLine } from './journal-line.ts';
import type { RecordLogger } from './log-line.ts';
import type { Noted, PersonRef, RecordedEvent } from './recorder.ts';

export interface JournalOptions {
  readonly path: string;
  readonly record: Pick<RecordTable, 'appendOnce' | 'journaled' | 'dropJournal'>;
  readonly aliases: AliasTable;
  /** Seals these entries behind the current end of the audit log. */
  readonly seal: (bodies: readonly EntryBody[], end: RecordEnd) => RecordAddition | undefined;
  readonly onAdded: (addition: RecordAddition) => void;
  readonly onFailure: (error: unknown) => void;
  readonly logger: RecordLogger;
}

export interface Journal {
  /** Resolves once the line is on disk and was offered to the audit log once. @throws if the file cannot be written */
  add(event: RecordedEvent, at: number): Promise<Noted>;
  /** Offers what waits to the audit log. Never throws. */
  drain(): Promise<void>;
  /** Anonymizes the waiting lines about this person. */
  forget(person: PersonRef): Promise<void>;
  /** Lines that the audit log has not taken, as far as is known. */
  waiting(): number;
  /** Empties the journal once the audit log has all of its lines. */
  tidy(): Promise<void>;
  close(): void;
}

const groupSize = 256;
const retryMs = 1_000;
/** From this many lines on the journal is emptied as soon as it can be: a little less than the space that was reserved. */
const longLines = 100;

interface Coming {
  readonly line: Line;
  readonly resolve: (noted: Noted) => void;
  readonly reject: (error: unknown) => void;
}

export function createJournal(options: JournalOptions): Journal {
  const { path, record, seal, onAdded, onFailure, logger } = options;
  const file = createJournalFile(path);
  const aliases = createAliases(options.aliases);
  let coming: Coming[] = [];
  let isCommitting = false;
  let draining: Promise<void> | undefined;
  let again = false;
  let behind = 0;
  let retryTimer: NodeJS.Timeout | undefined;
  let closed = false;
  /** Callers whose line is on disk, by its number, until the audit log has taken it or failed to. */
  let waiters: { readonly id: string; readonly number: number; readonly resolve: (noted: Noted) => void }[] =
    [];

  async function commit(): Promise<void> {
    if (isCommitting) return;
    isCommitting = true;
    while (coming.length > 0) {
      const group = coming;
      coming = [];
      try {
        const { id, last } = await file.append(group.map(({ line }) => JSON.stringify(line)));
        behind += group.length;
        const first = last - group.length + 1;
        waiters.push(...group.map(({ resolve }, i) => ({ id, number: first + i, resolve })));
        void drain();
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    isCommitting = false;
  }

  /** Resolves the callers whose lines up to `last` are in the audit log; without `last`, all of them. */
  function finish(noted: Noted, id?: string, last = Number.POSITIVE_INFINITY): void {
    const done = waiters.filter((one) => id === undefined || (one.id === id && one.number <= last));
    waiters = waiters.filter((one) => !done.includes(one));
    for (const { resolve } of done) resolve(noted);
  }

  function drain(): Promise<void> {
    again = true;
    draining ??= run();
    return draining;
  }

  async function run(): Promise<void> {
    clearTimeout(retryTimer);
    retryTimer = undefined;
    try {
      while (again) {
        again = false;
        await drainOnce();
      }
    } catch (error) {
      again = false;
      onFailure(error);
      finish('follows');
      if (!closed) retryTimer = setTimeout(() => void drain(), retryMs).unref();
    } finally {
      draining = undefined;
    }
  }

  async function drainOnce(): Promise<void> {
    const now = await file.read();
    if (!now) return;
    const { id, lines } = now;
    let done = await record.journaled(id);
    while (done < lines.length) {
      behind = lines.length - done;
      const to = Math.min(lines.length, done + groupSize);
      const step: JournalStep = { journal: id, from: done, to };
      const bodies = await bodiesOf(lines.slice(done, to));
      const addition = await record.appendOnce(step, (end) => seal(bodies, end));
      const before = done;
      done = addition ? to : await record.journaled(id);
      // Another process is appending the same lines; continue from where it is.
      if (done <= before) throw new Error('the record took no line of the journal');
      if (addition) onAdded(addition);
      finish('recorded', id, done);
    }
    behind = 0;
    finish('recorded', id, done);
    if (lines.length >= longLines) await clear(id, lines.length);
  }

  async function bodiesOf(texts: readonly string[]): Promise<EntryBody[]> {
    const found = texts.map(readLine).filter((line) => line !== undefined);
    const bodies: EntryBody[] = [];
    for (const { body, who, by } of found) {
      // Resolve pseudonyms that were not available before. One after the other: two lines about one person must get one pseudonym.
      const whoNow = who && (await aliases.of(who));
      const byNow = by && (await aliases.of(by));
      bodies.push({
        ...body,
        ...(whoNow !== undefined && { who: whoNow }),
        ...(byNow !== undefined && { by: byNow }),
      });
    }
    return bodies;
  }

  /** Called when all of its lines are in the audit log. */
  async function clear(id: string, count: number): Promise<void> {
    try {
      const gone = await file.clear((now) => now.id === id && now.lines.length === count);
      if (gone) await record.dropJournal(id);
    } catch (error) {
      logger.warn({ event: 'record.journal_kept', err: error });
    }
  }

  async function lineOf(event: RecordedEvent, at: number): Promise<Line> {
    const name = async (person: PersonRef | 'terminal' | undefined) => {
      if (person === undefined || person === 'terminal') return { alias: person };
      try {
        return { alias: await aliases.of(person) };
      } catch {
        // Neither readable nor creatable now; resolved when the line goes into the audit log.
        return { alias: undefined, later: person };
      }
    };
    const [who, by] = await Promise.all([name(event.person), name(event.by)]);
    return {
      body: bodyOf(event, at, { who: who.alias, by: by.alias }),
      ...(who.later && { who: who.later }),
      ...(by.later && { by: by.later }),
    };
  }

  return {
    async add(event, at) {
      const line = await lineOf(event, at);
      return new Promise((resolve, reject) => {
        coming.push({ line, resolve, reject });
        void commit();
      });
    },
    drain,
    async forget(person) {
      const goes = (ref: PersonRef | undefined) => ref !== undefined && isSame(ref, person);
      await file.edit(({ lines }) => {
        const found = lines.map(readLine);
        if (!found.some((line) => line && (goes(line.who) || goes(line.by)))) return undefined;
        return lines.map((text, i) => {
          const line = found[i];
          return line && (goes(line.who) || goes(line.by)) ? JSON.stringify(nameNobody(line, goes)) : text;
        });
      });
    },
    waiting: () => behind,
    async tidy() {
      await drain();
      const now = await file.read().catch(() => undefined);
      if (
        now &&
        now.lines.length > 0 &&
        behind === 0 &&
        (await record.journaled(now.id)) === now.lines.length
      )
        await clear(now.id, now.lines.length);
    },
    close() {
      closed = true;
      clearTimeout(retryTimer);
    },
  };
}

function isSame(one: PersonRef, other: PersonRef): boolean {
  if (one.id !== undefined && other.id !== undefined) return one.id === other.id;
  return one.email !== undefined && one.email.toLowerCase() === other.email?.toLowerCase();
}
