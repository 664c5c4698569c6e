// The two ways in which a page departs from the page policy.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Response } from 'express';
import { allowOwnFrame, replacePolicy } from './headers.ts';

function responseWith(headers: Record<string, string>) {
  const kept = new Map(Object.entries(headers));
  const res = {
    getHeader: (name: string) => kept.get(name),
    setHeader: (name: string, value: string) => kept.set(name, value),
  };
  return { res: res as unknown as Response, kept };
}

const page = { 'Content-Security-Policy': "default-src 'none'", 'X-Frame-Options': 'DENY' };

test('a response with its own policy may be framed by pages of this site, even in a browser that knows only X-Frame-Options', () => {
  const { res, kept } = responseWith(page);
  replacePolicy(res, "default-src 'none'; frame-ancestors 'self'");
  assert.deepEqual(Object.fromEntries(kept), {
    'Content-Security-Policy': "default-src 'none'; frame-ancestors 'self'",
    'X-Frame-Options': 'SAMEORIGIN',
  });
});

test('a page that shows a frame of this site keeps the rest of its policy, and still may not be framed', () => {
  const { res, kept } = responseWith(page);
  allowOwnFrame(res);
  assert.deepEqual(Object.fromEntries(kept), {
    'Content-Security-Policy': "default-src 'none';frame-src 'self'",
    'X-Frame-Options': 'DENY',
  });
});
