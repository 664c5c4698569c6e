// Runs in the child processes of the server: reads the library for one question after the other, or makes one export and exits.
import { once } from 'node:events';
import type { Recorder } from '../audit/recorder.ts';
import { openLibraryToRead } from '../confluence/library-store.ts';
import { exportPages } from '../library/export/export.ts';
import type { FromExport, ToExport } from '../library/export/export-process.ts';
import type { ChildData } from '../library/process/child-process.ts';
import { leaveWithServer } from '../library/process/exit-with-server.ts';
import { createReading, type Reading } from '../library/process/reading.ts';
import { type FromReading, longestAnswer, type ToReading } from '../library/process/reading-process.ts';

const words = (error: unknown) =>
  error instanceof Error ? `${error.name}: ${error.message}` : String(error);

async function runExport({ data, request }: Extract<ToExport, { kind: 'export' }>): Promise<void> {
  const tell = (message: FromExport) => void process.send?.(message);
  const pages = openLibraryToRead(data.dataDir);
  const recorder: Pick<Recorder, 'write'> = {
    async write(event) {
      const answered = once(process, 'message');
      tell({ kind: 'record', event });
      const [answer] = (await answered) as [ToExport];
      if (answer.kind !== 'recorded' || !answer.isRecorded) throw new Error('not recorded');
    },
  };
  const onProgress = (done: number, total: number) => tell({ kind: 'progress', done, total });
  try {
    tell({
      kind: 'outcome',
      outcome: await exportPages({ ...request, onProgress }, { ...data, pages, recorder }),
    });
  } catch (error) {
    tell({ kind: 'fault', message: words(error) });
  } finally {
    pages.close();
    process.disconnect();
  }
}

function read({ dataDir, url }: ChildData): void {
  const pages = openLibraryToRead(dataDir);
  const reading = createReading({ pages, url });
  const tell = (message: FromReading) => void process.send?.(message);
  const answer = (work: keyof Reading, input: unknown) => {
    try {
      const found = reading[work](input as never);
      // The server reads the whole answer, and has a memory limit too.
      const isLong = typeof found === 'string' && found.length > longestAnswer;
      tell(isLong ? { kind: 'long' } : { kind: 'answer', answer: found });
    } catch (error) {
      tell({ kind: 'fault', message: words(error) });
    }
  };
  process.on('message', (message: ToReading) => {
    if (message.kind === 'ask') answer(message.work, message.input);
  });
  tell({ kind: 'ready' });
}

leaveWithServer();
process.once('message', (message: ToReading | ToExport) => {
  if (message.kind === 'begin') read(message.data);
  else if (message.kind === 'export') void runExport(message);
});
