// What the fast lane reads of a request: the same address as Express, and nothing of a request that is in any way unusual.
import assert from 'node:assert/strict';
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { test } from 'node:test';
import express from 'express';
import { forwardedChain } from '../../test/support/lane-mutations.ts';
import { createSeeded } from '../../test/support/seeded.ts';
import { createPlainReader } from './plain-request.ts';

interface Sent {
  readonly method?: string;
  readonly httpVersion?: string;
  /** The address of the connection. */
  readonly from?: string | undefined;
  readonly lines?: readonly string[];
}

const usual = [
  'Host: desk.test',
  'Authorization: Basic YTpi',
  'X-Forwarded-User: 1',
  'X-Forwarded-Email: ada@example.org',
  'Cookie: a=b',
  'User-Agent: Firefox',
];

function requestOf({ method = 'GET', httpVersion = '1.1', from = '127.0.0.1', lines = usual }: Sent) {
  const socket = new Socket();
  Object.defineProperty(socket, 'remoteAddress', { value: from });
  Object.defineProperty(socket, 'localPort', { value: 3000 });
  const req = new IncomingMessage(socket);
  Object.assign(req, { method, httpVersion, url: '/api/me' });
  for (const line of lines) {
    const colon = line.indexOf(':');
    req.rawHeaders.push(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  return req;
}

const reader = (trustedHops = 1) => createPlainReader({ publicOrigin: 'https://desk.test', trustedHops });
const read = (sent: Sent) => reader()(requestOf(sent));

/** The address that Express gives to the handlers. */
function expressAddress(from: string, forwardedFor: string | undefined, trustedHops: number) {
  const app = express();
  app.set('trust proxy', trustedHops);
  const req = Object.create(app.request, {
    app: { value: app },
    socket: { value: { remoteAddress: from } },
    headers: { value: forwardedFor === undefined ? {} : { 'x-forwarded-for': forwardedFor } },
  }) as express.Request;
  return req.ip;
}

function assertSameAddress(from: string, forwardedFor: string | undefined, trustedHops: number): void {
  const lines = forwardedFor === undefined ? usual : [...usual, `X-Forwarded-For: ${forwardedFor}`];
  const read = reader(trustedHops)(requestOf({ from, lines }));
  // As the parser passes it on: without white space around it.
  const expected = expressAddress(from, forwardedFor?.trim(), trustedHops);
  assert.equal(read?.ip, expected, `${from} ${forwardedFor} ${trustedHops}`);
}

test('the address is the one that Express gives', () => {
  const chains = [
    undefined,
    '',
    '192.0.2.1',
    '192.0.2.1, 198.51.100.1',
    '192.0.2.1,198.51.100.1 , 10.0.0.1',
    '2001:db8::1',
    '[2001:db8::1]:443',
    '::ffff:192.0.2.1',
    '192.0.2.1:80',
    'unknown',
    ', ,',
    '192.0.2.1,',
    ',192.0.2.1',
    '192.0.2.1 198.51.100.1',
  ];
  for (const from of ['127.0.0.1', '::1', '::ffff:10.0.0.2', '2001:db8::9'])
    for (const chain of chains) for (const hops of [0, 1, 2, 3]) assertSameAddress(from, chain, hops);
});

test('the address is the one that Express gives, whatever the chain', () => {
  const random = createSeeded(7);
  for (let i = 0; i < 2_000; i++) {
    assertSameAddress(random.pick(['127.0.0.1', '::1', '192.0.2.2']), forwardedChain(random), random.int(4));
  }
});

test('reads an ordinary request, in any case of its names', () => {
  for (const spell of [String, (line: string) => line.replace(/^[^:]+/, (name) => name.toUpperCase())]) {
    const found = read({ lines: usual.map(spell) });
    assert.equal(found?.authorization, 'Basic YTpi');
    assert.equal(found.forwardedUser, '1');
    assert.equal(found.forwardedEmail, 'ada@example.org');
    assert.equal(found.cookie, 'a=b');
    assert.equal(found.userAgent, 'Firefox');
  }
});

test('a header that is missing is empty, and a user agent is not made up', () => {
  const found = read({ lines: ['Host: desk.test'] });
  assert.deepEqual(
    [found?.authorization, found?.forwardedUser, found?.forwardedEmail, found?.cookie, found?.userAgent],
    ['', '', '', '', undefined],
  );
});

test('a name with an underscore is another header', () => {
  const lines = usual.map((line) => line.replace('X-Forwarded-User', 'X_Forwarded_User'));
  assert.equal(read({ lines })?.forwardedUser, '');
  assert.equal(read({ lines: [...usual, 'X_Forwarded_User: 2'] })?.forwardedUser, '1');
});

test('a header that is read steps aside if it is doubled', () => {
  const more = ['X-Forwarded-For: 192.0.2.1', 'Sec-Fetch-Site: same-origin', 'Sec-Fetch-Dest: empty'];
  for (const line of [...usual, ...more]) {
    const [name = ''] = line.split(':');
    const lines = [...usual, ...more];
    assert.ok(read({ lines }));
    for (const twin of [line, `${name}:`, `${name.toUpperCase()}: x`, `${name.toLowerCase()}: x`]) {
      assert.equal(read({ lines: [...lines, twin] }), undefined, twin);
      assert.equal(read({ lines: [twin, ...lines] }), undefined, twin);
    }
  }
});

test('a header with which the answer could be another one steps aside', () => {
  const names = [
    'If-None-Match',
    'If-Modified-Since',
    'If-Match',
    'If-Unmodified-Since',
    'If-Range',
    'Range',
    'Content-Length',
    'Content-Type',
    'Content-Encoding',
    'Transfer-Encoding',
    'Expect',
    'Upgrade',
    'Trailer',
    'TE',
  ];
  for (const name of names) {
    for (const spelled of [name, name.toLowerCase(), name.toUpperCase()])
      assert.equal(read({ lines: [...usual, `${spelled}: 0`] }), undefined, spelled);
  }
});

test('other methods and versions step aside', () => {
  for (const method of ['HEAD', 'POST', 'OPTIONS', 'get']) assert.equal(read({ method }), undefined, method);
  for (const httpVersion of ['1.0', '2.0']) assert.equal(read({ httpVersion }), undefined, httpVersion);
});

test('only our own names are read', () => {
  const from = (host: string) => read({ lines: [`Host: ${host}`, ...usual.slice(1)] });
  for (const host of ['desk.test', 'localhost:3000', '127.0.0.1:3000', '[::1]:3000'])
    assert.ok(from(host), host);
  for (const host of [
    '',
    'other.test',
    'desk.test:443',
    'DESK.test',
    'desk.test.',
    'localhost',
    'localhost:80',
  ])
    assert.equal(from(host), undefined, host);
  assert.equal(read({ lines: usual.slice(1) }), undefined, 'no host');
});

test('what is refused or downloaded steps aside', () => {
  for (const line of ['Sec-Fetch-Site: cross-site', 'Sec-Fetch-Dest: document'])
    assert.equal(read({ lines: [...usual, line] }), undefined, line);
  for (const line of ['Sec-Fetch-Site: same-site', 'Sec-Fetch-Dest: empty'])
    assert.ok(read({ lines: [...usual, line] }), line);
});

test('more spellings of names than are kept are read all the same', () => {
  const lines = Array.from({ length: 600 }, (_, i) => `X-${i}: a`);
  assert.ok(read({ lines: [...usual, ...lines] }));
  assert.equal(read({ lines: [...usual, 'iF-mAtCh: *'] }), undefined);
  assert.equal(read({ lines: [...usual, 'cOoKiE: c=d'] }), undefined);
});

test('a client that has disconnected meanwhile has no address: its request is left to the ordinary handlers', () => {
  const req = requestOf({});
  Object.defineProperty(req, 'socket', { value: { remoteAddress: undefined, localPort: 3000 } });
  assert.equal(createPlainReader({ publicOrigin: 'https://desk.test', trustedHops: 1 })(req), undefined);
});
