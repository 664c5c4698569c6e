// What the hostile suites share: cookies as the wire has them, all that the store holds, the app over a store that fails.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createApp } from '../../src/app.ts';
import { createLogger } from '../../src/http/log.ts';
import { createHttpServer, drain, listen } from '../../src/http/server.ts';
import { connectRedis } from '../../src/store/redis-client.ts';
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

/** The record tells of refusals, counts go up, and claims run out within seconds: they may change where nothing else may. */
const mayChange = /^(gatehouse:)?\{?(record|alias|counter|claim)/;

/** Everything that the store holds, but the record, as text that two calls can be compared by. */
export async function storeContents(desk: Desk): Promise<string> {
  const looker = lookInto(desk);
  try {
    return await contentsBy(looker);
  } finally {
    looker.close();
  }
}

interface Looker {
  look(): string[] | Promise<string[]>;
  close(): void;
}

const contentsBy = async ({ look }: Looker) => (await look()).sort().join('\n');

const lookInto = (desk: Desk): Looker =>
  desk.redis ? lookIntoRedis(desk.redis.url) : lookIntoSqlite(desk.dataDir);

/** The hostile suites look thousands of times: one connection for all of a desk, closed with it. */
const lookers = new WeakMap<Desk, Looker>();

function lookerOf(desk: Desk): Looker {
  const known = lookers.get(desk);
  if (known) return known;
  const looker = lookInto(desk);
  lookers.set(desk, looker);
  desk.onClose(() => stopLooking(desk));
  return looker;
}

/** For who closes the store before the desk: a reader keeps SQLite from folding its log into the file. */
export function stopLooking(desk: Desk): void {
  lookers.get(desk)?.close();
  lookers.delete(desk);
}

function lookIntoSqlite(dataDir: string): Looker {
  const db = new DatabaseSync(join(dataDir, 'gatehouse.db'), { readOnly: true });
  const tables = db
    .prepare(`SELECT name FROM sqlite_schema WHERE type = 'table'`)
    .all()
    .map(({ name }) => String(name))
    .filter((name) => !mayChange.test(name))
    .map((name) => ({ name, all: db.prepare(`SELECT * FROM ${name}`) }));
  return {
    look: () => tables.flatMap(({ name, all }) => all.all().map((row) => `${name} ${JSON.stringify(row)}`)),
    close: () => db.close(),
  };
}

/** The keys it is given, whatever their type, in one answer. */
const readAll = `
local rows = {}
for _, key in ipairs(KEYS) do
  local kind = redis.call('TYPE', key).ok
  local value
  if kind == 'hash' then value = redis.call('HGETALL', key)
  elseif kind == 'zset' then value = redis.call('ZRANGE', key, '0', '-1', 'WITHSCORES')
  elseif kind == 'set' then value = redis.call('SMEMBERS', key)
  elseif kind == 'list' then value = redis.call('LRANGE', key, '0', '-1')
  elseif kind == 'stream' then value = redis.call('XRANGE', key, '-', '+')
  else value = redis.call('GET', key) end
  rows[#rows + 1] = { kind, value }
end
return rows`;

function lookIntoRedis(url: string): Looker {
  const client = connectRedis(url, () => {});
  return {
    async look() {
      const keys = (await client.keys('*')).filter((key) => !mayChange.test(key));
      const rows = (await client.eval(readAll, keys.length, ...keys)) as [kind: string, value: string[]][];
      return rows.map(([kind, value], at) => `${keys[at]} ${JSON.stringify(inOrder(kind, value))}`);
    },
    close: () => client.disconnect(),
  };
}

/** Redis gives the fields of a hash and the members of a set in any order. */
function inOrder(kind: string, value: readonly string[]): unknown {
  if (kind === 'set') return [...value].sort();
  if (kind !== 'hash') return value;
  const pairs = value.flatMap((field, at) => (at % 2 === 0 ? [[field, value[at + 1]]] : []));
  return pairs.sort(([one = ''], [other = '']) => (one < other ? -1 : 1));
}

/** Whatever `attack` does, the store is the same afterwards. */
export async function leavesStoreAlone<T>(desk: Desk, attack: () => Promise<T>, about = ''): Promise<T> {
  const looker = lookerOf(desk);
  const before = await contentsBy(looker);
  const result = await attack();
  assert.equal(await contentsBy(looker), before, `the store changed: ${about}`);
  return result;
}

/** The code of a refusal to a script. */
export const codeOf = (answer: { readonly text: string }) =>
  (JSON.parse(answer.text) as { error: { code: string } }).error.code;

/** A refusal in words: a page or JSON that names no file, no stack and no library. */
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

/** The app of `desk` once more, with other parts: a store that fails, for example. */
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
  const server = createHttpServer(createApp(options), logger);
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

/** All that comes back for these bytes, until the server ends the connection. */
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
