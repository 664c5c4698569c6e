// Routes are rows: which guards they are mounted behind, and what is derived from them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import express, { type RequestHandler } from 'express';
import { gateExceptions } from '../../test/support/gate-exceptions.ts';
import { type BoundRoute, mountRoutes } from './routes.ts';

const pass: RequestHandler = (_req, _res, next) => next();
const row = (more: Partial<BoundRoute>): BoundRoute => ({
  method: 'GET',
  path: '/x',
  who: 'member',
  does: 'nothing',
  handlers: [pass],
  ...more,
});

test('two rows with one path cannot name different audiences', () => {
  const guards = { public: [], member: [pass], operator: [pass] };
  assert.throws(
    () => mountRoutes(express(), [row({}), row({ method: 'POST', who: 'public' })], guards),
    /two audiences for \/x/,
  );
});

test('the gate lets through only the public rows', () => {
  const rows = [
    row({ who: 'public', path: '/a.b' }),
    row({ who: 'public', method: 'POST', path: '/' }),
    row({ who: 'public', path: '/p/*rest', gatePattern: '^/p/[a-z]+$' }),
    row({}),
  ];
  assert.deepEqual(gateExceptions(rows), [
    'GET=^/a\\.b$',
    'HEAD=^/a\\.b$',
    'POST=^/$',
    'GET=^/p/[a-z]+$',
    'HEAD=^/p/[a-z]+$',
  ]);
});
