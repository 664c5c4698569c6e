// What kind of request it is, and which paths lead back to this site.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Request } from 'express';
import { isCrossSite, isNavigation, safeReturnPath, wantsHtml } from './navigation.ts';

function request(headers: Record<string, string>, path = '/devices', method = 'GET'): Request {
  const accepts = (types: string[]) => types.find((type) => (headers['accept'] ?? 'html').includes(type));
  return { method, path, headers, accepts } as unknown as Request;
}

test('only a GET that opens a page in a window starts a session', () => {
  const page = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', accept: 'text/html' };
  assert.equal(isNavigation(request(page)), true);
  assert.equal(isNavigation(request({ accept: 'text/html' })), true, 'a browser without fetch metadata');
  for (const other of [
    request(page, '/devices', 'POST'),
    request(page, '/devices', 'HEAD'),
    request(page, '/api'),
    request(page, '/api/me'),
    request({ ...page, 'sec-fetch-mode': 'cors' }),
    request({ ...page, 'sec-fetch-dest': 'iframe' }),
    request({ ...page, 'sec-fetch-dest': 'empty' }),
    request({ ...page, accept: 'application/json' }),
  ])
    assert.equal(isNavigation(other), false, JSON.stringify(other));
  assert.equal(isNavigation(request(page, '/apis')), true);
  assert.equal(wantsHtml(request(page, '/api/me')), false);
  assert.equal(isCrossSite(request({ 'sec-fetch-site': 'cross-site' })), true);
  assert.equal(isCrossSite(request({ 'sec-fetch-site': 'same-site' })), false);
});

test('a return path is one of this site, or the first page', () => {
  for (const path of ['/', '/devices?sort=seen', '/a//b', `/${'x'.repeat(1999)}`])
    assert.equal(safeReturnPath(path), path);
  for (const path of [
    '',
    'devices',
    '//evil.test',
    '/\\evil.test',
    '/a\\b',
    '/\t/evil.test',
    '/a b',
    '/\u007f',
    'https://evil.test/',
    `/${'x'.repeat(2000)}`,
  ])
    assert.equal(safeReturnPath(path), '/', path);
});
