// What a request is told whose person is not known, and which secrets are noted as still in use.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import express, { type Request, type Response } from 'express';
import { createClient } from '../../test/support/client.ts';
import type { RecordedEvent } from '../audit/recorder.ts';
import { errorHandler } from '../http/errors.ts';
import { createLogger } from '../http/log.ts';
import { prepareFrame } from '../http/page.ts';
import { createHttpServer, drain, listen } from '../http/server.ts';
import { type GateOptions, requirePerson } from './identity.ts';
import { createGatePaths } from './paths.ts';

const [current, former, oldest] = [
  'current'.padEnd(32, '1'),
  'former'.padEnd(32, '2'),
  'oldest'.padEnd(32, '3'),
];
const noted: string[] = [];
const events: RecordedEvent[] = [];
const logger = createLogger('silent');
const options: GateOptions = {
  secrets: () => [current, former, oldest],
  noteFormer: (secret) => noted.push(secret),
  operators: new Set(['ada@example.org']),
  cookieName: '_oauth2_proxy',
  devMode: false,
  paths: createGatePaths(false),
  recorder: { note: (event) => events.push(event), write: async () => {} },
};
const app = express()
  .use(prepareFrame({ asset: (name) => name, devMode: false, signInPath: '/' }))
  .use(requirePerson(options))
  .get('/page', (_req, res) => res.json([res.locals.person, res.locals.frame.person]))
  .use(errorHandler(logger));
const server = createHttpServer(app, logger);
let port: number;
before(async () => {
  port = await listen(server, 0, '127.0.0.1');
});
after(() => drain(server, 100));

const proof = (secret: string, email = 'Ada@example.org', id = '1') => ({
  authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
  'x-forwarded-user': id,
  'x-forwarded-email': email,
});
const person = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
const script = { accept: 'application/json' };
const open = (headers: Record<string, string>) => {
  noted.length = 0;
  events.length = 0;
  return createClient(`http://localhost:${port}`).ask('/page', { headers });
};
const untrusted = /The gate could not prove itself/;
type Refusal = { error: { code: string } };
const signIn = '/oauth2/start?rd=%2Fpage';
const gateCookie = { cookie: '_oauth2_proxy=Ym9keQ|1795450341|c2ln' };

test('each secret proves a person, and only a former one is noted as still in use', async () => {
  const ada = { id: '1', email: 'ada@example.org', operator: true };
  for (const [secret, notes] of [
    [current, []],
    [former, [former]],
    [oldest, [oldest]],
  ] as const) {
    assert.deepEqual((await open(proof(secret))).json(), [ada, { email: ada.email, operator: true }]);
    assert.deepEqual(noted, notes);
    assert.deepEqual(events, []);
  }
  const grace = { id: '2', email: 'grace@example.org', operator: false };
  const member = await open(proof(current, grace.email, grace.id));
  assert.deepEqual(member.json(), [grace, { email: grace.email, operator: false }]);
});

test('without an identity, a browser is sent to sign in, and a script is refused', async () => {
  const page = await open(person);
  assert.deepEqual([page.status, page.location], [303, signIn]);
  assert.equal(page.headers['cache-control'], 'no-store');
  assert.equal((await open(script)).json<Refusal>().error.code, 'no_session');
  assert.deepEqual(events, []);
});

test('without the proof, a browser gets a page instead of a redirect loop, and a script is refused', async () => {
  const page = await open({ ...person, ...proof('wrong'.padEnd(32, '4')) });
  assert.equal(page.status, 401);
  assert.match(page.text, untrusted);
  assert.equal(page.headers['cache-control'], 'no-store');
  assert.deepEqual(
    events.map(({ event, outcome }) => [event, outcome]),
    [['gate.untrusted', 'refused']],
  );
  assert.deepEqual(noted, []);
  const refused = await open({ ...script, ...proof('wrong'.padEnd(32, '4')) });
  assert.deepEqual([refused.status, refused.json<Refusal>().error.code], [401, 'no_session']);
});

test('with a cookie of oauth2-proxy but no identity, a browser gets the same page: signing in again would not help', async () => {
  assert.match((await open({ ...person, ...gateCookie })).text, untrusted);
  assert.equal((await open({ ...script, ...gateCookie })).json<Refusal>().error.code, 'no_session');
});

test('a malformed identity is refused and recorded, even for a browser', async () => {
  const answer = await open({ ...person, ...proof(current, 'not an address') });
  assert.equal(answer.status, 400);
  assert.deepEqual(
    events.map(({ event, reason }) => [event, reason]),
    [['signin.denied', 'malformed']],
  );
});

test('with DEV_MODE everyone is the developer, an operator, and no header is read', () => {
  const res = { locals: { frame: {} } } as unknown as Response;
  let passed = 0;
  requirePerson({ ...options, devMode: true })({ headers: {} } as Request, res, () => passed++);
  assert.equal(passed, 1);
  assert.deepEqual(res.locals.person, { id: 'dev', email: 'dev@localhost', operator: true });
});
