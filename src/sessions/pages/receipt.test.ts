// The receipt's page in every state of a revocation, and when it reloads by itself.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Frame } from '../../../views/layout.ts';
import { receipt } from '../../../views/receipt.ts';
import type { SessionRow } from '../../store/contract-sessions.ts';
import type { GateReceipt } from '../revocation/revoke.ts';
import { ownReceiptPage, receiptPath } from './receipt.ts';

const endedAt = Date.UTC(2026, 10, 23, 12, 3);
const cannotReach = 'What the gate says it cannot reach.';

const row = (handle: string) => ({
  handle,
  personId: 'me',
  email: 'me@x',
  ended: { at: endedAt, reason: 'revoked' },
});

/** The page for revocations in the states `gates`, `at` seconds after they were made. */
async function page(at: number, ...gates: (Partial<GateReceipt> | undefined)[]): Promise<string> {
  const handles = gates.map((_, i) => `handle-00${i}`);
  const handler = ownReceiptPage({
    sessions: { findByHandle: async (handle: string) => row(handle) as unknown as SessionRow } as never,
    notes: { read: async () => ({ browser: 'Firefox', os: 'Windows', kind: 'desktop' }) } as never,
    revocation: {
      receiptOf: async (handle: string) => {
        const gate = gates[handles.indexOf(handle)];
        return gate && { endedAt, gate: 'ended', writtenBack: 0, ...gate };
      },
    } as never,
    limits: { lifetimeMs: 1, idleMs: 1 },
    now: () => endedAt + at * 1000,
    cannotReach,
  });
  const frame = { asset: (name: string) => name, theme: 'auto' };
  let sent = '';
  const res = {
    locals: { frame, nonce: 'n', person: { id: 'me', email: 'me@x', operator: false } },
    setHeader: () => {},
    end: (text: string) => (sent = text),
  };
  await handler(
    { query: { handle: handles.join('.') }, path: '/devices/receipt' } as never,
    res as never,
    () => {},
  );
  return sent;
}

const asksAgain = /<meta http-equiv="refresh" content="3">/;

test('it updates: looking again, then verified', async () => {
  const first = await page(1, {});
  assert.match(
    first,
    /Firefox on Windows[\s\S]*Ended here[\s\S]*12:03:00 UTC[\s\S]*Ended at the gate[\s\S]*Looking again/,
  );
  assert.match(first, asksAgain);
  const last = await page(11, { verifiedAt: endedAt + 10_000 });
  assert.match(last, /Verified at <time [^>]*>12:03:10 UTC<\/time>/);
  assert.doesNotMatch(last, asksAgain);
  assert.match(await page(11, { verifiedAt: endedAt + 10_000, writtenBack: 1 }), /brought it back once/);
});

test('it refreshes for half a minute at most, then says what to do', async () => {
  assert.match(await page(29, {}), asksAgain);
  const late = await page(31, {});
  assert.doesNotMatch(late, asksAgain);
  assert.match(late, /open this page again in a moment/);
});

test('every state has its text, and only some refresh', async () => {
  const states: [GateReceipt['gate'], RegExp, boolean][] = [
    ['nothing to end', /Nothing left at the gate/, true],
    ['unreachable', /The gate does not answer/, true],
    ['refused here', /Refused here[\s\S]*Nothing to verify/, false],
    ['unknown', /Not known at the gate[\s\S]*Nothing to verify/, false],
  ];
  for (const [gate, words, waits] of states) {
    const text = await page(1, { gate });
    assert.match(text, words);
    assert.equal(asksAgain.test(text), waits, gate);
    assert.equal(text.includes(cannotReach), gate === 'refused here');
  }
  assert.match(await page(1, undefined), /Not known at the gate/, 'an ending that nobody remembers');
});

test('several: an unfinished one keeps the page refreshing', async () => {
  const text = await page(4, { verifiedAt: endedAt + 3000 }, {}, { gate: 'unknown' });
  assert.match(text, /3 devices signed out/);
  assert.match(text, asksAgain);
});

test('the link to a receipt names each session, up to fifty', () => {
  assert.equal(
    receiptPath('/devices', [{ handle: 'a-1' }, { handle: 'b_2' }]),
    '/devices/receipt?handle=a-1.b_2',
  );
  const many = Array.from({ length: 60 }, (_, i) => ({ handle: `h${i}` }));
  assert.equal(receiptPath('/radar', many).split('.').length, 50);
});

test('a receipt for a forgotten device shows its handle', () => {
  const frame = { asset: (name: string) => name, theme: 'auto', nonce: 'n', path: '/' } as unknown as Frame;
  const item = { handle: 'h-12', endedAt, gate: 'ended', writtenBack: 0, open: false } as const;
  const { markup } = receipt(frame, { receipts: [item], cannotReach, back: { href: '/', label: 'Back' } });
  assert.match(markup, /Session <code>h-12<\/code>[\s\S]*Not verified/);
});
