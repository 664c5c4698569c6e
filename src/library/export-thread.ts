// Runs an export in a thread of its own, so that nobody's request waits for files and pictures. The record stays with the server.
import { Worker } from 'node:worker_threads';
import type { RecordedEvent, Recorder } from '../audit/recorder.ts';
import type { ExportOutcome, ExportRequest } from './export.ts';
import type { ThreadData } from './thread.ts';

export interface ExportThreadData extends ThreadData {
  readonly request: Omit<ExportRequest, 'onProgress' | 'signal'>;
}

export type FromExport =
  | { readonly kind: 'record'; readonly event: RecordedEvent }
  | { readonly kind: 'progress'; readonly done: number; readonly total: number }
  | { readonly kind: 'outcome'; readonly outcome: ExportOutcome }
  | { readonly kind: 'fault'; readonly error: unknown };

/** Sent to the thread once its event was written, or was not. */
export interface Recorded {
  readonly isRecorded: boolean;
}

const memoryMb = 384;

/** @throws RecordUnavailable: then nothing was written */
export function exportInThread(
  entry: URL,
  data: ThreadData,
  recorder: Pick<Recorder, 'write'>,
): (request: ExportRequest) => Promise<ExportOutcome> {
  return ({ scope, format, by, onProgress }) =>
    new Promise((settle, fail) => {
      const workerData: ExportThreadData = { ...data, request: { scope, format, by } };
      const worker = new Worker(entry, {
        workerData,
        resourceLimits: { maxOldGenerationSizeMb: memoryMb },
      });
      worker.unref();
      const answer = (recorded: Recorded) => worker.postMessage(recorded);
      worker.on('message', (message: FromExport) => {
        switch (message.kind) {
          case 'record':
            recorder.write(message.event).then(
              () => answer({ isRecorded: true }),
              (error: unknown) => {
                // The thread is told as well, but this is the error to answer with.
                fail(error);
                answer({ isRecorded: false });
              },
            );
            return;
          case 'progress':
            onProgress?.(message.done, message.total);
            return;
          case 'outcome':
            settle(message.outcome);
            return;
          case 'fault':
            fail(message.error);
        }
      });
      worker.on('error', fail);
      worker.on('exit', () => fail(new Error('the thread of the export ended')));
    });
}
