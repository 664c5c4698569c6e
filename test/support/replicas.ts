// Two servers on one store, as separate processes with the same settings, and people who are signed in on many devices.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { startApp } from '../../demo/app.ts';
import { type Child, freePort } from '../../demo/child.ts';
import { createKeyring } from '../../src/crypto/keyring.ts';
import { digest, randomName, randomToken } from '../../src/crypto/tokens.ts';
import { frontKey } from '../../src/guard/front-key.ts';
import { granting } from '../../src/guard/grants.ts';
import { guardCookieName } from '../../src/guard/guard-cookie.ts';
import { deviceOf } from '../../src/sessions/rules/device.ts';
import { keyOf, newSessionId } from '../../src/sessions/rules/session-id.ts';
import type { Store } from '../../src/store/contract.ts';
import type { SessionRow } from '../../src/store/contract-sessions.ts';
import { type Answer, createClient } from './client.ts';
import { ada, type StoreKind, type TestPerson } from './desk.ts';
import { type PrivateRedis, startRedis } from './redis.ts';
import { openStoreOf } from './store-of.ts';

/** A device on which somebody is signed in. */
export interface Device {
  readonly person: TestPerson;
  readonly handle: string;
  /** Its request header lines, for any server. */
  readonly headers: readonly string[];
  /** The header lines with which the front asks the guard about a script of this device in an app. */
  readonly guardHeaders: readonly string[];
  /** Sends a form, or without `fields` a GET, to the first server. */
  ask(path: string, fields?: Readonly<Record<string, string>>, method?: string): Promise<Answer>;
}

export interface PlantOptions {
  readonly row?: Partial<SessionRow>;
  /** The id in the cookie; absent: the current one of the row. */
  readonly id?: string;
  readonly gateCookie?: GateCookie;
}

/** A cookie of oauth2-proxy. */
export interface GateCookie {
  readonly value: string;
  readonly digest: string;
  readonly issuedAt: number;
}

export interface ReplicaOptions {
  readonly store: StoreKind;
  /** Settings as in `.env`, for both. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Instead of a Redis of its own; `close` closes it too. */
  readonly redis?: PrivateRedis;
  /** Instead of the URL of that Redis. */
  readonly redisUrl?: string;
}

export interface Replicas {
  /** The server where sessions are ended. */
  readonly first: Replica;
  /** The server that is asked afterwards. */
  readonly second: Replica;
  readonly folder: string;
  readonly emailsFile: string;
  readonly redis: PrivateRedis | undefined;
  /** The store, opened by this process. */
  readonly store: Store;
  /** Signs in through the first server. */
  signIn(person: TestPerson, gateCookie?: GateCookie): Promise<Device>;
  /** Writes a session into the store. */
  plant(person: TestPerson, options?: PlantOptions): Promise<Device>;
  /** A terminal command with the same settings. @returns what it printed. @throws if it fails */
  gatehouse(...args: readonly string[]): Promise<string>;
  close(): Promise<void>;
}

export interface Replica {
  readonly port: number;
  readonly guardPort: number;
  readonly child: Child;
  start(): Promise<void>;
  /** How often the store was asked, by operation. */
  asked(): Promise<ReadonlyMap<string, number>>;
}

const main = resolve(import.meta.dirname, '../../src/main.ts');
const app = { name: 'grafana', origin: 'https://grafana.test', keyVersion: 1 };
export const gateCookieName = '_oauth2_proxy';
const sessionCookieName = '__Host-session';
const publicUrl = 'https://desk.test';

/** @param payload a ticket; absent: any session */
export function newGateCookie(payload = randomToken(40)): GateCookie {
  const seconds = Math.floor(Date.now() / 1000) - 1;
  return {
    value: `${payload}|${seconds}|${randomToken()}`,
    digest: digest(`${payload}${seconds}`),
    issuedAt: seconds * 1000,
  };
}

