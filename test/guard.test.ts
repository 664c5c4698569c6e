// The guard: what ends at the desk is refused in every app on the next request, on both stores.
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { createKeyring } from '../src/crypto/keyring.ts';
import { digest, randomToken } from '../src/crypto/tokens.ts';
import { createRevocationMarks } from '../src/gate/revocation-marks.ts';
import type { GuardedApp } from '../src/guard/contract.ts';
import { frontKey } from '../src/guard/front-key.ts';
import { granting } from '../src/guard/grants.ts';
import { begin, grace, storeKinds } from './support/desk.ts';
import { eventually } from './support/eventually.ts';
import { type AppBrowser, appsOf, type Guarded, guardedApp, startGuarded } from './support/guarded.ts';
import { leavesStoreAlone, needsOf, opened } from './support/hostile.ts';
import { plantSession } from './support/planted.ts';

const minute = 60_000;
const guardName = '__Host-gatehouse_guard';

for (const store of storeKinds) {
  suite(`the guard: ${store}`, await needsOf(store), () => {
    let at: Guarded;
    before(async () => {
      at = await startGuarded({ store }, appsOf([guardedApp('grafana'), guardedApp('wiki')]));
    });
    after(() => at.close());

    async function signedIn(person = grace, apps = ['grafana']): Promise<AppBrowser> {
      const browser = at.browser(person);
      for (const app of apps) assert.ok('in' in (await browser.visit(app)));
      return browser;
    }

    test('a browser is led by the desk into the app, to the page that it asked for', async () => {
      const browser = at.browser(grace);
      const target = '/y?a=1&b=2&c[d]=%2F%2Fevil&e=ä';
      const first = await browser.check('grafana', { uri: encodeURI(target) });
      assert.equal(first.status, 401);
      assert.match(
        String(first.headers['x-guard-redirect']),
        /^https:\/\/desk\.test\/open\?app=grafana&browser=[\w-]{43}&to=%2Fy/,
      );
      assert.match(
        String(first.headers['set-cookie']),
        /^__Host-gatehouse_start=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Secure; Max-Age=3600$/,
      );
      assert.equal(first.headers['cache-control'], 'no-store');
      assert.deepEqual(await browser.visit('grafana', encodeURI(target)), {
        in: encodeURI(target),
        steps: 5,
      });
      const [line] = [...browser.cookiesOf('grafana')].filter(([name]) => name === guardName);
      assert.match(line?.[1] ?? '', /^[\w-]{22}\.[\w-]{43}$/, 'an id and nothing else');
      const admitted = await browser.check('grafana');
      assert.equal(admitted.status, 204);
      assert.equal(admitted.headers['x-auth-user'], grace.email);
      assert.equal(admitted.headers['x-auth-email'], grace.email);
    });

    test('a second app needs no new sign-in, and its cookie opens no other app', async () => {
      const browser = await signedIn(grace, ['grafana', 'wiki']);
      assert.equal((await browser.fetch('wiki')).status, 204);
      const swapped = new Map(browser.cookiesOf('grafana'));
      assert.equal((await at.ask('wiki', { cookies: swapped })).status, 401);
    });

    test('ended at the desk: refused in every app on the next request; another device goes on', async () => {
      const one = await signedIn(grace, ['grafana', 'wiki']);
      const other = await signedIn(grace, ['grafana', 'wiki']);
      const { change } = await begin(at.desk, grace);
      const me = (await one.desk.ask('/api/me')).json<{ session: { handle: string } }>();
      const ended = await change('/devices/end', { handle: me.session.handle });
      assert.equal(ended.status, 303, ended.text.slice(0, 200));
      for (const app of ['grafana', 'wiki']) {
        const page = await one.check(app);
        assert.deepEqual([page.status, page.headers['x-guard-reason']], [401, 'ended']);
        const script = await one.fetch(app);
        assert.deepEqual([script.status, script.headers['x-guard-redirect']], [401, undefined]);
        assert.equal(script.headers['x-guard-location'], `https://desk.test/open?app=${app}&to=%2F`);
        assert.equal((await other.fetch(app)).status, 204);
      }
    });

    test('requests that are no navigation are never redirected', async () => {
      const browser = at.browser(grace);
      const asked: [string, Record<string, string>][] = [
        ['GET', { accept: '*/*' }],
        ['GET', { accept: 'text/html', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }],
        ['GET', { accept: 'text/event-stream', 'sec-fetch-mode': 'cors' }],
        ['GET', { accept: 'text/html', upgrade: 'websocket' }],
        ['GET', { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' }],
        ['POST', { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }],
      ];
      for (const [method, headers] of asked) {
        const answer = await browser.check('grafana', { method, headers });
        assert.equal(answer.status, 401, JSON.stringify(headers));
        assert.equal(answer.headers['x-guard-redirect'], undefined, JSON.stringify(headers));
        assert.equal(answer.headers['set-cookie'], undefined);
      }
    });

    test('a grant is renewed on a navigation, unseen; a script goes on with the old one', async () => {
      const browser = await signedIn();
      const before = browser.cookiesOf('grafana').get(guardName);
      at.desk.advance(14 * minute);
      assert.equal((await browser.check('grafana')).status, 204);
      at.desk.advance(minute);
      assert.equal((await browser.fetch('grafana')).status, 204);
      const page = await browser.check('grafana');
      assert.deepEqual([page.status, page.headers['x-guard-reason']], [401, 'renew']);
      assert.ok('in' in (await browser.visit('grafana')));
      assert.notEqual(browser.cookiesOf('grafana').get(guardName), before);
      assert.equal((await browser.check('grafana')).status, 204);
    });

    test('a guard cookie that was replaced: refused after its grace period, and the session ends everywhere', async () => {
      const browser = await signedIn({ id: 'copied', email: 'copied@example.org' }, ['grafana', 'wiki']);
      const copy = new Map(browser.cookiesOf('grafana'));
      at.desk.advance(15 * minute);
      assert.ok('in' in (await browser.visit('grafana')));
      at.desk.advance(25_000);
      const inGrace = await at.ask('grafana', { cookies: copy, headers: { accept: '*/*' } });
      assert.equal(inGrace.status, 204, 'a request under way arrives');
      at.desk.advance(5_000);
      const answers = await Promise.all(
        Array.from({ length: 10 }, () => at.ask('grafana', { cookies: copy, headers: { accept: '*/*' } })),
      );
      for (const { status, headers } of answers) {
        assert.equal(status, 401);
        assert.match(String(headers['x-guard-reason']), /^(replayed|ended)$/);
      }
      for (const app of ['grafana', 'wiki']) assert.equal((await browser.fetch(app)).status, 401, app);
      assert.equal((await browser.desk.ask('/api/me')).status, 401);
      await at.desk.recorder.flush();
      const entries = await at.desk.store.record.before(Number.POSITIVE_INFINITY, 50);
      const alarms = entries.filter(({ text }) => text.includes('"session.replayed"'));
      assert.equal(alarms.length, 1, 'ten copies raise one alarm');
    });

    test('a renewal that never reached the browser leaves the former cookie valid', async () => {
      const browser = await signedIn({ id: 'lost', email: 'lost@example.org' });
      const kept = new Map(browser.cookiesOf('grafana'));
      at.desk.advance(15 * minute);
      const location = await codeFor(browser);
      assert.match(String((await browser.follow(location)).headers['set-cookie']), /gatehouse_guard/);
      // The answer was lost: the browser still has the former cookie, and nothing was superseded.
      at.desk.advance(5 * minute);
      assert.equal((await at.ask('grafana', { cookies: kept, headers: { accept: '*/*' } })).status, 204);
    });

    test('the use of an app keeps the session alive, and is noted once a minute', async () => {
      const browser = await signedIn();
      const { handle } = (await browser.desk.ask('/api/me')).json<{ session: { handle: string } }>().session;
      const idle = at.desk.config.session.idleMs;
      for (let i = 0; i < 3; i++) {
        at.desk.advance(idle - minute);
        assert.equal((await browser.fetch('grafana')).status, 204);
        await waitForUse(handle);
      }
      const row = await at.desk.store.sessions.findByHandle(handle);
      assert.equal(row?.data['use:grafana'], row?.lastSeenAt);
      at.desk.advance(idle);
      const late = await browser.fetch('grafana');
      assert.deepEqual([late.status, late.headers['x-guard-reason']], [401, 'idle']);
    });

    /** Goes as far as the code, and keeps it. */
    async function codeFor(browser: AppBrowser, app = 'grafana'): Promise<string> {
      const first = await browser.check(app);
      const open = String(first.headers['x-guard-redirect']).replace('https://desk.test', '');
      const { location = '' } = await browser.desk.ask(open, { headers: opened });
      assert.match(location, new RegExp(`^https://${app}\\.test/\\.gatehouse/enter\\?code=`));
      return location;
    }

    async function isRefused(browser: AppBrowser, location: string): Promise<void> {
      const answer = await browser.follow(location);
      assert.equal(answer.status, 302);
      assert.match(String(answer.headers.location), /^https:\/\/desk\.test\/open\?app=/, 'it begins again');
      assert.doesNotMatch(String(answer.headers['set-cookie']), /gatehouse_guard/);
    }

    test('a code is valid once', async () => {
      const browser = at.browser(grace);
      const location = await codeFor(browser);
      const copies = await Promise.all(Array.from({ length: 8 }, () => browser.follow(location)));
      const entered = copies.filter(({ headers }) => /gatehouse_guard/.test(String(headers['set-cookie'])));
      assert.equal(entered.length, 1);
      await isRefused(browser, location);
      await at.desk.recorder.flush();
      const page = await at.desk.store.record.before(Number.POSITIVE_INFINITY, 50);
      assert.ok(page.some(({ text }) => text.includes('"guard.code_reused"')));
    });

    test('a code is valid for half a minute', async () => {
      const browser = at.browser(grace);
      const late = await codeFor(browser);
      // Redis removes it by its own clock. By those of replicas, which may differ by minutes, only a wrong clock's is refused.
      at.desk.advance(store === 'redis' ? 330_000 : 30_000);
      await isRefused(browser, late);
      const inTime = await codeFor(browser);
      at.desk.advance(29_000);
      assert.match(String((await browser.follow(inTime)).headers['set-cookie']), /gatehouse_guard/);
    });

    if (store === 'redis') {
      test('a code is valid at a replica whose clock differs by minutes, and not by more', async (t) => {
        for (const [aheadMs, isValid] of [
          [240_000, true],
          [-240_000, true],
          [331_000, false],
          [-331_000, false],
        ] as const) {
          const clock = () => at.desk.now() + aheadMs;
          const second = await startGuarded({ store, beside: at.desk, clock }, at.apps);
          t.after(() => second.close());
          const browser = at.browser(grace);
          const path = (await codeFor(browser)).replace('https://grafana.test', '');
          const cookies = browser.cookiesOf('grafana');
          const { headers } = await second.ask('grafana', { path, uri: path, cookies });
          assert.equal(/gatehouse_guard/.test(String(headers['set-cookie'])), isValid, `${aheadMs} ms`);
        }
      });
    }

    test('a session that ended after the code was redeemed: the browser enters with the one that it has now', async () => {
      const browser = at.browser(grace);
      const entered = await browser.follow(`${await codeFor(browser)}&tries=2`);
      const me = (await browser.desk.ask('/api/me')).json<{ session: { handle: string } }>();
      const { change } = await begin(at.desk, grace);
      assert.equal((await change('/devices/end', { handle: me.session.handle })).status, 303);
      const again = await browser.follow(String(entered.headers.location));
      assert.match(
        String(again.headers.location),
        /^https:\/\/desk\.test\/open\?app=grafana&browser=[\w-]{43}&tries=3&to=%2F$/,
      );
    });

    test('a code is valid only in the browser that began', async () => {
      const [victim, attacker] = [at.browser(grace), at.browser({ id: '7', email: 'mallory@example.org' })];
      const location = await codeFor(attacker);
      await isRefused(victim, location);
      await victim.check('grafana');
      await isRefused(victim, location);
      // A browser without the start cookie gets one with the refusal, so it can begin.
      assert.ok('in' in (await victim.visit('grafana')));
      const { status, headers } = await victim.check('grafana');
      assert.deepEqual([status, headers['x-auth-email']], [204, grace.email]);
    });

    test('a code is valid only for its app', async () => {
      const browser = at.browser(grace);
      await browser.check('wiki');
      const location = await codeFor(browser, 'grafana');
      const start = browser.cookiesOf('grafana').get('__Host-gatehouse_start') ?? '';
      browser.cookiesOf('wiki').set('__Host-gatehouse_start', start);
      await isRefused(browser, location.replace('https://grafana.test', 'https://wiki.test'));
    });

    test('a code of a session that ended meanwhile opens nothing', async () => {
      const browser = at.browser(grace);
      const location = await codeFor(browser);
      const me = (await browser.desk.ask('/api/me')).json<{ session: { handle: string } }>();
      const { change } = await begin(at.desk, grace);
      assert.equal((await change('/devices/end', { handle: me.session.handle })).status, 303);
      await isRefused(browser, location);
    });

    test('unknown codes write nothing', async (t) => {
      const browser = at.browser(grace);
      const claim = t.mock.method(at.desk.store.claims, 'claim');
      await browser.check('grafana');
      await leavesStoreAlone(at.desk, async () => {
        for (let i = 0; i < 50; i++)
          await browser.follow(`https://grafana.test/.gatehouse/enter?code=${randomToken()}&to=/`);
        for (const code of ['', 'x', '..', 'a'.repeat(5000), '%00'])
          await browser.follow(`https://grafana.test/.gatehouse/enter?code=${code}&to=/`);
      });
      assert.equal(claim.mock.callCount(), 0);
    });

    test('five tabs that begin at once all arrive', async () => {
      const browser = at.browser(grace);
      const uris = ['/a', '/b', '/c', '/d', '/e'];
      const arrived = await Promise.all(uris.map((uri) => browser.visit('grafana', uri)));
      assert.deepEqual(
        arrived.map((one) => ('in' in one ? one.in : one.page.status)),
        uris,
      );
      assert.equal((await browser.fetch('grafana')).status, 204);
    });

    test('no spelling of `to` leads away from the app', async () => {
      const browser = await signedIn();
      for (const to of [
        '//evil.test',
        '/\\evil.test',
        'https://evil.test',
        '\t//evil.test',
        '/\t/evil.test',
        '@evil.test',
        '.evil.test',
        ':1@evil.test',
        '/%0d%0aSet-Cookie:x=y',
        ' /evil',
      ]) {
        const path = `/open?app=grafana&browser=${digest('x')}&to=${encodeURIComponent(to)}`;
        const { location = '' } = await browser.desk.ask(path, { headers: opened });
        const entered = new URL(location);
        assert.equal(entered.origin, 'https://grafana.test', to);
        const back = await browser.follow(
          `https://grafana.test/.gatehouse/arrived?to=${encodeURIComponent(to)}`,
        );
        const target = new URL(String(back.headers.location));
        assert.equal(target.origin, 'https://grafana.test', to);
        assert.doesNotMatch(String(back.headers.location), /evil\.test(?!.*%)|[\r\n]/);
      }
    });

    test('keys: wrong, absent, doubled or swapped ones are refused', async () => {
      const browser = await signedIn(grace, ['grafana', 'wiki']);
      const cookies = browser.cookiesOf('grafana');
      const wrong = async (options: Parameters<typeof at.ask>[1], reason: string) => {
        const answer = await at.ask('grafana', { cookies, ...options });
        assert.deepEqual([answer.status, answer.headers['x-guard-reason']], [403, reason]);
        assert.equal(answer.headers['x-auth-email'], undefined);
      };
      await wrong({ key: randomToken() }, 'unknown-app');
      await wrong({ key: '' }, 'unknown-app');
      await wrong({ headers: { 'x-guard-key': [randomToken(), randomToken()] } }, 'unknown-app');
      for (const name of ['x-forwarded-uri', 'x-forwarded-method', 'x-forwarded-host'])
        await wrong({ headers: { [name]: ['/a', '/b'] } }, 'unknown-app');
      await wrong({ host: 'wiki.test' }, 'wrong-host');
      await wrong({ host: 'grafana.test:8443' }, 'wrong-host');
      const { apps } = at.apps;
      const grafana = apps.get('grafana') ?? assert.fail();
      at.apps = appsOf([{ ...grafana, keyVersion: 2 }, guardedApp('wiki')]);
      const old = frontKey(createKeyring(at.desk.config.secretKeys), grafana);
      await wrong({ key: old }, 'unknown-app');
      assert.equal((await at.ask('grafana', { cookies })).status, 204);
      at.apps = { ...at.apps, apps };
    });

    test('cookies: forged, of another form, or a hundred of them open nothing', async () => {
      const browser = await signedIn();
      const good = browser.cookiesOf('grafana').get(guardName) ?? '';
      const [key = '', secret = ''] = good.split('.');
      const other = await signedIn({ id: '8', email: 'other@example.org' });
      const [otherKey = ''] = (other.cookiesOf('grafana').get(guardName) ?? '').split('.');
      const forged = [
        '',
        key,
        `${key}.`,
        `.${secret}`,
        `${key}.${randomToken()}`,
        `${otherKey}.${secret}`,
        `${randomToken(16)}.${secret}`,
        `${good}x`,
        `"${good}"`,
        `${good}=`,
        good.toUpperCase(),
      ];
      for (const value of forged)
        assert.equal(
          (await at.ask('grafana', { cookies: new Map([[guardName, value]]) })).status,
          401,
          value,
        );
      const line = (pairs: string[]) => ({ headers: { cookie: pairs.join('; ') } });
      assert.equal(
        (await at.ask('grafana', line([`${guardName}=${good}`, `${guardName}=${good}`]))).status,
        401,
      );
      assert.equal((await at.ask('grafana', line([`${guardName}=x`, `${guardName}=${good}`]))).status, 401);
      const many = Array.from({ length: 100 }, (_, i) => `c${i}=${i}`);
      assert.equal((await at.ask('grafana', line([...many, `${guardName}=${good}`]))).status, 204);
      const guesses = Array.from({ length: 100 }, () => `${guardName}=${key}.${randomToken()}`);
      assert.equal((await at.ask('grafana', line(guesses))).status, 401);
    });

    test('who may use an app is decided anew with each request', async () => {
      const browser = await signedIn();
      const [grafana, wiki] = [at.apps.apps.get('grafana') ?? assert.fail(), guardedApp('wiki')];
      const before = at.apps;
      const now = at.desk.now();
      const refusedBy = async (who: GuardedApp['who'], groups: Record<string, string[]> = {}) => {
        at.apps = appsOf([{ ...grafana, who }, wiki], groups);
        const [page, script] = [await browser.check('grafana'), await browser.fetch('grafana')];
        assert.equal(page.status, script.status);
        return page.status === 403 ? page.headers['x-guard-reason'] : page.status;
      };
      assert.equal(await refusedBy([]), 'not-allowed');
      assert.equal(await refusedBy([{ kind: 'person', name: 'ada@example.org' }]), 'not-allowed');
      assert.equal(await refusedBy([{ kind: 'person', name: grace.email }]), 204);
      assert.equal(
        await refusedBy([{ kind: 'group', name: 'family' }], { family: ['ada@example.org'] }),
        'not-allowed',
      );
      assert.equal(await refusedBy([{ kind: 'group', name: 'family' }], { family: [grace.email] }), 204);
      assert.equal(await refusedBy([{ kind: 'everyone', until: now + 10_000 }]), 204);
      at.desk.advance(10_000);
      assert.equal(await refusedBy([{ kind: 'everyone', until: now + 10_000 }]), 'not-allowed');
      at.apps = appsOf([wiki]);
      assert.equal((await at.ask('grafana', { cookies: browser.cookiesOf('grafana') })).status, 403);
      at.apps = before;
      assert.equal((await browser.check('grafana')).status, 204);
    });

    test('an address that left the allow-list is refused on the next request', async (t) => {
      const browser = await signedIn();
      const cookies = browser.cookiesOf('grafana');
      const emailsFile = join(at.desk.dataDir, 'emails.txt');
      writeFileSync(emailsFile, `${grace.email}\n`);
      const beside = await startGuarded(
        { store, beside: at.desk, settings: { EMAILS_FILE: emailsFile } },
        at.apps,
      );
      t.after(() => beside.close());
      const ask = () => beside.ask('grafana', { cookies });
      assert.equal((await ask()).status, 204);
      writeFileSync(emailsFile, 'ada@example.org\n');
      const { status, headers } = await ask();
      assert.deepEqual([status, headers['x-guard-reason']], [403, 'not-listed']);
      assert.equal(
        headers['x-guard-redirect'],
        'https://desk.test/open?app=grafana&refused=not-listed&to=%2F',
      );
      writeFileSync(emailsFile, `"broken\n${grace.email}\n`);
      assert.equal((await ask()).status, 403, 'a mistake keeps the list before');
      rmSync(emailsFile);
      assert.equal((await ask()).status, 403, 'so does a missing list');
      writeFileSync(emailsFile, `${grace.email}\n`);
      assert.equal((await ask()).status, 204);
    });

    test('public paths need no cookie, and say nothing about who asks', async (t) => {
      const before = at.apps;
      t.after(() => {
        at.apps = before;
      });
      at.apps = appsOf([guardedApp('grafana', { publicPaths: [{ kind: 'below', path: '/public/' }] })]);
      const answer = await at.ask('grafana', { uri: '/public/logo.png?x=1' });
      assert.deepEqual([answer.status, answer.headers['x-auth-user']], [204, undefined]);
      for (const uri of [
        '/public',
        '/public/../admin',
        '/public/%2e%2e/admin',
        '/public//../admin',
        '/x/public/',
        '/public/..;/admin',
        '/public\\..\\admin',
      ])
        assert.notEqual((await at.ask('grafana', { uri })).status, 204, uri);
    });

    test('a row keeps eight grants of an app', async () => {
      const browser = await signedIn();
      const { handle } = (await browser.desk.ask('/api/me')).json<{ session: { handle: string } }>().session;
      const first = new Map(browser.cookiesOf('grafana'));
      for (let i = 0; i < 8; i++) {
        at.desk.advance(1_000);
        browser.cookiesOf('grafana').delete(guardName);
        assert.ok('in' in (await browser.visit('grafana')));
      }
      const row = await at.desk.store.sessions.findByHandle(handle);
      const grants = Object.keys(row?.data ?? {}).filter((name) => name.startsWith('app:grafana:'));
      assert.equal(grants.length, 8);
      assert.equal((await at.ask('grafana', { cookies: first })).status, 401);
      assert.equal((await browser.check('grafana')).status, 204);
    });

    test('signing out of an app closes it here, and not elsewhere', async () => {
      const [browser, other] = [await signedIn(grace, ['grafana', 'wiki']), await signedIn()];
      const copy = new Map(browser.cookiesOf('grafana'));
      const foreign = await browser.check('grafana', {
        path: '/.gatehouse/sign-out',
        headers: { ...opened, 'sec-fetch-site': 'cross-site' },
      });
      assert.equal(foreign.headers['set-cookie'], undefined);
      assert.equal((await browser.fetch('grafana')).status, 204, 'a link on another site signs nobody out');
      const left = await browser.follow('https://grafana.test/.gatehouse/sign-out');
      assert.equal(left.headers.location, 'https://desk.test/logout');
      assert.equal(browser.cookiesOf('grafana').size, 0);
      assert.equal((await at.ask('grafana', { cookies: copy })).status, 401);
      assert.equal((await browser.fetch('wiki')).status, 204);
      assert.equal((await other.fetch('grafana')).status, 204);
    });

    test('a browser that keeps no cookies is told so, not sent around', async () => {
      const browser = at.browser(grace);
      const location = await codeFor(browser);
      const entered = await browser.follow(location);
      browser.cookiesOf('grafana').delete(guardName);
      const arrived = await browser.follow(String(entered.headers.location));
      assert.equal(arrived.headers.location, 'https://desk.test/open?app=grafana&refused=no-session&to=%2F');
      const page = await browser.desk.ask('/open?app=grafana&refused=no-session&to=%2F', { headers: opened });
      assert.equal(page.location, undefined);
      assert.equal(page.status, 403);
    });

    test('the gate’s marks end what the row does not show', async () => {
      const marks = createRevocationMarks(at.desk.store.notes, at.desk.now, 168 * 3_600_000);
      const id = (await signedIn({ id: '9', email: 'nine@example.org' })).cookiesOf('grafana');
      assert.equal((await at.ask('grafana', { cookies: id })).status, 204);
      await marks.endPerson('9');
      assert.equal((await at.ask('grafana', { cookies: id })).headers['x-guard-reason'], 'ended');
      const link = { state: 'cookie', digest: digest('cookie'), issuedAt: at.desk.now() + 60_000 };
      const secret = randomToken();
      const row = await plantSession(
        at.desk,
        { personId: '10', email: 'ten@example.org' },
        {
          gate: link,
          ...granting({}, 'grafana', secret, { now: at.desk.now(), begins: true }),
        },
      );
      const cookies = new Map([[guardName, `${row.key}.${secret}`]]);
      assert.equal((await at.ask('grafana', { cookies })).status, 204);
      await marks.endCookie(link.digest);
      assert.equal((await at.ask('grafana', { cookies })).headers['x-guard-reason'], 'ended');
    });

    for (const [limit, more] of [
      ['idle', { idleMs: 30 * minute }],
      ['expired', { lifetimeMs: 30 * minute }],
    ] as const)
      test(`an app’s own limit asks for a new sign-in at the gate: ${limit}`, async (t) => {
        const before = at.apps;
        t.after(() => {
          at.apps = before;
        });
        at.apps = appsOf([guardedApp('grafana', more), guardedApp('wiki')]);
        const browser = at.browser({ id: `limit-${limit}`, email: `${limit}@example.org` });
        const signInAtGate = () => {
          const at_ = Math.floor(at.desk.now() / 1000) + 1;
          browser.desk.cookies.set('__Host-_oauth2_proxy', `${randomToken(40)}|${at_}|${randomToken()}`);
        };
        signInAtGate();
        assert.ok('in' in (await browser.visit('grafana')));
        assert.ok('in' in (await browser.visit('wiki')));
        at.desk.advance(20 * minute);
        assert.ok('in' in (await browser.visit('grafana')), 'a renewal is no new beginning');
        at.desk.advance(limit === 'idle' ? 30 * minute : 10 * minute);
        const late = await browser.fetch('grafana');
        assert.deepEqual([late.status, late.headers['x-guard-reason']], [401, limit]);
        assert.equal((await browser.fetch('wiki')).status, 204, 'another app has its own');
        for (let i = 0; i < 2; i++) {
          const asked = await browser.visit('grafana');
          assert.ok('page' in asked, 'the session on the desk alone does not help');
          assert.equal(asked.page.status, 403);
        }
        signInAtGate();
        assert.ok('in' in (await browser.visit('grafana')));
        assert.equal((await browser.fetch('grafana')).status, 204);
      });

    test('an app that wants one gets an assertion that it can verify with the published keys', async (t) => {
      const before = at.apps;
      t.after(() => {
        at.apps = before;
      });
      const headers = { userIs: 'id', assertion: 'X-Jwt' } as const;
      at.apps = appsOf([guardedApp('grafana', { headers }), guardedApp('wiki')], { family: [grace.email] });
      const browser = await signedIn();
      const keysAt = new URL(`http://127.0.0.1:${at.port}/.well-known/jwks.json`);
      const keys = createRemoteJWKSet(keysAt);
      const currentDate = () => new Date(at.desk.now());
      const tokenNow = async () => String((await browser.fetch('grafana')).headers['x-guard-assertion']);
      const token = await tokenNow();
      const asked = { issuer: 'https://desk.test', audience: 'https://grafana.test' };
      const { payload, protectedHeader } = await jwtVerify(token, keys, {
        ...asked,
        currentDate: currentDate(),
      });
      assert.equal(protectedHeader.alg, 'ES256');
      const { sub, email, groups, iat = 0, exp = 0 } = payload;
      assert.deepEqual([sub, email, groups, exp - iat], [grace.id, grace.email, ['family'], 60]);
      assert.equal(await tokenNow(), token, 'one is shared for half a minute');
      at.desk.advance(30_000);
      assert.notEqual(await tokenNow(), token);
      at.desk.advance(30_000);
      await assert.rejects(jwtVerify(token, keys, { ...asked, currentDate: currentDate() }), /exp/);
      const forWiki = { ...asked, audience: 'https://wiki.test' };
      await assert.rejects(
        jwtVerify(await tokenNow(), keys, { ...forWiki, currentDate: currentDate() }),
        /aud/,
      );
      assert.equal((await at.ask('wiki')).headers['x-guard-assertion'], undefined);
    });

    async function waitForUse(handle: string): Promise<void> {
      const now = at.desk.now();
      await eventually('the use is noted', async () => {
        const row = await at.desk.store.sessions.findByHandle(handle);
        return row && now - row.lastSeenAt < 5_000 && row.data['use:grafana'] === row.lastSeenAt;
      });
    }
  });
}
