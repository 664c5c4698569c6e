// What the hostile suites share: raw cookie headers, everything that the store holds, the app on a store that fails.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createApp } from '../../src/app.ts';
import { createLogger } from '../../src/http/log.ts';
import { createHttpServer, drain, listen } from '../../src/http/server.ts';
import { connectRedis } from '../../src/store/redis-client.ts';
import { unpackEntry } from '../../src/store/redis-entry.ts';
import type { AppOptions } from '../../src/wiring/app-parts.ts';
import { type Answer, type Client, createClient } from './client.ts';
import type { Desk, StoreKind, TestPerson } from './desk.ts';
import { sendRaw } from './raw.ts';
import { logEvents } from './recorder.ts';
import { need } from './requirement.ts';

export const sessionName = '__Host-session';
export const visitorName = '__Host-visitor_session_id';
export const formType = 'application/x-www-form-urlencoded';
export const opened = {
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
  'sec-fetch-site': 'none',
};

export const needsOf = (kind: StoreKind) => need(...(kind === 'redis' ? (['redis-server'] as const) : []));

/** The value of the `Cookie` header that this browser would send. */
export const cookieHeader = (browser: Client) =>
  [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ');

/** The secret part of the session cookie. */
export const sessionIdOf = (browser: Client) =>
  /^s:([^.]+\.[^.]+)\./.exec(decodeURIComponent(browser.cookies.get(sessionName) ?? ''))?.[1] ?? '';

export const sessionKeyOf = (browser: Client) => sessionIdOf(browser).split('.')[0] ?? '';

export const gateLines = (desk: Desk, person: TestPerson) =>
  Object.entries(desk.gateHeaders(person)).map(([name, value]) => `${name}: ${value}`);

export const raw = (desk: Desk, requestLine: string, headers: readonly string[] = [], body = '') =>
  sendRaw({ port: desk.port, requestLine, headers: [...headers, 'Connection: close'], body });

/** The record notes refusals, counters increase, and claims expire within seconds: these may change even if nothing else may. */
const mayChange = /^(gatehouse:)?\{?(record|alias|counter|claim)/;

/** Everything that the store holds except the record, as text, so that two calls can be compared. */
export async function storeContents(desk: Desk): Promise<string> {
  const rows = desk.redis ? await redisContents(desk.redis.url) : sqliteContents(desk.dataDir);
  return rows
    .filter((row) => !mayChange.test(row))
    .sort()
    .join('\n');
}

function sqliteContents(dataDir: string): string[] {
  const db = new DatabaseSync(join(dataDir, 'gatehouse.db'), { readOnly: true });
  const tables = db.prepare(`SELECT name FROM sqlite_schema WHERE type = 'table'`).all();
  const rows = tables.flatMap(({ name }) =>
    db
      .prepare(`SELECT * FROM ${name}`)
      .all()
      .map((row) => `${name} ${JSON.stringify(row)}`),
  );
  db.close();
  return rows;
}

async function redisContents(url: string): Promise<string[]> {
  const client = connectRedis(url, () => {});
  const keys = await client.keys('*');
  const rows = keys.map(async (key) => {
    return `${key} ${JSON.stringify(await readAny(client, key))}`;
  });
  const read = await Promise.all(rows);
  client.disconnect();
  return read;
}

async function readAny(client: ReturnType<typeof connectRedis>, key: string): Promise<unknown> {
  switch (await client.type(key)) {
    case 'hash':
      return Object.entries(await client.hgetall(key)).sort();
    case 'zset':
      return client.zrange(key, '0', '-1', 'WITHSCORES');
    case 'set':
      return (await client.smembers(key)).sort();
    case 'stream':
      // Decompressed, so that a search for text in it finds it.
      return (await client.xrangeBuffer(key, '-', '+')).map(([id, fields]) => [
        id.toString(),
        unpackEntry(fields),
      ]);
    case 'list':
      return client.lrange(key, 0, -1);
    default:
      return client.get(key);
  }
}

/** Asserts that the store is the same after `attack`. */
export async function leavesStoreAlone<T>(desk: Desk, attack: () => Promise<T>, about = ''): Promise<T> {
  const before = await storeContents(desk);
  const result = await attack();
  assert.equal(await storeContents(desk), before, `the store changed: ${about}`);
  return result;
}

/** The code of a refusal sent to a script. */
export const codeOf = (answer: { readonly text: string }) =>
  (JSON.parse(answer.text) as { error: { code: string } }).error.code;

/** Asserts that a refusal is plain words: a page or JSON that names no file, no stack and no library. */
export function assertPlain(body: string, about = ''): void {
  assert.doesNotMatch(
    body,
    /node_modules|\.ts:\d|at \w+ \(|Error:|express|ioredis|SQLITE|ECONN/i,
    `not plain: ${about}`,
  );
}

export function assertNoSessionCookie(answer: Pick<Answer, 'setCookies'>, about = ''): void {
  const lines = answer.setCookies.filter((line) => !line.startsWith(`${visitorName}=`));
  assert.deepEqual(lines, [], `a cookie was set: ${about}`);
}

/** A second app on `desk` with different parts: a store that fails, for example. */
export async function startVariant(desk: Desk, parts: Partial<AppOptions>) {
  const logLines: string[] = [];
  const logger = createLogger('info', { write: (line: string) => void logLines.push(line) });
  const options = {
    config: desk.config,
    store: desk.store,
    logger,
    recorder: logEvents(logger),
    now: desk.now,
    ...parts,
  };
  const server = createHttpServer(createApp(options).listener, logger);
  const port = await listen(server, 0, '127.0.0.1');
  const origin = `http://localhost:${port}`;
  return {
    port,
    origin,
    logLines,
    browser: (person?: TestPerson) =>
      createClient(origin, person ? { headers: desk.gateHeaders(person) } : {}),
    close: () => drain(server, 100),
  };
}

/** Everything that comes back for these bytes until the server closes the connection. */
export function sendBytes(port: number, bytes: string | Buffer, limitMs = 10_000): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    let received = '';
    socket.setEncoding('latin1').on('data', (text: string) => {
      received += text;
    });
    socket.setTimeout(limitMs, () => socket.destroy(new Error('the server kept the connection open')));
    socket.on('error', reject).on('close', () => resolve(received));
  });
}
