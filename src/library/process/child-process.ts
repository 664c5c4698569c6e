// Starts a process for the library's work on what strangers wrote: with a limit of memory, nothing of this server's environment, and
// an end of its own. A thread would not do: where its memory ends, V8 may end the whole process with it.
import { type ChildProcess, fork } from 'node:child_process';
import type { PageStyle } from '../render/document.ts';

/** What the process is begun with; it opens the library itself. */
export interface ChildData {
  readonly dataDir: string;
  readonly url: string | undefined;
  readonly exportsFolder: string;
  readonly style: PageStyle;
}

/** `memory`: the process was ended by V8 or by the system for want of memory. `ended`: it went for another reason. */
export type ChildEnd = 'memory' | 'ended';

export interface LibraryChild<Sent> {
  /** What it cannot be told any more is lost: its end is told instead. */
  send(message: Sent): void;
  /** At once, whatever it does. Resolves when it is gone. */
  kill(): Promise<void>;
}

export interface ChildOptions<Received> {
  /** The module that runs in it. Gets this process' id as its argument, and leaves when that is gone. */
  readonly entry: URL;
  readonly memoryMb: number;
  readonly onMessage: (message: Received) => void;
  /** Once. Not after `kill`. */
  readonly onEnd: (how: ChildEnd) => void;
}

/** What it may know of this server's environment: where programs and temporary files are, and none of the secrets. */
const passedOn = ['PATH', 'CHROMIUM_BIN', 'TMPDIR', 'TZ', 'NODE_COMPILE_CACHE'];

/** Out of memory, V8 aborts (or traps); the system kills. */
const outOfMemory: ReadonlySet<string> = new Set(['SIGABRT', 'SIGTRAP', 'SIGILL', 'SIGKILL']);

/** Holds no process open: where this one ends, the child leaves. */
export function startChild<Sent extends object, Received>({
  entry,
  memoryMb,
  onMessage,
  onEnd,
}: ChildOptions<Received>): LibraryChild<Sent> {
  const env = Object.fromEntries(passedOn.flatMap((name) => pairOf(name, process.env[name])));
  const child: ChildProcess = fork(entry, [String(process.pid)], {
    env,
    // Not those of this process: a debugger's port, or modules to begin with.
    execArgv: [`--max-old-space-size=${memoryMb}`],
    serialization: 'advanced',
    // Its last words would be lines in the log that are no JSON.
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  let isOver = false;
  const gone = new Promise<void>((settle) => {
    const end = (how: ChildEnd) => {
      settle();
      if (isOver) return;
      isOver = true;
      onEnd(how);
    };
    child.on('exit', (_code, signal) => end(signal !== null && outOfMemory.has(signal) ? 'memory' : 'ended'));
    // It could not be started.
    child.on('error', () => {
      if (child.pid === undefined) end('ended');
    });
  });
  child.on('message', (message) => {
    if (!isOver) onMessage(message as Received);
  });
  child.unref();
  child.channel?.unref();
  return {
    send(message) {
      if (child.connected) child.send(message, () => undefined);
    },
    kill() {
      isOver = true;
      child.kill('SIGKILL');
      return gone;
    },
  };
}

function pairOf(name: string, value: string | undefined): [string, string][] {
  return value === undefined ? [] : [[name, value]];
}
