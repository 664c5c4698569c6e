// What the front says about a request, and what only the request itself says.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readFrontRequest } from './front-request.ts';

const key = ['X-Guard-Key', 'k', 'X-Forwarded-Host', 'Wiki.test'];
const about = ['X-Forwarded-Method', 'POST', 'X-Forwarded-Uri', '/a?b=1'];
const read = (url: string, rawHeaders: string[]) => readFrontRequest({ method: 'GET', url, rawHeaders });

test('a check is about the request that the headers name, never about itself', () => {
  const found = read('/check', [...key, ...about]);
  assert.deepEqual([found?.method, found?.uri, found?.host], ['POST', '/a?b=1', 'wiki.test']);
  for (const url of ['/check', '/check?redirect']) {
    assert.equal(read(url, key), undefined);
    assert.equal(read(url, [...key, ...about.slice(0, 2)]), undefined);
    assert.equal(read(url, [...key, ...about, ...about.slice(2)]), undefined, 'doubled');
  }
});

test('below /.gatehouse/ it is the request itself: Traefik repeats it in no header', () => {
  const found = read('/.gatehouse/enter?code=x', key);
  assert.deepEqual([found?.method, found?.uri], ['GET', '/.gatehouse/enter?code=x']);
  assert.equal(read('http://evil.test/.gatehouse/enter', key), undefined);
});
