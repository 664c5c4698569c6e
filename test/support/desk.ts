// The app in this process, on either store, with a clock that tests advance; the tests send the gate's headers themselves.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import type { TestContext } from 'node:test';
import { createApp } from '../../src/app.ts';
import type { RecordKeeper } from '../../src/audit/recorder.ts';
import type { Config } from '../../src/config/derive.ts';
import { formatProblems, loadConfig } from '../../src/config/load.ts';
import { createLogger } from '../../src/http/log.ts';
import { createHttpServer, drain, listen } from '../../src/http/server.ts';
import type { Store } from '../../src/store/contract.ts';
import { createRedisStore } from '../../src/store/redis.ts';
import { connectRedis } from '../../src/store/redis-client.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import type { AppOptions } from '../../src/wiring/app-parts.ts';
import { openRecord } from '../../src/wiring/audit-log.ts';
import { createSessionControl } from '../../src/wiring/session-control.ts';
import { openPendingRevocations } from '../../src/wiring/store.ts';
import { type Client, createClient } from './client.ts';
import { type PrivateRedis, startRedis } from './redis.ts';

export type StoreKind = 'sqlite' | 'redis';

/** Both; a control needs only one of them to see its test fail. */
export const storeKinds = (['sqlite', 'redis'] as const).filter(
  (kind) => (process.env['CONTROL_STORE'] ?? kind) === kind,
);

export interface TestPerson {
  readonly id: string;
  readonly email: string;
}

export const ada: TestPerson = { id: '100000000000000000001', email: 'ada@example.org' };
export const grace: TestPerson = { id: '100000000000000000002', email: 'grace@example.org' };

export interface Desk {
  readonly config: Config;
  readonly app: ReturnType<typeof createApp>;
  readonly store: Store;
  readonly recorder: RecordKeeper;
  readonly redis: PrivateRedis | undefined;
  readonly dataDir: string;
  readonly port: number;
  /** Where the tests reach the app: `http://localhost:<port>`. */
  readonly origin: string;
  /** Every log line so far. */
  readonly logLines: string[];
  now(): number;
  advance(ms: number): void;
  /** A browser whose requests the gate has forwarded for `person`; without a person, a visitor. */
  browser(person?: TestPerson, headers?: Record<string, string>): Client;
  /** The header lines that the gate adds for `person`. */
  gateHeaders(person: TestPerson): Record<string, string>;
  close(): Promise<void>;
}

export interface SessionActionOptions {
  readonly store: StoreKind;
  /** Settings as in `.env`. */
  readonly settings?: Record<string, string>;
  /** Instead of a Redis of its own; the caller closes it. */
  readonly redis?: PrivateRedis;
  /** A second replica: the same store and the same clock. */
  readonly beside?: Desk;
  /** Optional parts of the app: the vault, the library. */
  readonly parts?: Partial<AppOptions>;
  /** Instead of the real time with what `advance` added. */
  readonly clock?: () => number;
  /** The longest that a whole request may take. */
  readonly requestMs?: number;
}

