// Runs in the threads beside the server: reads the library for one question after the other, or makes one export and ends.
import { once } from 'node:events';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import type { Recorder } from './audit/recorder.ts';
import { openLibraryToRead } from './confluence/library-store.ts';
import { exportPages } from './library/export.ts';
import type { ExportThreadData, FromExport, Recorded } from './library/export-thread.ts';
import { createReading, type Reading } from './library/reading.ts';
import type { FromReading, ThreadData } from './library/thread.ts';

async function runExport(port: MessagePort, { request, ...data }: ExportThreadData): Promise<void> {
  const tell = (message: FromExport) => port.postMessage(message);
  const pages = openLibraryToRead(data.dataDir);
  const recorder: Pick<Recorder, 'write'> = {
    async write(event) {
      const answered = once(port, 'message');
      tell({ kind: 'record', event });
      const [{ isRecorded }] = (await answered) as [Recorded];
      if (!isRecorded) throw new Error('not recorded');
    },
  };
  const onProgress = (done: number, total: number) => tell({ kind: 'progress', done, total });
  try {
    tell({
      kind: 'outcome',
      outcome: await exportPages({ ...request, onProgress }, { ...data, pages, recorder }),
    });
  } catch (error) {
    tell({ kind: 'fault', error });
  } finally {
    pages.close();
    port.close();
  }
}

function read(port: MessagePort, { dataDir, url }: ThreadData): void {
  const pages = openLibraryToRead(dataDir);
  const reading = createReading({ pages, url });
  const tell = (message: FromReading) => port.postMessage(message);
  port.on('message', ({ kind, input }: { kind: keyof Reading; input: never }) => {
    try {
      tell({ kind: 'answer', answer: reading[kind](input) });
    } catch (error) {
      tell({ kind: 'fault', error });
    }
  });
  tell({ kind: 'ready' });
}

if (parentPort) {
  const data = workerData as ThreadData | ExportThreadData;
  if ('request' in data) void runExport(parentPort, data);
  else read(parentPort, data);
}
