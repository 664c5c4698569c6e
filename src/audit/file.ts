// The record as JSON lines beside the store. What the file cannot take refuses no change: it is told, counted and added later.
import { setTimeout as delay } from 'node:timers/promises';
import type { RecordRow, RecordTable } from '../store/contract.ts';
import { appendLines, dropOldFiles, rotateFile, setTornEndAside } from './file-disk.ts';
import { lineOf } from './lines.ts';
import type { RecordLogger } from './log-line.ts';
import type { RecordedEvent } from './recorder.ts';

export interface RecordFileOptions {
  readonly path: string;
  readonly retentionMs: number;
  /** Where entries are read again that the file missed. */
  readonly record: Pick<RecordTable, 'after'>;
  readonly logger: RecordLogger;
  readonly now: () => number;
  note(event: RecordedEvent): void;
}

export interface RecordFile {
  /** In chain order. */
  add(rows: readonly RecordRow[]): void;
  prune(): Promise<void>;
  flush(): Promise<void>;
  close(): Promise<void>;
  state(): { readonly failures: number; readonly behind: number };
}

const retryMs = 10_000;
const tellAgainMs = 30_000;
const mostGaps = 1_000;
const pageSize = 500;
const tornWaitMs = 50;

type Gap = readonly [from: number, to: number];

export function createRecordFile(options: RecordFileOptions): RecordFile {
  const { path, retentionMs, record, logger, now, note } = options;
  let pending: RecordRow[] = [];
  /** Entries of this process that the file lacks. */
  let gaps: Gap[] = [];
  let failures = 0;
  let toldAt = Number.NEGATIVE_INFINITY;
  let retryTimer: NodeJS.Timeout | undefined;
  // One after the other, in the order of the chain.
  let work: Promise<void> = repair();
  let kicked = false;

  async function repair(): Promise<void> {
    try {
      // Another process may be in the middle of a line.
      const torn = await setTornEndAside(path, () => delay(tornWaitMs));
      if (torn > 0) note({ event: 'record.repaired', outcome: 'failed', facts: { bytes: torn } });
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
    const rows = pending;
    pending = [];
    try {
      await rotateFile(path, now(), retentionMs);
      await catchUp();
      await appendLines(path, rows.map(lineOf).join(''));
    } catch (error) {
      remember(rows);
      fail(error);
      retryTimer = setTimeout(kick, retryMs).unref();
    }
  }

  async function catchUp(): Promise<void> {
    for (let gap = gaps[0]; gap; gap = gaps[0]) {
      const [from, to] = gap;
      const rows = await record.after(from - 1, Math.min(pageSize, to - from + 1));
      const lacking = rows.filter(({ seq }) => seq <= to);
      const last = lacking.at(-1);
      if (last) await appendLines(path, lacking.map(lineOf).join(''));
      // What is not there any more was removed after its time.
      gaps = last && last.seq < to ? [[last.seq + 1, to], ...gaps.slice(1)] : gaps.slice(1);
    }
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
    logger.error({
      event: 'record.file_failed',
      setting: 'AUDIT_LOG_FILE',
      meaning: 'the file of the record cannot be written; the record in the store goes on',
      err: error,
    });
  }

  return {
    add(rows) {
      pending.push(...rows);
      kick();
    },
    prune() {
      work = work.then(() => dropOldFiles(path, now() - retentionMs)).catch(fail);
      return work;
    },
    async flush() {
      if (gaps.length > 0) kick();
      await work;
    },
    async close() {
      await work;
      clearTimeout(retryTimer);
    },
    state: () => ({
      failures,
      behind: pending.length + gaps.reduce((sum, [from, to]) => sum + to - from + 1, 0),
    }),
  };
}
