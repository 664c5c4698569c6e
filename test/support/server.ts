// The real program, as `gatehouse serve` starts it: a separate process, on either store.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Child, freePort, startChild, waitFor } from '../../demo/child.ts';
import { type Client, createClient } from './client.ts';
import type { StoreKind, TestPerson } from './desk.ts';
import { type PrivateRedis, startRedis } from './redis.ts';

export interface Server {
  /** The process that is running now. */
  readonly child: Child;
  readonly port: number;
  readonly origin: string;
  /** The ops port. */
  readonly ops: Client;
  readonly redis: PrivateRedis | undefined;
  gateHeaders(person: TestPerson): Record<string, string>;
  browser(person: TestPerson): Client;
  /** The log lines of that event. */
  logged(event: string): Record<string, unknown>[];
  /** Sends SIGTERM and starts it again on the same ports with the same store. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

export interface ServerOptions {
  readonly store: StoreKind;
  /** Settings as in `.env`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** A module that is loaded before the program. */
  readonly before?: string;
}

const main = resolve(import.meta.dirname, '../../src/main.ts');

export async function startServer({ store, settings = {}, before }: ServerOptions): Promise<Server> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-server-'));
  const redis = store === 'redis' ? await startRedis() : undefined;
  const beforeFile = join(folder, 'before.mjs');
  if (before !== undefined) writeFileSync(beforeFile, before);
  const [port, opsPort] = [await freePort(), await freePort()];
  const secret = randomBytes(32).toString('hex');
  const key = randomBytes(32).toString('hex');
  const start = () =>
    startChild({
      name: 'gatehouse',
      command: process.execPath,
      args: [...(before === undefined ? [] : ['--import', beforeFile]), main, 'serve'],
      cwd: folder,
      env: {
        PUBLIC_URL: `http://localhost:${port}`,
        PORT: String(port),
        OPS_PORT: String(opsPort),
        SECRET_KEY: key,
        GATE_SECRET: secret,
        ADMIN_EMAILS: 'ada@example.org',
        RATE_LIMIT: 'off',
        DATA_DIR: join(folder, 'data'),
        ...(redis && { SESSION_BACKEND: 'redis', REDIS_URL: redis.url }),
        ...settings,
      },
    });
  let child = await start();
  const origin = `http://localhost:${port}`;
  const ops = createClient(`http://127.0.0.1:${opsPort}`);
  async function close() {
    if (child.running()) await child.kill();
    await redis?.close();
    rmSync(folder, { recursive: true, force: true });
  }
  async function ready(): Promise<void> {
    await waitFor('gatehouse', async () => {
      if (!child.running()) throw new Error('it ended');
      return ops.ask('/readyz').then(
        ({ status }) => status === 200,
        () => false,
      );
    });
  }
  try {
    await ready();
  } catch (error) {
    await close();
    throw new Error(child.lines.slice(-5).join('\n'), { cause: error });
  }
  const gateHeaders = ({ id, email }: TestPerson) => ({
    authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
    'x-forwarded-user': id,
    'x-forwarded-email': email,
  });
  return {
    get child() {
      return child;
    },
    port,
    origin,
    ops,
    redis,
    gateHeaders,
    browser: (person) => createClient(origin, { headers: gateHeaders(person) }),
    logged: (event) =>
      child.lines
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line) as Record<string, unknown>)
        .filter((line) => line['event'] === event),
    async restart() {
      await child.stop();
      child = await start();
      await ready();
    },
    close,
  };
}
