// Starts the servers that are measured, each on its own port and with its own Redis if it needs one: Node.js alone, Express, stock,
// Gatehouse on both stores, and oauth2-proxy with sessions in cookies and in Redis.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { freePort, startChild, waitFor } from '../demo/child.ts';
import { startGate } from '../demo/gate.ts';
import { startGoogle } from '../demo/google.ts';
import { randomToken } from '../src/crypto/tokens.ts';
import { granting } from '../src/guard/grants.ts';
import type { Store } from '../src/store/contract.ts';
import { startRedis } from '../test/support/redis.ts';
import { openStoreOf } from '../test/support/store-of.ts';
import { type Browser, createBrowser, createPace, openConnection, type Pace } from './load.ts';
import { guardedApp, type Place, preparePlace } from './ours.ts';
import {
  type BenchPerson,
  browserHeaders,
  cookieSession,
  createPeople,
  gateCookieName,
  gateHeaders,
  host,
  redisSession,
} from './people.ts';
import { usageOf } from './usage.ts';

export type ServerName =
  | 'raw node:http'
  | 'bare Express'
  | 'stock'
  | 'Gatehouse, SQLite'
  | 'Gatehouse, Redis'
  | 'oauth2-proxy, cookies'
  | 'oauth2-proxy, Redis';

export interface BenchServer {
  readonly name: ServerName;
  readonly port: number;
  readonly pid: number;
  /** Its Redis; undefined if it uses none. */
  readonly redis: BenchRedis | undefined;
  /** The browsers that request `path`: for `/devices` those of people with 30 devices, for `/dashboard` those of people with one. */
  browsersFor(path: string): readonly Browser[];
  readonly pace: Pace;
  /** Where the front of another app asks, if that is another port, and with which requests. */
  readonly check?: { readonly port: number; readonly browsers: readonly Browser[] };
  close(): Promise<void>;
}

export interface BenchRedis {
  readonly url: string;
  readonly client: Redis;
  /** Totals since it started: microseconds, and commands including those in scripts. */
  usage(): Promise<{ readonly cpuUs: number; readonly commands: number }>;
  close(): Promise<void>;
}

export interface Crowd {
  readonly people: number;
  /** How many people have 30 devices. */
  readonly withDevices: number;
}

export const devicesEach = 30;
/** Below the limit for one person (`src/http/limits.ts`), which counts the warm-up as well. */
const requestsAMinute = 500;
const signInsAtOnce = 16;

/** Configured as in the Compose file. */
export async function startBenchRedis(): Promise<BenchRedis> {
  const server = await startRedis(['appendonly yes', 'appendfsync everysec']);
  const client = new Redis(server.url);
  const numberIn = (info: string, name: string) => Number(new RegExp(`^${name}:(.*)$`, 'm').exec(info)?.[1]);
  let ownCommands = 0;
  return {
    url: server.url,
    client,
    async usage() {
      const commands = numberIn(await client.info('stats'), 'total_commands_processed') - ownCommands;
      ownCommands += 1;
      return { cpuUs: (await usageOf(server.child.pid)).cpuUs, commands };
    },
    async close() {
      client.disconnect();
      await server.close();
    },
  };
}

/** `raw` and `bare` have no sessions: they show the cost of Node.js and Express alone. */
export async function startPeer(kind: 'raw' | 'bare' | 'stock', { people }: Crowd): Promise<BenchServer> {
  const redis = kind === 'stock' ? await startBenchRedis() : undefined;
  const port = await freePort();
  const child = await startChild({
    name: kind,
    command: process.execPath,
    args: [join(import.meta.dirname, 'peers.ts'), kind],
    env: { NODE_ENV: 'production', PORT: String(port), REDIS_URL: redis?.url ?? '' },
  });
  const path = kind === 'stock' ? '/sign-in' : '/api/me';
  await waitFor(kind, async () => (await fetch(`http://127.0.0.1:${port}${path}`)).ok);
  const browsers = Array.from({ length: people }, () => createBrowser(browserHeaders));
  await openOnce(port, path, browsers);
  return {
    name: ({ raw: 'raw node:http', bare: 'bare Express', stock: 'stock' } as const)[kind],
    port,
    pid: child.pid,
    redis,
    browsersFor: () => browsers,
    pace: createPace(Number.POSITIVE_INFINITY),
    async close() {
      await child.stop();
      await redis?.close();
    },
  };
}

/** Signs everyone in on one device; writes the sessions of further devices to the store. */
export async function startOurs(
  store: 'sqlite' | 'redis',
  { people: count, withDevices }: Crowd,
): Promise<BenchServer> {
  const redis = store === 'redis' ? await startBenchRedis() : undefined;
  const place = await preparePlace(redis?.url);
  const { child } = await place.start();
  const people = createPeople(count);
  const browsers = await Promise.all(
    people.map(async (person) =>
      createBrowser(
        { ...browserHeaders, ...gateHeaders(person, place.gateSecret) },
        redis ? await redisSession(redis.client, person) : cookieSession(),
      ),
    ),
  );
  await openOnce(place.port, '/dashboard', browsers);
  const fronts = await letIntoApp(openStoreOf(redis?.url, place.dataDir), people, place);
  await addDevices(openStoreOf(redis?.url, place.dataDir), people.slice(0, withDevices));
  return {
    name: store === 'sqlite' ? 'Gatehouse, SQLite' : 'Gatehouse, Redis',
    port: place.port,
    pid: child.pid,
    redis,
    browsersFor(path) {
      if (path === '/devices') return browsers.slice(0, withDevices);
      return path === '/dashboard' ? browsers.slice(withDevices) : browsers;
    },
    pace: createPace(requestsAMinute),
    check: { port: place.guardPort, browsers: fronts },
    async close() {
      await child.stop();
      await redis?.close();
      place.remove();
    },
  };
}

