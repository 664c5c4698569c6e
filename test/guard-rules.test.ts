// Changing who may open an app, on a real apps file and both stores: who would have been refused, groups, and ending the use of an app.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, suite, test } from 'node:test';
import { createAppRules } from '../src/guard/app-rules.ts';
import { createAppsFile } from '../src/guard/apps-file.ts';
import { createRuleFile } from '../src/guard/rule-file.ts';
import { ada, begin, type Desk, grace, storeKinds, type TestPerson } from './support/desk.ts';
import { type Guarded, startGuarded } from './support/guarded.ts';
import { needsOf } from './support/hostile.ts';
import { plantSession } from './support/planted.ts';
import { keepEvents } from './support/recorder.ts';

const [minute, day] = [60_000, 86_400_000];

const text = `# Ours
groups:
  family: [grace@example.org, joan@example.org] # all of us
  office:
    # At the desk by the window.
    - hedy@example.org
  unused: []
apps:
  wiki:
    url: https://wiki.test
    name: Wiki
    who:
      - family # since ever
      - ada@example.org
  git:
    url: https://git.test
    name: Git
    who: [everyone]
`;

/** The page's content as text, so that markup does not matter. */
const words = (page: string) =>
  page
    .slice(page.indexOf('<main'), page.indexOf('</main>'))
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ');

const person = (name: string): TestPerson => ({ id: `id-${name}`, email: `${name}@example.org` });
const joan = person('joan');
const html = { headers: { accept: 'text/html' } };

