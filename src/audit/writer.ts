// Writes the audit log: waiting events are sealed and committed together, in order; a change proceeds only after that (invariant 8).
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { AliasTable, RecordAddition, RecordEnd, RecordTable } from '../store/contract-record.ts';
import { bodiesOf, createAliases } from './aliases.ts';
import { recordKeys } from './chain.ts';
import { isEnding } from './events.ts';
import { createRecordFile, type RecordFile } from './file.ts';
import { createJournal, type Journal } from './journal.ts';
import { logLine, type RecordLogger } from './log-line.ts';
import { pruneRecord } from './prune.ts';
import { type Noted, type RecordedEvent, type RecordKeeper, RecordUnavailable } from './recorder.ts';
import { createRefusals } from './refusals.ts';
import { sealGroup } from './seal-group.ts';

export interface RecorderOptions {
  readonly record: RecordTable;
  readonly aliases: AliasTable;
  /** 64 hex digits each, newest first; asked for each group, because they change while the server runs. */
  readonly keys: () => readonly string[];
  readonly logger: RecordLogger;
  readonly now: () => number;
  /** How long entries are kept. */
  readonly retentionMs: number;
  /** Path of the JSON lines; undefined: none. */
  readonly file?: string | undefined;
  /** Whether the file first gets what a killed process had not appended. Default: no. */
  readonly catchesUp?: boolean;
  /** Path of the journal of revocations; undefined: what the store does not accept waits in memory. */
  readonly journal?: string | undefined;
}

interface Waiting {
  readonly event: RecordedEvent;
  readonly at: number;
  /** Resolves or rejects a write; a note has no caller waiting. */
  readonly finish?: (error?: unknown) => void;
  /** The caller was told that it failed. */
  timedOut?: boolean;
}

const groupSize = 256;

/** A response may wait for the audit log as long as for the store. */
const writeWithinMs = 2_000;

const mostWrites = 10_000;

const mostNotes = 1_000;

const retryMs = 1_000;

const tellAgainMs = 30_000;

