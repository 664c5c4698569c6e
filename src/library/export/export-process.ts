// Runs an export in a process of its own, so that nobody's request waits for files and pictures. The record stays with the server.
import type { RecordedEvent, Recorder } from '../../audit/recorder.ts';
import { type ChildData, startChild } from '../process/child-process.ts';
import type { ExportOutcome, ExportRequest } from './export.ts';

export type ToExport =
  | {
      readonly kind: 'export';
      readonly data: ChildData;
      readonly request: Omit<ExportRequest, 'onProgress' | 'signal'>;
    }
  /** Once its event was written, or was not. */
  | { readonly kind: 'recorded'; readonly isRecorded: boolean };

export type FromExport =
  | { readonly kind: 'record'; readonly event: RecordedEvent }
  | { readonly kind: 'progress'; readonly done: number; readonly total: number }
  | { readonly kind: 'outcome'; readonly outcome: ExportOutcome }
  | { readonly kind: 'fault'; readonly message: string };

/** `memory`: its process needed more than it may; what it had written until then stays. */
export type ChildOutcome = ExportOutcome | { readonly kind: 'memory' };

const exportMemoryMb = 384;

/** @throws RecordUnavailable: then nothing was written; the reason of `signal`, whose process is gone then */
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
                  // The process is told as well, but this is the error to answer with.
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
          else fail(new Error('the process of the export ended'));
        },
      });
      signal?.addEventListener('abort', () => {
        fail(signal.reason);
        void child.kill();
      });
      child.send({ kind: 'export', data, request: { scope, format, by } });
    });
}
