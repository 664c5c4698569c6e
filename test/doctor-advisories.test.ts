// The table of advisories is well-formed, evaluated by release line, applied to what really runs, and reported as outdated when it is.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { checkUp } from '../src/doctor/check-up.ts';
import { advisoryChecks } from '../src/doctor/checks/advisories.ts';
import {
  type AdvisedSoftware,
  advisories,
  floorOf,
  lastLookedThroughAt,
  openAdvisories,
} from '../src/doctor/checks/advisory-table.ts';
import { isOlder } from '../src/doctor/checks/versions.ts';
import { lookAtRedis } from '../src/doctor/look/redis.ts';
import { deploymentWith } from './support/deployment.ts';
import { startRedis } from './support/redis.ts';
import { need } from './support/requirement.ts';

const dayMs = 86_400_000;
const idsOf = (software: AdvisedSoftware, version: string) =>
  openAdvisories(software, version).map(({ id }) => id);

suite('advisories', () => {
  test('every row has a valid id, complete versions in order, and a text that completes the sentence', () => {
    for (const { software, below, since, id, allows } of advisories) {
      assert.match(id, /^(CVE-20\d\d-\d{4,6}|GHSA(-[23456789cfghjmpqrvwx]{4}){3})$/);
      assert.ok(
        [...below, ...(since ? [since] : [])].every((one) => /^\d+\.\d+\.\d+$/.test(one)),
        id,
      );
      assert.ok(
        below.every((one, i) => i === 0 || isOlder(below[i - 1] ?? '', one)),
        id,
      );
      assert.match(allows, /^[a-z].*[^.]$/, id);
      assert.equal(new Set(idsOf(software, below.at(-1) ?? '')).has(id), false, `${id} is closed by its fix`);
    }
    const rows = advisories.map(({ software, id }) => `${software} ${id}`);
    assert.equal(new Set(rows).size, rows.length, 'no row twice');
  });

  test('a release line is closed by its own fix; a line without one stays open', () => {
    assert.deepEqual(idsOf('oauth2-proxy', '7.15.4'), [
      'GHSA-63jm-59jj-478j',
      'GHSA-wr5q-7wxw-x568',
      'GHSA-hhqp-vx7f-5c6m',
    ]);
    assert.deepEqual(idsOf('oauth2-proxy', 'v7.15.5'), []);
    assert.deepEqual(idsOf('oauth2-proxy', '7.16.0'), []);
    assert.equal(idsOf('oauth2-proxy', '7.15.1').length, 7);

    assert.ok(idsOf('Redis', '8.4.2').includes('CVE-2026-23479'));
    assert.ok(!idsOf('Redis', '8.4.3').includes('CVE-2026-23479'));
    assert.ok(idsOf('Redis', '8.0.6').includes('CVE-2026-23479'), 'the line 8.0 got no fix');
    assert.ok(!idsOf('Redis', '7.0.15').includes('CVE-2026-23479'), 'older than the fault');
    assert.deepEqual(idsOf('Redis', '8.12.0'), [], 'newer than every fix');
    assert.deepEqual(idsOf('Valkey', '9.1.1'), []);

    assert.deepEqual(idsOf('Node.js', '24.18.1'), []);
    assert.deepEqual(idsOf('Node.js', '24.18.0'), ['CVE-2026-58040', 'CVE-2026-58044']);
    assert.deepEqual(idsOf('Node.js', '25.9.0').length, 4, 'a line that has ended');
    assert.deepEqual(idsOf('Node.js', process.versions.node), [], 'this one');
  });

  test('the minimum version of oauth2-proxy is the newest fix, and the finding says what each vulnerability allows', () => {
    assert.equal(floorOf('oauth2-proxy'), '7.15.5');
    const { findings } = checkUp(deploymentWith({ facts: { gateVersion: '7.15.3' } }));
    assert.match(
      findings[0]?.seen ?? '',
      /`7\.15\.3`\. GHSA-63jm-59jj-478j \(critical\) allows protected pages without a sign-in/,
    );
  });

  test('a table that was not reviewed for more than 90 days is reported', () => {
    const agedBy = (days: number) =>
      checkUp({ ...deploymentWith({}), at: lastLookedThroughAt + days * dayMs }, 'high', advisoryChecks)
        .findings;
    assert.deepEqual(agedBy(90), []);
    const [finding] = agedBy(91);
    assert.equal(finding?.id, 'versions.advisories-age');
    assert.match(finding?.seen ?? '', /last reviewed on 2026-11-28, 91 days ago/);
  });
});

suite('advisories about a real Redis', await need('redis-server'), () => {
  test('checks its own name and version', async () => {
    const redis = await startRedis();
    try {
      const fact = await lookAtRedis({ setting: 'REDIS_URL', url: redis.url, mustEnd: [] }, Date.now);
      assert.match(fact.release?.version ?? '', /^\d+\.\d+\.\d+/);
      const { findings } = checkUp(
        { ...deploymentWith({}), redis: { found: [fact] } },
        'high',
        advisoryChecks,
      );
      const expected = idsOf(fact.release?.software ?? 'Redis', fact.release?.version ?? '');
      assert.deepEqual(
        [...(findings[0]?.seen ?? '').matchAll(/CVE-[\d-]+|GHSA-[\w-]+/g)].map(([id]) => id),
        expected,
      );
    } finally {
      await redis.close();
    }
  });
});
