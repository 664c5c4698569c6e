// Child processes: starts them, reads their output, ends them. None outlives the process that started it.

import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

export interface Child {
  readonly name: string;
  readonly pid: number;
  /** What it has written so far, on both outputs. */
  readonly lines: readonly string[];
  /** Resolves when it is gone, with its exit code or the signal that ended it. */
  readonly exited: Promise<string>;
  running(): boolean;
  /** Sends SIGTERM, then SIGKILL if that has no effect. Resolves when it is gone. */
  stop(): Promise<void>;
  /** SIGKILL: as a crash would end it. */
  kill(): Promise<void>;
}

export interface ChildOptions {
  readonly name: string;
  readonly command: string;
  readonly args?: readonly string[];
  /** Its whole environment, besides where programs are on this machine: no other shell variable is inherited. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly onLine?: (line: string) => void;
}

const passedOn = new Set(['PATH', 'HOME', 'TMPDIR', 'TZ', 'NODE_V8_COVERAGE', 'NODE_COMPILE_CACHE']);

const living = new Set<Child>();
process.on('exit', () => {
  for (const child of living) if (child.running()) process.kill(child.pid, 'SIGKILL');
});

export function startChild({
  name,
  command,
  args = [],
  env = {},
  cwd,
  onLine,
}: ChildOptions): Promise<Child> {
  const inherited = Object.entries(process.env).filter(([name]) => passedOn.has(name));
  const started = spawn(command, args, {
    env: { ...Object.fromEntries(inherited), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A separate process group: Ctrl-C reaches only the parent, which ends the child in order.
    detached: process.platform !== 'win32',
    ...(cwd === undefined ? {} : { cwd }),
  });
  const lines: string[] = [];
  for (const stream of [started.stdout, started.stderr]) {
    let rest = '';
    stream.setEncoding('utf8').on('data', (text: string) => {
      const parts = (rest + text).split('\n');
      rest = parts.pop() ?? '';
      for (const line of parts) {
        lines.push(line);
        onLine?.(line);
      }
    });
  }
  const end = Promise.withResolvers<string>();
  started.once('close', (code, signal) => end.resolve(signal ?? `exit code ${code}`));

  const child: Child = {
    name,
    pid: started.pid ?? 0,
    lines,
    exited: end.promise,
    running: () => started.exitCode === null && started.signalCode === null,
    async stop() {
      started.kill('SIGTERM');
      const impatience = setTimeout(() => started.kill('SIGKILL'), 5000);
      await end.promise;
      clearTimeout(impatience);
    },
    async kill() {
      started.kill('SIGKILL');
      await end.promise;
    },
  };
  if (started.pid !== undefined) living.add(child);
  void end.promise.then(() => living.delete(child));
  return new Promise((resolve, reject) => {
    started.once('error', reject);
    started.once('spawn', () => resolve(child));
  });
}

/** Ports handed out in this process: the caller may not be listening yet. */
const given = new Set<number>();

/**
 * A port that was free a moment ago. Below the ephemeral range, so that no outgoing connection
 * takes it while the program that had it restarts.
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 100; tries++) {
    const port = randomInt(10_000, 32_000);
    // Clients refuse 10080, whatever listens there (https://fetch.spec.whatwg.org/#port-blocking).
    if (given.has(port) || port === 10_080) continue;
    const server = createServer();
    const free = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => resolve(true));
    });
    await new Promise((resolve) => server.close(resolve));
    if (!free) continue;
    given.add(port);
    return port;
  }
  throw new Error('no free port found');
}

/**
 * Asks until the answer is neither false nor undefined nor an error.
 * @throws Error after `timeoutMs`, naming `what` and the last error.
 */
export async function waitFor<T>(
  what: string,
  ask: () => T | undefined | false | Promise<T | undefined | false>,
  timeoutMs = 15_000,
): Promise<T> {
  const until = Date.now() + timeoutMs;
  let last: unknown;
  do {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
    } catch (error) {
      last = error;
    }
    await delay(20);
  } while (Date.now() < until);
  throw new Error(`waited ${timeoutMs} ms for ${what}`, { cause: last });
}

/** Waits until `child` answers at `url` with 2xx; throws with its last lines if it does not. */
export async function waitUntilUp(child: Child, url: string, timeoutMs = 15_000): Promise<void> {
  const up = waitFor(`${child.name} at ${url}`, async () => (await fetch(url)).ok, timeoutMs);
  const died = child.exited.then((how) => {
    throw new Error(`ended at once (${how})`);
  });
  try {
    await Promise.race([up, died]);
  } catch (error) {
    up.catch(() => {});
    died.catch(() => {});
    await child.kill();
    throw new Error(`${child.name} did not start:\n${child.lines.slice(-20).join('\n')}`, { cause: error });
  }
  died.catch(() => {});
}
