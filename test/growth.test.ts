// How much members and strangers can make the store keep just by sending requests. Each hostile request is answered or refused; what
// remains is bounded per person and per network, and that keeps no honest person out.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, suite, test } from 'node:test';
import { allowances } from '../src/http/allowances.ts';
import { connectRedis } from '../src/store/redis-client.ts';
import type { Answer } from './support/client.ts';
import { ada, begin, type Desk, grace, startDesk, storeKinds, type TestPerson } from './support/desk.ts';
import { formType, needsOf, opened, sessionName } from './support/hostile.ts';

const gateName = '__Host-_oauth2_proxy';
const gateCookie = (payload: string) =>
  `${Buffer.from(payload).toString('base64')}|${Math.floor(Date.now() / 1000)}|c2ln`;

interface Kept {
  readonly sessions: number;
  readonly entries: number;
  readonly visitors: number;
  readonly other: number;
  readonly bytes: number;
}

/** Without the limits' claims and counters, which expire within seconds. */
async function keptBy(desk: Desk): Promise<Kept> {
  await desk.recorder.flush();
  return desk.redis ? keptInRedis(desk.redis.url) : keptInSqlite(desk.dataDir);
}

function keptInSqlite(dataDir: string): Kept {
  const db = new DatabaseSync(join(dataDir, 'gatehouse.db'));
  const countOf = (table: string) => Number(db.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.['n']);
  const tables = db.prepare(`SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'claim'`).all();
  const all = tables.reduce((sum, { name }) => sum + countOf(String(name)), 0);
  const size = db
    .prepare('SELECT page_count * page_size AS n FROM pragma_page_count, pragma_page_size')
    .get();
  const [sessions, entries, visitors] = [countOf('session'), countOf('record'), countOf('visitor')];
  db.close();
  return {
    sessions,
    entries,
    visitors,
    other: all - sessions - entries - visitors,
    bytes: Number(size?.['n']),
  };
}

async function keptInRedis(url: string): Promise<Kept> {
  const client = connectRedis(url, () => {});
  const keys = (await client.keys('gatehouse:*')).filter((key) => !/^gatehouse:(rate|claim):/.test(key));
  const sizes = await Promise.all(keys.map((key) => client.call('MEMORY', 'USAGE', key)));
  const countOf = (start: string) => keys.filter((key) => key.startsWith(`gatehouse:${start}`)).length;
  const streams = await Promise.all(
    keys.map(async (key) => ((await client.type(key)) === 'stream' ? client.xlen(key) : 0)),
  );
  client.disconnect();
  return {
    sessions: countOf('session:'),
    visitors: countOf('visitor:'),
    entries: Math.max(0, ...streams),
    other: keys.length - countOf('session:') - countOf('visitor:'),
    bytes: sizes.reduce((sum: number, size) => sum + Number(size), 0),
  };
}

/** Sends requests in batches. @returns how often each status occurred */
async function flood(count: number, one: (i: number) => Promise<Answer>): Promise<Record<number, number>> {
  const statuses: Record<number, number> = {};
  for (let i = 0; i < count; i += 25) {
    const batch = Array.from({ length: Math.min(25, count - i) }, (_, j) => one(i + j));
    for (const { status } of await Promise.all(batch)) statuses[status] = (statuses[status] ?? 0) + 1;
  }
  return statuses;
}

const member = (i: number): TestPerson => ({
  id: `2${String(i).padStart(20, '0')}`,
  email: `m${i}@example.org`,
});
const members = [1, 2].map(member);
const from = (address: string) => ({ 'x-forwarded-for': address });

