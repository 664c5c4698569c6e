// The record as JSON lines beside the store. What the file cannot take refuses no change: it is told, counted and added later, also what
// a kill left between the two.
import { setTimeout as delay } from 'node:timers/promises';
import { fileWords } from '../files/file-fault.ts';
import { fileFaultOf } from '../files/file-refused.ts';
import type { RecordRow, RecordTable } from '../store/contract.ts';
import type { RecordKey } from './chain.ts';
import {
  appendLines,
  dropOldFiles,
  hasSteppedAside,
  lastLines,
  rotateFile,
  setTornEndAside,
} from './file-disk.ts';
import { genuineEntry } from './genuine.ts';
import { lineOf, readLine } from './lines.ts';
import type { RecordLogger } from './log-line.ts';
import type { RecordedEvent } from './recorder.ts';

export interface RecordFileOptions {
  readonly path: string;
  readonly retentionMs: number;
  /** Where entries are read again that the file missed. */
  readonly record: Pick<RecordTable, 'after' | 'before'>;
  /** Whether what comes after the last line that is there is added first. Not for a command beside a server: the server is about to. */
  readonly catchesUp: boolean;
  readonly keys: () => readonly RecordKey[];
  readonly logger: RecordLogger;
  readonly now: () => number;
  note(event: RecordedEvent): void;
}

export interface RecordFile {
  /** In chain order. */
  add(rows: readonly RecordRow[]): void;
  prune(before: number): Promise<void>;
  flush(): Promise<void>;
  close(): Promise<void>;
  state(): { readonly failures: number; readonly behind: number };
}

const retryMs = 10_000;
const tellAgainMs = 30_000;
const mostGaps = 1_000;
const pageSize = 500;
const tornWaitMs = 50;
/** A long way behind is gone on with at the next start. */
const closeWithinMs = 2_000;

type Gap = readonly [from: number, to: number];

export function createRecordFile(options: RecordFileOptions): RecordFile {
  const { path, retentionMs, record, catchesUp, keys, logger, now, note } = options;
  let pending: RecordRow[] = [];
  /** Entries of this process that the file lacks. */
  let gaps: Gap[] = [];
  let failures = 0;
  let toldAt = Number.NEGATIVE_INFINITY;
  let retryTimer: NodeJS.Timeout | undefined;
  // One after the other, in the order of the chain.
  let work: Promise<void> = repair();
  let kicked = false;
  /** Which file took the last lines. */
  let file: string | undefined;
  /** The number of the last line that was there before, until what comes after it is known. */
  let leftAt: number | undefined;
  /** What has this number or a smaller one is caught up. */
  let caughtUpTo = 0;
  let closeBy = Number.POSITIVE_INFINITY;

  async function repair(): Promise<void> {
    try {
      // Another process may be in the middle of a line.
      const torn = await setTornEndAside(path, () => delay(tornWaitMs));
      if (torn > 0) note({ event: 'record.repaired', outcome: 'failed', facts: { bytes: torn } });
      if (catchesUp) leftAt = await lastNumber(path, keys());
    } catch (error) {
      fail(error);
    }
  }

  function kick(): void {
    if (kicked) return;
    kicked = true;
    work = work.then(write);
  }

  async function write(): Promise<void> {
    kicked = false;
    clearTimeout(retryTimer);
    retryTimer = undefined;
    let rows = pending;
    pending = [];
    try {
      await findGap();
      rows = rows.filter(({ seq }) => seq > caughtUpTo);
      await catchUp();
      await rotateFile(path, now(), retentionMs);
      // Behind what is still lacking, so that the next start finds all of it.
      if (gaps.length > 0) remember(rows);
      else await append(rows);
    } catch (error) {
      remember(rows);
      fail(error);
      retryTimer = setTimeout(kick, retryMs).unref();
    }
  }

  /** A process that was killed left what it had committed and not yet added; so did one that could not write. */
  async function findGap(): Promise<void> {
    if (leftAt === undefined) return;
    const [newest] = await record.before(Number.POSITIVE_INFINITY, 1);
    if (newest && newest.seq > leftAt) {
      gaps = [[leftAt + 1, newest.seq]];
      caughtUpTo = newest.seq;
    }
    leftAt = undefined;
  }

  async function catchUp(): Promise<void> {
    for (let gap = gaps[0]; gap && performance.now() < closeBy; gap = gaps[0]) {
      const [from, to] = gap;
      const rows = await record.after(from - 1, Math.min(pageSize, to - from + 1));
      const lacking = rows.filter(({ seq }) => seq <= to);
      const last = lacking.at(-1);
      await rotateFile(path, now(), retentionMs);
      if (last) await append(lacking);
      // What is not there any more was removed after its time.
      gaps = last && last.seq < to ? [[last.seq + 1, to], ...gaps.slice(1)] : gaps.slice(1);
    }
  }

  /** What somebody removed or replaced meanwhile is lost from the file; the entries are still in the store. */
  async function append(rows: readonly RecordRow[]): Promise<void> {
    const before = file;
    file = (await appendLines(path, rows.map(lineOf).join(''))) ?? before;
    if (before === undefined || before === file || (await hasSteppedAside(path, before))) return;
    logger.warn({
      event: 'record.file_replaced',
      setting: 'AUDIT_LOG_FILE',
      meaning:
        'the file of the record was removed or replaced; a new one goes on from here, and `gatehouse audit export` has what is missing',
    });
  }

  function remember(rows: readonly RecordRow[]): void {
    for (const { seq } of rows) {
      const last = gaps.at(-1);
      if (last && last[1] === seq - 1) gaps[gaps.length - 1] = [last[0], seq];
      else gaps.push([seq, seq]);
    }
    if (gaps.length > mostGaps) gaps = gaps.slice(-mostGaps);
  }

  function fail(error: unknown): void {
    failures += 1;
    if (now() - toldAt < tellAgainMs) return;
    toldAt = now();
    const fault = fileFaultOf(error);
    const why = fault ? `: ${fileWords({ path, setting: 'AUDIT_LOG_FILE' }, fault)}` : '';
    logger.error({
      event: 'record.file_failed',
      setting: 'AUDIT_LOG_FILE',
      meaning: `the file of the record cannot be written; the record in the store goes on${why}`,
      err: error,
    });
  }

  return {
    add(rows) {
      pending.push(...rows);
      kick();
    },
    prune(before) {
      work = work.then(() => dropOldFiles(path, before)).catch(fail);
      return work;
    },
    async flush() {
      if (gaps.length > 0) kick();
      await work;
    },
    async close() {
      closeBy = performance.now() + closeWithinMs;
      if (gaps.length > 0) kick();
      await work;
      clearTimeout(retryTimer);
    },
    state: () => ({
      failures,
      behind: pending.length + gaps.reduce((sum, [from, to]) => sum + to - from + 1, 0),
    }),
  };
}

/** Of the last genuine line; undefined where there is none. Another process can have added an earlier one behind it. */
async function lastNumber(path: string, keys: readonly RecordKey[]): Promise<number | undefined> {
  const numbers = (await lastLines(path)).flatMap((line) => {
    const row = readLine(line);
    return row && genuineEntry(row, keys) ? [row.seq] : [];
  });
  return numbers.length > 0 ? Math.max(...numbers) : undefined;
}
