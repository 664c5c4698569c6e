// The export that runs in this server, and how the last one ended: one at a time, and no request waits for a whole space.
import { setTimeout as delay } from 'node:timers/promises';
import { RecordUnavailable } from '../../audit/recorder.ts';
import { HttpError } from '../../http/errors.ts';
import type { Logger } from '../../http/log.ts';
import type { ExportOutcome, ExportRequest } from './export.ts';

export type ExportState =
  | { readonly state: 'none' }
  | { readonly state: 'running'; readonly done: number; readonly total: number }
  | { readonly state: 'ended'; readonly outcome: ExportOutcome | { readonly kind: 'failed' | 'memory' } };

export interface ExportJobs {
  readonly state: () => ExportState;
  /**
   * Resolves when it has ended, or after a moment while it continues. @throws RecordUnavailable, HttpError session_ended: it did not
   * start
   */
  start(request: ExportRequest): Promise<void>;
}

const patienceMs = 2500;

function isEndedSession(error: unknown): boolean {
  return error instanceof HttpError && error.code === 'session_ended';
}

/** @param exportPages runs in a separate process. @throws RecordUnavailable, HttpError session_ended */
export function createExportJobs(
  exportPages: (request: ExportRequest) => Promise<ExportOutcome | { readonly kind: 'memory' }>,
  logger: Logger,
): ExportJobs {
  let state: ExportState = { state: 'none' };

  async function run(request: ExportRequest): Promise<void> {
    try {
      const onProgress = (done: number, total: number) => {
        state = { state: 'running', done, total };
      };
      state = { state: 'ended', outcome: await exportPages({ ...request, onProgress }) };
    } catch (error) {
      const isRefused = error instanceof RecordUnavailable || isEndedSession(error);
      state = isRefused ? { state: 'none' } : { state: 'ended', outcome: { kind: 'failed' } };
      if (!isRefused) logger.error({ event: 'library.export_failed', err: error });
      else throw error;
    }
  }

  return {
    state: () => state,
    async start(request) {
      // A running export continues; the page shows its progress.
      if (state.state === 'running') return;
      state = { state: 'running', done: 0, total: 0 };
      const running = run(request);
      const waiting = new AbortController();
      const patience = delay(patienceMs, undefined, { signal: waiting.signal, ref: false }).catch(
        () => undefined,
      );
      try {
        await Promise.race([running, patience]);
      } finally {
        waiting.abort();
        // A refusal that comes this late has no request to answer; nothing was written, and the page says so.
        running.catch(() => undefined);
      }
    },
  };
}
