// The program that is measured, as production runs it: every defence and limit on, the request log written, metrics counted.
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Child, freePort, startChild } from '../demo/child.ts';
import { host } from './people.ts';

/** One deployment: its folder, ports and settings. */
export interface Place {
  readonly port: number;
  readonly gateSecret: string;
  readonly dataDir: string;
  /** Starts the program. Resolves when it listens, with the milliseconds that this took. */
  start(): Promise<{ readonly child: Child; readonly listeningMs: number }>;
  /** Empties the request log, which would fill the disk. */
  emptyLog(): void;
  remove(): void;
}

const main = join(import.meta.dirname, '..', 'src', 'main.ts');
const giveUpAfterMs = 30_000;

/** @param redisUrl of its Redis; undefined: it keeps its sessions in SQLite */
export async function preparePlace(redisUrl?: string): Promise<Place> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', remove);
  const log = join(folder, 'requests.log');
  const emails = join(folder, 'emails.txt');
  mkdirSync(join(folder, 'cache'), { mode: 0o700 });
  writeFileSync(emails, 'person1@example.org\n');
  writeFileSync(log, '');
  const [port, opsPort] = [await freePort(), await freePort()];
  const dataDir = join(folder, 'data');
  const gateSecret = randomBytes(32).toString('hex');
  const env = {
    NODE_ENV: 'production',
    PUBLIC_URL: `https://${host}`,
    HOST: '127.0.0.1',
    PORT: String(port),
    OPS_PORT: String(opsPort),
    TRUSTED_HOPS: '1',
    SECRET_KEY: randomBytes(32).toString('hex'),
    GATE_SECRET: gateSecret,
    ADMIN_EMAILS: 'operator@example.org',
    EMAILS_FILE: emails,
    DATA_DIR: dataDir,
    // Where it keeps compiled code: the first start of a place finds none.
    XDG_CACHE_HOME: join(folder, 'cache'),
    AUDIT_LOG_FILE: join(folder, 'audit.log'),
    // Above the 30 devices of the page that is measured.
    SESSION_MAX_PER_USER: '40',
    ...(redisUrl !== undefined && { SESSION_BACKEND: 'redis', REDIS_URL: redisUrl }),
  };
  return {
    port,
    gateSecret,
    dataDir,
    async start() {
      const from = performance.now();
      // The log goes to a file: read by this process it would cost the load that it sends. `exec` keeps the process id.
      const child = await startChild({
        name: 'gatehouse',
        command: 'sh',
        args: ['-c', 'log=$1; shift; exec "$@" >>"$log" 2>&1', 'sh', log, process.execPath, main, 'serve'],
        cwd: folder,
        env,
      });
      while (!(await listensOn(port))) {
        if (!child.running() || performance.now() - from > giveUpAfterMs)
          throw new Error(`gatehouse did not start:\n${readFileSync(log, 'utf8').slice(-2000)}`);
        await delay(2);
      }
      return { child, listeningMs: performance.now() - from };
    },
    emptyLog: () => truncateSync(log),
    remove,
  };
}

function listensOn(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const end = (isUp: boolean) => {
      socket.destroy();
      resolve(isUp);
    };
    socket.once('connect', () => end(true)).once('error', () => end(false));
  });
}
