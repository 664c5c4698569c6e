// Reads everything that can be read: no response, log line or file contains a secret, and reading changes nothing.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import type { Answer, Client } from './support/client.ts';
import { ada, begin, type Desk, grace, startDesk, storeKinds } from './support/desk.ts';
import {
  formType,
  leavesStoreAlone,
  needsOf,
  sessionIdOf,
  sessionName,
  storeContents,
  visitorName,
} from './support/hostile.ts';

const starts = [
  '/',
  '/signed-out',
  '/privacy-notice',
  '/health',
  '/dashboard',
  '/cookies',
  '/settings',
  '/api/me',
  '/api/cookies',
  '/devices',
  '/activity',
  '/privacy',
  '/radar',
  '/access',
  '/record',
  '/record/export?format=csv',
  '/keys',
  '/checkup',
  '/api/sessions',
  '/api/admin/sessions',
  '/api/audit',
  '/api/checkup',
  '/api/privacy/export',
];
const others = [
  '/logout',
  '/nothing',
  '/api/nothing',
  '/settings?saved=1',
  '/assets/nothing.css',
  '/oauth2/userinfo',
];

for (const store of storeKinds) {
  suite(`a crawl on ${store}`, await needsOf(store), () => {
    let desk: Desk;
    let browser: Client;
    let csrfToken: string;
    /** Each secret, by the name to show in a failure. */
    let secrets: Record<string, string>;
    let csrfSecret: string;
    const answers: [about: string, answer: Answer][] = [];
    before(async () => {
      desk = await startDesk({ store });
      browser = desk.browser(ada);
      await browser.ask('/');
      const headers = { origin: desk.origin, 'content-type': formType };
      await browser.ask('/', { method: 'POST', body: 'theme=dark', headers });
      const formerVisitor = browser.cookies.get(visitorName);
      browser.cookies.set('__Host-_oauth2_proxy', 'gate-ticket-value');
      browser.cookies.set('other', 'another-sites-cookie-value');
      assert.equal((await browser.ask('/dashboard')).status, 200);
      csrfToken = (await browser.ask('/api/me')).json<{ csrfToken: string }>().csrfToken;
      csrfSecret = /"csrfSecret\\?":\\?"([\w-]+)/.exec(await storeContents(desk))?.[1] ?? '';
      secrets = {
        'the session id': sessionIdOf(browser),
        'the session cookie': browser.cookies.get(sessionName) ?? '',
        'the visitor id': browser.cookies.get(visitorName)?.split('.')[0] ?? '',
        'the former visitor id': formerVisitor?.split('.')[0] ?? '',
        'the gate’s secret': desk.config.gate.secrets[0],
        'the signing key': desk.config.secretKeys[0],
        'the gate’s cookie': 'gate-ticket-value',
        'a cookie of another program': 'another-sites-cookie-value',
        'the proof': desk.gateHeaders(ada)['authorization']?.split(' ')[1] ?? '',
      };
      for (const [name, value] of Object.entries(secrets)) assert.ok(value.length > 15, name);
      assert.ok(csrfSecret.length > 15);
    });
    after(() => desk.close());

    const assertNone = (text: string, about: string, more: Record<string, string> = {}) => {
      for (const [name, value] of Object.entries({ ...secrets, ...more })) {
        assert.ok(!text.includes(value), `${name} stands in ${about}`);
      }
    };

    test('reading changes nothing in the store, for any role', async () => {
      const queue = [...starts, ...others];
      const seen = new Set<string>(queue);
      for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
        const url = path;
        for (const method of ['GET', 'HEAD', 'OPTIONS']) {
          const answer = await leavesStoreAlone(desk, () => browser.ask(url, { method }), `${method} ${url}`);
          assert.deepEqual(answer.setCookies, [], url);
          assert.ok(answer.status < 500, url);
          answers.push([`${method} ${url}`, answer]);
          for (const [, link = ''] of answer.text.matchAll(/(?:href|src|action)="(\/[^"#]*)"/g)) {
            if (!seen.has(link) && !link.startsWith('/oauth2/')) queue.push(link);
            seen.add(link);
          }
        }
        const stranger = await leavesStoreAlone(desk, () => desk.browser().ask(url), `a stranger’s ${url}`);
        answers.push([`a stranger’s ${url}`, stranger]);
      }
      assert.ok(seen.size > starts.length + others.length, 'links were followed');
    });

    test('only the last-seen time changes, at most once a minute', async () => {
      // It is stored in the session itself, and in the index that is sorted by it.
      const blind = (text: string) =>
        text
          .replace(/(last_seen_at|lastSeenAt)\\?":\d+/g, '')
          .replace(/^(gatehouse:sessions:seen) .*$/m, '$1');
      const before = await storeContents(desk);
      desk.advance(61_000);
      await browser.ask('/dashboard');
      const now = await storeContents(desk);
      assert.notEqual(now, before);
      assert.equal(blind(now), blind(before));
    });

    test('no answer contains a secret, in its body or its headers', () => {
      assert.ok(answers.length > 50);
      for (const [about, { text, headers }] of answers) {
        assertNone(text, about, { 'the token’s secret': csrfSecret });
        assertNone(JSON.stringify(headers), `the headers of ${about}`, { 'the token’s secret': csrfSecret });
        assert.doesNotMatch(
          text + JSON.stringify(headers),
          /[?&](_csrf|token|session|sid)=/,
          `a secret in an address of ${about}`,
        );
      }
    });

    test('errors and refusals reveal none either, to the client or in the log', async () => {
      const id = browser.cookies.get(sessionName) ?? '';
      const odd: [path: string, options: Parameters<typeof browser.ask>[1]][] = [
        [`/dashboard?session=${id}&_csrf=${csrfToken}`, {}],
        [
          '/settings',
          {
            method: 'POST',
            body: `_csrf=${csrfToken}x`,
            headers: { origin: desk.origin, 'content-type': formType },
          },
        ],
        [
          '/settings',
          {
            method: 'POST',
            body: `{"a":"${id}"`,
            headers: { origin: desk.origin, 'content-type': 'application/json', 'x-csrf-token': csrfToken },
          },
        ],
        ['/api/me', { headers: { cookie: `${sessionName}=${id}; ${sessionName}=${id}` } }],
        ['/dashboard', { headers: { authorization: `Bearer ${desk.config.gate.secrets[0]}` } }],
        [
          '/dashboard',
          { headers: { 'user-agent': 'evil\u0085\u009b31m', referer: `https://x.test/?${id}` } },
        ],
      ];
      for (const [path, options] of odd) {
        const answer = await browser.ask(path, options);
        assertNone(answer.text, path, { 'the token’s secret': csrfSecret });
      }
      assert.equal(
        (await desk.browser(grace).ask('/api/me', { headers: { cookie: `${sessionName}=${id}` } })).status,
        401,
      );
      const leaving = await begin(desk, ada);
      const goneId = sessionIdOf(leaving.browser);
      await leaving.change('/logout');
      assert.ok(desk.logLines.length > 50);
      const log = desk.logLines.join('\n');
      const events = [
        'gate.untrusted',
        'csrf.rejected',
        'session.created',
        'session.revoked',
        'session.ended',
      ];
      for (const event of events) assert.ok(log.includes(`"event":"${event}"`), `${event} is not logged`);
      for (const line of desk.logLines) {
        assertNone(line, 'the log', {
          'the token’s secret': csrfSecret,
          'the token': csrfToken,
          'the one who left': goneId,
        });
        const entry = JSON.parse(line) as { time: string; level: string; req?: { path: string } };
        assert.match(entry.time, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
        assert.ok(!line.includes(ada.email), 'nor whose it is');
        assert.ok(!entry.req?.path.includes('?'));
      }
    });

    test('the store contains none, nor do the bytes of its files', async () => {
      // csurf keeps its secret in the session; it is useless without the session's id.
      const contents = await storeContents(desk);
      assert.ok(contents.length > 100);
      assertNone(contents, 'the store');
      if (desk.redis) return;
      const files = readdirSync(desk.dataDir);
      assert.ok(files.includes('gatehouse.db'));
      for (const file of files) assertNone(readFileSync(join(desk.dataDir, file), 'latin1'), file);
    });

    test('signing out leaves nothing in the files', async () => {
      const leaving = await begin(desk, { id: '900', email: 'leaving@example.org' });
      const own =
        (await storeContents(desk))
          .split('\n')
          .find((row) => row.includes(leaving.handle) && row.includes('csrfSecret')) ?? '';
      const secret = /"csrfSecret\\?":\\?"([\w-]+)/.exec(own)?.[1] ?? assert.fail('no secret found');
      assert.equal((await leaving.change('/logout')).status, 303);
      assert.ok(!(await storeContents(desk)).includes(secret));
      if (desk.redis) return;
      // The write-ahead log still contains it until it is checkpointed into the file.
      await desk.store.close();
      for (const file of readdirSync(desk.dataDir)) {
        assert.ok(!readFileSync(join(desk.dataDir, file), 'latin1').includes(secret), file);
      }
    });
  });
}