export async function startReplicas(options: ReplicaOptions): Promise<Replicas> {
  const { store: kind, settings = {} } = options;
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-replicas-'));
  const dataDir = join(folder, 'data');
  const emailsFile = join(folder, 'access', 'emails.txt');
  const [secretKey, gateSecret] = [randomBytes(32).toString('hex'), randomBytes(32).toString('hex')];
  mkdirSync(dirname(emailsFile));
  writeFileSync(emailsFile, `${ada.email}\n`);
  const appsFile = join(folder, 'access', 'apps.yaml');
  writeFileSync(appsFile, `apps:\n  ${app.name}:\n    url: ${app.origin}\n    who: [everyone]\n`);
  const redis = kind === 'redis' ? (options.redis ?? (await startRedis())) : undefined;
  const redisUrl = options.redisUrl ?? redis?.url;
  const env = {
    PUBLIC_URL: publicUrl,
    SECRET_KEY: secretKey,
    GATE_SECRET: gateSecret,
    ADMIN_EMAILS: ada.email,
    EMAILS_FILE: emailsFile,
    APPS_FILE: appsFile,
    OAUTH2_PROXY_EMAIL_DOMAINS: 'attack.test',
    GATE_COOKIE_NAME: gateCookieName,
    GATE_SESSION_STORE: 'cookie',
    RATE_LIMIT: 'off',
    LOG_LEVEL: 'error',
    AUDIT_LOG_FILE: 'off',
    DATA_DIR: dataDir,
    ...(redisUrl !== undefined && { SESSION_BACKEND: 'redis', REDIS_URL: redisUrl }),
    ...settings,
  };
  const keyring = createKeyring([secretKey]);
  const firstPort = await freePort();
  const firstUrl = `http://localhost:${firstPort}`;
  const replicas: (Replica & { stop(): Promise<void> })[] = [];
  let store: Store | undefined;

  async function close(): Promise<void> {
    await store?.close();
    await Promise.all(replicas.map((replica) => replica.stop()));
    await redis?.close();
    rmSync(folder, { recursive: true, force: true });
  }

  async function startReplica(port: number): Promise<Replica> {
    const [opsPort, guardPort] = [await freePort(), await freePort()];
    const ports = { PORT: String(port), OPS_PORT: String(opsPort), GUARD_LISTEN: `127.0.0.1:${guardPort}` };
    const own = { ...env, HOST: '127.0.0.1', ...ports };
    let child = await startApp({ env: own, cwd: folder });
    const replica = {
      port,
      guardPort,
      get child() {
        return child;
      },
      async start() {
        child = await startApp({ env: own, cwd: folder });
      },
      stop: () => child.kill(),
      async asked() {
        const text = await (await fetch(`http://127.0.0.1:${opsPort}/metrics`)).text();
        const counts = text.matchAll(/^gatehouse_store_duration_seconds_count\{operation="(\w+)"\} (\d+)$/gm);
        return new Map([...counts].map(([, name = '', count]) => [name, Number(count)]));
      },
    };
    replicas.push(replica);
    return replica;
  }

  const gateHeaders = ({ id, email }: TestPerson) => ({
    host: 'desk.test',
    authorization: `Basic ${Buffer.from(`${id}:${gateSecret}`).toString('base64')}`,
    'x-forwarded-user': id,
    'x-forwarded-email': email,
  });

  /** Lets the session into the app, as a handoff does. */
  async function grant(person: TestPerson, key: string): Promise<readonly string[]> {
    const secret = randomToken();
    const change = granting({}, app.name, secret, { now: Date.now(), begins: true });
    if (!(await store?.sessions.update(key, change))) throw new Error(`no session of ${person.email}`);
    return Object.entries({
      host: 'guard',
      'x-guard-key': frontKey(keyring, app),
      'x-forwarded-method': 'GET',
      'x-forwarded-uri': '/api/data',
      'x-forwarded-host': new URL(app.origin).host,
      'x-forwarded-for': '127.0.0.1',
      accept: '*/*',
      cookie: `${guardCookieName(app)}=${key}.${secret}`,
    }).map(([name, value]) => `${name}: ${value}`);
  }

  async function device(
    person: TestPerson,
    {
      handle,
      key,
      cookie,
      csrfToken = '',
    }: { handle: string; key: string; cookie: string; csrfToken?: string },
  ): Promise<Device> {
    const guardHeaders = await grant(person, key);
    const headers = { ...gateHeaders(person), cookie };
    const client = createClient(firstUrl, { headers });
    return {
      person,
      handle,
      headers: Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
      guardHeaders,
      ask: (path, fields, method = fields ? 'POST' : 'GET') =>
        client.ask(path, {
          method,
          headers: {
            origin: publicUrl,
            'content-type': 'application/x-www-form-urlencoded',
            'x-csrf-token': csrfToken,
          },
          ...(fields && { body: new URLSearchParams(fields).toString() }),
        }),
    };
  }

  async function signIn(person: TestPerson, gateCookie?: GateCookie): Promise<Device> {
    const client = createClient(firstUrl, { headers: gateHeaders(person) });
    if (gateCookie) client.cookies.set(gateCookieName, gateCookie.value);
    const page = await client.ask('/settings');
    if (page.status !== 200) throw new Error(`a sign-in was answered with ${page.status}`);
    const me = (await client.ask('/api/me')).json<{ csrfToken: string; session: { handle: string } }>();
    const { handle } = me.session;
    const row = await store?.sessions.findByHandle(handle);
    const cookie = cookieOf(client.cookies);
    return device(person, { handle, key: row?.key ?? '', cookie, csrfToken: me.csrfToken });
  }

  async function plant(person: TestPerson, { row = {}, id, gateCookie }: PlantOptions): Promise<Device> {
    const now = Date.now();
    const sent = id ?? newSessionId();
    const handle = randomName();
    await store?.sessions.create({
      key: keyOf(sent),
      handle,
      personId: person.id,
      email: person.email,
      createdAt: now,
      lastSeenAt: now,
      expiresAt: now + 604_800_000,
      idHash: digest(sent),
      idIssuedAt: now,
      ...row,
      data: {
        csrfSecret: randomToken(24),
        staySignedIn: true,
        device: deviceOf(undefined),
        network: '127.0.0.1',
        ...(gateCookie && {
          gate: { state: 'cookie', digest: gateCookie.digest, issuedAt: gateCookie.issuedAt },
        }),
        ...row.data,
      },
    });
    return device(person, { handle, key: keyOf(sent), cookie: cookieOf(cookiesFor(sent, gateCookie)) });
  }

  function cookiesFor(id: string, gateCookie: GateCookie | undefined): ReadonlyMap<string, string> {
    const mac = keyring.mac('session cookie', id).replaceAll('-', '+').replaceAll('_', '/');
    const signed = encodeURIComponent(`s:${id}.${mac}`);
    return new Map([
      [sessionCookieName, signed],
      ...(gateCookie ? ([[gateCookieName, gateCookie.value]] as const) : []),
    ]);
  }

  function gatehouse(...args: readonly string[]): Promise<string> {
    return new Promise((done, fail) =>
      execFile(
        process.execPath,
        [main, ...args],
        { cwd: folder, env: { PATH: process.env['PATH'], ...env } },
        (error, out, err) => (error ? fail(new Error(`${args[0]}: ${out}\n${err}`)) : done(out)),
      ),
    );
  }

  try {
    const [first, second] = await Promise.all([startReplica(firstPort), startReplica(await freePort())]);
    store = openStoreOf(redisUrl, dataDir);
    return { first, second, folder, emailsFile, redis, store, signIn, plant, gatehouse, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function cookieOf(cookies: ReadonlyMap<string, string>): string {
  return [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
}