/** An https origin by default, so that cookies have the `__Host-` prefix; requests reach the app directly. */
export async function startDesk({
  store: kind,
  settings = {},
  redis: given,
  beside,
  parts,
  clock,
  requestMs,
}: SessionActionOptions): Promise<Desk> {
  const dataDir = beside?.dataDir ?? mkdtempSync(join(tmpdir(), 'gatehouse-desk-'));
  const redis = kind === 'redis' ? (beside?.redis ?? given ?? (await startRedis())) : undefined;
  const config = configOf({
    PUBLIC_URL: 'https://desk.test',
    SECRET_KEY: randomBytes(32).toString('hex'),
    GATE_SECRET: randomBytes(32).toString('hex'),
    ADMIN_EMAILS: ada.email,
    RATE_LIMIT: 'off',
    LOG_LEVEL: 'debug',
    DATA_DIR: dataDir,
    AUDIT_LOG_FILE: 'off',
    ...(redis && { SESSION_BACKEND: 'redis', REDIS_URL: redis.url }),
    ...(beside && { SECRET_KEY: beside.config.secretKeys[0], GATE_SECRET: beside.config.gate.secrets[0] }),
    ...settings,
  });
  const logLines: string[] = [];
  const logger = createLogger(config.logLevel, collect(logLines));
  const client = redis && connectRedis(redis.url, () => {});
  const plain = client ? createRedisStore(client) : openSqliteStore(dataDir);
  const pendingRevocations = openPendingRevocations(config, plain, logger);
  const store = { ...plain, sessions: pendingRevocations.sessions };
  // Starts at the real time, because Redis expires keys by its own clock.
  let ahead = 0;
  const now = clock ?? beside?.now ?? (() => Date.now() + ahead);
  const recorder = openRecord({ config: () => config, store, logger, now });
  const endings = createSessionControl({
    config,
    store,
    logger,
    recorder,
    now,
    gateRedis: undefined,
    pendingRevocations,
  });
  const stopFinishing = await endings.start();
  const redisPart = client && { redis: client };
  const app = createApp({
    config,
    store,
    logger,
    recorder,
    now,
    sessionControl: endings,
    ...redisPart,
    ...parts,
  });
  const server = createHttpServer(app.listener, logger, requestMs);
  const port = await listen(server, 0, '127.0.0.1');
  const origin = `http://localhost:${port}`;

  const gateHeaders = ({ id, email }: TestPerson) => ({
    authorization: `Basic ${Buffer.from(`${id}:${config.gate.secrets[0]}`).toString('base64')}`,
    'x-forwarded-user': id,
    'x-forwarded-email': email,
  });
  return {
    config,
    app,
    store,
    recorder,
    redis,
    dataDir,
    port,
    origin,
    logLines,
    now,
    advance: (ms) => {
      ahead += ms;
    },
    browser: (person, headers = {}) =>
      createClient(origin, { headers: { ...(person && gateHeaders(person)), ...headers } }),
    gateHeaders,
    async close() {
      await drain(server, 100);
      await stopFinishing();
      await recorder.close();
      await store.close();
      if (beside) return;
      if (!given) await redis?.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** A desk for one test, closed after it however the test ends. */
export async function also(test: TestContext, options: SessionActionOptions): Promise<Desk> {
  const desk = await startDesk(options);
  test.after(() => desk.close());
  return desk;
}

/** A configuration from settings alone. @throws with every problem */
export function configOf(settings: Record<string, string>): Config {
  const loaded = loadConfig({ env: settings });
  if ('problems' in loaded) throw new Error(formatProblems(loaded.problems));
  return loaded.config;
}

/** Opens the dashboard once; resolves to what a script needs for making changes. */
export async function begin(desk: Desk, person: TestPerson, headers: Record<string, string> = {}) {
  const browser = desk.browser(person, headers);
  const page = await browser.ask('/dashboard');
  if (page.status !== 200) throw new Error(`sign-in answered ${page.status}`);
  const me = (await browser.ask('/api/me')).json<{ csrfToken: string; session: { handle: string } }>();
  const change = (path: string, fields: Record<string, string> = {}, more: Record<string, string> = {}) =>
    browser.ask(path, {
      method: 'POST',
      body: new URLSearchParams(fields).toString(),
      headers: {
        origin: desk.origin,
        'content-type': 'application/x-www-form-urlencoded',
        'x-csrf-token': me.csrfToken,
        ...more,
      },
    });
  return { browser, page, csrfToken: me.csrfToken, handle: me.session.handle, change };
}

function collect(lines: string[]): Writable {
  return new Writable({
    write(chunk, _encoding, done) {
      lines.push(...String(chunk).split('\n').filter(Boolean));
      done();
    },
  });
}
