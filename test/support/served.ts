// Servers as people run them: `gatehouse serve` as separate processes, all on one store and one `.env` that the generator created.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { startApp } from '../../demo/app.ts';
import { type Child, freePort, waitFor } from '../../demo/child.ts';
import type { StoreKind } from './desk.ts';
import './endings.ts';
import { type PrivateRedis, startRedis } from './redis.ts';

export interface Server {
  readonly url: string;
  readonly port: number;
  readonly child: Child;
  /** Its log, across all restarts. */
  readonly lines: readonly string[];
  /** Sends SIGTERM and starts it again with the current `.env`. */
  restart(): Promise<void>;
  /** Sends SIGHUP. @returns the log line that reports the result */
  reload(): Promise<Record<string, unknown>>;
}

export interface Served {
  readonly servers: readonly Server[];
  readonly envFile: string;
  /** The value of a variable in `.env`. */
  setting(name: string): string;
  /** Writes variables into `.env`, replacing their lines. */
  set(values: Readonly<Record<string, string>>): void;
  /** Runs the generator on `.env`. @throws with its output if it fails */
  generate(...args: string[]): Promise<void>;
  close(): Promise<void>;
}

const root = resolve(import.meta.dirname, '../..');

export async function startServed(
  store: StoreKind,
  count: number,
  settings: Readonly<Record<string, string>> = {},
): Promise<Served> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-served-'));
  const envFile = join(folder, '.env');
  const servers: Server[] = [];
  let redis: PrivateRedis | undefined;

  function set(values: Readonly<Record<string, string>>): void {
    let text = readFileSync(envFile, 'utf8');
    for (const [name, value] of Object.entries(values)) {
      const line = new RegExp(`^${name}=.*$`, 'm');
      const written = () => `${name}=${value}`;
      text = line.test(text) ? text.replace(line, written) : `${text}${written()}\n`;
    }
    writeFileSync(envFile, text, { mode: 0o600 });
  }
  const generate = (...args: string[]) =>
    new Promise<void>((done, fail) =>
      execFile(
        process.execPath,
        [join(root, 'generate-secrets.ts'), ...args, '--yes', '--env', envFile],
        { cwd: folder },
        (error, out, err) => (error ? fail(new Error(`${out}\n${err}`)) : done()),
      ),
    );
  async function close(): Promise<void> {
    await Promise.all(servers.map(({ child }) => child.stop()));
    await redis?.close();
    rmSync(folder, { recursive: true, force: true });
  }

  try {
    redis = store === 'redis' ? await startRedis() : undefined;
    await generate();
    set({
      PUBLIC_URL: 'https://desk.test',
      ADMIN_EMAILS: 'ada@example.org',
      RATE_LIMIT: 'off',
      DATA_DIR: join(folder, 'data'),
      EMAILS_FILE: join(folder, 'emails.txt'),
      AUDIT_LOG_FILE: join(folder, 'record.log'),
      GATE_SESSION_STORE: 'cookie',
      SESSION_BACKEND: store === 'redis' ? 'redis' : 'filesystem',
      ...(redis && { REDIS_URL: redis.url }),
      ...settings,
    });
    for (let i = 0; i < count; i++) servers.push(await startServer(folder));
    return { servers, envFile, setting: (name) => settingIn(envFile, name), set, generate, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function startServer(folder: string): Promise<Server> {
  const [port, opsPort] = [await freePort(), await freePort()];
  const lines: string[] = [];
  const env = { HOST: '127.0.0.1', PORT: String(port), OPS_PORT: String(opsPort) };
  const start = () => startApp({ env, cwd: folder, onLine: (line) => lines.push(line) });
  let child = await start();
  return {
    url: `http://localhost:${port}`,
    port,
    lines,
    get child() {
      return child;
    },
    async restart() {
      await child.stop();
      child = await start();
    },
    async reload() {
      const from = lines.length;
      process.kill(child.pid, 'SIGHUP');
      const said = () =>
        lines.slice(from).find((line) => /"event":"settings\.(reloaded|refused)"/.test(line));
      return JSON.parse(await waitFor('the reload', said)) as Record<string, unknown>;
    },
  };
}

function settingIn(envFile: string, name: string): string {
  return new RegExp(`^${name}=(.*)$`, 'm').exec(readFileSync(envFile, 'utf8'))?.[1] ?? '';
}