/** Signs everyone in through the stand-in for Google, so that the cookies are oauth2-proxy's own. */
export async function startProxy(
  binary: string,
  sessions: 'cookies' | 'Redis',
  { people: count }: Crowd,
): Promise<BenchServer> {
  const people = createPeople(count);
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-bench-gate-'));
  const emailsFile = join(folder, 'emails.txt');
  writeFileSync(emailsFile, people.map(({ email }) => `${email}\n`).join(''));
  const google = await startGoogle({
    people: people.map(({ id: sub, email }) => ({ sub, email, name: email, about: '' })),
  });
  const redis = sessions === 'Redis' ? await startBenchRedis() : undefined;
  const gate = await startGate({
    binary,
    upstream: 'http://127.0.0.1:9',
    google,
    emailsFile,
    gateSecret: randomBytes(32).toString('hex'),
    publicUrl: `https://${host}`,
    cookieName: gateCookieName,
    ...(redis && { redisUrl: redis.url }),
    env: { OAUTH2_PROXY_LOGGING_FILENAME: join(folder, 'requests.log') },
  });
  const browsers = await inGroups(people, (person) => signIn(gate.port, person));
  return {
    name: sessions === 'Redis' ? 'oauth2-proxy, Redis' : 'oauth2-proxy, cookies',
    port: gate.port,
    pid: gate.child.pid,
    redis,
    browsersFor: () => browsers,
    pace: createPace(Number.POSITIVE_INFINITY),
    async close() {
      await gate.close();
      await google.close();
      await redis?.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function signIn(port: number, { email, address }: BenchPerson): Promise<Browser> {
  const browser = createBrowser({
    ...browserHeaders,
    'x-forwarded-for': address,
    'x-forwarded-proto': 'https',
    'x-forwarded-host': host,
  });
  const connection = await openConnection(port);
  const go = async (path: string) => {
    const { head } = await connection.ask(browser.requestFor(path));
    browser.keep(head);
    return /^location: *(\S+)/im.exec(head)?.[1] ?? '';
  };
  const chooser = new URL(await go('/oauth2/start?rd=%2Fdashboard'));
  chooser.searchParams.set('login_hint', email);
  const chosen = await follow(chooser);
  await go(`${chosen.pathname}${chosen.search}`);
  connection.close();
  return browser;
}

/** Follows redirects from the account chooser until the redirect URI. */
async function follow(chooser: URL): Promise<URL> {
  const { headers } = await fetch(chooser, { redirect: 'manual' });
  const next = new URL(headers.get('location') ?? '', chooser);
  return next.pathname === '/oauth2/callback' ? next : follow(next);
}

/** Adds copies of the session that each person has. */
async function addDevices(store: Store, people: readonly BenchPerson[]): Promise<void> {
  for (const { id } of people) {
    const [row] = await store.sessions.rowsOf(id);
    if (!row) throw new Error('a sign-in left no session');
    for (let i = 1; i < devicesEach; i++) {
      const [createdAt, lastSeenAt] = [row.createdAt - i * 60_000, row.lastSeenAt - i * 30_000];
      const handle = randomBytes(9).toString('base64url');
      await store.sessions.create({ ...row, key: handle, handle, idHash: handle, createdAt, lastSeenAt });
    }
  }
  await store.close();
}

/** As a handoff does. @returns what the front sends about each person's browser */
async function letIntoApp(
  store: Store,
  people: readonly BenchPerson[],
  { guard }: Place,
): Promise<readonly Browser[]> {
  const browsers: Browser[] = [];
  for (const { id, address } of people) {
    const [row] = await store.sessions.rowsOf(id);
    if (!row) throw new Error('a sign-in left no session');
    const secret = randomToken();
    const change = granting({}, guardedApp.name, secret, { now: Date.now(), begins: true });
    await store.sessions.update(row.key, change);
    const cookie = `${guard.cookieName}=${row.key}.${secret}`;
    browsers.push(createBrowser({ ...browserHeaders, ...guard.headers, 'x-forwarded-for': address }, cookie));
  }
  await store.close();
  return browsers;
}

async function openOnce(port: number, path: string, browsers: readonly Browser[]): Promise<void> {
  await inGroups(browsers, async (browser) => {
    const connection = await openConnection(port);
    const { status, head } = await connection.ask(browser.requestFor(path));
    if (status >= 300) throw new Error(`a sign-in was answered with ${status}`);
    browser.keep(head);
    connection.close();
  });
}

async function inGroups<T, R>(all: readonly T[], work: (one: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let i = 0; i < all.length; i += signInsAtOnce)
    results.push(...(await Promise.all(all.slice(i, i + signInsAtOnce).map(work))));
  return results;
}
