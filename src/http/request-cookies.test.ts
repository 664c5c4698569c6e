// The cookies of a request and of a response, as sent in the headers.
import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { test } from 'node:test';
import { isAmbiguous, sentCookies, singleCookie } from './request-cookies.ts';
import { clearCookie, setCookie } from './response-cookies.ts';

const sent = (cookie?: string) => ({ headers: { cookie } }) as IncomingMessage;
const name = '__Host-session';

test('each pair is read in order, trimmed and otherwise unchanged', () => {
  assert.deepEqual(sentCookies(sent()), []);
  assert.deepEqual(sentCookies(sent('a=1;\t b = x=y ; lonely;=z;\u00a0c=2')), [
    { name: 'a', value: '1' },
    { name: 'b', value: 'x=y' },
    { name: '', value: 'lonely' },
    { name: '', value: 'z' },
    { name: '\u00a0c', value: '2' },
  ]);
});

test('a duplicate cookie has no value and is ambiguous', () => {
  assert.equal(singleCookie(sent(`${name}=1`), name), '1');
  assert.equal(singleCookie(sent('other=1'), name), undefined);
  assert.equal(isAmbiguous(sent(`${name}=1; other=2`), name), false);
  assert.equal(isAmbiguous(sent('other=2'), name), false);
  const twice = sent(`${name}=1; ${name}=1`);
  assert.equal(singleCookie(twice, name), undefined);
  assert.equal(isAmbiguous(twice, name), true);
});

test('a name that only a lax parser takes for ours is ambiguous, even alone', () => {
  assert.equal(isAmbiguous(sent(`\u00a0${name}=1`), name), true);
  assert.equal(isAmbiguous(sent(`${name}\u00a0=1; ${name}=2`), name), true);
  assert.equal(singleCookie(sent(`\u00a0${name}=1; ${name}=2`), name), '2');
});

test('an answer sets a cookie once, with all its attributes, and leaves others alone', () => {
  let header: string[] | undefined;
  const res = {
    getHeader: () => header,
    setHeader: (_name: string, lines: string[]) => {
      header = lines;
    },
  } as unknown as ServerResponse;
  const attributes = { secure: true, httpOnly: true, sameSite: 'lax' } as const;
  setCookie(
    res,
    'other',
    'kept',
    { ...attributes, secure: false, httpOnly: false, sameSite: 'strict' },
    undefined,
  );
  setCookie(res, name, 'first', attributes, 1500);
  setCookie(res, name, 'second', attributes, 1500);
  assert.deepEqual(header, [
    'other=kept; Path=/; SameSite=Strict',
    `${name}=second; Max-Age=2; Path=/; HttpOnly; Secure; SameSite=Lax`,
  ]);
  clearCookie(res, name, attributes);
  assert.deepEqual(header?.[1], `${name}=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Lax`);
});