for (const store of storeKinds) {
  suite(`the rules of the apps: ${store}`, await needsOf(store), () => {
    const folder = mkdtempSync(join(tmpdir(), 'gatehouse-rules-'));
    const path = join(folder, 'apps.yaml');
    let at: Guarded;
    let desk: Desk;
    let operator: Awaited<ReturnType<typeof begin>>;

    /** The parts of a replica: it has its own view of the file. */
    function replica() {
      writeFileSync(path, text);
      const logger = { info: () => undefined, error: () => undefined };
      const file = createAppsFile({ path, deskOrigin: 'https://desk.test', logger });
      const later = {
        write: (event: Parameters<Desk['recorder']['write']>[0]) => desk.recorder.write(event),
        writeEnding: (event: Parameters<Desk['recorder']['write']>[0]) => desk.recorder.writeEnding(event),
        note: (event: Parameters<Desk['recorder']['write']>[0]) => desk.recorder.note(event),
      };
      const appRules = createAppRules({ file: createRuleFile(file), recorder: later, now: () => desk.now() });
      return { file, appRules };
    }

    before(async () => {
      const { file, appRules } = replica();
      const settings = { SESSION_MAX_PER_USER: '0' };
      at = await startGuarded({ store, settings, parts: { appRules } }, file.current);
      desk = at.desk;
      operator = await begin(desk, ada);
    });
    beforeEach(() => writeFileSync(path, text));
    after(async () => {
      await at.close();
      rmSync(folder, { recursive: true });
    });

    const page = async (where: string) => (await operator.browser.ask(where, html)).text;

    /** A browser that has opened the app. */
    async function inApp(who: TestPerson, app = 'wiki') {
      const browser = at.browser(who);
      assert.ok('in' in (await browser.visit(app)));
      const me = (await browser.desk.ask('/api/me')).json<{ session: { handle: string } }>();
      return { browser, handle: me.session.handle };
    }

    /** The newest entries of the record, as the page shows them. */
    async function record(): Promise<string> {
      await desk.recorder.flush();
      return words(await page('/record'));
    }

    /** An entry of the record that is some days old. */
    async function openedBefore(who: TestPerson, app: string, days: number): Promise<void> {
      desk.advance(-days * day);
      desk.recorder.note({ event: 'guard.entered', person: who, facts: { app } });
      await desk.recorder.flush();
      desk.advance(days * day);
    }

    test('before an app is taken away, the page says who would have been refused in the last 30 days', async () => {
      await openedBefore(joan, 'wiki', 3);
      await openedBefore(person('old'), 'wiki', 31);
      await openedBefore(ada, 'wiki', 4);
      await openedBefore(person('other'), 'git', 2);
      await openedBefore(person('gone'), 'wiki', 5);
      const asked = words(await page('/app-rules/remove?app=wiki&who=group%3Afamily'));
      assert.match(
        asked,
        /One of the 2 people who used Wiki and may open it now would be refused\. joan@example\.org used it 3 days ago/,
      );
      assert.match(asked, /One other person who used it is refused already/);
      assert.doesNotMatch(asked, /old@|other@|ada@example\.org used/);
      assert.equal(readFileSync(path, 'utf8'), text, 'asking changes nothing');
    });

    test('a session that is still in use counts, however long ago it began', async () => {
      const long = person('long');
      writeFileSync(path, text.replace('- ada@', '- long@example.org\n      - ada@'));
      await plantSession(
        desk,
        { personId: long.id, email: long.email },
        { 'use:wiki': desk.now() - 2 * day },
      );
      const asked = words(await page('/app-rules/remove?app=wiki&who=person%3Along%40example.org'));
      assert.match(asked, /long@example\.org used it 2 days ago/);
    });

    test('a right with a last day is tried at its end; whoever has another entry is not refused', async () => {
      await openedBefore(joan, 'wiki', 3);
      const lastDay = new Date(desk.now() + 5 * day).toISOString().slice(0, 10);
      const query = `app=wiki&who=group%3Afamily&entry=group%3Afamily&lastDay=${lastDay}`;
      assert.match(
        words(await page(`/app-rules/allow?${query}`)),
        /Change the last day of group family.*who used Wiki and may open it now would be refused after \d+ \w+ \d{4}\. joan@example\.org/,
      );
      writeFileSync(path, text.replace('- ada@', '- joan@example.org\n      - ada@'));
      assert.match(
        words(await page(`/app-rules/allow?${query}`)),
        /None of the \d people .* would be refused by this/,
      );
    });

    test('letting somebody in asks first, changes nothing, and sends what was typed to the form', async () => {
      const answer = await operator.browser.ask(
        '/app-rules/allow?app=wiki&who=%20Hedy@Example.org&lastDay=',
        html,
      );
      assert.match(words(answer.text), /Let hedy@example\.org open Wiki\?.*Let them in/);
      assert.match(answer.text, /name="entry" value="person:hedy@example\.org"/);
      assert.equal(readFileSync(path, 'utf8'), text);
      const saved = await operator.change('/app-rules/allow?sent=1', {
        app: 'wiki',
        who: ' Hedy@Example.org',
        lastDay: '',
        entry: 'person:hedy@example.org',
      });
      assert.equal(saved.location, '/app-rules/apps/wiki?done=allowed');
      assert.match(
        readFileSync(path, 'utf8'),
        /- family # since ever\n {6}- ada@example\.org\n {6}- hedy@example\.org\n/,
      );
      for (const [who, status] of [
        ['famly', 422],
        ['ada@', 422],
        ['', 422],
        ['family', 303],
      ] as const)
        assert.equal(
          (await operator.browser.ask(`/app-rules/allow?app=wiki&who=${who}`, html)).status,
          status,
          who,
        );
      assert.equal((await operator.browser.ask('/app-rules/allow?app=mail&who=everyone', html)).status, 404);
    });

    test('at most 10,000 entries are read, and the page says so', async () => {
      const { createAppHistories, readAtMost } = await import('../src/guard/app-history.ts');
      let read = 0;
      const entry = { at: new Date(desk.now()).toISOString(), facts: { app: 'wiki' } };
      const histories = createAppHistories({
        reader: {
          page: async ({ limit }) => {
            read += limit;
            const item = { seq: 1, entry, who: { email: `p${read}@example.org` }, by: undefined };
            return { items: Array.from({ length: limit }, () => item), next: 'more' } as never;
          },
        },
        sessions: desk.store.sessions,
        limits: desk.config.session,
        now: desk.now,
      });
      const found = await histories.refused('wiki');
      assert.deepEqual([read, found.isPartial], [readAtMost, true]);
    });

    test('a group is made, filled and deleted; comments stay, and the record says who did it', async () => {
      const { change } = operator;
      const made = await change('/app-rules/groups/create', { group: ' Guests ' });
      assert.equal(made.location, '/app-rules/groups/guests?done=created');
      assert.match(readFileSync(path, 'utf8'), /unused: \[\]\n {2}guests: \[\]\n/);
      const joined = await change('/app-rules/groups/join', { group: 'guests', who: 'Nora@Example.org' });
      assert.equal(joined.location, '/app-rules/groups/guests?done=joined');
      assert.match(
        words(await page(joined.location ?? '')),
        /Added to the group.*One person nora@example\.org/,
      );
      await change('/app-rules/groups/join', { group: 'office', who: 'nora@example.org' });
      const written = readFileSync(path, 'utf8');
      for (const line of ['# Ours', '# all of us', '# At the desk by the window.', 'family # since ever'])
        assert.ok(written.includes(line), line);
      assert.match(written, /guests:\n {4}- nora@example\.org\n/);
      assert.match(written, /- hedy@example\.org\n {4}- nora@example\.org\n/);
      const again = await change('/app-rules/groups/join', { group: 'guests', who: 'nora@example.org' });
      assert.equal(again.location, '/app-rules/groups/guests?done=present');
      const left = await change('/app-rules/groups/leave', { group: 'guests', who: 'nora@example.org' });
      assert.equal(left.location, '/app-rules/groups/guests?done=left');
      assert.match(
        words(await page('/app-rules/groups/delete?group=guests')),
        /Delete group guests\? Nobody is in it/,
      );
      assert.equal(
        (await change('/app-rules/groups/delete', { group: 'guests' })).location,
        '/app-rules?done=deleted',
      );
      assert.doesNotMatch(readFileSync(path, 'utf8'), /guests/);
      const entries = await record();
      for (const name of ['created', 'joined', 'left', 'deleted'])
        assert.match(entries, new RegExp(`group\\.${name}`));
    });

    test('a group that an app names is not deleted, and names that cannot be are refused', async () => {
      const { change } = operator;
      const html_ = { accept: 'text/html' };
      const used = await change('/app-rules/groups/delete', { group: 'family' }, html_);
      assert.equal(used.status, 409);
      assert.match(words(used.text), /An app still names this group.*Wiki/);
      for (const name of ['everyone', '', 'a b', 'ä', '-x', 'x'.repeat(33)]) {
        const refused = await change('/app-rules/groups/create', { group: name }, html_);
        assert.equal(refused.status, 422, name);
      }
      assert.equal(
        (await change('/app-rules/groups/join', { group: 'family', who: 'nora' }, html_)).status,
        422,
      );
      for (const form of ['join', 'leave'])
        assert.equal(
          (await change(`/app-rules/groups/${form}`, { group: 'x', who: ada.email })).status,
          404,
          form,
        );
      assert.equal((await change('/app-rules/groups/delete', { group: 'x' })).status, 404);
      assert.equal(readFileSync(path, 'utf8'), text);
    });

    test('before a person leaves a group, each app that names it says whether they would be refused; then they are', async () => {
      const { browser } = await inApp(grace);
      await desk.recorder.flush();
      const asked = words(await page('/app-rules/groups/leave?group=family&who=grace%40example.org'));
      assert.match(
        asked,
        /Take grace@example\.org out of group family\?.*Wiki.*would be refused\. grace@example\.org used it/,
      );
      assert.doesNotMatch(asked, /Git/);
      assert.equal((await browser.fetch('wiki')).status, 204);
      await operator.change('/app-rules/groups/leave', { group: 'family', who: grace.email });
      assert.equal((await browser.fetch('wiki')).status, 403, 'the very next request');
      assert.match(readFileSync(path, 'utf8'), /family: \[joan@example\.org\] # all of us/);
    });

    test('members reach none of it', async () => {
      const member = await begin(desk, grace);
      for (const where of [
        'groups/family',
        'groups/leave?group=family&who=x',
        'groups/delete?group=unused',
        'end?app=wiki',
        'allow?app=wiki&who=x',
      ])
        assert.equal((await member.browser.ask(`/app-rules/${where}`)).status, 403, where);
      for (const form of ['groups/create', 'groups/join', 'groups/leave', 'groups/delete', 'end'])
        assert.equal(
          (await member.change(`/app-rules/${form}`, { group: 'family', app: 'wiki' })).status,
          403,
          form,
        );
      const forged = await operator.browser.ask('/app-rules/end', {
        method: 'POST',
        body: 'app=wiki',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      });
      assert.equal(forged.status, 403, 'without the token');
      assert.equal(readFileSync(path, 'utf8'), text);
    });

    test('every use of an app is ended: on the next request, on every replica, and only that app', async () => {
      const two = replica();
      const other = await startGuarded(
        { store, beside: desk, parts: { appRules: two.appRules } },
        two.file.current,
      );
      try {
        const [one, second] = [await inApp(grace), await inApp(joan)];
        assert.ok('in' in (await one.browser.visit('git')));
        const cookies = one.browser.cookiesOf('wiki');
        assert.equal((await other.ask('wiki', { cookies })).status, 204);
        desk.advance(1);
        assert.match(
          words(await page('/app-rules/end?app=wiki')),
          /End every use of Wiki\? 2 people used it in the last day/,
        );
        const ended = await operator.change('/app-rules/end?sent=1', { app: 'wiki' });
        // Other tests left sessions open as well.
        assert.match(ended.location ?? '', /^\/app-rules\/apps\/wiki\?ended=[2-9]$/);
        assert.match(
          words(await page(ended.location ?? '')),
          /Every use is ended\. It was open on \d devices/,
        );
        for (const asked of [
          await one.browser.fetch('wiki'),
          await second.browser.fetch('wiki'),
          await other.ask('wiki', { cookies }),
        ])
          assert.equal(asked.status, 401);
        assert.equal((await one.browser.fetch('git')).status, 204);
        assert.equal((await one.browser.desk.ask('/devices')).status, 200);
        desk.advance(1);
        assert.ok(
          'in' in (await one.browser.visit('wiki')),
          'whoever may open it comes in again by the desk',
        );
        assert.equal((await one.browser.fetch('wiki')).status, 204);
        assert.match(await record(), /app\.ended/);
      } finally {
        await other.close();
      }
    });

    test('a grant that is added to a row while the app is ended counts as made before', async () => {
      const { browser, handle } = await inApp(joan);
      const row = await desk.store.sessions.findByHandle(handle);
      assert.ok(row);
      const kept = Object.fromEntries(
        Object.entries(row.data).filter(([name]) => name.startsWith('app:wiki:')),
      );
      desk.advance(1);
      await operator.change('/app-rules/end', { app: 'wiki' });
      await desk.store.sessions.update(row.key, kept);
      assert.deepEqual(
        [(await browser.fetch('wiki')).status, (await browser.fetch('wiki')).headers['x-guard-reason']],
        [401, 'ended'],
      );
    });

    test('a session that the sweep has not reached is refused all the same', async () => {
      const { browser } = await inApp(joan);
      desk.advance(1);
      const instant = new Date(desk.now()).toISOString();
      writeFileSync(path, text.replace('name: Wiki', `name: Wiki\n    ended-before: ${instant}`));
      assert.equal((await browser.fetch('wiki')).status, 401);
      desk.advance(1);
      assert.ok('in' in (await browser.visit('wiki')));
    });

    test('without a file that can be changed, what is open is ended, and the operator is told what is not', async () => {
      const { browser } = await inApp(joan);
      writeFileSync(path, `${text}nonsense: 1\n`);
      desk.advance(1);
      const ended = await operator.change('/app-rules/end', { app: 'wiki' }, { accept: 'text/html' });
      assert.equal(ended.status, 409);
      assert.match(words(ended.text), /Not everything was ended.*closed on \w+ device/);
      writeFileSync(path, text);
      assert.equal((await browser.fetch('wiki')).status, 401);
    });

    test('an app is closed for one person, on each of their devices', async () => {
      const [one, two, third] = [await inApp(joan), await inApp(joan), await inApp(grace)];
      desk.advance(1);
      const radar = await page('/radar?app=wiki');
      assert.match(words(radar), /Used Wiki in the last day.*Close Wiki/);
      const query = `/app-rules/end?app=wiki&amp;handle=${one.handle}`;
      assert.ok(radar.includes(`href="/app-rules/end?app=wiki&amp;handle=${one.handle}"`), query);
      assert.match(
        words(await page(`/app-rules/end?app=wiki&handle=${one.handle}`)),
        /Close Wiki for joan@example\.org \?/,
      );
      const closed = await operator.change('/app-rules/end', { app: 'wiki', handle: one.handle });
      assert.equal(closed.location, '/radar?app=wiki&closed=1');
      assert.equal((await one.browser.fetch('wiki')).status, 401);
      assert.equal((await two.browser.fetch('wiki')).status, 401);
      assert.equal((await third.browser.fetch('wiki')).status, 204);
      assert.match(await record(), /app\.closed/);
      assert.equal(
        (await operator.change('/app-rules/end', { app: 'wiki', handle: 'nosuchhandle' })).status,
        404,
      );
    });

    test('a member closes an app on one device of theirs, and on nobody else’s', async () => {
      const [phone, laptop] = [await inApp(joan), await inApp(joan)];
      const own = await begin(desk, joan);
      desk.advance(1);
      assert.match((await own.browser.ask('/devices')).text, /name="app" value="wiki">Close Wiki</);
      const closed = await own.change('/devices/close', { app: 'wiki', handle: phone.handle });
      assert.equal(closed.location, '/devices?closed=1');
      assert.match(
        words((await own.browser.ask('/devices?closed=1')).text),
        /The app is closed on that device/,
      );
      assert.equal((await phone.browser.fetch('wiki')).status, 401);
      assert.equal((await laptop.browser.fetch('wiki')).status, 204);
      const stranger = await begin(desk, grace);
      assert.equal(
        (await stranger.change('/devices/close', { app: 'wiki', handle: laptop.handle })).status,
        404,
      );
      assert.equal((await laptop.browser.fetch('wiki')).status, 204);
    });

    test('closing an app does not begin its lifetime anew', async () => {
      writeFileSync(path, text.replace('name: Wiki', 'name: Wiki\n    lifetime: 1h'));
      const { browser, handle } = await inApp(person('joan'));
      const own = await begin(desk, joan);
      desk.advance(50 * minute);
      await own.change('/devices/close', { app: 'wiki', handle });
      desk.advance(minute);
      assert.ok('in' in (await browser.visit('wiki')));
      desk.advance(10 * minute);
      const late = await browser.fetch('wiki');
      assert.deepEqual([late.status, late.headers['x-guard-reason']], [401, 'expired']);
    });

    test('the radar shows who used an app in the last day, and the rules count them', async () => {
      const [used, before_] = [person('used'), person('before')];
      await plantSession(
        desk,
        { personId: used.id, email: used.email },
        { 'use:git': desk.now() - 23 * 60 * minute },
      );
      await plantSession(desk, { personId: used.id, email: used.email }, { 'use:git': desk.now() - minute });
      await plantSession(
        desk,
        { personId: before_.id, email: before_.email },
        { 'use:git': desk.now() - 25 * 60 * minute },
      );
      const radar = words(await page('/radar?app=git&q=used'));
      assert.equal(radar.split('used@example.org').length - 1 >= 2, true);
      const all = words(await page('/radar?app=git&q=before'));
      assert.match(all, /Nobody used Git in the last day/);
      assert.match(words(await page('/app-rules')), /\w+ (person|people) in the last day/);
      assert.match(words(await page('/radar?app=nonsense')), /Sessions/);
    });

    test('refusals are counted by app and person, and a page that asks again and again is one entry', async () => {
      const { browser } = await inApp(grace);
      writeFileSync(path, text.replace('- family # since ever', '- office'));
      for (let i = 0; i < 5; i++) assert.equal((await browser.fetch('wiki')).status, 403);
      desk.advance(11 * minute);
      assert.equal((await browser.fetch('wiki')).status, 403);
      await desk.recorder.flush();
      const shown = words(await page('/app-rules/apps/wiki'));
      assert.match(shown, /Refused in the last 30 days .* grace@example\.org (2|3) times, last/);
      assert.match(words(await page('/app-rules/apps/git')), /Nobody was refused/);
    });

    test('an app that people opened through the guard is marked once nobody used it for 90 days', async () => {
      const { browser } = await inApp(joan, 'git');
      assert.equal((await browser.fetch('git')).status, 204);
      await new Promise((resolve) => setImmediate(resolve));
      assert.doesNotMatch(words(await page('/app-rules')), /Git git \.test[^W]*Not used for 90 days/);
      desk.advance(91 * day);
      const later = await begin(desk, ada);
      assert.match(
        words((await later.browser.ask('/app-rules')).text),
        /Git git \.test.*Not used for 90 days/,
      );
      desk.advance(-91 * day);
    });
  });
}

test('without a record nobody joins a group, but leaving one and ending an app never wait', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-rules-'));
  try {
    const path = join(folder, 'apps.yaml');
    writeFileSync(path, text);
    const logger = { info: () => undefined, error: () => undefined };
    const file = createAppsFile({ path, deskOrigin: 'https://desk.test', logger });
    const recorder = keepEvents();
    recorder.write = async () => {
      throw new Error('full');
    };
    const rules = createAppRules({ file: createRuleFile(file), recorder, now: Date.now });
    await assert.rejects(rules.join('family', 'nora@example.org', ada), /full/);
    await assert.rejects(rules.createGroup('guests', ada), /full/);
    await assert.rejects(rules.deleteGroup('unused', ada), /full/);
    assert.equal(readFileSync(path, 'utf8'), text);
    await assert.doesNotReject(rules.leave('family', grace.email, ada));
    assert.doesNotMatch(readFileSync(path, 'utf8'), /family:.*grace/);
    assert.equal((await rules.end('wiki', ada)).kind, 'ended');
    assert.match(readFileSync(path, 'utf8'), /ended-before: \d{4}-/);
    assert.deepEqual(
      recorder.events.map(({ event }) => event),
      ['group.left', 'app.ended'],
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});
