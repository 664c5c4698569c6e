// Fills a store with one of everything that the contract's tables can hold, for testing what copies and migrates stores.
import assert from 'node:assert/strict';
import { recordKeys } from '../../src/audit/chain.ts';
import { verifyRecord } from '../../src/audit/verify.ts';
import type { SignIn, Store } from '../../src/store/contract.ts';
import type { SessionRow } from '../../src/store/contract-sessions.ts';
import { key, recorderOver } from './record.ts';

const hour = 3_600_000;
const year = 365 * 86_400_000;

export const grace = { id: 'google-grace', email: 'grace@example.org' };
export const ada = { id: 'google-ada', email: 'ada@example.org' };

const signInAt = (at: number): SignIn => ({
  at,
  device: { browser: 'Firefox', os: 'Linux', kind: 'desktop' },
  network: '192.0.2.1',
});

function sessionOf(name: string, at: number, person: typeof ada, more: Partial<SessionRow> = {}): SessionRow {
  return {
    key: `key-${name}`,
    handle: `handle-${name}`,
    personId: person.id,
    email: person.email,
    createdAt: at - hour,
    lastSeenAt: at - 1000,
    expiresAt: at + year,
    idHash: `hash-${name}`,
    idIssuedAt: at - hour,
    data: { device: { browser: 'Firefox' }, staySignedIn: true },
    ...more,
  };
}

/** @param at the instant at which all of it happens, milliseconds */
export async function fillStore(store: Store, at: number, recordKey = key): Promise<void> {
  const { sessions, visitors, people, notes, counters } = store;
  await sessions.create(sessionOf('laptop', at, ada));
  await sessions.create(sessionOf('phone', at, grace, { lastSeenAt: at - 5000 }));
  await sessions.rotate('key-phone', { fromHash: 'hash-phone', toHash: 'hash-phone-2', salt: 'salt', at });
  await sessions.successorSeen('key-phone', 'hash-phone-2', at + 1);
  await sessions.create(sessionOf('lost', at, grace));
  await sessions.end('key-lost', { at, reason: 'revoked', by: 'p-1', gate: { state: 'cookie' } });
  await visitors.choose('visitor-1', { theme: 'dark', noticeSeen: true }, at, at + year);
  await visitors.retire('visitor-2', at, at + year);
  await people.signIn(ada.id, ada.email, signInAt(at - hour), { theme: 'light' });
  await people.signIn(grace.id, grace.email, signInAt(at - 2 * hour), {});
  await notes.write('gate:ended:cookie:abc', true, at + year);
  await notes.write('device:new:1', { browser: 'Chrome' }, at + year, grace.id);
  await counters.add('2026-11-27', { 'signin.granted': 3, 'session.ended': 1 }, at + year);
  const recorder = recorderOver(store, { now: () => at, keys: () => [recordKey] });
  for (let i = 0; i < 12; i++) {
    await recorder.write({
      event: 'session.created',
      person: i % 2 ? ada : grace,
      session: `s${i}`,
      facts: { n: i },
    });
  }
  await recorder.close();
}

/** Asserts that the contract returns what `fillStore` wrote. */
export async function assertFilled(store: Store, at: number, recordKey = key, entries = 12): Promise<void> {
  assert.deepEqual(
    (await store.sessions.page({ sort: 'email', limit: 10 })).rows.map(({ key: name }) => name),
    ['key-laptop', 'key-phone'],
  );
  const phone = await store.sessions.findByHandle('handle-phone');
  assert.deepEqual([phone?.idHash, phone?.previous?.successorSeenAt], ['hash-phone-2', at + 1]);
  assert.equal((await store.sessions.read('key-lost'))?.ended?.reason, 'revoked');
  assert.equal((await store.sessions.rowsOf(grace.id)).length, 2);
  const choices = { theme: 'dark', noticeSeen: true };
  assert.deepEqual(await store.visitors.read('visitor-1', at), { state: 'live', choices });
  assert.deepEqual(await store.visitors.read('visitor-2', at), { state: 'retired' });
  assert.deepEqual(await store.people.idsOf(ada.email), [ada.id]);
  assert.deepEqual((await store.people.read(ada.id))?.choices, { theme: 'light' });
  assert.equal(await store.notes.read('gate:ended:cookie:abc', at), true);
  assert.deepEqual(await store.notes.ofPerson(grace.id, at), [
    { key: 'device:new:1', value: { browser: 'Chrome' } },
  ]);
  assert.deepEqual(await store.counters.read(['2026-11-27']), [{ 'signin.granted': 3, 'session.ended': 1 }]);
  assert.equal((await store.aliases.bySubject(ada.id))?.email, ada.email);
  const verdict = await verifyRecord({ record: store.record, keys: recordKeys([recordKey]) });
  assert.deepEqual([verdict.state, verdict.count], ['intact', entries]);
  const who = (await store.aliases.bySubject(ada.id))?.alias ?? '';
  assert.equal((await store.record.before(100, 100, ['who', who])).length, 6);
}
