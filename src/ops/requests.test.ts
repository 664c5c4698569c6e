// Every address belongs to one of a few classes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { routeClasses } from './metric-table.ts';
import { classifyRoutes } from './requests.ts';

const routeClassOf = classifyRoutes([
  { path: '/health', who: 'public' },
  { path: '/assets/*path', who: 'public' },
  { path: '/', who: 'public' },
  { path: '/signed-out', who: 'public' },
  { path: '/dashboard', who: 'member' },
  { path: '/devices/end', who: 'member' },
  { path: '/radar', who: 'operator' },
  { path: '/api/me', who: 'member' },
]);

test('classifies by the first segment of the path', () => {
  for (const [url, route] of [
    ['/', 'public'],
    ['/?theme=dark', 'public'],
    ['/signed-out', 'public'],
    ['/health', 'health'],
    ['/assets/gatehouse.css?v=1', 'assets'],
    ['/dashboard', 'member'],
    ['/dashboard?x=/radar', 'member'],
    ['/devices/end', 'member'],
    ['/radar', 'operator'],
    ['/api/me', 'api'],
    ['/apis', 'other'],
    ['/__proto__', 'other'],
    ['//dashboard', 'public'],
    ['', 'public'],
    ['*', 'public'],
  ] as const)
    assert.equal(routeClassOf(url), route, url);
});

test('returns only the known classes', () => {
  fc.assert(fc.property(fc.string(), (url) => assert.ok(routeClasses.includes(routeClassOf(url)))));
});
