// A private Redis: its own port, password and folder; nothing is persisted.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Child, freePort, startChild, waitFor } from '../../demo/child.ts';
import './endings.ts';
import { mustHave } from './requirement.ts';

export interface PrivateRedis {
  /** With its password. */
  readonly url: string;
  readonly port: number;
  readonly child: Child;
  /** Simulates an outage: stops immediately and loses all data. */
  kill(): Promise<void>;
  /** Comes back at the same address, empty. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** @param more additional lines for its configuration */
export async function startRedis(more: readonly string[] = []): Promise<PrivateRedis> {
  const command = await mustHave('redis-server');
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-redis-'));
  const password = randomBytes(24).toString('base64url');
  const port = await freePort();
  // In a file, because everyone on this machine can read a command line.
  const configFile = join(folder, 'redis.conf');
  const config = [
    'bind 127.0.0.1',
    `port ${port}`,
    `requirepass ${password}`,
    `dir ${folder}`,
    'save ""',
    'appendonly no',
    ...more,
  ];
  writeFileSync(configFile, `${config.join('\n')}\n`, { mode: 0o600 });

  async function start(): Promise<Child> {
    const child = await startChild({ name: 'redis-server', command, args: [configFile] });
    try {
      await waitFor('redis-server', () => answersPing(port, password));
    } catch (error) {
      await child.kill();
      throw new Error(child.lines.slice(-5).join('\n'), { cause: error });
    }
    return child;
  }

  let child = await start();
  return {
    url: `redis://:${password}@127.0.0.1:${port}/0`,
    port,
    get child() {
      return child;
    },
    kill: () => child.kill(),
    async restart() {
      if (child.running()) await child.kill();
      child = await start();
    },
    async close() {
      if (child.running()) await child.kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function answersPing(port: number, password: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let text = '';
    const end = (up: boolean) => {
      socket.destroy();
      resolve(up);
    };
    socket.setTimeout(1000, () => end(false)).on('error', () => end(false));
    socket.on('connect', () => socket.write(`AUTH ${password}\r\nPING\r\n`));
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      if (text.includes('+PONG')) end(true);
    });
  });
}
