// A person's own data: the copy, and that no trace of the address remains after an erasure. On SQLite and on Redis.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { waitFor } from '../demo/child.ts';
import { createLogger } from '../src/http/log.ts';
import type { PersonExport } from '../src/privacy/export.ts';
import { forgetAway } from '../src/privacy/retention.ts';
import { connectRedis } from '../src/store/redis-client.ts';
import { createPrivacy } from '../src/wiring/privacy.ts';
import { createSessionControl } from '../src/wiring/session-control.ts';
import { ada, begin, type Desk, startDesk, storeKinds } from './support/desk.ts';
import { need } from './support/requirement.ts';

const day = 86_400_000;

for (const store of storeKinds) {
  suite(`privacy on ${store}`, await need(...(store === 'redis' ? (['redis-server'] as const) : [])), () => {
    let desk: Desk;
    let logs: string;
    before(async () => {
      logs = mkdtempSync(join(tmpdir(), 'gatehouse-privacy-'));
      desk = await startDesk({
        store,
        settings: {
          AUDIT_LOG_FILE: join(logs, 'record.log'),
          EMAILS_FILE: join(logs, 'emails.txt'),
          SESSION_MAX_PER_USER: '0',
          ADMIN_EMAILS: `${ada.email},nora@privacy.test`,
        },
      });
      if (desk.redis) {
        const client = connectRedis(desk.redis.url, () => {});
        await client.call('CONFIG', 'SET', 'appendonly', 'yes');
        client.disconnect();
      }
    });
    after(async () => {
      await desk.close();
      rmSync(logs, { recursive: true, force: true });
    });

    const person = (name: string) => ({ id: `id-of-${name}`, email: `${name}@privacy.test` });
    const copyOf = async (browser: Awaited<ReturnType<typeof begin>>['browser'], query = '') => {
      const answer = await browser.ask(`/api/privacy/export${query}`);
      assert.equal(answer.status, 200);
      assert.match(String(answer.headers['content-disposition']), /attachment; filename="gatehouse-export-/);
      return answer.json<PersonExport & Record<string, unknown>>();
    };

    /** Every byte that the store and the logs keep on disk. */
    async function everything(): Promise<string> {
      await desk.recorder.flush();
      const folders = [desk.dataDir, logs];
      if (desk.redis) {
        const client = connectRedis(desk.redis.url, () => {});
        const folder = String(((await client.call('CONFIG', 'GET', 'dir')) as unknown[])[1]);
        await waitFor('the rewrite', async () => {
          const info = await client.info('persistence');
          return (
            /aof_rewrite_in_progress:0/.test(info) &&
            /rdb_bgsave_in_progress:0/.test(info) &&
            /aof_rewrite_scheduled:0/.test(info)
          );
        });
        const keys = await client.keys('*');
        const dumps = await Promise.all(
          keys.map(
            async (key) => `${key} ${((await client.call('DUMP', key)) as Buffer | string | null) ?? ''}`,
          ),
        );
        client.disconnect();
        assert.ok(existsSync(join(folder, 'appendonlydir')), 'the append-only file is looked through too');
        folders.push(folder);
        return dumps.join('\n') + bytesOf(folders) + desk.logLines.join('\n');
      }
      return bytesOf(folders) + desk.logLines.join('\n');
    }

    test('the copy contains everything, in words, and no secret', async () => {
      const mara = person('mara');
      const { browser, handle } = await begin(desk, mara);
      await begin(desk, mara);
      const copy = await copyOf(browser);
      const items = new Map(copy.sections.map((section) => [section.section, section.items]));
      assert.deepEqual(
        items.get('account')?.map((row) => (row as { email: string }).email),
        [mara.email],
      );
      const sessions = items.get('sessions') as { handle: string }[];
      assert.equal(sessions.length, 2);
      assert.ok(sessions.some((one) => one.handle === handle));
      for (const { about, fields, items: found } of copy.sections) {
        assert.ok(about.length > 10);
        for (const item of found)
          for (const field of Object.keys(item as object))
            assert.ok(fields[field] ?? field === 'value', field);
      }
      const text = JSON.stringify(copy);
      for (const cookie of browser.cookies.values()) assert.ok(!text.includes(cookie.slice(4, 40)));
      assert.ok(!/csrfSecret|idHash/.test(text));
    });

    test('the page counts what is kept, and says for how long', async () => {
      const { browser } = await begin(desk, person('paula'));
      const { status, text } = await browser.ask('/privacy');
      assert.equal(status, 200);
      assert.match(text, /What is kept about you[\s\S]*Download as JSON[\s\S]*Erase everything about me/);
      assert.doesNotMatch(text, /Somebody else/);
    });

    test('any word other than the address erases nothing', async () => {
      const otto = person('otto');
      const { browser, change } = await begin(desk, otto);
      const answer = await change('/privacy/erase', { confirm: 'otto@privacy.example' });
      assert.equal(answer.status, 422);
      assert.match(answer.text, /That is another address\. Nothing was erased\./);
      assert.equal((await browser.ask('/api/me')).status, 200);
    });

    test('after an erasure the address is found nowhere, and the record still verifies', async () => {
      const nora = person('nora');
      writeFileSync(join(logs, 'emails.txt'), 'ada@example.org\n');
      const phone = await begin(desk, nora);
      const here = await begin(desk, nora, { 'user-agent': 'Firefox/140.0 (X11; Linux x86_64)' });
      await here.change('/devices/end', { handle: phone.handle });
      // Somebody else's ended session must not keep the operator's address.
      const other = await begin(desk, person('bystander'));
      await here.change('/radar/end', { handle: other.handle });
      await desk.recorder.flush();
      const held = await everything();
      assert.ok(held.includes(nora.email), 'it was there before, so the search can find it');
      const answer = await here.change('/privacy/erase', { confirm: ' Nora@Privacy.test ' });
      assert.deepEqual([answer.status, answer.location?.includes('sign_out')], [303, true]);
      assert.equal((await here.browser.ask('/api/me')).status, 401);
      assert.deepEqual(await desk.store.people.idsOf(nora.email), []);
      const left = await everything();
      for (const trace of [nora.email, nora.id]) {
        const at = left.indexOf(trace);
        assert.equal(
          at,
          -1,
          at < 0 ? '' : `left: ${JSON.stringify(left.slice(Math.max(0, at - 120), at + 60))}`,
        );
      }
      const entries = await desk.store.record.before(Number.POSITIVE_INFINITY, 50);
      assert.ok(entries.some(({ text }) => text.includes('"privacy.erased"')));
    });

    test('after an erasure the person’s earlier addresses are found nowhere either', async () => {
      const before = { id: 'id-of-wanda', email: 'wanda-before@privacy.test' };
      await begin(desk, before);
      const now = { ...before, email: 'wanda@privacy.test' };
      const { change } = await begin(desk, now);
      assert.equal((await change('/privacy/erase', { confirm: now.email })).status, 303);
      const left = await everything();
      for (const trace of [before.email, now.email, now.id]) {
        const at = left.indexOf(trace);
        assert.equal(at, -1, `left: ${JSON.stringify(left.slice(Math.max(0, at - 120), at + 60))}`);
      }
    });

    test('store files that could not be rewritten are rewritten as soon as possible, and after a kill', async () => {
      const { config, now, recorder } = desk;
      const revocation = revocationOf(desk);
      let asked = 0;
      let works: boolean | 'killed' = false;
      const store = {
        ...desk.store,
        async scrub() {
          asked += 1;
          if (works === 'killed') throw new Error('killed');
          return works;
        },
      };
      const { erase } = createPrivacy({ config, store, recorder, revocation, now });
      const round = () => forgetAway({ store, erase, retentionMs: 0, now });
      const { id, email } = person('sam');
      await begin(desk, { id, email });
      assert.equal((await erase({ ids: [id], email }, 'terminal')).scrubbed, false);
      await round();
      assert.equal(asked, 2, 'asked again');
      works = true;
      await round();
      await round();
      assert.equal(asked, 3, 'until it works');
      works = 'killed';
      await assert.rejects(erase({ ids: [id], email }, 'terminal'));
      works = true;
      await round();
      await round();
      assert.equal(asked, 5);
    });

    test('a sign-in during an erasure leaves no orphaned session', async () => {
      const ulla = person('ulla');
      await begin(desk, ulla);
      let meanwhile: Awaited<ReturnType<typeof begin>> | undefined;
      const { people } = desk.store;
      const store = {
        ...desk.store,
        people: {
          ...people,
          async remove(id: string) {
            meanwhile ??= await begin(desk, ulla);
            await people.remove(id);
          },
        },
      };
      const { config, now, recorder } = desk;
      const revocation = revocationOf({ ...desk, store });
      const { erase, find } = createPrivacy({ config, store, recorder, revocation, now });
      const { sessionsEnded } = await erase({ ids: [ulla.id], email: ulla.email }, 'terminal');
      await recorder.flush();
      assert.equal(sessionsEnded, 2);
      assert.equal((await meanwhile?.browser.ask('/api/me'))?.status, 401);
      assert.deepEqual(await store.sessions.rowsOf(ulla.id), []);
      assert.equal(await find(ulla.email), undefined);
    });

    test('a person who signs in again starts afresh', async () => {
      const rita = person('rita');
      const first = await begin(desk, rita);
      await first.change('/privacy/erase', { confirm: rita.email });
      desk.advance(2_000);
      const again = await begin(desk, rita);
      const copy = await copyOf(again.browser);
      const sessions = copy.sections.find(({ section }) => section === 'sessions');
      assert.equal(sessions?.items.length, 1);
      assert.match(again.page.text, /first|Welcome/i);
    });

    test('operators, and nobody else: a copy and an erasure on somebody’s request', async () => {
      const emil = person('emil');
      const member = await begin(desk, emil);
      const operator = await begin(desk, ada);
      assert.match((await operator.browser.ask('/privacy')).text, /Somebody else/);
      const none = await operator.change('/privacy/find', { email: 'nobody@privacy.test' });
      assert.equal(none.status, 404);
      assert.match(none.text, /Nothing is kept about that address/);
      const found = await operator.change('/privacy/find', { email: emil.email });
      assert.equal(found.status, 303);
      assert.doesNotMatch(found.location ?? '', /emil|@/);
      const page = await operator.browser.ask(found.location ?? '');
      assert.match(page.text, /emil[\s\S]*Erase this person/);
      const who = (found.location ?? '').split('who=')[1] ?? '';
      assert.equal((await copyOf(operator.browser, `?who=${who}`)).sections[0]?.items.length, 1);
      for (const path of [`/privacy/person?who=${who}`, `/api/privacy/export?who=${who}`])
        assert.equal((await member.browser.ask(path)).status, 403);
      assert.equal((await member.change('/privacy/find', { email: ada.email })).status, 403);
      assert.equal((await member.change('/privacy/erase', { who, confirm: emil.email })).status, 403);
      const erased = await operator.change('/privacy/erase', { who, confirm: emil.email });
      assert.equal(erased.status, 200);
      assert.match(erased.text, /The person was erased; one session ended/);
      assert.equal((await member.browser.ask('/api/me')).status, 401);
      assert.equal((await operator.browser.ask(`/privacy/person?who=${who}`)).status, 404);
    });

    test('a person who stays away is erased after the retention period, and nobody else', async () => {
      const away = person('away');
      await begin(desk, away);
      desk.advance(401 * day);
      const present = person('present');
      await begin(desk, present);
      const { config, now, recorder } = desk;
      const revocation = revocationOf(desk);
      const { erase } = createPrivacy({ config, store: desk.store, recorder, revocation, now });
      const options = { store: desk.store, erase, retentionMs: config.personRetentionMs, now };
      while ((await forgetAway(options)) > 0);
      assert.equal(await desk.store.people.read(away.id), undefined);
      assert.equal((await desk.store.people.read(present.id))?.email, present.email);
      assert.equal(await forgetAway({ ...options, retentionMs: 0 }), 0);
    });
  });
}

/** Creates a revocation from the parts of `desk`. */
function revocationOf({ config, store, recorder, now }: Desk) {
  const logger = createLogger('silent');
  return createSessionControl({ config, store, logger, recorder, now, gateRedis: undefined }).revocation;
}

function bytesOf(folders: readonly string[]): string {
  return folders
    .flatMap((folder) =>
      existsSync(folder)
        ? readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name))
        : [],
    )
    .filter((path) => statSync(path).isFile())
    .map((path) => readFileSync(path, 'latin1'))
    .join('\n');
}
