// The guard end to end: real nginx and Caddy with the files that Gatehouse writes, over https, the real oauth2-proxy, Gatehouse as processes
// and Chromium. Once on SQLite with the gate's sessions in cookies, once on Redis with two replicas.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { decodeJwt } from 'jose';
import type { Browser, Page } from 'playwright-core';
import { connectRedis } from '../src/store/redis-client.ts';
import { launchChromium } from './support/chromium.ts';
import { storeKinds } from './support/desk.ts';
import { eventually } from './support/eventually.ts';
import { identityNames, seenAs, spellings } from './support/guard-front-rules.ts';
import type { Person } from './support/guard-person.ts';
import {
  domain,
  type FrontName,
  type GuardedSite,
  type GuardWorld,
  startGuardWorld,
} from './support/guard-world.ts';
import type { AppArrival } from './support/guarded-app.ts';
import { need } from './support/requirement.ts';

const ada = 'ada@example.org';
const guardName = '__Host-gatehouse_guard';
const startName = '__Host-gatehouse_start';
const fronts = ['nginx', 'caddy'] as const;
const phone =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1';
const clockAhead = pathToFileURL(join(import.meta.dirname, 'support', 'clock-ahead.mjs')).href;

for (const store of storeKinds) {
  const tools = ['oauth2-proxy', 'nginx', 'caddy', 'openssl'] as const;
  const needed = await need(...tools, ...(store === 'redis' ? (['redis-server'] as const) : []));
  const chromium = await need('chromium');
  const deskFront: FrontName = store === 'redis' ? 'caddy' : 'nginx';
  suite(`the guard end to end: ${store}`, needed, () => {
    let world: GuardWorld;
    before(async () => {
      world = await startGuardWorld({ store, deskFront });
    });
    after(() => world?.close());

    async function signedIn(sites: readonly GuardedSite[], email?: string, userAgent?: string) {
      const person = world.person(email, userAgent);
      for (const { origin } of sites) assert.equal((await person.open(`${origin}/`)).url, `${origin}/`);
      return person;
    }

    async function arrivalsOf({ echo }: GuardedSite, act: () => Promise<unknown>): Promise<AppArrival[]> {
      const before = echo.arrivals.length;
      await act();
      return echo.arrivals.slice(before);
    }

    async function handleOf(person: Person): Promise<string> {
      const { text } = await person.fetch(`${world.desk}/api/me`);
      return (JSON.parse(text) as { session: { handle: string } }).session.handle;
    }

    async function isAdmitted(person: Person, sites: readonly GuardedSite[]): Promise<void> {
      for (const { name, origin } of sites) {
        const { status, text } = await person.fetch(`${origin}/api/x`);
        assert.equal(`${name} ${status} ${text}`, `${name} 200 arrived`);
      }
    }

    /** Nothing of the person's arrives: no page, no fetch, no form, no new WebSocket. */
    async function isRefused(person: Person, sites: readonly GuardedSite[], status = 401): Promise<void> {
      for (const site of sites) {
        const { name, origin } = site;
        const arrived = await arrivalsOf(site, async () => {
          const script = await person.fetch(`${origin}/api/x`);
          assert.equal(`${name} fetch ${script.status}`, `${name} fetch ${status}`);
          assert.equal(script.location, undefined);
          const posted = await person.fetch(`${origin}/api/x`, { method: 'POST', body: 'a=1' });
          assert.equal(`${name} POST ${posted.status}`, `${name} POST ${status}`);
          const socket = await person.webSocket(`${origin}/ws`);
          assert.equal(`${name} WebSocket ${socket.status}`, `${name} WebSocket ${status}`);
          const page = await person.send(`${origin}/page`);
          assert.equal(page.status, 302);
          assert.ok(page.location?.startsWith(`${world.desk}/open?app=${name}`), page.location);
        });
        assert.deepEqual(arrived, [], `${name} got something`);
      }
    }

    for (const front of fronts) {
      test(`${front}: signing in once opens both apps, to the address that was asked for`, async () => {
        const [first, second] = world.behind(front);
        const person = world.person();
        const target = '/y?a=1&b=2&c[]=%2F%2Fevil&to=/z&d=%26#';
        const asked = target.slice(0, -1);
        const landed = await person.open(`${first.origin}${asked}`);
        assert.equal(landed.url, `${first.origin}${asked}`);
        assert.equal(landed.answer.text, 'arrived');
        assert.ok(landed.by.includes(world.google.origin));
        assert.equal(first.echo.arrivals.at(-1)?.path, asked);
        const again = await person.open(`${second.origin}/y?a=1&b=2`);
        assert.equal(again.url, `${second.origin}/y?a=1&b=2`);
        assert.ok(!again.by.includes(world.google.origin), 'no new sign-in');
        assert.equal(second.echo.arrivals.at(-1)?.path, '/y?a=1&b=2');
        const values = [first, second].map(({ origin }) => person.cookiesOf(origin).get(guardName));
        assert.equal(new Set(values).size, 2);
        for (const value of values) assert.match(value ?? '', /^[\w-]{22}\.[\w-]{43}$/);
        // The cookie of one app opens no other.
        const swapped = second.echo.arrivals.length;
        const answer = await world
          .person()
          .fetch(`${second.origin}/`, { headers: { cookie: `${guardName}=${values[0]}` } });
        assert.deepEqual([answer.status, second.echo.arrivals.length], [401, swapped]);
      });

      test(`${front}: five tabs that begin at once all arrive, signed in or not`, async () => {
        const [first, second] = world.behind(front);
        const urls = [1, 2, 3, 4, 5].map((i) => `${(i < 4 ? first : second).origin}/tab?n=${i}&b=2`);
        const stranger = world.person();
        const begun = await Promise.all(urls.map((url) => stranger.open(url, world.google.origin)));
        for (const [i, { url }] of begun.entries()) {
          assert.equal(new URL(url).origin, world.google.origin);
          assert.equal((await stranger.open(url)).url, urls[i]);
        }
        await isAdmitted(stranger, [first, second]);
        // As when a browser opens its tabs again: signed in at the desk, and with no cookie of an app.
        for (const { origin } of [first, second]) stranger.cookiesOf(origin).clear();
        const landed = await Promise.all(urls.map((url) => stranger.open(url)));
        assert.deepEqual(
          landed.map(({ url }) => url),
          urls,
        );
        await isAdmitted(stranger, [first, second]);
      });

      test(`${front}: the app gets no cookie of ours and no identity that a client claims`, async () => {
        const [site] = world.behind(front);
        const person = await signedIn([site]);
        // Also if the gate's cookies were for the whole domain: then the browser would send them here.
        const jar = person.cookiesOf(site.origin);
        const ofDesk = person.cookiesOf(world.desk);
        if (store === 'sqlite')
          assert.ok(ofDesk.has('__Host-_oauth2_proxy_1'), 'the gate’s cookie has parts');
        jar.set('theme', 'dark');
        for (const [name, value] of ofDesk) jar.set(name, value);
        jar.set('__Host-_oauth2_proxy_csrf', 'c');
        jar.set('__Host-_oauth2_proxy_ab12_csrf', 'c');
        jar.set('last', '1');
        const forged = identityNames.flatMap(spellings).map((name) => [name, 'mallory'] as const);
        const dotted = ['X.WEBAUTH.USER', 'Remote.Email'].map((name) => [name, 'mallory'] as const);
        const [arrived, more] = await arrivalsOf(site, async () => {
          await person.fetch(`${site.origin}/a`, { headers: Object.fromEntries(forged.slice(0, 70)) });
          await person.fetch(`${site.origin}/b`, {
            headers: Object.fromEntries([...forged.slice(70), ...dotted]),
          });
        });
        for (const one of [arrived, more]) {
          assert.equal(one?.all('cookie').join('; '), 'theme=dark; last=1');
          const [assertion = '', ...others] = one.all('x-wiki-assertion');
          assert.deepEqual(others, []);
          const { email, aud } = decodeJwt(assertion);
          assert.deepEqual([email, aud], [person.email, site.origin]);
          const identity = one.headers.filter(([name]) =>
            /^(remote|x-auth|x-webauth|x-guard|x-wiki|x-forwarded-(user|email|groups|pref|acc))/.test(
              seenAs(name),
            ),
          );
          assert.deepEqual(identity.toSorted(), [
            ['remote-email', person.email],
            ['x-forwarded-groups', 'family'],
            ['x-webauth-user', person.email],
            ['x-wiki-assertion', assertion],
          ]);
          const sent = JSON.stringify(one.headers);
          for (const value of ofDesk.values())
            for (const part of value.split(/[.|]/))
              if (part.length > 20) assert.ok(!sent.includes(part), 'a part of a cookie of the desk');
        }
      });

      test(`${front}: 3 MB arrive whole, plain and chunked; from a stranger nothing arrives`, async () => {
        const [site] = world.behind(front);
        const person = await signedIn([site]);
        const megabyte = Buffer.alloc(1_000_000, 'x');
        const bodies = [Buffer.concat([megabyte, megabyte, megabyte]), [megabyte, megabyte, megabyte]];
        const arrived = await arrivalsOf(site, async () => {
          for (const body of bodies) {
            const answer = await person.fetch(`${site.origin}/upload`, { method: 'POST', body });
            assert.equal(answer.status, 200);
          }
        });
        assert.deepEqual(
          arrived.map(({ bytes }) => bytes),
          [3_000_000, 3_000_000],
        );
      });

      test(`${front}: a stranger’s script, form, event stream or WebSocket gets 401 and where to sign in`, async () => {
        const [site] = world.behind(front);
        const stranger = world.person();
        for (const [method, accept] of [
          ['GET', '*/*'],
          ['GET', 'text/event-stream'],
          ['POST', '*/*'],
          ['PUT', 'application/json'],
          ['OPTIONS', '*/*'],
          ['HEAD', '*/*'],
        ] as const) {
          const answer = await stranger.fetch(`${site.origin}/api/x`, { method, headers: { accept } });
          assert.equal(answer.status, 401, method);
          assert.equal(answer.location, undefined);
          assert.deepEqual(answer.setCookies, []);
          assert.equal(answer.headers['x-guard-location'], `${world.desk}/open?app=${site.name}&to=%2F`);
          assert.equal(answer.headers['cache-control'], 'no-store');
          assert.equal(answer.headers['x-guard-reason'], undefined);
        }
        await isRefused(stranger, [site]);
      });

      test(`${front}: what a client says about its way here changes nothing`, async () => {
        const [site, other] = world.behind(front);
        const stranger = world.person();
        const claims = {
          'x-forwarded-uri': '/public',
          'x-forwarded-method': 'HEAD',
          'x-forwarded-host': new URL(other.origin).host,
          'x-forwarded-for': '127.0.0.1',
          'x-original-url': '/public',
          'x-guard-key': 'x',
          'x-guard-front': 'traefik',
        };
        const page = await stranger.send(`${site.origin}/y?a=1&b=2`, { headers: claims });
        assert.equal(page.status, 302);
        assert.match(page.location ?? '', new RegExp(`^${world.desk}/open\\?app=${site.name}&browser=`));
        assert.match(page.location ?? '', /&to=%2Fy%3Fa%3D1%26b%3D2$/);
        assert.equal((await stranger.fetch(`${site.origin}/`, { headers: claims })).status, 401);
        // A host that is not the app's, with the cookies of somebody who may open it.
        const person = await signedIn([site]);
        const arrived = await arrivalsOf(site, () =>
          person.fetch(`${site.origin}/`, { headers: { host: `evil.${domain}` } }),
        );
        assert.deepEqual(arrived, []);
      });

      test(`${front}: the desk’s addresses never answer on an app’s host, nor the guard’s on the desk`, async () => {
        const [site] = world.behind(front);
        const stranger = world.person();
        const person = await signedIn([site]);
        const paths = [
          ...[
            '/devices',
            '/dashboard',
            '/logout',
            '/api/me',
            '/open?app=x',
            '/check',
            '/check?redirect',
            '/ping',
          ],
          ...[
            '/oauth2/start?rd=/',
            '/oauth2/sign_in',
            '/oauth2/sign_out',
            '/oauth2/callback?code=x',
            '/oauth2/auth',
          ],
        ];
        for (const path of paths) {
          const outside = await stranger.send(`${site.origin}${path}`);
          assert.equal(outside.status, 302, path);
          assert.ok(outside.location?.startsWith(`${world.desk}/open?app=${site.name}`), outside.location);
          const [arrived] = await arrivalsOf(site, async () => {
            const inside = await person.send(`${site.origin}${path}`);
            assert.equal(`${path} ${inside.status} ${inside.text}`, `${path} 200 arrived`);
            assert.deepEqual(inside.setCookies, []);
          });
          assert.equal(arrived?.path, path);
        }
        const nowhere = [
          ...['/.gatehouse/../devices', '/.gatehouse/..%2fdevices', '/.gatehouse/%2e%2e/oauth2/sign_out'],
          ...[
            '/x/../.gatehouse/enter',
            '/.gatehouse/',
            '/.gatehouse/devices',
            '/.gatehouse/check',
            '/.gatehouse',
          ],
          ...['/.gatehouse/:check', '/.gatehouse/.well-known/jwks.json'],
        ];
        for (const path of nowhere) {
          for (const one of [person, stranger]) {
            const arrived = await arrivalsOf(site, async () => {
              const answer = await one.send(`${site.origin}${path}`);
              assert.ok([400, 404, 301, 302].includes(answer.status), `${path} ${answer.status}`);
              // nginx adds the missing slash itself.
              if (answer.status === 301) assert.equal(answer.location, `${site.origin}/.gatehouse/`);
              if (answer.status === 302) assert.equal(one, stranger, path);
              assert.doesNotMatch(answer.text, /example\.org|gatehouse|"session"/i);
              assert.deepEqual(answer.headers['x-guard-reason'], undefined);
            });
            assert.deepEqual(arrived, [], path);
          }
        }
        for (const path of [
          '/check',
          '/check?redirect',
          '/.gatehouse/enter?code=x',
          '/.gatehouse/sign-out',
        ]) {
          const answer = await person.send(`${world.desk}${path}`, {
            headers: { 'x-guard-key': 'x', 'x-forwarded-method': 'GET', 'x-forwarded-uri': '/' },
          });
          assert.equal(`${path} ${answer.status}`, `${path} 404`);
        }
      });

      test(`${front}: two browsers of one person are ended one by one, then all of the person’s`, async () => {
        const sites = world.behind(front);
        const laptop = await signedIn(sites);
        const mobile = await signedIn(sites, laptop.email, phone);
        const socket = await laptop.webSocket(`${sites[0].origin}/ws`);
        assert.deepEqual([socket.status, socket.echo], [101, 'hello']);
        const handle = await handleOf(laptop);
        assert.equal((await mobile.post(`${world.desk}/devices/end`, { handle })).status, 303);
        await isRefused(laptop, sites);
        await isAdmitted(mobile, sites);
        socket.close();
        // Back in by a new sign-in only, to the address that was asked for. Where the gate keeps sessions in cookies, the desk says first
        // that this one has ended.
        const target = `${sites[0].origin}/y?a=1&b=2`;
        let back = await laptop.open(target);
        if (store === 'sqlite') {
          assert.equal(back.answer.status, 401);
          const [, link = ''] = /href="(\/oauth2\/sign_out[^"]*)"/.exec(back.answer.text) ?? [];
          back = await laptop.open(`${world.desk}${link}`);
        }
        assert.ok(back.by.includes(world.google.origin));
        assert.equal(back.url, target);
        await isAdmitted(laptop, [sites[0]]);
        await isRefused(laptop, [sites[1]]);
        assert.equal((await laptop.post(`${world.desk}/devices/end-others`, {})).status, 303);
        await isRefused(mobile, sites);
        await isAdmitted(laptop, [sites[0]]);
        const operator = await signedIn(sites, ada);
        const ended = await operator.post(`${world.desk}/radar/end-person`, {
          handle: await handleOf(laptop),
        });
        assert.equal(ended.status, 303, ended.text.slice(0, 300));
        await isRefused(laptop, sites);
        await isAdmitted(operator, sites);
      });

      test(`${front}: signing out in an app closes that app here, and then everything if wanted`, async () => {
        const [first, second] = world.behind(front);
        const person = await signedIn([first, second]);
        const other = await signedIn([first], person.email, phone);
        const copy = person.cookiesOf(first.origin).get(guardName);
        const left = await person.send(`${first.origin}/.gatehouse/sign-out`);
        assert.deepEqual([left.status, left.location], [302, `${world.desk}/logout`]);
        assert.deepEqual(
          left.setCookies.map((line) => line.split('=')[0]).toSorted(),
          [guardName, startName],
          'each cookie in a line of its own',
        );
        assert.ok(!person.cookiesOf(first.origin).has(guardName));
        person.cookiesOf(first.origin).set(guardName, copy ?? '');
        await isRefused(person, [first]);
        await isAdmitted(person, [second]);
        await isAdmitted(other, [first]);
        assert.equal((await person.post(`${world.desk}/logout`, {})).status, 303);
        await isRefused(person, [first, second]);
        await isAdmitted(other, [first]);
      });

      test(`${front}: no cookie of an app is for other hosts or takes the name of ours`, async () => {
        const [site] = world.behind(front);
        const person = await signedIn([site]);
        site.echo.setCookies([
          `shared=1; Domain=${domain}; Path=/`,
          `${guardName}=evil.secret; Path=/; Secure`,
          '__Host-_oauth2_proxy_0=evil; Path=/; Secure; HttpOnly',
          'own=1; Path=/; Secure',
        ]);
        const { setCookies } = await person.fetch(`${site.origin}/`);
        site.echo.setCookies([]);
        for (const line of setCookies) {
          assert.doesNotMatch(line, /domain=[^;\s]/i);
          if (line.startsWith('__Host-')) assert.doesNotMatch(line, /;\s*secure/i);
        }
        assert.ok(setCookies.some((line) => /^own=1; Path=\/; Secure/.test(line)));
      });
    }

    test('the sign-in page of the gate leads to no other host', async () => {
      for (const site of world.sites) {
        for (const rd of [
          `${site.origin}/`,
          `//${new URL(site.origin).host}/`,
          `/\\${new URL(site.origin).host}`,
        ]) {
          const landed = await world.person().open(`${world.desk}/oauth2/start?rd=${encodeURIComponent(rd)}`);
          assert.equal(new URL(landed.url).origin, world.desk, rd);
        }
      }
    });

    test('a rule that is changed by hand counts on the next request in every app', async () => {
      const { sites } = world;
      const [person, other] = [await signedIn(sites), await signedIn(sites, ada)];
      const everywhere = (who: string) => Object.fromEntries(sites.map(({ name }) => [name, who]));
      world.rule(everywhere(`[${ada}]`));
      await isRefused(person, sites, 403);
      await isAdmitted(other, sites);
      const page = await person.open(`${sites[0]?.origin}/y`);
      assert.equal(new URL(page.url).origin, world.desk);
      assert.equal(page.answer.status, 403);
      world.rule(everywhere('[family]'));
      await isAdmitted(person, sites);
      // A file with a mistake changes nothing.
      world.rule({ grafana: '[nobody-knows-this-group]' });
      await isAdmitted(person, sites);
      world.rule();
    });

    test('somebody who is removed from the list, by hand or at the desk, is refused everywhere at once', async () => {
      const { sites } = world;
      const [person, operator] = [await signedIn(sites), await signedIn(sites, ada)];
      world.allow(person.email);
      await isRefused(person, sites, 403);
      await isAdmitted(operator, sites);
      world.allow();
      const again = await eventually('oauth2-proxy to read its list', async () => {
        const back = world.person(person.email);
        return (await back.open(`${world.desk}/dashboard`)).answer.status === 200 && back;
      });
      for (const { origin } of sites) await again.open(`${origin}/`);
      await isAdmitted(again, sites);
      const removed = await operator.post(`${world.desk}/access/remove`, { email: person.email });
      assert.equal(removed.status, 303, removed.text.slice(0, 300));
      for (const site of sites) {
        const arrived = await arrivalsOf(site, async () => {
          const { status } = await again.fetch(`${site.origin}/`);
          assert.ok(status === 401 || status === 403, `${status}`);
          const socket = await again.webSocket(`${site.origin}/ws`);
          assert.equal(socket.status, status);
        });
        assert.deepEqual(arrived, []);
      }
      await isAdmitted(operator, sites);
      world.allow();
      await eventually('oauth2-proxy to read its list', async () => {
        return (await world.person(person.email).open(`${world.desk}/dashboard`)).answer.status === 200;
      });
    });

    if (store === 'redis') {
      test('the store down at each step: 503, nobody is let in, and nobody is signed out', async () => {
        const { sites, redis } = world;
        const [person, entering, opening] = [await signedIn(sites), world.person(), world.person()];
        assert.equal((await opening.open(`${world.desk}/dashboard`)).answer.status, 200);
        assert.equal((await entering.open(`${world.desk}/dashboard`)).answer.status, 200);
        /** The browser asks for the app; the desk has a code for it. */
        const steps = await Promise.all(
          sites.map(async (site) => {
            const open = (await opening.send(`${site.origin}/y?a=1&b=2`)).location ?? '';
            const first = (await entering.send(`${site.origin}/y?a=1&b=2`)).location ?? '';
            const enter = (await entering.send(first)).location ?? '';
            assert.match(enter, /\/\.gatehouse\/enter\?code=/);
            return { site, open, enter };
          }),
        );
        const before = sites.map(({ origin }) => person.cookiesOf(origin).get(guardName));
        await redis?.kill();
        await Promise.all(
          steps.map(async ({ site: { name, origin, echo }, open, enter }) => {
            const arrived = echo.arrivals.length;
            const form = { method: 'POST', body: 'a=1' };
            const asked = [
              ['page', person.send(`${origin}/page`)],
              ['fetch', person.fetch(`${origin}/api/x`)],
              ['POST', person.fetch(`${origin}/api/x`, form)],
              ['WebSocket', person.webSocket(`${origin}/ws`)],
              ['open', opening.send(open)],
              ['enter', entering.send(enter)],
              ['arrived', person.send(`${origin}/.gatehouse/arrived?to=/`)],
              ['sign-out', person.send(`${origin}/.gatehouse/sign-out`)],
            ] as const;
            for (const [what, answered] of asked) {
              const answer = await answered;
              assert.equal(`${name} ${what} ${answer.status}`, `${name} ${what} 503`);
              if ('setCookies' in answer)
                assert.doesNotMatch(answer.setCookies.join(), /gatehouse|session=;/);
            }
            assert.equal(echo.arrivals.length, arrived);
          }),
        );
        assert.deepEqual(
          sites.map(({ origin }) => person.cookiesOf(origin).get(guardName)),
          before,
        );
        await redis?.restart();
        for (const site of sites)
          await eventually('the replicas to find Redis again', async () => {
            const answers = await Promise.all([1, 2, 3, 4].map(() => person.fetch(`${site.origin}/api/x`)));
            assert.ok(answers.every(({ status }) => status === 200 || status === 503));
            return answers.every(({ status }) => status === 200);
          });
        for (const { site, open, enter } of steps) {
          assert.equal((await entering.open(enter)).url, `${site.origin}/y?a=1&b=2`);
          assert.equal((await opening.open(open)).url, `${site.origin}/y?a=1&b=2`);
        }
        assert.equal((await person.fetch(`${world.desk}/api/me`)).status, 200);
      });

      test('a replica that is killed and started again loses no request', async () => {
        const { sites, replicas } = world;
        const person = await signedIn(sites);
        let isOver = false;
        const counts = new Map<string, number>();
        const asking = sites.flatMap(({ name, origin }) =>
          (['GET', 'POST', 'page'] as const).map(async (kind) => {
            while (!isOver) {
              const { status } =
                kind === 'page'
                  ? await person.send(`${origin}/page`)
                  : await person.fetch(`${origin}/api/x`, {
                      method: kind,
                      ...(kind === 'POST' && { body: 'a=1' }),
                    });
              const what = `${name} ${kind} ${status}`;
              counts.set(what, (counts.get(what) ?? 0) + 1);
            }
          }),
        );
        const total = () => [...counts.values()].reduce((sum, count) => sum + count, 0);
        const more = (count: number) => {
          const before = total();
          return eventually('more requests', () => total() >= before + count);
        };
        await more(50);
        for (const replica of replicas) {
          await replica.kill();
          await more(50);
          await replica.start();
          await more(50);
        }
        isOver = true;
        await Promise.all(asking);
        assert.deepEqual(
          [...counts.keys()].filter((what) => !what.endsWith(' 200')),
          [],
        );
        assert.equal(counts.size, sites.length * 3);
      });

      test('clocks that differ by minutes admit nobody for longer and sign nobody out', async (t) => {
        const { sites, replicas } = world;
        const person = await signedIn(sites);
        const [, second] = replicas;
        await second?.kill();
        await second?.start({
          NODE_OPTIONS: `--import=${clockAhead}`,
          CLOCK_AHEAD_MS: String(4 * 60_000),
        });
        t.after(async () => {
          await second?.kill();
          await second?.start();
        });
        const ask = async () => {
          for (let i = 0; i < 4; i++) await isAdmitted(person, sites);
          for (const { origin } of sites) assert.equal((await person.open(`${origin}/y`)).url, `${origin}/y`);
        };
        await ask();
        // A code of one replica is redeemed at the other.
        for (let i = 0; i < 12; i++) {
          const target = `${sites[i % sites.length]?.origin}/y?a=1&b=2`;
          assert.equal((await world.person().open(target)).url, target);
        }
        const redis = connectRedis(world.redis?.url ?? '', () => {});
        t.after(() => redis.disconnect());
        const codes = await redis.keys('*note:guard:code:*');
        assert.ok(codes.length > 0);
        for (const code of codes)
          assert.ok((await redis.pttl(code)) <= 36_000, 'longer than a code is valid');
        await ask();
        const other = world.person(person.email, phone);
        await other.open(`${world.desk}/dashboard`);
        const handle = await handleOf(person);
        assert.equal((await other.post(`${world.desk}/devices/end`, { handle })).status, 303);
        for (let i = 0; i < 4; i++) await isRefused(person, sites);
      });
    }

    if (store === 'sqlite') {
      test('Gatehouse down: 503 at each app, nobody is let in, and nobody is signed out', async () => {
        const { sites, replicas } = world;
        const person = await signedIn(sites);
        const [only] = replicas;
        await only?.kill();
        await Promise.all(
          sites.map(async (site) => {
            const arrived = await arrivalsOf(site, async () => {
              const answers = await Promise.all([
                person.send(`${site.origin}/page`),
                person.fetch(`${site.origin}/api/x`),
                person.webSocket(`${site.origin}/ws`),
                person.send(`${site.origin}/.gatehouse/sign-out`),
              ]);
              for (const { status } of answers) assert.equal(status, 503, site.name);
            });
            assert.deepEqual(arrived, []);
          }),
        );
        await only?.start();
        await isAdmitted(person, sites);
      });
    }

    suite('in Chromium', chromium, () => {
      let browser: Browser;
      before(async () => {
        browser = await launchChromium(`*.${domain}`);
      });
      after(() => browser?.close());

      async function newPage(userAgent?: string): Promise<Page> {
        const context = await browser.newContext({
          ignoreHTTPSErrors: true,
          ...(userAgent && { userAgent }),
        });
        return context.newPage();
      }

      /** Says where the browser is instead, with what it shows. */
      async function isAt(page: Page, url: string): Promise<void> {
        await page.waitForURL(url, { timeout: 15_000 }).catch(async () => {
          assert.equal(`${page.url()} ${await page.textContent('body')}`, url);
        });
      }

      /** Opens a page and chooses the account at Google. */
      async function signIn(page: Page, url: string, email: string): Promise<void> {
        await page.goto(url);
        assert.equal(new URL(page.url()).origin, world.google.origin);
        await page.getByText(email, { exact: true }).last().click();
        await isAt(page, url);
      }

      const statusOf = (page: Page, url: string) =>
        page.evaluate<string>(
          `fetch(${JSON.stringify(url)}).then(({ status, redirected }) => status + (redirected ? ' redirected' : ''))`,
        );
      const socketOf = (page: Page) =>
        page.evaluate<string>(`new Promise((done) => {
          const socket = new WebSocket('wss://' + location.host + '/ws');
          socket.onopen = () => done('open');
          socket.onerror = () => done('refused');
        })`);

      // Each front once: the one that the desk is behind as well.
      for (const front of [deskFront]) {
        test(`${front}: one sign-in, both apps, scripts and sockets; ended on another device, all of it stops`, async () => {
          const [first, second] = world.behind(front);
          const { email } = world.person();
          const [page, other] = [await newPage(phone), await newPage()];
          await signIn(page, `${first.origin}/y?a=1&b=2`, email);
          assert.equal(await page.textContent('body'), 'arrived');
          await page.goto(`${second.origin}/y?a=1&b=2`);
          assert.equal(page.url(), `${second.origin}/y?a=1&b=2`);
          for (const { origin } of [first, second]) {
            await page.goto(`${origin}/`);
            assert.equal(await statusOf(page, '/api/x'), '200');
            assert.equal(await socketOf(page), 'open');
            const event = await page.evaluate<string>(`new Promise((done, fail) => {
              const source = new EventSource('/events');
              source.onmessage = ({ data }) => { source.close(); done(data); };
              source.onerror = () => fail(new Error('no event'));
            })`);
            assert.equal(event, 'first');
            assert.equal(await page.evaluate('document.cookie'), '', 'no script sees a cookie of ours');
          }
          const cookies = await page.context().cookies();
          for (const cookie of cookies.filter(({ domain: host }) => host.endsWith(domain))) {
            assert.ok(cookie.name.startsWith('__Host-'), cookie.name);
            assert.ok(cookie.httpOnly && cookie.secure && cookie.path === '/', cookie.name);
            assert.ok(!cookie.domain.startsWith('.'), `${cookie.name} is for this host alone`);
          }
          const guards = cookies.filter(({ name }) => name === guardName);
          assert.deepEqual(
            guards.map(({ domain: host, sameSite, expires }) => [host, sameSite, expires]).toSorted(),
            [first, second].map(({ origin }) => [new URL(origin).hostname, 'Lax', -1]).toSorted(),
          );

          await signIn(other, `${first.origin}/`, email);
          await other.goto(`${world.desk}/devices`);
          await other.locator('li', { hasText: 'Safari on iOS' }).getByRole('button').click();
          await other.waitForURL(/\/devices\/receipt/);
          assert.equal(await statusOf(page, '/api/x'), '401');
          assert.equal(await socketOf(page), 'refused');
          await page.goto(`${first.origin}/`);
          assert.notEqual(new URL(page.url()).origin, first.origin);
          await other.goto(`${second.origin}/`);
          assert.equal(other.url(), `${second.origin}/`);
        });

        test(`${front}: five tabs, each signs in, each arrives where it began`, async () => {
          const [first, second] = world.behind(front);
          const { email } = world.person();
          const context = await browser.newContext({ ignoreHTTPSErrors: true });
          const tabs = await Promise.all(
            [1, 2, 3, 4, 5].map(async (i) => ({
              page: await context.newPage(),
              url: `${(i < 4 ? first : second).origin}/tab?n=${i}&b=2`,
            })),
          );
          await Promise.all(tabs.map(({ page, url }) => page.goto(url)));
          for (const { page, url } of tabs) {
            await page.getByText(email, { exact: true }).last().click();
            await isAt(page, url);
            assert.equal(await page.textContent('body'), 'arrived');
          }
        });

        test(`${front}: an app that sets cookies named like ours, or for the whole domain, changes nothing`, async () => {
          const [app, other] = world.behind(front);
          const { email } = world.person();
          const page = await newPage();
          await signIn(page, `${app.origin}/`, email);
          await page.goto(`${other.origin}/`);
          const ours = ['guard', 'start'].map((name) => `__Host-gatehouse_${name}`);
          const names = [...ours, '__Host-session', '__Host-_oauth2_proxy', '__Host-_oauth2_proxy_0'];
          app.echo.setCookies([
            ...names.map((name) => `${name}=evil; Path=/; Secure; HttpOnly`),
            ...names.map((name) => `${name}=evil; Path=/; Secure; Domain=${domain}`),
            `shared=evil; Path=/; Domain=${domain}`,
            'own=1; Path=/',
          ]);
          await page.goto(`${app.origin}/`);
          app.echo.setCookies([]);
          await page.evaluate(`for (const name of ${JSON.stringify(names)}) {
            document.cookie = name + '=evil; Path=/; Secure';
            document.cookie = name + '=evil; Path=/; Secure; Domain=${domain}';
          }
          // No header passes by the front here, so no front can prevent this one. It has no name that counts.
          document.cookie = 'gatehouse_guard=evil; Path=/; Domain=${domain}';`);
          const cookies = await page.context().cookies();
          const evil = cookies.filter(({ value }) => value === 'evil');
          const host = new URL(app.origin).hostname;
          assert.deepEqual(
            evil
              .filter(({ name, domain: at }) => at !== host && name !== 'gatehouse_guard')
              .map(({ name }) => name),
            [],
            'nothing for another host',
          );
          assert.deepEqual(
            evil.filter(({ name }) => name === guardName || name === startName).map(({ name }) => name),
            [],
          );
          assert.ok(cookies.some(({ name, domain: at }) => name === 'own' && at === host));
          for (const { origin } of [app, other]) {
            await page.goto(`${origin}/again`);
            assert.equal(page.url(), `${origin}/again`);
          }
          await page.goto(`${world.desk}/dashboard`);
          assert.match((await page.textContent('h1')) ?? '', new RegExp(email.replaceAll('.', '\\.')));
        });
      }
    });
  });
}
