// Stands for the library's thread where it goes wrong: asked for a body it answers, never ends, takes all memory, throws or exits, as its name says.
import { parentPort } from 'node:worker_threads';

parentPort?.on('message', ({ input }: { input: string }) => {
  if (input === 'endless') for (;;);
  if (input === 'growing') for (const all: unknown[] = []; ; ) all.push(new Array(10_000).fill(input));
  if (input === 'ending') process.exit(0);
  parentPort?.postMessage(
    input === 'failing' ? { kind: 'fault', error: new Error(input) } : { kind: 'answer', answer: input },
  );
});
parentPort?.postMessage({ kind: 'ready' });
