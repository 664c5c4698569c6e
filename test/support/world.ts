// The whole program on free ports: the stand-in for Google, the real oauth2-proxy, the app as a child process, and optionally a private
// Redis and an HTTPS front. Stops what it started and nothing else.
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { startApp } from '../../demo/app.ts';
import { type Child, freePort } from '../../demo/child.ts';
import { type Gate, type GateOptions, startGate } from '../../demo/gate.ts';
import { type StandInForGoogle, startGoogle } from '../../demo/google.ts';
import { type Client, createClient } from './client.ts';
import './endings.ts';
import { type HttpsFront, startHttpsFront } from './https-front.ts';
import { type PrivateRedis, startRedis } from './redis.ts';
import { mustHave } from './requirement.ts';

export interface WorldOptions {
  readonly store?: 'sqlite' | 'redis';
  /** Where oauth2-proxy keeps its sessions; defaults to `redis` on the Redis store, otherwise `cookie`. */
  readonly gateStore?: 'cookie' | 'redis';
  readonly https?: boolean;
  /** The initial allow-list. */
  readonly emails?: readonly string[];
  /** Overrides for oauth2-proxy: `{ refresh: '1s' }`. */
  readonly gate?: Partial<GateOptions>;
  /** Overrides for the app. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface World {
  /** The origin that browsers use. */
  readonly url: string;
  /** The app itself, bypassing oauth2-proxy. */
  readonly appUrl: string;
  readonly opsUrl: string;
  readonly gateSecret: string;
  /** The HTTPS front's certificate, for clients to trust. */
  readonly ca: string | undefined;
  /** Contains data, records and the allow-list; removed by `close`. */
  readonly folder: string;
  readonly emailsFile: string;
  readonly appEnv: Readonly<Record<string, string>>;
  readonly google: StandInForGoogle;
  readonly gate: Gate;
  readonly redis: PrivateRedis | undefined;
  /** The app process that is running now. */
  readonly app: Child;
  /** What the app has written since the start, across all restarts. */
  readonly appLines: readonly string[];
  /** Stops the app with SIGTERM and starts it again, optionally with other settings. */
  restartApp(env?: Readonly<Record<string, string>>): Promise<void>;
  /** Sends SIGKILL, like a crash; `restartApp` starts it again. */
  killApp(): Promise<void>;
  /** Replaces the allow-list as the app does: by renaming a new file over it. */
  allow(emails: readonly string[]): void;
  /** A person's device, without cookies. */
  client(): Client;
  close(): Promise<void>;
}

export async function startWorld(options: WorldOptions = {}): Promise<World> {
  const { store = 'sqlite', gateStore = store === 'redis' ? 'redis' : 'cookie', https = false } = options;
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-world-'));
  const emailsFile = join(folder, 'access', 'emails.txt');
  const gateSecret = randomBytes(32).toString('hex');
  const endings: (() => Promise<void>)[] = [];
  async function close(): Promise<void> {
    while (endings.length > 0) await endings.pop()?.();
    rmSync(folder, { recursive: true, force: true });
  }

  function allow(emails: readonly string[]): void {
    mkdirSync(dirname(emailsFile), { recursive: true });
    writeFileSync(`${emailsFile}.new`, `${emails.join('\n')}\n`);
    renameSync(`${emailsFile}.new`, emailsFile);
  }

  try {
    const binary = await mustHave('oauth2-proxy');
    allow(options.emails ?? ['ada@example.org', 'grace@example.org']);
    const google = await startGoogle();
    endings.push(() => google.close());
    const redis = store === 'redis' || gateStore === 'redis' ? await startRedis() : undefined;
    if (redis) endings.push(() => redis.close());
    const gatePort = await freePort();
    const front: HttpsFront | undefined = https
      ? await startHttpsFront(() => `http://127.0.0.1:${gatePort}`)
      : undefined;
    if (front) endings.push(() => front.close());
    const url = front?.origin ?? `http://localhost:${gatePort}`;

    const [appPort, opsPort] = [await freePort(), await freePort()];
    const appUrl = `http://127.0.0.1:${appPort}`;
    const gate = await startGate({
      binary,
      upstream: appUrl,
      google,
      emailsFile,
      gateSecret,
      port: gatePort,
      publicUrl: url,
      ...(gateStore === 'redis' && redis ? { redisUrl: redis.url } : {}),
      ...options.gate,
    });
    endings.push(() => gate.close());

    let appEnv = {
      PUBLIC_URL: url,
      HOST: '127.0.0.1',
      PORT: String(appPort),
      OPS_PORT: String(opsPort),
      TRUSTED_HOPS: https ? '2' : '1',
      SECRET_KEY: randomBytes(32).toString('hex'),
      GATE_SECRET: gateSecret,
      GATE_COOKIE_NAME: gate.cookieName,
      OAUTH2_PROXY_LOGIN_URL: google.loginUrl,
      GATE_SESSION_STORE: gateStore,
      ADMIN_EMAILS: 'ada@example.org',
      EMAILS_FILE: emailsFile,
      DATA_DIR: join(folder, 'data'),
      AUDIT_LOG_FILE: join(folder, 'logs', 'cookie_audit.log'),
      SESSION_BACKEND: store === 'redis' ? 'redis' : 'filesystem',
      OAUTH2_PROXY_COOKIE_SECURE: String(https),
      ...(redis ? { REDIS_URL: redis.url, GATE_REDIS_URL: redis.url } : {}),
      ...(options.gate?.refresh === undefined ? {} : { OAUTH2_PROXY_COOKIE_REFRESH: options.gate.refresh }),
      ...(options.gate?.expire === undefined ? {} : { OAUTH2_PROXY_COOKIE_EXPIRE: options.gate.expire }),
      ...options.env,
    };
    const appLines: string[] = [];
    const start = () => startApp({ env: appEnv, cwd: folder, onLine: (line) => appLines.push(line) });
    let app = await start();
    endings.push(() => app.stop());

    return {
      url,
      appUrl,
      opsUrl: `http://127.0.0.1:${opsPort}`,
      gateSecret,
      ca: front?.ca,
      folder,
      emailsFile,
      google,
      gate,
      redis,
      appLines,
      get app() {
        return app;
      },
      get appEnv() {
        return appEnv;
      },
      async restartApp(env = {}) {
        if (app.running()) await app.stop();
        appEnv = { ...appEnv, ...env };
        app = await start();
      },
      killApp: () => app.kill(),
      allow,
      client: () => createClient(url, front ? { ca: front.ca } : {}),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
