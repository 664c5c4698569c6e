// The governor: which sessions it would end, as properties, and that only one replica ends them.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import fc from 'fast-check';
import { keepEvents } from '../../test/support/recorder.ts';
import { createLogger } from '../http/log.ts';
import type { Store } from '../store/contract.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import { createGovernor, type GovernorOptions } from './governor.ts';
import { type GovernedSession, plan } from './governor-rules.ts';
import type { Owner } from './session-owners.ts';
import type { ScannedSession } from './session-scan.ts';

const now = 1_000_000_000;
const sessions: fc.Arbitrary<GovernedSession[]> = fc.uniqueArray(
  fc.record(
    {
      key: fc.string({ minLength: 1, maxLength: 6 }),
      firstSeenAt: fc.integer({ min: now - 10_000, max: now }),
      lastUsedAt: fc.option(fc.integer({ min: now - 10_000, max: now }), { nil: undefined }),
      personId: fc.constantFrom('ada', 'grace', 'mallory'),
    },
    { requiredKeys: ['key', 'firstSeenAt', 'lastUsedAt'] },
  ),
  { selector: ({ key }) => key, maxLength: 30 },
);
const rules = fc.record({
  maxAgeMs: fc.integer({ min: 0, max: 12_000 }),
  maxIdleMs: fc.integer({ min: 0, max: 12_000 }),
  maxSessions: fc.integer({ min: 0, max: 5 }),
});

suite('the plan', () => {
  test('without limits nobody is ended', () => {
    fc.assert(
      fc.property(sessions, (all) => {
        assert.deepEqual(plan(all, { maxAgeMs: 0, maxIdleMs: 0, maxSessions: 0 }, now), []);
      }),
    );
  });

  test('what stays is within every limit, and every ending has its reason', () => {
    fc.assert(
      fc.property(sessions, rules, (all, limits) => {
        const verdicts = plan(all, limits, now);
        const ended = new Set(verdicts.map(({ session }) => session.key));
        const left = all.filter(({ key }) => !ended.has(key));
        for (const { firstSeenAt, lastUsedAt } of left) {
          assert.ok(limits.maxAgeMs === 0 || now - firstSeenAt <= limits.maxAgeMs);
          assert.ok(
            limits.maxIdleMs === 0 || lastUsedAt === undefined || now - lastUsedAt <= limits.maxIdleMs,
          );
        }
        for (const [personId, own] of Map.groupBy(left, (session) => session.personId))
          assert.ok(personId === undefined || limits.maxSessions === 0 || own.length <= limits.maxSessions);
        for (const { session, reasons } of verdicts) {
          assert.ok(reasons.length > 0);
          assert.equal(
            reasons.includes('age'),
            limits.maxAgeMs > 0 && now - session.firstSeenAt > limits.maxAgeMs,
          );
          assert.ok(!reasons.includes('number') || session.personId !== undefined);
        }
      }),
    );
  });

  test('only as many are ended as exceed the limit, the oldest first', () => {
    fc.assert(
      fc.property(sessions, fc.integer({ min: 1, max: 5 }), (all, maxSessions) => {
        const ended = plan(all, { maxAgeMs: 0, maxIdleMs: 0, maxSessions }, now).map(
          ({ session }) => session,
        );
        for (const [personId, own] of Map.groupBy(all, (session) => session.personId)) {
          if (personId === undefined) continue;
          const gone = ended.filter((session) => session.personId === personId);
          assert.equal(gone.length, Math.max(0, own.length - maxSessions));
          const oldestLeft = Math.min(
            ...own.filter((session) => !gone.includes(session)).map(({ firstSeenAt }) => firstSeenAt),
          );
          for (const { firstSeenAt } of gone) assert.ok(firstSeenAt <= oldestLeft);
        }
      }),
    );
  });

  test('a second run over what stayed ends nothing', () => {
    fc.assert(
      fc.property(sessions, rules, (all, limits) => {
        const ended = new Set(plan(all, limits, now).map(({ session }) => session.key));
        assert.deepEqual(
          plan(
            all.filter(({ key }) => !ended.has(key)),
            limits,
            now,
          ),
          [],
        );
      }),
    );
  });
});

