// The CSRF token belongs to the id of the session: the one of the previous id is accepted as long as that id, and what a page gets is always
// the current one.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Request, Response } from 'express';
import { graceMs } from '../rules/session.ts';
import { checkCsrf, recordCsrf } from './csrf.ts';
import type { AdmittedSession } from './express-store.ts';

const at = 1_750_000_000_000;
const session = { csrfSecret: 'secret', idHash: 'old' } as AdmittedSession;
const rotated: AdmittedSession = {
  ...session,
  idHash: 'new',
  previous: { idHash: 'old', salt: 'salt', successorSeenAt: at },
};

interface Sent {
  readonly header?: string;
  readonly body?: unknown;
  readonly query?: Record<string, string>;
}

/** @returns the code of the refusal, and the token for a page of this request */
async function ask(live: AdmittedSession, method: string, { header, body, query = {} }: Sent, now = at) {
  const req = {
    method,
    headers: header === undefined ? {} : { 'x-csrf-token': header },
    body,
    query,
  } as unknown as Request;
  const res = { locals: { session: live } } as unknown as Response;
  const error = await new Promise<unknown>((resolve) => checkCsrf({ now: () => now })(req, res, resolve));
  return { refused: Reflect.get(Object(error), 'code'), token: () => req.csrfToken() };
}

const tokenOf = async (live: AdmittedSession) => (await ask(live, 'GET', {})).token();

test('a change needs the token of its session, in a header or in the body', async () => {
  const token = await tokenOf(session);
  assert.equal((await ask(session, 'POST', { header: token })).refused, undefined);
  assert.equal((await ask(session, 'POST', { body: { _csrf: token } })).refused, undefined);
  for (const sent of [
    {},
    { query: { _csrf: token } },
    { body: { _csrf: [token] } },
    { body: { _csrf: '' } },
    { header: '', body: { _csrf: token } },
    { header: `${token}x` },
    { header: await tokenOf({ ...session, csrfSecret: 'another' }) },
    { header: await tokenOf({ ...session, idHash: 'another' }) },
  ])
    assert.equal((await ask(session, 'POST', sent)).refused, 'EBADCSRFTOKEN', JSON.stringify(sent));
});

test('the token of the previous id is accepted only as long as that id', async () => {
  const before = { header: await tokenOf(session) };
  assert.equal((await ask(rotated, 'POST', before, at + graceMs)).refused, undefined);
  assert.equal((await ask(rotated, 'POST', before, at + graceMs + 1)).refused, 'EBADCSRFTOKEN');
  assert.equal((await ask(rotated, 'POST', { header: await tokenOf(rotated) })).refused, undefined);
  const other = { header: await tokenOf({ ...session, idHash: 'another' }) };
  assert.equal((await ask(rotated, 'POST', other)).refused, 'EBADCSRFTOKEN');
});

test('a page sent in answer to the previous token gets the token of the current id', async () => {
  const answer = await ask(rotated, 'POST', { header: await tokenOf(session) });
  const { previous: _, ...later } = rotated;
  assert.equal((await ask(later, 'POST', { header: answer.token() })).refused, undefined);
});

test('a refusal is recorded with the person whose session it was, and passed on', async () => {
  const noted: unknown[] = [];
  const recorder = { note: (event: unknown) => noted.push(event), write: async () => {} };
  const pass = (error: unknown, person?: object) => {
    const passedOn: unknown[] = [];
    const req = { ip: '192.0.2.1' } as Request;
    recordCsrf(recorder)(error, req, { locals: { person } } as unknown as Response, (one) =>
      passedOn.push(one),
    );
    assert.deepEqual(passedOn, [error]);
  };
  const bad = Object.assign(new Error('bad'), { code: 'EBADCSRFTOKEN' });
  pass(bad, { id: '1', email: 'ada@example.org', operator: true });
  pass(bad);
  pass(new Error('another'));
  const event = { event: 'csrf.rejected', outcome: 'refused', reason: 'token' };
  assert.deepEqual(noted, [
    { ...event, person: { id: '1', email: 'ada@example.org' }, network: '192.0.2.1' },
    { ...event, network: '192.0.2.1' },
  ]);
});
