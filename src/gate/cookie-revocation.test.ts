// Ending sessions that oauth2-proxy keeps in its cookie: the cookie is refused here, and by its timestamp all that was issued before.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type NoteTable, StoreUnavailable } from '../store/contract.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import { createCookieRevocation } from './cookie-revocation.ts';

const began = 1_750_000_000_000;
const day = 86_400_000;
const ada = { id: '1', email: 'ada@example.org' };
const grace = { id: '2', email: 'grace@example.org' };

function setUp(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-cookie-'));
  const { notes: plain, claims, close } = openSqliteStore(folder);
  t.after(async () => {
    await close();
    rmSync(folder, { recursive: true });
  });
  const world = { now: began, refuses: false };
  const notes: NoteTable = {
    ...plain,
    async writeEnding(...note) {
      if (world.refuses) throw new StoreUnavailable(new Error('full'));
      await plain.writeEnding(...note);
    },
  };
  const open = (kept = notes) =>
    createCookieRevocation({ cookieName: 'gate', expireMs: day, notes: kept, claims, now: () => world.now });
  return { world, gate: open(), another: open(plain) };
}

/** A request with a cookie that oauth2-proxy issued then. */
const ask = (issuedAt: number, payload = 'payload') =>
  ({ headers: { cookie: `gate=${payload}|${issuedAt / 1000}|c2ln` } }) as unknown as IncomingMessage;

async function linkOf(gate: ReturnType<typeof setUp>['gate'], req: IncomingMessage) {
  const seen = await gate.inspect(req, ada);
  assert.ok('gate' in seen && seen.gate.state === 'cookie');
  return seen.gate;
}

test('a cookie is recognised with the time it was issued; none, or an unreadable one, ends nothing', async (t) => {
  const { gate } = setUp(t);
  const { digest, issuedAt } = await linkOf(gate, ask(began));
  assert.equal(issuedAt, began);
  assert.notEqual((await linkOf(gate, ask(began, 'another'))).digest, digest);
  for (const [cookie, state] of [
    ['', 'none'],
    ['gate=nonsense', 'unverified'],
  ])
    assert.deepEqual(await gate.inspect({ headers: { cookie } } as unknown as IncomingMessage, ada), {
      verdict: 'goes on',
      gate: { state },
    });
});

test('an ended cookie is refused on every replica, and no other', async (t) => {
  const { gate, another } = setUp(t);
  const link = await linkOf(gate, ask(began));
  const receipt = await gate.end({ handle: 'handle', link });
  assert.deepEqual([receipt.gate, receipt.endedAt, receipt.unmarked], ['refused here', began, undefined]);
  for (const replica of [gate, another]) {
    assert.deepEqual(await replica.inspect(ask(began), ada), { verdict: 'ended' });
    assert.equal((await replica.inspect(ask(began, 'another'), ada)).verdict, 'goes on');
    assert.equal((await replica.receiptOf('handle'))?.gate, 'refused here');
  }
});

test('a session without a cookie that is known ends with an unknown outcome at the gate', async (t) => {
  const { gate } = setUp(t);
  for (const link of [undefined, { state: 'verified', key: 'ticket', createdAt: began } as const]) {
    const { gate: outcome, unmarked } = await gate.end({ handle: 'handle', ...(link && { link }) });
    assert.deepEqual([outcome, unmarked], ['unknown', undefined]);
  }
});

test('where the store takes no mark, this process refuses the cookie, and the receipt says that others do not', async (t) => {
  const { world, gate, another } = setUp(t);
  const link = await linkOf(gate, ask(began));
  world.refuses = true;
  const { gate: outcome, unmarked } = await gate.end({ handle: 'handle', link });
  assert.deepEqual([outcome, unmarked], ['unknown', true]);
  assert.equal((await gate.inspect(ask(began), ada)).verdict, 'ended');
  assert.equal((await another.inspect(ask(began), ada)).verdict, 'goes on');
});

test('all of a person is refused that was issued until then, in the same second too, and nobody else’s', async (t) => {
  const { world, gate } = setUp(t);
  world.now = began + 500;
  const link = await linkOf(gate, ask(began - 5_000));
  const receipts = await gate.endPerson(ada.id, [{ handle: 'handle', link }]);
  assert.deepEqual(
    receipts.map((one) => [one.gate, one.unmarked]),
    [['refused here', undefined]],
  );
  for (const [issuedAt, verdict] of [
    [began - 60_000, 'ended'],
    [began, 'ended'],
    [began + 1_000, 'goes on'],
  ] as const)
    assert.equal((await gate.inspect(ask(issuedAt, 'other'), ada)).verdict, verdict);
  assert.equal((await gate.inspect(ask(began - 60_000, 'other'), grace)).verdict, 'goes on');
  world.now = began + 10_000;
  await gate.endPerson(ada.id, [{ handle: 'handle', link }]);
  assert.equal((await gate.inspect(ask(began + 10_000, 'other'), ada)).verdict, 'ended');
});

test('a mark lasts as long as oauth2-proxy would accept the cookie', async (t) => {
  const { world, gate } = setUp(t);
  const link = await linkOf(gate, ask(began));
  await gate.end({ handle: 'handle', link });
  world.now = began + day;
  assert.equal((await gate.inspect(ask(began), ada)).verdict, 'ended');
  assert.equal(await gate.receiptOf('handle'), undefined);
});
