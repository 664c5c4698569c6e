// Who owns a session at the gate: noted once, known to every replica.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NoteTable } from '../store/contract.ts';
import { createSessionOwners, type Owner } from './session-owners.ts';

const day = 86_400_000;

test('written once while nothing changes, and again before it expires', async () => {
  let now = 0;
  let writes = 0;
  const rows = new Map<string, unknown>();
  const notes: NoteTable = {
    async write(name, value) {
      writes++;
      rows.set(name, value);
    },
    writeEnding: (...note) => notes.write(...note),
    read: async (name) => rows.get(name),
    remove: async () => {},
    ofPerson: async () => [],
    forgetPerson: async () => {},
  };
  const sessionOwners = createSessionOwners(notes, () => now, 7 * day);
  const owner = (changed: Partial<Owner> = {}, signIn = 's1'): Owner => ({
    personId: 'p',
    email: 'ada@example.org',
    handle: 'h1',
    link: { state: 'verified', key: 'k', signIn, createdAt: 1 },
    ...changed,
  });
  for (let request = 0; request < 5; request++) await sessionOwners.remember(owner());
  assert.equal(writes, 1);
  await sessionOwners.remember(owner({ handle: 'h2' }));
  await sessionOwners.remember(owner({ handle: 'h2' }, 's2'));
  assert.equal(writes, 3);
  now += 2 * day;
  await sessionOwners.remember(owner({ handle: 'h2' }, 's2'));
  assert.equal(writes, 4);
  await sessionOwners.remember(owner({ link: { state: 'cookie', digest: 'd', issuedAt: 1 } }));
  assert.equal(writes, 4, 'a cookie has no key');

  const owners = await createSessionOwners(notes, () => now, 7 * day).ownersOf(['k', 'nobody']);
  assert.deepEqual([...owners.keys()], ['k']);
  assert.equal(owners.get('k')?.handle, 'h2');
  assert.ok(![...rows.keys()].join().includes('k,'), 'by digest');
});
