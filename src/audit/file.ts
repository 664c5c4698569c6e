// The audit log as JSON lines, in addition to the store. A failure to write the file refuses no change: it is logged, counted and made up for later,
// including entries that a killed process committed to the store but did not append.
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileWords } from '../files/file-fault.ts';
import { fileFaultOf } from '../files/file-refused.ts';
import type { RecordRow, RecordTable } from '../store/contract-record.ts';
import { withLock } from '../store/file-lock.ts';
import { genuineEntry, type RecordKey } from './chain.ts';
import { lineOf, readLine } from './entry.ts';
import {
  appendLines,
  dropOldFiles,
  hasSteppedAside,
  lastLines,
  rotateFile,
  setTornEndAside,
} from './file-disk.ts';
import type { RecordLogger } from './log-line.ts';
import type { RecordedEvent } from './recorder.ts';

export interface RecordFileOptions {
  readonly path: string;
  readonly retentionMs: number;
  /** Where entries that the file lacks are read again. */
  readonly record: Pick<RecordTable, 'after' | 'before'>;
  /** Whether entries after the file's last line are appended at start-up. Not for a command that runs next to a server, which does it itself. */
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
  state(): { readonly behind: number };
}

const retryMs = 10_000;
const lookEveryMs = 2_000;
const lockWaitMs = 2_000;
const tellAgainMs = 30_000;
const mostGaps = 1_000;
const pageSize = 500;
const tornWaitMs = 50;
/** If the file is far behind, the rest is appended after the next start. */
const closeWithinMs = 2_000;

type Gap = readonly [from: number, to: number];

export function createRecordFile(options: RecordFileOptions): RecordFile {
  const { path, retentionMs, record, catchesUp, keys, logger, now, note } = options;
  let pending: RecordRow[] = [];
  /** Entries of this process that the file lacks. */
  let gaps: Gap[] = [];
  let toldAt = Number.NEGATIVE_INFINITY;
  let retryTimer: NodeJS.Timeout | undefined;
  // One task after the other, in the order of the chain.
  let work: Promise<void> = repair();
  let kicked = false;
  /** Id of the file that took the last lines. */
  let file: string | undefined;
  /** Number of the last line at start-up, until it is known what comes after it. */
  let leftAt: number | undefined;
  /** Every entry up to this number has been caught up. */
  let caughtUpTo = 0;
  let closeBy = Number.POSITIVE_INFINITY;
  /** Number of the file's last line, as far as is known. */
  let top: number | undefined;
  const lookTimer = catchesUp ? setInterval(() => void look().catch(fail), lookEveryMs).unref() : undefined;

  async function repair(): Promise<void> {
    try {
      // Another process may be in the middle of writing a line.
      const torn = await setTornEndAside(path, () => delay(tornWaitMs));
      if (torn > 0) note({ event: 'record.repaired', outcome: 'failed', facts: { bytes: torn } });
      if (catchesUp) leftAt = (await lastRows(path, keys())).last;
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
      // Queued behind the gaps, so that the next start finds everything that is missing.
      if (gaps.length > 0) remember(rows);
      else await append(rows);
    } catch (error) {
      remember(rows);
      fail(error);
      retryTimer = setTimeout(kick, retryMs).unref();
    }
  }

  /** Finds what a killed process, or one that could not write, committed to the store but did not append. */
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
      // What the store no longer has was pruned.
      gaps = last && last.seq < to ? [[last.seq + 1, to], ...gaps.slice(1)] : gaps.slice(1);
    }
  }

  /**
   * Appends in chain order, whatever other processes write to the same file: entries between its last line and `rows` are read from the
   * store, and those that another process has already appended are skipped. So the file lacks nothing and holds nothing twice.
   */
  async function append(rows: readonly RecordRow[]): Promise<void> {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const done = await withLock(path, lockWaitMs, async () => {
      const there = await lastRows(path, keys());
      top = there.last;
      const fresh = rows.filter(({ seq, mac }) => !there.macs.has(mac) && seq >= there.first);
      const [begins] = fresh;
      if (begins && there.last === undefined && begins.seq > 1)
        note({ event: 'record.file_begun', facts: { from: begins.seq } });
      let last = there.last ?? (begins?.seq ?? 1) - 1;
      let together: RecordRow[] = [];
      for (const row of fresh) {
        if (row.seq > last + 1) {
          await put(together);
          together = [];
          await fill(last, row.seq);
        }
        together.push(row);
        last = Math.max(last, row.seq);
      }
      await put(together);
    });
    if ('busy' in done)
      throw Object.assign(new Error('another process writes to the file'), { code: 'EBUSY' });
  }

  /** Appends what other processes have written to the store between the two numbers. */
  async function fill(after: number, before: number): Promise<void> {
    for (let last = after; last + 1 < before; ) {
      const rows = await record.after(last, Math.min(pageSize, before - last - 1));
      const between = rows.filter(({ seq }) => seq < before);
      const newest = between.at(-1);
      // What the store no longer has was pruned.
      if (!newest) return;
      await put(between);
      last = newest.seq;
    }
  }

  /** Lines in a file that somebody removed or replaced meanwhile are lost from the file; the entries are still in the store. */
  async function put(rows: readonly RecordRow[]): Promise<void> {
    if (rows.length === 0) return;
    const before = file;
    file = (await appendLines(path, rows.map(lineOf).join(''))) ?? before;
    top = Math.max(top ?? 0, ...rows.map(({ seq }) => seq));
    if (before === undefined || before === file || (await hasSteppedAside(path, before))) return;
    logger.warn({
      event: 'record.file_replaced',
      setting: 'AUDIT_LOG_FILE',
      meaning:
        'the file of the record was removed or replaced; a new one continues from here, and `gatehouse audit export` has what is missing',
    });
  }

  /** Appends what another replica, or a command with another file, has written since. */
  async function look(): Promise<void> {
    if (top === undefined || pending.length > 0 || gaps.length > 0) return;
    const [newest] = await record.before(Number.POSITIVE_INFINITY, 1);
    if (!newest || newest.seq <= top || gaps.length > 0) return;
    gaps = [[top + 1, newest.seq]];
    kick();
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
    if (now() - toldAt < tellAgainMs) return;
    toldAt = now();
    const fault = fileFaultOf(error);
    const why = fault ? `: ${fileWords({ path, setting: 'AUDIT_LOG_FILE' }, fault)}` : '';
    logger.error({
      event: 'record.file_failed',
      setting: 'AUDIT_LOG_FILE',
      meaning: `the file of the record cannot be written; the record in the store continues${why}`,
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
      clearInterval(lookTimer);
      closeBy = performance.now() + closeWithinMs;
      if (gaps.length > 0) kick();
      await work;
      clearTimeout(retryTimer);
    },
    state: () => ({
      behind: pending.length + gaps.reduce((sum, [from, to]) => sum + to - from + 1, 0),
    }),
  };
}

/** The genuine entries among the last lines; if there are none, `first` is 0, and nothing comes before it. */
async function lastRows(
  path: string,
  keys: readonly RecordKey[],
): Promise<{
  readonly last: number | undefined;
  readonly first: number;
  readonly macs: ReadonlySet<string>;
}> {
  const rows = (await lastLines(path)).flatMap((line) => {
    const row = readLine(line);
    return row && genuineEntry(row, keys) ? [row] : [];
  });
  const numbers = rows.map(({ seq }) => seq);
  return {
    last: rows.length > 0 ? Math.max(...numbers) : undefined,
    first: rows.length > 0 ? Math.min(...numbers) : 0,
    macs: new Set(rows.map(({ mac }) => mac)),
  };
}
