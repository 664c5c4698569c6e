// The measured program, configured as in production: all defences, rate limits, the request log and metrics are on.
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startArguments } from '../demo/app.ts';
import { type Child, freePort, startChild } from '../demo/child.ts';
import { createKeyring } from '../src/crypto/keyring.ts';
import { frontKey } from '../src/guard/front-key.ts';
import { guardCookieName } from '../src/guard/guard-cookie.ts';
import { host } from './people.ts';

/** One deployment: a folder, ports and settings. */
export interface Place {
  readonly port: number;
  /** Of the guard. */
  readonly guardPort: number;
  /** The `Cookie` name of a guard session, and the header lines that the front adds to a check. */
  readonly guard: { readonly cookieName: string; readonly headers: Readonly<Record<string, string>> };
  readonly gateSecret: string;
  readonly dataDir: string;
  /** Starts the program. Resolves when it accepts connections, with the milliseconds that this took. */
  start(): Promise<{ readonly child: Child; readonly listeningMs: number }>;
  remove(): void;
}

export const guardedApp = { name: 'grafana', origin: 'https://grafana.example.org', keyVersion: 1 };
const giveUpAfterMs = 30_000;

/** @param redisUrl the URL of its Redis; undefined: it uses SQLite */
export async function preparePlace(redisUrl?: string): Promise<Place> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', remove);
  const emails = join(folder, 'emails.txt');
  mkdirSync(join(folder, 'cache'), { mode: 0o700 });
  writeFileSync(emails, 'person1@example.org\n');
  const [port, opsPort, guardPort] = [await freePort(), await freePort(), await freePort()];
  const appsFile = join(folder, 'apps.yaml');
  writeFileSync(
    appsFile,
    `apps:\n  ${guardedApp.name}:\n    url: ${guardedApp.origin}\n    who: [everyone]\n`,
  );
  const secretKey = randomBytes(32).toString('hex');
  const dataDir = join(folder, 'data');
  const gateSecret = randomBytes(32).toString('hex');
  const env = {
    NODE_ENV: 'production',
    PUBLIC_URL: `https://${host}`,
    HOST: '127.0.0.1',
    PORT: String(port),
    OPS_PORT: String(opsPort),
    TRUSTED_HOPS: '1',
    SECRET_KEY: secretKey,
    GUARD_LISTEN: `127.0.0.1:${guardPort}`,
    APPS_FILE: appsFile,
    // A run may be longer than the default, and a renewal is not what is measured.
    GUARD_RENEW_AFTER: '86400',
    OAUTH2_PROXY_EMAIL_DOMAINS: 'example.org',
    GATE_SECRET: gateSecret,
    ADMIN_EMAILS: 'operator@example.org',
    EMAILS_FILE: emails,
    DATA_DIR: dataDir,
    // Its compile cache, so that the first start in a place finds none.
    XDG_CACHE_HOME: join(folder, 'cache'),
    AUDIT_LOG_FILE: join(folder, 'audit.log'),
    // More than the 30 devices of the measured page.
    SESSION_MAX_PER_USER: '40',
    ...(redisUrl !== undefined && { SESSION_BACKEND: 'redis', REDIS_URL: redisUrl }),
  };
  return {
    port,
    guardPort,
    guard: {
      cookieName: guardCookieName(guardedApp),
      headers: {
        'x-guard-key': frontKey(createKeyring([secretKey]), guardedApp),
        'x-forwarded-host': new URL(guardedApp.origin).host,
        'x-forwarded-method': 'GET',
        'x-forwarded-uri': '/',
      },
    },
    gateSecret,
    dataDir,
    async start() {
      const from = performance.now();
      const child = await startChild({
        name: 'gatehouse',
        command: process.execPath,
        args: startArguments,
        cwd: folder,
        env,
      });
      while (!(await listensOn(port))) {
        if (!child.running() || performance.now() - from > giveUpAfterMs)
          throw new Error(`gatehouse did not start:\n${child.lines.slice(-5).join('\n')}`);
        await delay(2);
      }
      return { child, listeningMs: performance.now() - from };
    },
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
