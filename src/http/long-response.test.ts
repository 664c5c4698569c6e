// A long response stops if its reader is signed out meanwhile.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Response } from 'express';
import { whileAdmitted } from './long-response.ts';

async function* parts() {
  for (let i = 0; i < 10; i++) yield i;
}

/** Reads with a clock that advances half a second per part; the session ends after `livesFor` checks. */
async function read(livesFor: number): Promise<{ got: number[]; asked: number; fault: unknown }> {
  const got: number[] = [];
  let asked = 0;
  let at = 0;
  const res = { locals: { stillAdmitted: async () => ++asked <= livesFor } } as unknown as Response;
  try {
    for await (const part of whileAdmitted(res, parts(), () => (at += 500))) got.push(part);
    return { got, asked, fault: undefined };
  } catch (fault) {
    return { got, asked, fault };
  }
}

test('the session is checked at most once a second, and everything is sent while it lives', async () => {
  const { got, asked, fault } = await read(Number.POSITIVE_INFINITY);
  assert.equal(fault, undefined);
  assert.equal(got.length, 10);
  assert.ok(asked >= 3 && asked <= 5, `${asked}`);
});

test('nothing more is sent once the session has ended', async () => {
  const { got, fault } = await read(1);
  assert.match(String(fault), /the session has ended/);
  assert.ok(got.length > 0 && got.length < 6, `${got}`);
});
