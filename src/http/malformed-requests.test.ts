// Requests that no honest client sends are refused before anything else handles them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Request, Response } from 'express';
import { HttpError } from './errors.ts';
import { refuseStrangeRequests } from './malformed-requests.ts';

/** @returns the code of the refusal, or `passed`; and the headers that were set */
function ask(method: string, url: string, headers: Record<string, string> = {}) {
  const set: Record<string, unknown> = {};
  const req = { method, url, path: url.replace(/\?.*$/, ''), headers } as unknown as Request;
  const res = { setHeader: (name: string, value: unknown) => Object.assign(set, { [name]: value }) };
  let answer: string | undefined;
  refuseStrangeRequests(req, res as unknown as Response, (error?: unknown) => {
    assert.equal(answer, undefined, 'answered once');
    answer = error instanceof HttpError ? error.code : 'passed';
  });
  return { answer, set };
}

test('usual methods pass, and others are named as not allowed', () => {
  for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])
    assert.deepEqual(ask(method, '/'), { answer: 'passed', set: {} });
  for (const method of ['TRACE', 'CONNECT', 'PROPFIND', 'get'])
    assert.deepEqual(ask(method, '/'), { answer: 'method_not_allowed', set: { Allow: 'GET, HEAD' } });
});

test('a URL of 4,096 characters is read, and a longer one is not', () => {
  assert.equal(ask('GET', `/${'a'.repeat(4095)}`).answer, 'passed');
  assert.equal(ask('GET', `/${'a'.repeat(4096)}`).answer, 'uri_too_long');
});

test('a query with a structure, a reserved or a repeated name is refused, whatever else stands in it', () => {
  for (const query of ['a[b]=1', 'x=1&__proto__=2', 'a=1&a=2', 'a=1&%61=2', '?a[b]=1', 'a=%&b]=1'])
    assert.equal(ask('GET', `/?${query}`).answer, 'bad_request', query);
  for (const url of ['/', '/?', '/?a=1&b=2', '/?a=b[c]', '/a=1&a=2', '/?q=a?b=1'])
    assert.equal(ask('GET', url).answer, 'passed', url);
});

test('JSON opened as a document is downloaded, and nothing else is', () => {
  const document = { 'sec-fetch-dest': 'document' };
  assert.deepEqual(ask('GET', '/api/me', document).set, {
    'Content-Disposition': 'attachment; filename="gatehouse.json"',
  });
  assert.deepEqual(ask('GET', '/api/me', { 'sec-fetch-dest': 'empty' }).set, {});
  assert.deepEqual(ask('GET', '/api/me').set, {});
  assert.deepEqual(ask('GET', '/dashboard', document).set, {});
});
