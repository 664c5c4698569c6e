// Runs an export in a separate process, so that no request waits for files and pictures. The server keeps writing the record.
import type { RecordedEvent, Recorder } from '../../audit/recorder.ts';
import { type ChildData, startChild } from '../process/child-process.ts';
import type { ExportOutcome, ExportRequest } from './export.ts';

export type ToExport =
  | {
      readonly kind: 'export';
      readonly data: ChildData;
      readonly request: Omit<ExportRequest, 'onProgress' | 'signal'>;
    }
  /** Sent after its event was written, or could not be. */
  | { readonly kind: 'recorded'; readonly isRecorded: boolean };

export type FromExport =
  | { readonly kind: 'record'; readonly event: RecordedEvent }
  | { readonly kind: 'progress'; readonly done: number; readonly total: number }
  | { readonly kind: 'outcome'; readonly outcome: ExportOutcome }
  | { readonly kind: 'fault'; readonly message: string };

/** `memory`: its process exceeded its memory limit; what it had written by then stays. */
export type ChildOutcome = ExportOutcome | { readonly kind: 'memory' };

const exportMemoryMb = 384;

/** @throws RecordUnavailable: then nothing was written; or the abort reason of `signal`, once the process is gone */
export function exportInChild(
  entry: URL,
  data: ChildData,
  recorder: Pick<Recorder, 'write'>,
  memoryMb: number = exportMemoryMb,
): (request: ExportRequest) => Promise<ChildOutcome> {
  return ({ scope, format, by, onProgress, signal }) =>
    new Promise((settle, fail) => {
      const child = startChild<ToExport, FromExport>({
        entry,
        memoryMb,
        onMessage(message) {
          switch (message.kind) {
            case 'record':
              recorder.write(message.event).then(
                () => child.send({ kind: 'recorded', isRecorded: true }),
                (error: unknown) => {
                  // The process is told as well, but this is the error to report.
                  fail(error);
                  child.send({ kind: 'recorded', isRecorded: false });
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
              fail(new Error(message.message));
          }
        },
        onEnd(how) {
          if (how === 'memory') settle({ kind: 'memory' });
          else fail(new Error('the export process ended'));
        },
      });
      signal?.addEventListener('abort', () => {
        fail(signal.reason);
        void child.kill();
      });
      child.send({ kind: 'export', data, request: { scope, format, by } });
    });
}