for (const store of storeKinds) {
  suite(`what requests leave behind on ${store}`, await needsOf(store), () => {
    let desk: Desk;
    before(async () => {
      desk = await startDesk({
        store,
        settings: { RATE_LIMIT: 'on', SESSION_BINDING: 'observe', SESSION_MAX_PER_USER: '0' },
      });
    });
    after(() => desk.close());

    const open = (person: TestPerson, cookie: string, headers: Record<string, string> = {}) =>
      desk.browser(person).ask('/settings', {
        headers: { ...opened, ...from(`10.0.${Number(person.id.slice(-3))}.1`), cookie, ...headers },
      });

    test('a thousand hostile requests of members leave no more than their allowance', async () => {
      const first = await keptBy(desk);
      for (const person of members) {
        const own = await begin(desk, person, from(`10.0.${Number(person.id.slice(-3))}.1`));
        const cookies = [...own.browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
        const own1 = gateCookie(`${person.id} own`);
        const asked = [
          // No session cookie: first something next to the gate's cookie, then a different gate cookie each time.
          await flood(100, (i) => open(person, `${gateName}=${own1}; ${gateName}_7=${i}`)),
          await flood(100, (i) => open(person, `${gateName}=${gateCookie(`${person.id} ${i}`)}`)),
          // A session that changes devices, and one whose gate link changes.
          await flood(100, (i) =>
            open(person, cookies, { 'user-agent': i % 2 ? 'Firefox/150.0' : 'Edg/149.0' }),
          ),
          await flood(100, (i) => open(person, `${cookies}; ${gateName}=${gateCookie(`tie ${i % 2}`)}`)),
          // Reads that are recorded, and refusals.
          await flood(50, () => own.browser.ask('/api/privacy/export')),
          await flood(30, () => own.browser.ask('/radar')),
          await flood(30, (i) => open(person, `${sessionName}=s%3A${i}.x; ${sessionName}=s%3A${i}.y`)),
        ];
        const statuses = new Set(asked.flatMap((found) => Object.keys(found)));
        assert.deepEqual([...statuses].sort(), ['200', '400', '403', '429']);
      }
      const left = await keptBy(desk);
      const { changes } = desk.config.rateLimits;
      const sessions = (left.sessions - first.sessions) / members.length;
      assert.ok(sessions <= changes, `${sessions} sessions a person`);
      const bounds = {
        'session.created': changes,
        'session.moved': allowances.moves.most,
        'privacy.exported': allowances.copies.most,
        'operator.denied': 1,
      };
      for (const [event, most] of Object.entries(bounds)) {
        const found = await desk.store.record.before(Number.POSITIVE_INFINITY, 1000, ['event', event]);
        assert.ok(found.length / members.length <= most, `${event}: ${found.length} entries`);
        assert.ok(found.length > 0, event);
      }
      const entries = (left.entries - first.entries) / members.length;
      assert.ok(entries <= 300, `${entries} entries a person`);
      const other = (left.other - first.other) / members.length;
      assert.ok(other <= changes * 4 + 20, `${other} further rows a person`);
      const bytes = (left.bytes - first.bytes) / members.length;
      assert.ok(bytes <= 400_000, `${bytes} bytes a person`);
    });

    test('further requests in the same hour leave nothing', async () => {
      const [person] = members;
      assert.ok(person);
      const first = await keptBy(desk);
      await flood(100, (i) => open(person, `${gateName}=${gateCookie(`again ${i}`)}`));
      const left = await keptBy(desk);
      assert.equal(left.sessions, first.sessions);
      assert.equal(left.entries, first.entries);
    });

    test('five hundred hostile anonymous requests leave a few entries for each network', async () => {
      const first = await keptBy(desk);
      const networks = 20;
      const of = (i: number) => from(`198.51.${i % networks}.1`);
      const other = { origin: 'https://evil.test', 'content-type': formType };
      const forged = { 'x-forwarded-user': ada.id, 'x-forwarded-email': ada.email };
      await flood(200, (i) =>
        desk.browser().ask('/', { method: 'POST', body: 'theme=dark', headers: { ...other, ...of(i) } }),
      );
      await flood(200, (i) => desk.browser().ask('/dashboard', { headers: { ...forged, ...of(i) } }));
      await flood(200, (i) => desk.browser().ask('/', { headers: of(i) }));
      const left = await keptBy(desk);
      assert.ok(left.entries - first.entries <= networks * 2, `${left.entries - first.entries} entries`);
      assert.equal(left.visitors, first.visitors);
      assert.equal(left.sessions, first.sessions);
    });

    test('thirty tabs reopened at once share one session, even if only one more may start', async () => {
      const person = member(50);
      const own = gateCookie('restored');
      for (let i = 1; i < allowances['browser-sign-ins'].most; i++) {
        await nextMoment(desk);
        assert.equal((await open(person, `${gateName}=${own}`)).status, 200, `start ${i}`);
      }
      await nextMoment(desk);
      assert.deepEqual(await flood(30, () => open(person, `${gateName}=${own}`)), { 200: 30 });
      await nextMoment(desk);
      const refused = await open(person, `${gateName}=${own}`);
      assert.equal(refused.status, 429);
      assert.match(refused.text, /Many sign-ins in a short time/);
      assert.ok(Number(refused.headers['retry-after']) > 0);
      // The cookie may have been stolen: its owner can still get in.
      assert.equal((await open(person, `${gateName}=${gateCookie('signed in anew')}`)).status, 200);
    });

    test('an office behind one address: sixty people sign in and save choices within a minute', async () => {
      const answers = await flood(60, (i) =>
        open(member(100 + i), `${gateName}=${gateCookie(`office ${i}`)}`, from('203.0.113.9')),
      );
      assert.deepEqual(answers, { 200: 60 });
    });

    test('visitors of one network are stored up to a limit; other networks and members are unaffected', async () => {
      const choose = (address: string, cookie = '') =>
        desk.browser().ask('/', {
          method: 'POST',
          body: 'theme=dark',
          headers: { origin: desk.origin, 'content-type': formType, cookie, ...from(address) },
        });
      const first = await keptBy(desk);
      await flood(desk.config.rateLimits.changes + 40, () => choose('192.0.2.77'));
      const left = await keptBy(desk);
      assert.equal(left.visitors - first.visitors, desk.config.rateLimits.changes);
      assert.equal((await choose('192.0.2.99')).status, 303);
      assert.equal((await begin(desk, grace, from('192.0.2.77'))).page.status, 200);
    });
  });
}

/** Afterwards tabs no longer share a session with earlier ones. Redis expires keys by its own clock, which tests do not advance. */
async function nextMoment(desk: Desk): Promise<void> {
  desk.advance(11_000);
  if (!desk.redis) return;
  const client = connectRedis(desk.redis.url, () => {});
  const keys = await client.keys('gatehouse:claim:*');
  if (keys.length > 0) await client.del(...keys);
  client.disconnect();
}
