// A thread beside the server's own, for one piece of work at a time with a limit of time and memory: what strangers wrote never holds up everybody.
import { Worker } from 'node:worker_threads';
import type { PageStyle } from './document.ts';
import type { Reading } from './reading.ts';

/** What a thread is begun with; it opens the library itself. */
export interface ThreadData {
  readonly dataDir: string;
  readonly url: string | undefined;
  readonly exportsFolder: string;
  readonly style: PageStyle;
}

/** `late`: it took longer than it may. `busy`: too many wait already. */
export type Reply<T> = { readonly answer: T } | { readonly unfinished: 'late' | 'busy' };

export interface ReadingThread {
  /** @throws what the work threw */
  ask<K extends keyof Reading>(
    kind: K,
    input: Parameters<Reading[K]>[0],
  ): Promise<Reply<ReturnType<Reading[K]>>>;
}

interface Job {
  readonly message: { readonly kind: keyof Reading; readonly input: unknown };
  readonly settle: (reply: Reply<never>) => void;
  readonly fail: (error: Error) => void;
}

export type FromReading =
  | { readonly kind: 'ready' }
  | { readonly kind: 'answer'; readonly answer: unknown }
  | { readonly kind: 'fault'; readonly error: unknown };

/** A page of a million characters at its worst takes half of it. */
const limitMs = 10_000;
const startMs = 30_000;
const waitingLimit = 100;
const memoryMb = 256;

/** Starts with the first question. @param entry the module that runs in the thread @param mostMs for one answer */
export function createReadingThread(entry: URL, data: ThreadData, mostMs = limitMs): ReadingThread {
  const waiting: Job[] = [];
  let worker: Worker | undefined;
  let running: Job | undefined;
  let timer: NodeJS.Timeout | undefined;

  function next(): void {
    if (running) return;
    running = waiting.shift();
    if (!running) return;
    const isNew = worker === undefined;
    worker ??= start();
    limit(isNew ? startMs : mostMs);
    worker.postMessage(running.message);
  }

  function limit(ms: number): void {
    clearTimeout(timer);
    timer = setTimeout(() => void giveUp(), ms);
  }

  function start(): Worker {
    const begun = new Worker(entry, {
      workerData: data,
      resourceLimits: { maxOldGenerationSizeMb: memoryMb },
    });
    begun.on('message', (message: FromReading) => {
      if (begun !== worker) return;
      if (message.kind === 'ready') limit(mostMs);
      else if (message.kind === 'answer') end((job) => job.settle({ answer: message.answer as never }));
      else end((job) => job.fail(message.error as Error));
    });
    begun.on('error', (error: NodeJS.ErrnoException) => {
      if (begun !== worker) return;
      worker = undefined;
      const isTooLarge = error.code === 'ERR_WORKER_OUT_OF_MEMORY';
      end((job) => (isTooLarge ? job.settle({ unfinished: 'late' }) : job.fail(error)));
    });
    begun.on('exit', () => {
      if (begun !== worker) return;
      worker = undefined;
      end((job) => job.fail(new Error('the thread of the library ended')));
    });
    // Last: to listen for messages would hold the process open again.
    begun.unref();
    return begun;
  }

  /** The next one waits until the thread is really gone: however many are slow, one runs. */
  async function giveUp(): Promise<void> {
    const ended = worker;
    worker = undefined;
    running?.settle({ unfinished: 'late' });
    await ended?.terminate();
    running = undefined;
    next();
  }

  function end(tell: (job: Job) => void): void {
    clearTimeout(timer);
    const job = running;
    running = undefined;
    if (job) tell(job);
    next();
  }

  return {
    ask: (kind, input) =>
      new Promise((settle, fail) => {
        if (waiting.length >= waitingLimit) {
          settle({ unfinished: 'busy' });
          return;
        }
        waiting.push({ message: { kind, input }, settle, fail });
        next();
      }),
  };
}
