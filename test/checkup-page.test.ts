// /checkup and /api/checkup: for operators only, about what the running server uses, at most one run per 30 seconds, never slow, no
// secret.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { checkUp, type Report } from '../src/doctor/check-up.ts';
import { checks } from '../src/doctor/checks/all-checks.ts';
import type { Deployment } from '../src/doctor/deployment.ts';
import { gather } from '../src/doctor/look/gather.ts';
import { createCheckup } from '../src/doctor/pages.ts';
import { deploymentWith } from './support/deployment.ts';
import { ada, begin, type Desk, grace, startDesk, storeKinds } from './support/desk.ts';
import { need } from './support/requirement.ts';

const withRedis = await need('redis-server');

for (const store of storeKinds) {
  suite(`the check-up page (${store})`, store === 'redis' ? withRedis : {}, () => {
    let desk: Desk;
    before(async () => {
      desk = await startDesk({ store });
    });
    after(() => desk.close());

    test('operators see the result first, then findings by subject, what was not checked and what is fine', async () => {
      const { browser } = await begin(desk, ada);
      const { status, text } = await browser.ask('/checkup', { headers: { accept: 'text/html' } });
      assert.equal(status, 200);
      assert.match(text, /class="notice bad">[\s\S]*?\d high, /);
      // Tests run without rate limits and with a detailed log.
      assert.match(text, />high<\/span><code[^>]*>settings\.rate-limit<[\s\S]*?RATE_LIMIT=on/);
      assert.match(text, />low<\/span><code[^>]*>settings\.log-level</);
      assert.match(text, /\d+ checks could not look from here[\s\S]*gatehouse doctor --url/);
      assert.match(text, /\d+ checks passed[\s\S]*cookie\.httponly/);
      assert.match(text, /Signed out at once/);
      assert.match(text, /href="\/checkup" aria-current="page"/);
    });

    test('the report as JSON: each check once, for the store in use', async () => {
      const { browser } = await begin(desk, ada);
      const report = (await browser.ask('/api/checkup')).json<Report & Record<string, unknown>>();
      assert.deepEqual(Object.keys(report), ['ok', 'at', 'findings', 'unread', 'notChecked', 'passed']);
      const all = [...report.findings, ...report.unread, ...report.notChecked]
        .map(({ id }) => id)
        .concat(report.passed);
      assert.deepEqual(all.toSorted(), checks.map(({ id }) => id).toSorted());
      assert.equal(
        report.findings.some(({ id }) => id === 'redis.persistence'),
        store === 'redis',
        'the Redis of tests keeps nothing',
      );
      assert.ok(report.passed.includes('secret.strength'), 'the secrets are those of the server');
    });

    test('one result is reused for half a minute', async () => {
      const { browser } = await begin(desk, ada);
      const at = async () => (await browser.ask('/api/checkup')).json<Report>().at;
      const first = await at();
      desk.advance(20_000);
      assert.equal(await at(), first);
      desk.advance(11_000);
      assert.notEqual(await at(), first);
    });

    test('only operators, only GET, no query', async () => {
      const member = await begin(desk, grace);
      for (const path of ['/checkup', '/api/checkup']) {
        const answer = await member.browser.ask(path);
        assert.ok([403, 404].includes(answer.status), `${path} ${answer.status}`);
        assert.doesNotMatch(answer.text, /settings\./);
      }
      assert.doesNotMatch(member.page.text, /href="\/checkup"/);
      assert.notEqual((await desk.browser().ask('/checkup')).status, 200);
      const operator = await begin(desk, ada);
      assert.equal((await operator.change('/checkup')).status, 405);
      assert.equal((await operator.browser.ask('/api/checkup?x=1')).status, 400);
    });

    test('no secret appears on the page or in the report', async () => {
      const { browser } = await begin(desk, ada);
      const texts = [await browser.ask('/checkup'), await browser.ask('/api/checkup')]
        .map(({ text }) => text)
        .join();
      const { config, redis } = desk;
      const secrets = [...config.secretKeys, ...config.gate.secrets, redis && new URL(redis.url).password];
      for (const secret of secrets) if (secret) assert.ok(!texts.includes(secret));
    });
  });
}

suite('the check-up from inside', () => {
  test('concurrent requests share one run; a failed run is not cached', async () => {
    let looks = 0;
    const ended = Promise.withResolvers<Deployment>();
    const { api } = createCheckup({
      look: () => {
        looks++;
        return looks === 1 ? ended.promise : Promise.resolve(deploymentWith({}));
      },
      now: () => 0,
    });
    const ask = () =>
      new Promise<unknown>((resolve, reject) => {
        const answer = api({ query: {} } as never, { json: resolve } as never, () => {});
        Promise.resolve(answer).catch(reject);
      });
    const both = [ask(), ask()];
    ended.reject(new Error('no'));
    for (const one of both) await assert.rejects(one);
    assert.equal(looks, 1);
    assert.equal(((await ask()) as Report).ok, true);
    assert.equal(looks, 2);
  });

  test('a Redis that accepts the connection but never answers blocks nothing', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'gatehouse-doctor-'));
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    t.after(() => {
      silent.close();
      rmSync(folder, { recursive: true });
    });
    const address = silent.address();
    const port = typeof address === 'object' ? address?.port : 0;
    writeFileSync(
      join(folder, '.env'),
      `SECRET_KEY=${'0f1e2d3c4b5a6978'.repeat(4)}\nGATE_SECRET=Zk3vQ9xT7mB1nL5cR8wE2yU6iO4pA0sD\nSESSION_BACKEND=redis\nREDIS_URL=redis://127.0.0.1:${port}/0\n`,
    );
    const begun = Date.now();
    const deployment = await gather({
      folder,
      programFolder: folder,
      env: {},
      patienceMs: 300,
      validators: { fingerprint: () => 'x', faultOf: () => undefined },
      addressesIn: () => [],
      appsIn: () => ({ apps: [] }),
      now: Date.now,
    });
    assert.ok(Date.now() - begun < 3000);
    assert.deepEqual(deployment.redis, { found: [{ setting: 'REDIS_URL', unreachable: 'too slow' }] });
    const { ok, findings } = checkUp(deployment);
    assert.equal(ok, false, 'what hangs is no all-clear');
    assert.ok(findings.some(({ id }) => id === 'redis.reachable'));
    assert.ok('found' in deployment.files && 'found' in deployment.config);
  });
});
