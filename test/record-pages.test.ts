// The record's pages, and invariant 8: what cannot be recorded is not done. On SQLite and on Redis.
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, suite, test } from 'node:test';
import { waitFor } from '../demo/child.ts';
import { connectRedis } from '../src/store/redis-client.ts';
import { packEntry, unpackEntry } from '../src/store/redis-entry.ts';
import { ada, also, begin, type Desk, grace, startDesk, storeKinds } from './support/desk.ts';
import { eventually } from './support/eventually.ts';
import { need } from './support/requirement.ts';

interface Entry {
  readonly seq: number;
  readonly event: string;
  readonly outcome: string;
  readonly person?: string;
  readonly by?: string;
  readonly session?: string;
  readonly reason?: string;
}

for (const store of storeKinds) {
  suite(
    `the record's pages on ${store}`,
    await need(...(store === 'redis' ? (['redis-server'] as const) : [])),
    () => {
      let desk: Desk;
      before(async () => {
        desk = await startDesk({ store, settings: { SESSION_MAX_PER_USER: '0' } });
      });
      after(() => desk.close());

      const person = (name: string) => ({ id: `id-${name}`, email: `${name}@record.test` });
      const entriesOf = async (who: Awaited<ReturnType<typeof begin>>, query = '') => {
        await desk.recorder.flush();
        const answer = await who.browser.ask(`/api/audit${query}`);
        assert.equal(answer.status, 200, answer.text);
        return answer.json<{ entries: Entry[]; next: string | null }>();
      };

      test('shows a sign-in, an ending and a refusal, with the person concerned and who did it', async () => {
        const operator = await begin(desk, ada);
        const mia = person('mia');
        const member = await begin(desk, mia);
        assert.equal((await member.browser.ask('/record')).status, 403);
        await operator.change('/radar/end', { handle: member.handle });
        const { entries } = await entriesOf(operator, `?person=${mia.email}`);
        const told = entries.map(({ event, person: who, by, reason, outcome }) => [
          event,
          who,
          by,
          reason,
          outcome,
        ]);
        assert.ok(
          told.some((one) => one.join() === `session.created,${mia.email},,,done`),
          JSON.stringify(told),
        );
        assert.ok(
          told.some((one) => one.join() === `operator.denied,${mia.email},,,refused`),
          JSON.stringify(told),
        );
        assert.ok(
          told.some(
            (one) => one.join() === `session.revoked,${mia.email},${ada.email},revoked_by_operator,done`,
          ),
          JSON.stringify(told),
        );
        const page = await operator.browser.ask(`/record?person=${mia.email}`);
        assert.match(page.text, /What was found[\s\S]*A session was ended\.[\s\S]*by ada@example\.org/);
        assert.match(page.text, /entries?, unbroken/);
      });

      test('filters narrow the list, and invalid ones are refused', async () => {
        const operator = await begin(desk, ada);
        await (await begin(desk, person('filter'))).browser.ask('/radar');
        for (const [query, holds] of [
          ['?weight=alarm', (entry: Entry) => entry.event === 'operator.denied'],
          ['?event=session.created', (entry: Entry) => entry.event === 'session.created'],
          [`?handle=${operator.handle}`, (entry: Entry) => entry.session === operator.handle],
        ] as const) {
          const { entries } = await entriesOf(operator, query);
          assert.ok(entries.length > 0 && entries.every(holds), query);
        }
        const tomorrow = new Date(desk.now() + 2 * 86_400_000).toISOString().slice(0, 10);
        assert.deepEqual((await entriesOf(operator, `?from=${tomorrow}`)).entries, []);
        assert.ok((await entriesOf(operator, `?to=${tomorrow}`)).entries.length > 0);
        for (const query of ['?event=nope', '?from=yesterday', '?weight=heavy', '?cursor=x', '?handle=%0a'])
          assert.equal((await operator.browser.ask(`/api/audit${query}`)).status, 400, query);
        assert.match(
          (await operator.browser.ask(`/record?from=${tomorrow}`)).text,
          /Nothing like that is in the record/,
        );
      });

      test('members see their own entries, in plain words, and nobody else’s', async () => {
        const [lena, other] = [person('lena'), person('other')];
        const phone = await begin(desk, lena);
        const here = await begin(desk, lena);
        await here.change('/devices/end', { handle: phone.handle });
        await begin(desk, other);
        await desk.recorder.flush();
        const { text } = await here.browser.ask('/activity');
        assert.match(
          text,
          /What happened on your account[\s\S]*A session was ended\.[\s\S]*You ended it from another device[\s\S]*You signed in\./,
        );
        const { entries } = await entriesOf(here, `?person=${other.email}`);
        assert.ok(entries.length > 0 && entries.every((entry) => entry.person === lena.email));
        for (const path of ['/record', '/record/export', '/record/live'])
          assert.equal((await here.browser.ask(path)).status, 403, path);
      });

      test('pages follow one another without a gap', async () => {
        const operator = await begin(desk, ada);
        for (let i = 0; i < 40; i++) await begin(desk, person(`page${i}`));
        const seen: number[] = [];
        let cursor: string | null = '';
        for (let i = 0; cursor !== null && i < 50; i++) {
          const page: { entries: Entry[]; next: string | null } = await entriesOf(
            operator,
            cursor === '' ? '' : `?cursor=${encodeURIComponent(cursor)}`,
          );
          seen.push(...page.entries.map(({ seq }) => seq));
          cursor = page.next;
        }
        assert.deepEqual(
          seen,
          Array.from({ length: seen[0] ?? 0 }, (_, i) => (seen[0] ?? 0) - i),
        );
        const { text } = await operator.browser.ask('/record');
        assert.match(text, /rel="next">Next page/);
      });

      test('an export contains what was asked for, is recorded, and has no cell that is a formula', async () => {
        const operator = await begin(desk, ada);
        const strange = { id: 'strange', email: '=cmd|x@record.test' };
        await begin(desk, strange);
        await desk.recorder.flush();
        const csv = await operator.browser.ask('/record/export?format=csv&event=session.created');
        assert.match(String(csv.headers['content-type']), /^text\/csv/);
        assert.match(
          String(csv.headers['content-disposition']),
          /attachment; filename="gatehouse-record\.csv"/,
        );
        const lines = csv.text.trim().split('\r\n');
        assert.ok(lines.length > 2 && lines.slice(1).every((line) => line.includes('session.created')));
        assert.ok(csv.text.includes(`"'=cmd|x@record.test"`), 'a cell that begins like a formula is text');
        const json = await operator.browser.ask('/record/export');
        for (const line of json.text.trim().split('\n')) assert.ok(JSON.parse(line));
        const { entries } = await entriesOf(operator, '?event=record.exported');
        assert.deepEqual(
          entries.map(({ by }) => by),
          [ada.email, ada.email],
        );
      });

      test('a new entry appears without a reload', async () => {
        const operator = await begin(desk, ada);
        const stream = openStream(desk, cookieOf(operator));
        await waitFor('the stream', async () => stream.text().includes('retry:'));
        await desk.recorder.write({ event: 'session.ended', facts: { text: 'a\r\rretry: 9\n\nid: 0' } });
        await begin(desk, person('live'));
        await waitFor('the entry', async () => stream.text().includes('live@record.test'), 10_000);
        assert.match(stream.text(), /^id: \d+\ndata: <li class="entry/m);
        assert.doesNotMatch(stream.text(), /\r|^(?!id: \d|data: <|retry: 1000|:$|$)/m, 'one line an entry');
        stream.close();
      });

      test('a reader who is signed out while watching gets nothing more', async () => {
        const [watching, elsewhere] = [await begin(desk, ada), await begin(desk, ada)];
        const stream = openStream(desk, cookieOf(watching));
        await waitFor('the stream', async () => stream.text().includes('retry:'));
        await elsewhere.change('/devices/end', { handle: watching.handle });
        await begin(desk, person('unseen'));
        await eventually('its end', async () => stream.hasEnded(), 10_000);
        assert.doesNotMatch(stream.text(), /unseen@record\.test/);
      });

      test('watching does not count as use of the session, which still reaches its idle limit', async (t) => {
        const own = await also(t, { store, settings: { SESSION_IDLE_TIMEOUT: '900' } });
        const operator = await begin(own, ada);
        for (let minutes = 0; minutes < 14; minutes += 2) {
          own.advance(120_000);
          const stream = openStream(own, cookieOf(operator));
          await waitFor('the stream', async () => stream.text().includes('retry:'));
          stream.close();
        }
        own.advance(120_000);
        assert.equal((await operator.browser.ask('/api/me')).status, 401);
      });

      test('a browser that reconnects gets exactly the entries in between', async () => {
        const operator = await begin(desk, ada);
        await desk.recorder.flush();
        const page = await operator.browser.ask('/record');
        const [, path = '', after = ''] = /data-live="([^"]*after=(\d+))"/.exec(page.text) ?? [];
        await begin(desk, person('between'));
        await desk.recorder.flush();
        const [newest] = await desk.store.record.before(Number.POSITIVE_INFINITY, 1);
        const first = openStream(desk, cookieOf(operator), path);
        await eventually('what was missed', async () => first.text().includes(`id: ${newest?.seq}\n`));
        assert.match(first.text(), /between@record\.test/);
        assert.ok(!first.text().includes(`id: ${after}\n`));
        first.close();
        await begin(desk, person('again'));
        await desk.recorder.flush();
        const second = openStream(desk, cookieOf(operator), path, { 'last-event-id': String(newest?.seq) });
        await eventually('the rest', async () => second.text().includes('again@record.test'));
        assert.doesNotMatch(second.text(), /between@record\.test/);
        second.close();
      });

      test('an edited entry is reported at the top of the page', async (t) => {
        const own = await also(t, { store });
        const operator = await begin(own, ada);
        await own.recorder.flush();
        await tamper(own);
        const { text } = await operator.browser.ask('/record');
        assert.match(text, /role="alert"[\s\S]*The record was changed[\s\S]*entry 1 was edited/);
      });

      test('invariant 8: what cannot be recorded is not done, and works again by itself afterwards', async (t) => {
        const own = await also(t, {
          store,
          settings: { EMAILS_FILE: join(desk.dataDir, `${store}-emails.txt`) },
        });
        const operator = await begin(own, ada);
        const phone = await begin(own, grace);
        const member = await begin(own, grace);
        await own.recorder.flush();
        const mend = await breakRecord(own);
        const ended = await member.change('/devices/end', { handle: phone.handle });
        assert.equal(ended.status, 303, 'an ending is never refused for that');
        assert.match((await member.browser.ask(ended.location ?? '')).text, /the note of it follows/);
        assert.equal((await phone.browser.ask('/api/me')).status, 401);
        const added = await operator.change('/access/add', { email: 'new@record.test' });
        assert.equal(added.status, 503);
        assert.match(added.text, /the record cannot be written[\s\S]*nothing was changed/);
        assert.equal(
          (await own.browser(person('late')).ask('/dashboard')).status,
          503,
          'nobody is signed in',
        );
        assert.equal((await member.browser.ask('/dashboard')).status, 200, 'reading goes on');
        await mend();
        const told = await waitFor('the entry', async () => {
          const rows = await own.store.record.before(Number.POSITIVE_INFINITY, 10, ['session', phone.handle]);
          return rows.find(({ text }) => text.includes('session.revoked'));
        });
        assert.match(told.text, /"reason":"revoked"/);
        assert.equal((await operator.change('/access/add', { email: 'new@record.test' })).status, 303);
      });
    },
  );
}

