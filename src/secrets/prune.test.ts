// Former secrets: how long they have been out of use, when they can be removed, and what is kept of them for the record.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../config/load.ts';
import { auditKeyOf } from '../crypto/kdf.ts';
import { fingerprint } from '../crypto/tokens.ts';
import { place } from './place.fixture.ts';

const dayMs = 86_400_000;
const start = Date.UTC(2026, 10, 23, 15, 4, 5);
const at = (days: number) => ({ at: start + days * dayMs });
const day = (days: number) => new Date(start + days * dayMs).toISOString().slice(0, 10);

function datesOf(values: Record<string, string>): Record<string, string> {
  return Object.fromEntries((values['SECRET_DATES'] ?? '').split(',').map((pair) => pair.split('=')));
}

test('each secret has its day, each former one keeps its own, and removed ones have none', async () => {
  const { run, values } = place();
  await run([]);
  const first = values();
  assert.deepEqual([...new Set(Object.values(datesOf(first)))], [day(0)]);
  assert.equal(Object.keys(datesOf(first)).length, 5);
  await run(['--rotate', 'session,oauth2', '--yes'], at(10));
  const second = values();
  const print = (name: string, from = second) => fingerprint(from[name] ?? '');
  assert.equal(datesOf(second)[print('SECRET_KEY')], day(10));
  assert.equal(datesOf(second)[print('SECRET_KEY', first)], day(0));
  assert.equal(datesOf(second)[print('GATE_SECRET')], day(0));
  assert.equal(datesOf(second)[print('OAUTH2_PROXY_COOKIE_SECRET', first)], undefined);
  const loaded = loadConfig({ env: second });
  assert.ok('config' in loaded);
  assert.equal(loaded.config.secretDates.get(print('SECRET_KEY')), day(10));
});

test('a run that writes nothing else writes no dates; the first one that does puts them after the secrets', async () => {
  const { run, read, values } = place();
  await run([]);
  const old = `${Object.entries(values())
    .filter(([name]) => name !== 'SECRET_DATES')
    .map(([name, value]) => `${name}=${value}`)
    .join('\n')}\nMINE=1\n`;
  const other = place(old);
  await other.run([]);
  assert.equal(other.read(), old);
  await other.run(['--rotate', 'gate', '--yes'], at(3));
  assert.match(other.read(), /\nREDIS_PASSWORD=.*\nSECRET_DATES=.*\nMINE=1\n$/);
  assert.ok(read().includes('SECRET_DATES='));
});

