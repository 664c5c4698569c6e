// Which key signs while the store is down or a server stops: never one that others may not know, and never an older one than before.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { createKeyring, type Secrets } from '../crypto/keyring.ts';
import { createLogger } from '../http/log.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import { createKeyDates } from './dates.ts';
import { announceEveryMs, createReplicas, type Replicas } from './replicas.ts';
import { createSigning } from './signing.ts';

const logger = createLogger('silent');
const now = Date.now;

/** Several servers on one store; `outage` makes the store unavailable to all of them. */
function house(t: { after(done: () => unknown): void }) {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-signing-'));
  const store = openSqliteStore(folder);
  let isDown = false;
  const outage = async () => {
    if (!isDown) await store.close();
    isDown = true;
  };
  t.after(async () => {
    await outage();
    rmSync(folder, { recursive: true, force: true });
  });
  const replicas = () => createReplicas({ facts: store.facts, now });
  const server = (...secrets: Secrets) => {
    const keyring = createKeyring(secrets);
    const dates = createKeyDates(store.notes, now, logger);
    const signing = createSigning({ keyring, replicas: replicas(), dates, logger });
    t.after(signing.stop);
    return { keyring, signing };
  };
  return { server, replicas, outage, dates: createKeyDates(store.notes, now, logger) };
}

test('a reload that changes no key keeps the newest, even while the store is down', async (t) => {
  const { server, outage } = house(t);
  const { keyring, signing } = server('new', 'old');
  await signing.start();
  assert.equal(keyring.signs(), 'new');
  await outage();
  await signing.replace(['new', 'old']);
  assert.equal(keyring.signs(), 'new');
  await signing.replace(['newer', 'new', 'old']);
  assert.equal(keyring.signs(), 'new');
});

test('two rotations unknown to another server: the key that it knows keeps signing', async (t) => {
  const { server, outage } = house(t);
  const slow = server('first');
  await slow.signing.start();
  const quick = server('second', 'first');
  await quick.signing.start();
  assert.equal(quick.keyring.signs(), 'first');
  await outage();
  await quick.signing.replace(['third', 'second', 'first']);
  assert.equal(quick.keyring.signs(), 'first');
});

test('all keys replaced: the newest of the new ones signs', async (t) => {
  const { server } = house(t);
  const { keyring, signing } = server('stolen', 'stolen before');
  await signing.start();
  await signing.replace(['fresh']);
  assert.equal(keyring.signs(), 'fresh');
});

test('a reload after the stop announces nothing: nobody waits for a server that is gone', async (t) => {
  const { server, replicas } = house(t);
  const { signing } = server('new', 'old');
  await signing.start();
  assert.equal((await replicas().others()).length, 1);
  await signing.stop();
  await signing.replace(['newer', 'new']);
  assert.deepEqual(await replicas().others(), []);
});

/** Servers that reply when a test tells them to, and what they were asked. */
function slowReplicas() {
  const asked: string[] = [];
  const pending: (() => void)[] = [];
  const replicas: Replicas = {
    announce: () =>
      new Promise((said) => {
        asked.push('announce');
        pending.push(said);
      }),
    others: async () => {
      asked.push('others');
      return [];
    },
    leave: async () => {},
  };
  return { replicas, asked, answer: () => pending.shift()?.() };
}

test('a server announces its keys before it reads the others’: of two that start together, at least one sees the other', async (t) => {
  const { replicas, asked, answer } = slowReplicas();
  const { dates } = house(t);
  const signing = createSigning({ keyring: createKeyring(['new']), replicas, dates, logger });
  t.after(signing.stop);
  const started = signing.start();
  await turn();
  assert.deepEqual(asked, ['announce']);
  answer();
  await started;
  assert.deepEqual(asked, ['announce', 'others']);
});

test('however often the secrets are reloaded, the keys are announced once per interval, not per reload', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { replicas, asked, answer } = slowReplicas();
  const { dates } = house(t);
  const signing = createSigning({ keyring: createKeyring(['new']), replicas, dates, logger });
  t.after(signing.stop);
  for (let reloads = 0; reloads < 3; reloads++) {
    const done = signing.replace(['new']);
    answer();
    await done;
  }
  asked.length = 0;
  t.mock.timers.tick(announceEveryMs);
  assert.deepEqual(asked, ['announce']);
});
