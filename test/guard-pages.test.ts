// The guard's pages in the whole app, on SQLite and on Redis: what members find in the launcher and on their devices, and what operators
// change.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import type { Config } from '../src/config/derive.ts';
import { createAppRules } from '../src/guard/app-rules.ts';
import { createLastUsed } from '../src/guard/last-used.ts';
import { createLogger } from '../src/http/log.ts';
import { openApps } from '../src/wiring/guard.ts';
import { keepRuleFile } from './support/app-rules.ts';
import { ada, begin, type Desk, grace, startDesk, storeKinds } from './support/desk.ts';
import { guardedApp } from './support/guarded.ts';
import { plantSession } from './support/planted.ts';
import { keepEvents } from './support/recorder.ts';
import { need } from './support/requirement.ts';

const [minute, day] = [60_000, 86_400_000];
const everyone = [{ kind: 'everyone' }] as const;
const family = { kind: 'group', name: 'family' } as const;

/** The page's content as text, so that markup does not matter. */
const words = (text: string) =>
  text
    .slice(text.indexOf('<main'), text.indexOf('</main>'))
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ');
const titles = (text: string) =>
  [...text.matchAll(/<a class="strong" href="[^"]*">([^<]*)/g)].map(([, title]) => title);

for (const store of storeKinds) {
  suite(
    `pages of the guard on ${store}`,
    await need(...(store === 'redis' ? (['redis-server'] as const) : [])),
    () => {
      let desk: Desk;
      let file: ReturnType<typeof keepRuleFile>;
      before(async () => {
        file = keepRuleFile([], { family: [grace.email], office: ['hedy@example.org', 'joan@example.org'] });
        desk = await startDesk({
          store,
          settings: { SESSION_MAX_PER_USER: '0' },
          parts: {
            guardedApps: () => file.show().apps,
            appRules: createAppRules({
              file: {
                path: file.path,
                show: () => file.show(),
                change: (edit) => file.change(edit),
              },
              recorder: {
                write: (event) => desk.recorder.write(event),
                writeEnding: (event) => desk.recorder.writeEnding(event),
                note: (event) => desk.recorder.note(event),
              },
              now: () => desk.now(),
            }),
          },
        });
      });
      after(() => desk.close());

      /** Replaces the apps file. */
      function put(...apps: ReturnType<typeof guardedApp>[]): void {
        file = keepRuleFile(apps, {
          family: [grace.email],
          office: ['hedy@example.org', 'joan@example.org'],
        });
      }
      const person = (name: string) => ({ id: `id-${name}`, email: `${name}@example.org` });
      /** What an app's use leaves in the session's row. */
      async function use(handle: string, app: string, at: number): Promise<void> {
        const row = await desk.store.sessions.findByHandle(handle);
        assert.ok(row && (await desk.store.sessions.update(row.key, { [`use:${app}`]: at })));
      }

      test('the launcher lists the apps that the person may open, and no others', async () => {
        put(
          guardedApp('wiki', { title: 'Wiki', who: everyone }),
          guardedApp('photos', { title: 'Photos', who: [family] }),
          guardedApp('mail', {
            title: 'Mail',
            who: [{ kind: 'person', name: grace.email, until: desk.now() - 1 }],
          }),
          guardedApp('git', { title: 'Git', who: [{ kind: 'person', name: ada.email }] }),
        );
        const { browser } = await begin(desk, grace);
        const { status, text } = await browser.ask('/apps');
        assert.equal(status, 200);
        assert.deepEqual(titles(text), ['Wiki', 'Photos']);
        assert.match(text, /href="https:\/\/wiki\.test\/"/);
        assert.doesNotMatch(text, /Mail|Git|role="search"/);
        const stranger = await begin(desk, person('mona'));
        assert.deepEqual(titles((await stranger.browser.ask('/apps')).text), ['Wiki']);
      });

      test('the last use is that of any of the person’s own sessions', async () => {
        put(guardedApp('wiki', { title: 'Wiki' }), guardedApp('git', { title: 'Git' }));
        const mona = person('mona');
        const phone = await begin(desk, mona);
        const { browser, handle } = await begin(desk, mona);
        const other = await begin(desk, person('nina'));
        await use(phone.handle, 'wiki', desk.now() - 5 * minute);
        await use(handle, 'wiki', desk.now() - 3 * day);
        await use(other.handle, 'git', desk.now());
        const text = words((await browser.ask('/apps')).text);
        assert.match(text, /Wiki wiki \.test last used 5 minutes ago/);
        assert.doesNotMatch(text, /Git git \.test last used/);
        await phone.change('/logout');
        assert.match(words((await browser.ask('/apps')).text), /last used 3 days ago/);
      });

      test('searching works without script, by title, name and host, whatever the case', async () => {
        put(
          ...Array.from({ length: 8 }, (_, i) => guardedApp(`app-${i}`, { title: `Title ${i}` })),
          guardedApp('wiki', { title: 'Bücher', origin: 'https://books.example.net' }),
        );
        const { browser } = await begin(desk, grace);
        const found = async (q: string) =>
          titles((await browser.ask(`/apps?q=${encodeURIComponent(q)}`)).text);
        assert.match(
          (await browser.ask('/apps')).text,
          /<form method="get" action="\/apps"[^>]*role="search"/,
        );
        assert.deepEqual(await found('bÜcher'), ['Bücher']);
        assert.deepEqual(await found('WIKI'), ['Bücher']);
        assert.deepEqual(await found('example.net'), ['Bücher']);
        assert.deepEqual(await found(' title 3 '), ['Title 3']);
        assert.match((await browser.ask('/apps?q=%3Cb%3E')).text, /None of your apps has “&lt;b&gt;”/);
        assert.equal((await browser.ask(`/apps?q=${'x'.repeat(200)}`)).status, 400);
      });

      test('each device says which apps it used and when; an app that was taken away by its name', async () => {
        put(guardedApp('grafana', { title: 'Grafana' }));
        const olga = person('olga');
        const { browser, handle } = await begin(desk, olga);
        await plantSession(
          desk,
          { personId: olga.id, email: olga.email },
          { 'use:grafana': desk.now() - 26 * 60 * minute, 'use:old-wiki': desk.now() - 3 * day },
        );
        await use(handle, 'grafana', desk.now() - 5 * minute);
        const text = words((await browser.ask('/devices')).text);
        assert.match(
          text,
          /Apps: Grafana, 5 minutes ago .*One other device.*Apps: Grafana, a day ago · old-wiki, 3 days ago/,
        );
        const operator = await begin(desk, ada);
        assert.match(
          words((await operator.browser.ask('/radar?q=olga')).text),
          /Grafana, a day ago · old-wiki/,
        );
      });

      test('an app that a person may not open is refused with the account, what to do, and the last day', async () => {
        const midnight = Math.floor(desk.now() / day) * day;
        put(
          guardedApp('git', { title: 'Git', who: [{ kind: 'person', name: ada.email }] }),
          guardedApp('mail', {
            title: 'Mail',
            who: [
              { ...family, until: midnight - 9 * day },
              { kind: 'person', name: grace.email, until: midnight - day },
            ],
          }),
        );
        const { browser } = await begin(desk, grace);
        const open = async (app: string, accept = 'text/html') => {
          const { status, text } = await browser.ask(`/open?app=${app}&to=/`, { headers: { accept } });
          return { status, text };
        };
        const denied = await open('git');
        assert.equal(denied.status, 403);
        assert.match(words(denied.text), /You may not open Git You are signed in as grace@example\.org/);
        assert.match(
          denied.text,
          /href="\/oauth2\/sign_out\?rd=[^"]*open[^"]*"[^>]*>Sign in with another account/,
        );
        const ended = await open('mail');
        assert.equal(ended.status, 403);
        const lastDay = new Date(midnight - 2 * day);
        const date = `${lastDay.getUTCDate()} ${lastDay.toLocaleString('en', { month: 'long', timeZone: 'UTC' })}`;
        assert.match(
          words(ended.text),
          new RegExp(`until ${date} ${lastDay.getUTCFullYear()}; that ended a day ago`),
        );
        const unknown = await open('%3Cb%3E');
        assert.equal(unknown.status, 404);
        assert.match(words(unknown.text), /There is no such app/);
        assert.doesNotMatch(unknown.text, /<b>|&lt;b&gt;/);
        assert.deepEqual(await open('git', 'application/json'), {
          status: 403,
          text: '{"error":{"code":"app_not_allowed","message":"This account may not open that app."}}',
        });
      });

      test('the rail leads to the launcher, and operators to the rules', async () => {
        const [member, operator] = [await begin(desk, grace), await begin(desk, ada)];
        const has = async ({ browser }: typeof member, path: string) =>
          (await browser.ask('/settings')).text.includes(`<a href="${path}">`);
        assert.deepEqual([await has(member, '/apps'), await has(member, '/app-rules')], [true, false]);
        assert.deepEqual([await has(operator, '/apps'), await has(operator, '/app-rules')], [true, true]);
        assert.equal((await member.browser.ask('/app-rules')).status, 403);
        assert.equal(
          (await member.change('/app-rules/allow', { app: 'grafana', who: 'everyone' })).status,
          403,
        );
      });

      test('operators see who may open what, when it was last used, and what nobody used for 90 days', async () => {
        put(
          guardedApp('wiki', { title: 'Wiki', who: [family, { kind: 'person', name: 'joan@example.org' }] }),
          guardedApp('old', { title: 'Old dashboard', who: [] }),
        );
        const used = createLastUsed({ facts: desk.store.facts, now: () => desk.now() - 91 * day });
        await used.note('old');
        await createLastUsed({ facts: desk.store.facts, now: desk.now }).note('wiki');
        const { browser } = await begin(desk, ada);
        const text = words((await browser.ask('/app-rules')).text);
        assert.match(
          text,
          /Wiki wiki \.test Group family \(one person\) , joan@example\.org last used just now Change/,
        );
        assert.match(text, /Old dashboard .*Nobody may open it Not used for 90 days/);
        assert.match(
          text,
          /2 groups family grace@example\.org opens Wiki Change group family office hedy@example\.org, joan@example\.org opens no app/,
        );
      });

      test('an operator lets a person in until a day: it holds at once, and the record says so', async () => {
        put(guardedApp('wiki', { title: 'Wiki', who: [family] }));
        const member = await begin(desk, person('nora'));
        assert.deepEqual(titles((await member.browser.ask('/apps')).text), []);
        const { browser, change } = await begin(desk, ada);
        const lastDay = new Date(desk.now() + 3 * day).toISOString().slice(0, 10);
        const answer = await change('/app-rules/allow', { app: 'wiki', who: ' Nora@Example.org ', lastDay });
        assert.deepEqual([answer.status, answer.location], [303, '/app-rules/apps/wiki?done=allowed']);
        assert.match(
          (await browser.ask(answer.location ?? '')).text,
          /role="status"[\s\S]*Added\.[\s\S]*nora@example\.org/,
        );
        assert.deepEqual(file.edits, [
          {
            kind: 'allow',
            app: 'wiki',
            target: { kind: 'person', name: 'nora@example.org' },
            until: Date.parse(lastDay) + day,
          },
        ]);
        assert.deepEqual(titles((await member.browser.ask('/apps')).text), ['Wiki']);
        await desk.recorder.flush();
        assert.match(
          words((await browser.ask('/record')).text),
          /may open an app.*nora@example\.org , by ada@example\.org app\.allowed/,
        );
      });

      test('the last day of an entry is set, changed and removed in its own form', async () => {
        put(guardedApp('wiki', { who: [family] }));
        const { change } = await begin(desk, ada);
        const lastDay = new Date(desk.now()).toISOString().slice(0, 10);
        const save = async (day: string) =>
          (
            await change('/app-rules/allow', {
              app: 'wiki',
              who: 'group:family',
              entry: 'group:family',
              lastDay: day,
            })
          ).location;
        assert.equal(await save(lastDay), '/app-rules/apps/wiki?done=changed');
        assert.deepEqual(file.show().apps.apps.get('wiki')?.who, [
          { ...family, until: Date.parse(lastDay) + day },
        ]);
        assert.equal(await save(''), '/app-rules/apps/wiki?done=changed');
        assert.equal(await save(''), '/app-rules/apps/wiki?done=present');
        assert.deepEqual(file.show().apps.apps.get('wiki')?.who, [family]);
      });

      test('what cannot be taken is shown again with what was typed, and nothing is changed', async () => {
        put(guardedApp('wiki', { who: [family] }));
        const { change } = await begin(desk, ada);
        for (const [who, lastDay, status, says] of [
          ['famly', '', 422, /There is no group with this name/],
          ['ada@', '', 422, /neither an address nor the name of a group/],
          [' ', '', 422, /neither an address/],
          ['everyone', '2020-02-29', 422, /That day is over/],
          ['everyone', '2027-02-30', 400, /cannot be read/],
          ['everyone', 'tomorrow', 400, /cannot be read/],
        ] as const) {
          const answer = await change(
            '/app-rules/allow',
            { app: 'wiki', who, lastDay },
            { accept: 'text/html' },
          );
          assert.equal(answer.status, status, who);
          assert.match(answer.text, says);
          if (status === 422) assert.ok(answer.text.includes('aria-invalid="true"'), who);
        }
        assert.equal((await change('/app-rules/allow', { app: 'mail', who: 'everyone' })).status, 404);
        assert.equal((await change('/app-rules/allow', { app: 'wiki', who: 'x', entry: 'x' })).status, 422);
        assert.deepEqual(file.edits, []);
      });

      test('taking an app away asks first, says who it concerns, and holds at once', async () => {
        put(
          guardedApp('wiki', {
            title: 'Wiki',
            who: [{ kind: 'group', name: 'office' }, { kind: 'person', name: 'joan@example.org' }, family],
          }),
        );
        const member = await begin(desk, grace);
        const { browser, change } = await begin(desk, ada);
        const ask = async (who: string) =>
          words((await browser.ask(`/app-rules/remove?app=wiki&who=${encodeURIComponent(who)}`)).text);
        assert.match(
          await ask('group:office'),
          /One person of the group is refused in Wiki.*One person of the group still may/,
        );
        assert.match(await ask('person:joan@example.org'), /It will not keep them out:.*group office/);
        assert.match(await ask('person:nobody@example.org'), /Nothing was changed/);
        assert.match(await ask('group:family'), /Take Wiki away from group family/);
        assert.deepEqual(file.edits, []);
        assert.deepEqual(titles((await member.browser.ask('/apps')).text), ['Wiki']);
        const answer = await change('/app-rules/remove', { app: 'wiki', who: 'group:family' });
        assert.equal(answer.location, '/app-rules/apps/wiki?done=removed');
        assert.deepEqual(titles((await member.browser.ask('/apps')).text), []);
        assert.equal(
          (await change('/app-rules/remove', { app: 'wiki', who: 'group:family' })).location,
          '/app-rules/apps/wiki?done=absent',
        );
        for (const [app, who] of [
          ['mail', 'everyone'],
          ['wiki', 'family'],
        ] as const)
          assert.equal((await change('/app-rules/remove', { app, who })).status, 404, who);
      });

      test('a mistake in the file is named with its line; the former rules apply, and no form changes them', async () => {
        put(guardedApp('wiki', { title: 'Wiki' }));
        file.faults = [
          { line: 12, message: 'The group `<b>` is not among the `groups`.' },
          { message: 'No apps.' },
        ];
        const { browser, change } = await begin(desk, ada);
        const { text } = await browser.ask('/app-rules');
        assert.match(
          words(text),
          /has 2 mistakes, so the former rules still apply.*Line 12: The group &lt;b&gt; is not/,
        );
        assert.deepEqual(titles((await browser.ask('/apps')).text), ['Wiki']);
        const app = (await browser.ask('/app-rules/apps/wiki')).text;
        assert.ok(app.includes('Line 12:') && !app.includes('action="/app-rules/allow"'));
        assert.equal((await change('/app-rules/allow', { app: 'wiki', who: 'family' })).status, 409);
        assert.equal((await change('/app-rules/remove', { app: 'wiki', who: 'everyone' })).status, 409);
        assert.deepEqual(file.edits, []);
      });

      test('a file that cannot be written: 503, with the reason, and what was typed', async () => {
        put(guardedApp('wiki'));
        file.refusal = 'The disk is full. Make room, then try again.';
        const { change } = await begin(desk, ada);
        const html = { accept: 'text/html' };
        const added = await change('/app-rules/allow', { app: 'wiki', who: 'family' }, html);
        assert.equal(added.status, 503);
        assert.match(added.text, /The disk is full\.[\s\S]*value="family"/);
        const removed = await change('/app-rules/remove', { app: 'wiki', who: 'everyone' }, html);
        assert.equal(removed.status, 503);
        assert.match(removed.text, /The disk is full\./);
      });
    },
  );
}

test('without a guard there is no launcher, and no link to one', async (t) => {
  const desk = await startDesk({ store: 'sqlite' });
  t.after(() => desk.close());
  const { browser } = await begin(desk, ada);
  assert.equal((await browser.ask('/apps')).status, 404);
  assert.doesNotMatch((await browser.ask('/devices')).text, /href="\/app/);
});

test('as long as there was never an apps file, no page links to apps; a file with a mistake does', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-no-apps-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'apps.yaml');
  const config = { guard: { appsFile: path }, publicOrigin: 'https://desk.test' } as Config;
  const parts = openApps(config, { logger: createLogger('silent'), recorder: keepEvents() });
  const desk = await startDesk({ store: 'sqlite', parts });
  t.after(() => desk.close());
  const { browser } = await begin(desk, ada);
  const links = async (): Promise<string[]> =>
    (await browser.ask('/devices')).text.match(/href="\/app[^"]*"/g) ?? [];
  assert.deepEqual(await links(), []);
  writeFileSync(path, 'apps: wiki\n');
  assert.ok((await links()).includes('href="/app-rules"'));
});