test('--prune drops a session key nine days after it was replaced (its last day, a week, a day to be adopted), not a day sooner', async () => {
  const { run, values } = place();
  await run([]);
  const first = values()['SECRET_KEY'] ?? '';
  const rotated = await run(['--rotate', 'session', '--yes']);
  assert.match(
    rotated.out,
    /^SECRET_KEY: nobody is signed out; the former one can be removed from 2026-12-02: node generate-secrets\.ts --prune \(/m,
  );
  const early = await run(['--prune', '--yes'], at(8));
  assert.equal(values()['SECRET_KEY_FALLBACKS'], first);
  assert.ok(
    early.out.includes(`  SECRET_KEY_FALLBACKS ${fingerprint(first)}: can be removed from 2026-12-02`),
  );
  const due = await run(['--prune', '--yes'], at(9));
  assert.equal(values()['SECRET_KEY_FALLBACKS'], '');
  assert.ok(due.out.includes(`  SECRET_KEY_FALLBACKS ${fingerprint(first)}: dropped`));
  assert.equal(datesOf(values())[fingerprint(first)], undefined);
  assert.equal(values()['AUDIT_KEY_FALLBACKS'], auditKeyOf(first), 'the record can still be verified');
  assert.ok('config' in loadConfig({ env: values() }));
});

test('the gate secret needs a day, and each former one is counted from its own successor', async () => {
  const { run, values } = place();
  await run([]);
  const [a] = [values()['GATE_SECRET'] ?? ''];
  await run(['--rotate', 'gate', '--yes']);
  const b = values()['GATE_SECRET'] ?? '';
  await run(['--rotate', 'gate', '--yes'], at(2));
  assert.equal(values()['GATE_SECRET_FALLBACKS'], `${b},${a}`);
  const { out } = await run(['--prune', '--yes'], at(2));
  assert.equal(values()['GATE_SECRET_FALLBACKS'], b);
  assert.ok(out.includes(`GATE_SECRET_FALLBACKS ${fingerprint(b)}: can be removed from ${day(4)}`));
  assert.equal(values()['AUDIT_KEY_FALLBACKS'], undefined, 'the gate secret sealed no record');
});

test('a former key of an unknown day stays: the day is written now, and it can go a lifetime later', async () => {
  const former = '0123456789abcdef'.repeat(4);
  const { run, values } = place(
    `SECRET_KEY=${'fedcba9876543210'.repeat(4)}\nSECRET_KEY_FALLBACKS=${former}\n`,
  );
  const { out } = await run(['--prune', '--yes']);
  assert.equal(values()['SECRET_KEY_FALLBACKS'], former);
  assert.ok(out.includes(`SECRET_KEY_FALLBACKS ${fingerprint(former)}: can be removed from 2026-12-02`));
  await run(['--prune', '--yes'], at(8));
  assert.equal(values()['SECRET_KEY_FALLBACKS'], former);
  await run(['--prune', '--yes'], at(9));
  assert.equal(values()['SECRET_KEY_FALLBACKS'], '');
});

test('a key that was restored and replaced again: its last use is unknown, so it counts from today, once', async () => {
  const [mine, other] = ['fedcba9876543210'.repeat(4), '0123456789abcdef'.repeat(4)];
  const { run, values } = place(
    `SECRET_KEY=${mine}\nSECRET_KEY_FALLBACKS=${other}\nSECRET_DATES=${fingerprint(mine)}=2020-01-01,${fingerprint(other)}=2026-08-20\n`,
  );
  const { out } = await run(['--prune', '--yes']);
  assert.equal(values()['SECRET_KEY_FALLBACKS'], other);
  assert.ok(out.includes('can be removed from 2026-12-02'), out);
  await run(['--prune', '--yes'], at(8));
  assert.equal(values()['SECRET_KEY_FALLBACKS'], other);
  await run(['--prune', '--yes'], at(9));
  assert.equal(values()['SECRET_KEY_FALLBACKS'], '');
});

test('a key created while the clock stood in 1970 does not let the previous one go', async () => {
  const { run, values } = place();
  await run([]);
  const first = values()['SECRET_KEY'];
  await run(['--rotate', 'session', '--yes'], { at: 0 });
  assert.equal(values()['SECRET_KEY_FALLBACKS'], first);
  await run(['--prune', '--yes'], at(1));
  assert.equal(values()['SECRET_KEY_FALLBACKS'], first);
  await run(['--prune', '--yes'], at(10));
  assert.equal(values()['SECRET_KEY_FALLBACKS'], '');
});

test('days in the future: nothing is pruned by them, and the fix is printed', async () => {
  const { run, read, values } = place();
  await run([]);
  await run(['--rotate', 'session', '--yes'], at(2000));
  const before = read();
  for (const more of [[], ['--dry-run']]) {
    const { code, err } = await run(['--prune', '--yes', ...more], at(1));
    assert.deepEqual([code, read()], [1, before]);
    assert.match(err, /SECRET_DATES has 2032-05-15, which is in the future: is the clock of this machine/);
  }
  assert.equal((await run(['--prune', '--yes'], at(1999))).code, 0, 'a clock can be a little behind');
  assert.equal((await run(['--rotate', 'session', '--yes'], at(1))).code, 0);
  assert.equal(values()['SECRET_KEY_FALLBACKS']?.split(',').length, 2);
});

test('if a lifetime cannot be read, nothing is pruned, and it says why', async () => {
  const former = '0123456789abcdef'.repeat(4);
  const { run, values } = place(
    `SECRET_KEY=${'fedcba9876543210'.repeat(4)}\nSECRET_KEY_FALLBACKS=${former}\nPERMANENT_SESSION_LIFETIME=soon\n`,
  );
  const { out } = await run(['--prune', '--yes'], at(4000));
  assert.equal(values()['SECRET_KEY_FALLBACKS'], former);
  assert.match(out, /: kept, since PERMANENT_SESSION_LIFETIME or/);
});

test('a full list drops its oldest key, but never a record key', async () => {
  const { run, values } = place();
  await run([]);
  const first = values()['SECRET_KEY'] ?? '';
  for (let i = 0; i < 11; i++) await run(['--rotate', 'session', '--yes']);
  assert.equal(values()['SECRET_KEY_FALLBACKS']?.split(',').length, 10);
  assert.equal(values()['AUDIT_KEY_FALLBACKS'], auditKeyOf(first));
  let out = '';
  for (let i = 0; i < 10; i++) ({ out } = await run(['--rotate', 'session', '--yes']));
  assert.equal(values()['AUDIT_KEY_FALLBACKS']?.split(',').length, 10);
  assert.ok(!values()['AUDIT_KEY_FALLBACKS']?.includes(auditKeyOf(first)));
  assert.match(out, /AUDIT_KEY_FALLBACKS is full: the oldest key is dropped/);
  assert.ok('config' in loadConfig({ env: values() }));
});

test('the content of a NAME_FILE is not pruned here', async () => {
  const { run, read } = place(`SECRET_KEY_FALLBACKS_FILE=/run/secrets/former\n`);
  const before = read();
  const { code, err } = await run(['--prune', '--yes']);
  assert.deepEqual([code, read()], [1, before]);
  assert.match(err, /^SECRET_KEY_FALLBACKS_FILE is set: change the secret in that file$/);
});

test('a secret that was chosen by hand gets no fingerprint and no day', async () => {
  const { run, values } = place('VAULT_PASSPHRASE=correct horse battery\n');
  const { out } = await run([]);
  assert.match(out, /^VAULT_PASSPHRASE: nothing changes \(kept\)$/m);
  assert.equal(datesOf(values())[fingerprint('correct horse battery')], undefined);
});
