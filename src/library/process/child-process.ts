// Starts a process for the library's work on untrusted content: with a memory limit, none of this server's environment, and a failure that
// stays its own. A thread would not do: when a thread runs out of memory, V8 may abort the whole process.
import { type ChildProcess, fork } from 'node:child_process';
import type { PageStyle } from '../render/document.ts';

/** What the process starts with; it opens the library itself. */
export interface ChildData {
  readonly dataDir: string;
  readonly url: string | undefined;
  readonly exportsFolder: string;
  readonly style: PageStyle;
}

/** `memory`: V8 or the system ended the process because it ran out of memory. `ended`: it ended for another reason. */
export type ChildEnd = 'memory' | 'ended';

export interface LibraryChild<Sent> {
  /** A message that can no longer be delivered is dropped: `onEnd` reports the end instead. */
  send(message: Sent): void;
  /** Kills it immediately, whatever it is doing. Resolves when it is gone. */
  kill(): Promise<void>;
}

export interface ChildOptions<Received> {
  /** The module that runs in it. Receives this process's id as its argument, and exits when this process is gone. */
  readonly entry: URL;
  readonly memoryMb: number;
  readonly onMessage: (message: Received) => void;
  /** Called once, and not after `kill`. */
  readonly onEnd: (how: ChildEnd) => void;
}

/** The only parts of this server's environment that it sees: where programs and temporary files are, and no secrets. */
const passedOn = ['PATH', 'CHROMIUM_BIN', 'TMPDIR', 'TZ', 'NODE_COMPILE_CACHE'];

/** Out of memory: V8 aborts (or traps), the system kills. */
const outOfMemory: ReadonlySet<string> = new Set(['SIGABRT', 'SIGTRAP', 'SIGILL', 'SIGKILL']);

/** Does not keep this process alive: when this process ends, the child exits. */
export function startChild<Sent extends object, Received>({
  entry,
  memoryMb,
  onMessage,
  onEnd,
}: ChildOptions<Received>): LibraryChild<Sent> {
  const env = Object.fromEntries(passedOn.flatMap((name) => pairOf(name, process.env[name])));
  const child: ChildProcess = fork(entry, [String(process.pid)], {
    env,
    // Not inherited from this process: a debugger's port or preloaded modules.
    execArgv: [`--max-old-space-size=${memoryMb}`],
    serialization: 'advanced',
    // Its crash output would put lines into the log that are not JSON.
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
