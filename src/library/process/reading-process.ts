// A separate process that does one piece of work at a time, with limits on time, memory and output length: untrusted content
// never delays other requests and never ends the server. Kept for the next question, restarted if it died.
import { type ChildData, type LibraryChild, startChild } from './child-process.ts';
import type { Reading } from './reading.ts';

/**
 * `late`: it exceeded the time limit. `memory`: it exceeded the memory limit. `busy`: too many requests are waiting, or the process
 * pauses after dying repeatedly.
 */
export type Reply<T> = { readonly answer: T } | { readonly unfinished: 'late' | 'memory' | 'busy' };

export interface ReadingChild {
  /** @throws what the work threw */
  ask<K extends keyof Reading>(
    kind: K,
    input: Parameters<Reading[K]>[0],
  ): Promise<Reply<ReturnType<Reading[K]>>>;
  /** The server is stopping: the process ends after pending questions were answered. */
  close(): void;
}

export type ToReading =
  | { readonly kind: 'begin'; readonly data: ChildData }
  | { readonly kind: 'ask'; readonly work: keyof Reading; readonly input: unknown };

export type FromReading =
  | { readonly kind: 'ready' }
  | { readonly kind: 'answer'; readonly answer: unknown }
  /** The answer exceeds the length limit. */
  | { readonly kind: 'long' }
  | { readonly kind: 'fault'; readonly message: string };

interface Job {
  readonly message: ToReading;
  readonly settle: (reply: Reply<never>) => void;
  readonly fail: (error: Error) => void;
}

export interface ReadingOptions {
  /** Time limit per answer. */
  readonly mostMs?: number;
  readonly memoryMb?: number;
  /** Milliseconds of a monotonic clock. */
  readonly now?: () => number;
}

/** The worst page of a million characters takes half of it. */
const limitMs = 10_000;
const startMs = 30_000;
const waitingLimit = 100;
/** Characters of one answer. */
export const longestAnswer = 20_000_000;
/** How often it may die without an answer in between before it pauses. */
const freeDeaths = 3;
const restMs = 2_000;
const longestRestMs = 30_000;

/** Starts with the first question. @param entry the module that runs in the process */
export function createReadingChild(
  entry: URL,
  data: ChildData,
  { mostMs = limitMs, memoryMb = 256, now = () => performance.now() }: ReadingOptions = {},
): ReadingChild {
  const waiting: Job[] = [];
  let child: LibraryChild<ToReading> | undefined;
  let running: Job | undefined;
  let timer: NodeJS.Timeout | undefined;
  let deaths = 0;
  let restsUntil = Number.NEGATIVE_INFINITY;
  let isClosed = false;

  function next(): void {
    if (running) return;
    running = waiting.shift();
    if (!running) {
      if (isClosed) leave();
      return;
    }
    const isNew = child === undefined;
    child ??= start();
    limit(isNew ? startMs : mostMs);
    child.send(running.message);
  }

  function limit(ms: number): void {
    clearTimeout(timer);
    timer = setTimeout(() => void giveUp(), ms);
  }

  function start(): LibraryChild<ToReading> {
    const begun = startChild<ToReading, FromReading>({ entry, memoryMb, onMessage, onEnd });
    begun.send({ kind: 'begin', data });
    return begun;
  }

  function onMessage(message: FromReading): void {
    if (message.kind !== 'ready') deaths = 0;
    switch (message.kind) {
      case 'ready':
        limit(mostMs);
        return;
      case 'answer':
        end((job) => job.settle({ answer: message.answer as never }));
        return;
      case 'long':
        end((job) => job.settle({ unfinished: 'memory' }));
        return;
      case 'fault':
        end((job) => job.fail(new Error(message.message)));
    }
  }

  function onEnd(how: 'memory' | 'ended'): void {
    child = undefined;
    noteDeath();
    end((job) => {
      if (how === 'memory') job.settle({ unfinished: 'memory' });
      else job.fail(new Error('the library process ended'));
    });
  }

  /** Pending questions are answered immediately: otherwise a process that cannot start would be started again for each of them. */
  function noteDeath(): void {
    deaths += 1;
    if (deaths < freeDeaths) return;
    restsUntil = now() + Math.min(restMs * 2 ** (deaths - freeDeaths), longestRestMs);
    for (const job of waiting.splice(0)) job.settle({ unfinished: 'busy' });
  }

  /** The next question waits until the process is really gone: however many are slow, only one runs. */
  async function giveUp(): Promise<void> {
    const ended = child;
    child = undefined;
    running?.settle({ unfinished: 'late' });
    await ended?.kill();
    running = undefined;
    next();
  }

  function leave(): void {
    void child?.kill();
    child = undefined;
  }

  function end(tell: (job: Job) => void): void {
    clearTimeout(timer);
    const job = running;
    running = undefined;
    if (job) tell(job);
    next();
  }

  return {
    ask: (work, input) =>
      new Promise((settle, fail) => {
        if (waiting.length >= waitingLimit || now() < restsUntil) {
          settle({ unfinished: 'busy' });
          return;
        }
        waiting.push({ message: { kind: 'ask', work, input }, settle, fail });
        next();
      }),
    close() {
      isClosed = true;
      if (!running) leave();
    },
  };
}