/** A recorder over the two tables of a store. Starts immediately; @see RecordKeeper.close */
export function createRecorder(options: RecorderOptions): RecordKeeper {
  const { record, keys, logger, now, retentionMs, file: path, catchesUp = false } = options;
  const aliases = createAliases(options.aliases);
  const file: RecordFile | undefined =
    path === undefined
      ? undefined
      : createRecordFile({
          path,
          retentionMs,
          record,
          catchesUp,
          keys: () => recordKeys(keys()),
          logger,
          now,
          note,
        });
  const journal: Journal | undefined =
    options.journal === undefined
      ? undefined
      : createJournal({
          path: options.journal,
          record,
          aliases: options.aliases,
          seal: (bodies, end) => sealGroup(bodies, end, recordKeys(keys()), now(), left),
          onAdded,
          onFailure() {
            lastFailureAt = now();
          },
          logger,
        });
  let journalToldAt = Number.NEGATIVE_INFINITY;
  const refusals = createRefusals((event) => enqueue({ event, at: now() }), now);
  let queue: Waiting[] = [];
  /** Notes that failed once, until they are retried. */
  const held: Waiting[] = [];
  let running: Promise<void> | undefined;
  let retryTimer: NodeJS.Timeout | undefined;
  let closed = false;
  let lastWrittenAt: number | undefined;
  let lastFailureAt: number | undefined;
  let dropped = 0;
  /** The head after this process' last addition. */
  let left: string | undefined;

  function enqueue(item: Waiting): void {
    queue.push(item);
    running ??= run().finally(() => {
      running = undefined;
    });
  }

  async function run(): Promise<void> {
    // Events of the rest of this turn are written together with the first.
    for (await nextTurn(); queue.length > 0; await nextTurn()) {
      const group = queue.slice(0, groupSize).filter(({ timedOut }) => !timedOut);
      queue = queue.slice(groupSize);
      if (group.length > 0) await writeGroup(group);
    }
  }

  async function writeGroup(group: readonly Waiting[]): Promise<void> {
    let addition: RecordAddition;
    try {
      const bodies = await bodiesOf(group, aliases);
      const ring = recordKeys(keys());
      const seal = (end: RecordEnd) => sealGroup(bodies, end, ring, now(), left);
      addition = await record.append(seal);
    } catch (error) {
      lastFailureAt = now();
      for (const { finish } of group) finish?.(error);
      hold(group.filter(({ finish }) => !finish));
      return;
    }
    for (const { finish } of group) finish?.();
    onAdded(addition);
  }

  function onAdded({ rows, head }: RecordAddition): void {
    left = head;
    lastWrittenAt = now();
    file?.add(rows);
  }

  /** Notes are retried after a while; only a limited number may wait. */
  function hold(notes: readonly Waiting[]): void {
    held.push(...notes);
    const tooMany = closed ? held.length : Math.max(0, held.length - mostNotes);
    if (tooMany > 0) drop(held.splice(0, tooMany).length);
    if (held.length === 0) return;
    retryTimer ??= setTimeout(retry, retryMs).unref();
  }

  function retry(): void {
    clearTimeout(retryTimer);
    retryTimer = undefined;
    for (const item of held.splice(0)) enqueue(item);
  }

  function drop(count: number): void {
    dropped += count;
    logger.error({ event: 'record.dropped', count, total: dropped });
  }

  function note(event: RecordedEvent): void {
    logLine(logger, event);
    if (isEnding(event.event)) void noteEnding(event);
    else if (!closed && !refusals.isFurther(event)) noteSoon(event);
  }

  function noteSoon(event: RecordedEvent): void {
    if (closed) return;
    if (held.length >= mostNotes || queue.length >= mostWrites) drop(1);
    else enqueue({ event, at: now() });
  }

  async function noteEnding(event: RecordedEvent): Promise<Noted> {
    if (journal && !closed) {
      try {
        return await journal.add(event, now());
      } catch (error) {
        tellJournal(error);
      }
    }
    // Without the journal it waits in memory, and is lost if this process is killed before the store takes it.
    noteSoon(event);
    await running;
    return held.some((item) => item.event === event) ? 'follows' : 'recorded';
  }

  function tellJournal(error: unknown): void {
    if (now() - journalToldAt < tellAgainMs) return;
    journalToldAt = now();
    logger.error({
      event: 'record.journal_failed',
      setting: 'DATA_DIR',
      meaning:
        'the journal of revocations cannot be written; entries that the record cannot take yet wait in memory',
      err: error,
    });
  }

  async function flush(): Promise<void> {
    retry();
    await journal?.drain();
    await running;
    await file?.flush();
  }

  if (catchesUp) void journal?.drain();
  return {
    note,
    flush,
    async writeEnding(event) {
      logLine(logger, event);
      const { promise, resolve } = Promise.withResolvers<Noted>();
      const timer = setTimeout(resolve, writeWithinMs, 'follows' as const);
      const noted = await Promise.race([noteEnding(event), promise]);
      clearTimeout(timer);
      return noted;
    },
    forget: async (person) => journal?.forget(person),
    write(event) {
      return new Promise((resolve, reject) => {
        const refuse = (cause: unknown) => {
          logger.error({
            event: 'record.unavailable',
            about: event.event,
            reqId: event.requestId,
            err: cause,
          });
          reject(new RecordUnavailable(cause));
        };
        if (closed || queue.length >= mostWrites) {
          refuse(new Error(closed ? 'the record is closed' : 'too many entries are waiting'));
          return;
        }
        const item: Waiting = {
          event,
          at: now(),
          finish(error) {
            clearTimeout(timer);
            if (item.timedOut) return;
            if (error !== undefined) {
              refuse(error);
              return;
            }
            logLine(logger, event);
            resolve();
          },
        };
        const timer = setTimeout(() => {
          item.timedOut = true;
          lastFailureAt = now();
          refuse(new Error('the record took too long'));
        }, writeWithinMs);
        enqueue(item);
      });
    },
    async close() {
      refusals.end();
      await running;
      // Entries about the file itself are written too.
      await file?.flush();
      await journal?.tidy().catch(() => undefined);
      closed = true;
      journal?.close();
      retry();
      await running;
      clearTimeout(retryTimer);
      await file?.close();
    },
    async prune(at = now()) {
      const before = Math.min(at, now()) - retentionMs;
      await file?.prune(before);
      await journal?.tidy();
      const forget = (alias: string) => options.aliases.remove(alias);
      const count = await pruneRecord(record, recordKeys(keys()), before, now(), forget);
      if (count > 0) note({ event: 'record.pruned', facts: { count } });
      return count;
    },
    state: () => ({
      waiting: queue.length + held.length + (journal?.waiting() ?? 0),
      lastWrittenAt,
      lastFailureAt,
      dropped,
      fileBehind: file?.state().behind ?? 0,
    }),
  };
}
