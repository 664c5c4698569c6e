// Which host names and origins are ours, for each request.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Request, RequestHandler, Response } from 'express';
import { HttpError } from './errors.ts';
import { checkHost, checkOrigin } from './same-origin.ts';

const own = 'https://desk.test';

interface Asked {
  readonly method?: string;
  readonly url?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Header lines in addition to `headers`. */
  readonly more?: readonly string[];
}

/** @returns the code of the refusal, where the browser is redirected, or `passes` */
function ask(handler: RequestHandler, { method = 'GET', url = '/', headers = {}, more = [] }: Asked): string {
  const req = {
    method,
    url,
    path: url.split('?')[0],
    headers,
    rawHeaders: [...Object.entries(headers).flat(), ...more],
    socket: { localPort: 8080 },
  };
  const sent: string[] = [];
  let answer = '';
  const res = {
    setHeader: (name: string, value: string) => sent.push(`${name}: ${value}`),
    redirect: (status: number, to: string) => {
      answer = [status, to, ...sent].join(' ');
    },
  };
  handler(req as unknown as Request, res as unknown as Response, (error?: unknown) => {
    answer = error instanceof HttpError ? error.code : 'passes';
  });
  return answer;
}

test('a change is accepted only from a page of this very origin', () => {
  const refused: unknown[] = [];
  const handler = checkOrigin(own, (req) => refused.push(req));
  const post = (headers: Record<string, string>) => ask(handler, { method: 'POST', headers });
  const host = 'localhost:8080';
  const taken: Record<string, string>[] = [
    { origin: own },
    { origin: 'https://desk.test:443' },
    { origin: own, 'sec-fetch-site': 'same-origin' },
    { origin: own, 'sec-fetch-site': 'none' },
    { 'sec-fetch-site': 'same-origin' },
    { origin: `http://${host}`, host },
  ];
  for (const headers of taken) assert.equal(post(headers), 'passes', JSON.stringify(headers));
  assert.equal(refused.length, 0);
  const foreign: Record<string, string>[] = [
    {},
    { 'sec-fetch-site': 'none' },
    { 'sec-fetch-site': 'same-site' },
    { origin: own, 'sec-fetch-site': 'same-site' },
    { origin: own, 'sec-fetch-site': 'cross-site' },
    { origin: own, 'sec-fetch-site': 'anything' },
    { origin: 'null' },
    { origin: 'http://desk.test' },
    { origin: 'https://evil.test' },
    { origin: `https://desk.test.evil.test` },
    // How Node.js joins two lines.
    { origin: `${own}, ${own}` },
    { origin: `${own}, https://evil.test` },
    { origin: 'http://evil.test', host: 'evil.test' },
    { origin: `https://${host}`, host },
  ];
  for (const headers of foreign) assert.equal(post(headers), 'bad_origin', JSON.stringify(headers));
  assert.equal(refused.length, foreign.length);
});

test('a read is accepted from anywhere, except from the API across sites', () => {
  const handler = checkOrigin(own, () => assert.fail('only changes are told of'));
  const read = (method: string, url: string, site: string) =>
    ask(handler, { method, url, headers: { 'sec-fetch-site': site } });
  for (const method of ['GET', 'HEAD', 'OPTIONS'])
    assert.equal(read(method, '/devices', 'cross-site'), 'passes');
  assert.equal(read('GET', '/api/me', 'cross-site'), 'cross_site');
  assert.equal(read('GET', '/api/me', 'same-origin'), 'passes');
});

test('only our own names are served; another of ours redirects to the main one and accepts no change', () => {
  const handler = checkHost(own, ['https://alias.test', 'http://[2001:db8::1]']);
  const at = (host: string, more: Asked = {}) => ask(handler, { ...more, headers: { host } });
  for (const host of [
    'desk.test',
    'DESK.test',
    'desk.test:443',
    'localhost:8080',
    '127.0.0.1:8080',
    '[::1]:8080',
  ])
    assert.equal(at(host), 'passes', host);
  for (const host of [
    '',
    'evil.test',
    'desk.test:8443',
    'localhost',
    'localhost:80',
    'desk.test/x',
    'a@desk.test',
  ])
    assert.equal(at(host), 'misdirected', host);
  assert.equal(at('desk.test', { more: ['Host', 'evil.test'] }), 'misdirected', 'two of them');
  assert.equal(ask(handler, {}), 'misdirected', 'none');

  const to = (path: string) => `302 ${own}${path} Cache-Control: no-store`;
  assert.equal(at('alias.test', { url: '/devices?x=1' }), to('/devices?x=1'));
  assert.equal(at('alias.test', { method: 'HEAD' }), to('/'));
  assert.equal(at('alias.test', { url: '.evil.test/' }), to('/'), 'an address in a form of its own');
  assert.equal(at('[2001:DB8:0::1]:80'), to('/'));
  assert.equal(at('alias.test', { url: '/assets/a.css' }), 'passes', 'the style of the refusal');
  assert.equal(at('alias.test', { method: 'POST', url: '/logout' }), 'other_name');
});
