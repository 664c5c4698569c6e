// How often a page waits for Redis. With a distant Redis this is the time that a page takes.
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { ada, begin, type Desk, grace, startDesk, storeKinds } from './support/desk.ts';
import { needsOf } from './support/hostile.ts';
import { type CountedRedis, startCountedRedis } from './support/round-trips.ts';

/** The session, and with it the person's row. */
const admission = 1;

/** After admission. */
const pages: Record<string, number> = {
  '/dashboard': 2,
  '/devices': 2,
  '/devices/end-others': 2,
  '/settings': 0,
  '/cookies': 0,
  '/privacy': 2,
  '/activity': 2,
  '/radar': 2,
  '/radar?sort=created': 2,
  '/radar?q=g': 2,
  '/record': 2,
  '/keys': 1,
  '/api/me': 0,
  '/api/sessions': 2,
};

if (storeKinds.includes('redis'))
  suite('round trips to Redis', await needsOf('redis'), () => {
    let desk: Desk;
    let redis: CountedRedis;
    let operator: Awaited<ReturnType<typeof begin>>;
    let member: Awaited<ReturnType<typeof begin>>;
    before(async () => {
      redis = await startCountedRedis();
      desk = await startDesk({ store: 'redis', redis, settings: { SESSION_MAX_PER_USER: '0' } });
      for (let i = 0; i < 29; i++) {
        await begin(desk, grace);
        await begin(desk, ada);
      }
      [operator, member] = [await begin(desk, ada), await begin(desk, grace)];
    });
    after(async () => {
      await desk.close();
      await redis.close();
    });

    const tripsOf = async ({ browser }: typeof member, path: string) => {
      await desk.recorder.flush();
      const first = redis.batches();
      assert.equal((await browser.ask(path)).status, 200, path);
      return redis.batches() - first;
    };

    for (const [path, most] of Object.entries(pages)) {
      test(`${path}: ${most} after admission`, async () => {
        const isOperators = /^\/(radar|record|keys)/.test(path);
        // The first time, the record is verified and the member's sign-ins are counted: kept for a minute.
        await tripsOf(isOperators ? operator : member, path);
        assert.equal(await tripsOf(isOperators ? operator : member, path), admission + most);
      });
    }

    test('the dashboard: 2 after admission also where a member’s sign-ins are counted, and for operators', async () => {
      desk.advance(61_000);
      // The first request after a minute writes the session as seen.
      for (const one of [member, operator]) await tripsOf(one, '/settings');
      assert.equal(await tripsOf(member, '/dashboard'), admission + 2);
      assert.equal(await tripsOf(operator, '/dashboard'), admission + 2);
    });

    test('a later page of the radar: 2 after admission', async () => {
      const { text } = await operator.browser.ask('/radar');
      const [, next = ''] = /href="(\/radar\?[^"]*cursor=[^"]*)"/.exec(text) ?? [];
      assert.equal(await tripsOf(operator, next.replaceAll('&amp;', '&')), admission + 2);
    });
  });