suite('its runs', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-governor-'));
  let store: Store;
  before(() => {
    store = openSqliteStore(folder);
  });
  after(async () => {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const hour = 3_600_000;
  const at = { now: now };
  const live = new Map<string, ScannedSession>();
  const owners = new Map<string, Owner>();
  const ended: string[] = [];
  const saved = (key: string, savedAt: number) =>
    live.set(key, { key, savedAt, lastUsedAt: at.now, expiresAt: savedAt + 168 * hour });

  const governor = (changed: Partial<GovernorOptions> = {}) =>
    createGovernor({
      mode: 'on',
      rules: { maxAgeMs: 24 * hour, maxIdleMs: 0, maxSessions: 0 },
      expireMs: 168 * hour,
      snapshot: () => ({
        mode: 'scanning',
        sweptAt: at.now,
        faultAt: undefined,
        total: live.size,
        sessions: [...live.values()],
      }),
      ownersOf: async () => owners,
      end: async ({ handle, link }) => {
        ended.push(handle);
        if (link?.state === 'verified') live.delete(link.key);
      },
      notes: store.notes,
      claims: store.claims,
      now: () => at.now,
      logger: createLogger('silent'),
      recorder: keepEvents(),
      ...changed,
    });

  test('a refresh does not make a session younger; dry run ends nothing; only one replica runs at a time', async () => {
    const [one, two] = [governor(), governor()];
    saved('k1', at.now);
    assert.deepEqual((await one.run())?.verdicts, []);
    assert.equal(await two.run(), undefined, 'the other one waits');
    at.now += 23 * hour;
    saved('k1', at.now);
    saved('k2', at.now);
    await one.run();
    at.now += 2 * hour;
    saved('k1', at.now);
    // The replica whose turn it was is gone: the next one has the information that it had.
    const dry = await governor({ mode: 'dry-run' }).run();
    assert.deepEqual(
      dry?.verdicts.map(({ session, reasons }) => [session.key, reasons]),
      [['k1', ['age']]],
    );
    assert.deepEqual(ended, []);
    at.now += hour;
    const real = governor();
    assert.equal((await real.run())?.verdicts.length, 1);
    assert.equal(ended.length, 1);
    assert.ok(live.has('k2') && !live.has('k1'));
    assert.equal(real.report()?.mode, 'on');
    saved('k1', at.now);
    assert.deepEqual((await real.run())?.verdicts, [], 'the same ticket after a new sign-in is new');
  });

  test('while the clock is in doubt, no session ends for its age', async () => {
    at.now += 10 * hour;
    live.clear();
    ended.length = 0;
    let isClockDoubted = true;
    const careful = governor({ isClockDoubted: () => isClockDoubted });
    saved('k9', at.now - 500 * 24 * hour);
    assert.equal(await careful.run(), undefined);
    assert.deepEqual(ended, []);
    isClockDoubted = false;
    assert.equal((await careful.run())?.verdicts.length, 1);
    live.clear();
  });

  test('a session that cannot be ended does not stop the others', async () => {
    at.now += 10 * hour;
    live.clear();
    ended.length = 0;
    owners.set('b', {
      personId: 'p',
      email: 'p@example.org',
      handle: 'hb',
      link: { state: 'verified', key: 'b', createdAt: 1 },
    });
    for (const key of ['a', 'b']) saved(key, at.now - 30 * hour);
    const end: GovernorOptions['end'] = async ({ handle }) => {
      if (handle !== 'hb') throw new Error('no');
      ended.push(handle);
    };
    assert.equal((await governor({ end }).run())?.verdicts.length, 2);
    assert.deepEqual(ended, ['hb']);
  });

  test('beyond a person’s limit, the session first seen longest ago is ended, in the person’s name', async () => {
    at.now += 10 * hour;
    live.clear();
    owners.clear();
    ended.length = 0;
    const recorder = keepEvents();
    for (const key of ['old', 'newer', 'newest']) {
      at.now += hour;
      saved(key, at.now);
      owners.set(key, {
        personId: 'ada',
        email: 'ada@example.org',
        handle: `h-${key}`,
        link: { state: 'verified', key, createdAt: at.now },
      });
    }
    const limited = governor({ rules: { maxAgeMs: 0, maxIdleMs: 0, maxSessions: 2 }, recorder });
    await limited.run();
    assert.deepEqual(ended, ['h-old']);
    assert.deepEqual(recorder.events, [
      {
        event: 'governor.ended',
        session: 'h-old',
        reason: 'number',
        person: { id: 'ada', email: 'ada@example.org' },
      },
    ]);
    owners.clear();
  });

  test('with incomplete data it does nothing', async () => {
    at.now += 10 * hour;
    const picture = { mode: 'scanning', total: 0, sessions: [] } as const;
    assert.equal(
      await governor({ snapshot: () => ({ ...picture, sweptAt: undefined, faultAt: undefined }) }).run(),
      undefined,
    );
    assert.equal(
      await governor({ snapshot: () => ({ ...picture, sweptAt: 1, faultAt: 2 }) }).run(),
      undefined,
    );
  });
});
