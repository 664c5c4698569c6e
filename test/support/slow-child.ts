// Replaces the library's process to simulate failures: depending on the input it answers, never ends, uses up all memory, reports its
// memory limit, throws or exits; with the data folder `broken` it dies before it is ready.
import { getHeapStatistics } from 'node:v8';
import { leaveWithServer } from '../../src/library/process/exit-with-server.ts';
import type { FromReading, ToReading } from '../../src/library/process/reading-process.ts';

const tell = (message: FromReading) => void process.send?.(message);

leaveWithServer();
process.on('message', (message: ToReading) => {
  if (message.kind === 'begin') {
    if (message.data.dataDir === 'broken') process.exit(1);
    tell({ kind: 'ready' });
    return;
  }
  const input = String(message.input);
  if (input === 'endless') for (;;);
  if (input === 'growing') for (const all: unknown[] = []; ; ) all.push(new Array(10_000).fill(input));
  if (input === 'ending') process.exit(0);
  if (input === 'environment') tell({ kind: 'answer', answer: JSON.stringify(process.env) });
  else if (input === 'memory limit')
    tell({ kind: 'answer', answer: String(getHeapStatistics().heap_size_limit) });
  else if (input === 'pid') tell({ kind: 'answer', answer: String(process.pid) });
  else tell(input === 'failing' ? { kind: 'fault', message: input } : { kind: 'answer', answer: input });
});