function cookieOf({ browser }: Awaited<ReturnType<typeof begin>>): string {
  return [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
}

function openStream(desk: Desk, cookie: string, path = '/record/live', headers = {}) {
  let text = '';
  let ended = false;
  const req = request(`${desk.origin}${path}`, {
    headers: { ...desk.gateHeaders(ada), cookie, ...headers },
  });
  req.on('response', (res) => {
    res.setEncoding('utf8');
    res.on('data', (chunk: string) => {
      text += chunk;
    });
    res.on('error', () => undefined);
    res.on('end', () => {
      ended = true;
    });
  });
  req.on('error', () => undefined);
  req.end();
  return { text: () => text, hasEnded: () => ended, close: () => req.destroy() };
}

/** Makes only the record unwritable, as a damaged store would. @returns how to repair it */
async function breakRecord(desk: Desk): Promise<() => Promise<void>> {
  if (desk.redis) {
    const client = connectRedis(desk.redis.url, () => {});
    const [name = ''] = await recordKeys(client);
    await client.rename(name, `${name}-away`);
    await client.set(name, 'not a stream');
    return async () => {
      await client.del(name);
      await client.rename(`${name}-away`, name);
      client.disconnect();
    };
  }
  const sql = (text: string) => {
    const db = new DatabaseSync(join(desk.dataDir, 'gatehouse.db'), { timeout: 2000 });
    db.exec(text);
    db.close();
  };
  sql(`CREATE TRIGGER broken BEFORE INSERT ON record BEGIN SELECT RAISE(ABORT, 'the disk is full'); END`);
  return async () => sql('DROP TRIGGER broken');
}

async function recordKeys(client: ReturnType<typeof connectRedis>): Promise<string[]> {
  const names = await client.keys('gatehouse:*record*');
  const types = await Promise.all(names.map((name) => client.type(name)));
  return names.filter((_, i) => types[i] === 'stream');
}

/** Changes the first entry directly in the store. */
async function tamper(desk: Desk): Promise<void> {
  if (desk.redis) {
    const client = connectRedis(desk.redis.url, () => {});
    const [name = ''] = await recordKeys(client);
    const entries = await client.xrangeBuffer(name, '-', '+');
    await client.del(name);
    for (const [i, [id, fields]] of entries.entries()) {
      const row = unpackEntry(fields);
      const edited = packEntry({ ...row, text: row.text.replace('done', 'nope') });
      await client.xadd(name, id, ...(i === 0 ? edited : fields));
    }
    client.disconnect();
    return;
  }
  const db = new DatabaseSync(join(desk.dataDir, 'gatehouse.db'), { timeout: 2000 });
  db.exec(`UPDATE record SET text = replace(text, 'done', 'nope') WHERE seq = 1`);
  db.close();
}
