// GET /metrics of the real program, on both stores: Prometheus' names and units, the counts of what happened, and nobody's name.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { type MetricRow, metricTable } from '../src/ops/metric-table.ts';
import { ada, grace, storeKinds } from './support/desk.ts';
import { eventually } from './support/eventually.ts';
import { needsOf } from './support/hostile.ts';
import { type Family, lintMetrics, parseMetrics } from './support/metrics-lint.ts';
import { type Server, startServer } from './support/server.ts';

const tokenForm = 'application/x-www-form-urlencoded';

async function scrape(server: Server): Promise<Family[]> {
  const answer = await server.ops.ask('/metrics');
  assert.equal(answer.status, 200);
  assert.equal(answer.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
  return parseMetrics(answer.text);
}

function standing(families: readonly Family[], name: string, labels: Record<string, string> = {}): number {
  const sample = families
    .flatMap(({ samples }) => samples)
    .find(
      (one) => one.name === name && Object.entries(labels).every(([key, value]) => one.labels[key] === value),
    );
  assert.ok(sample, `${name} ${JSON.stringify(labels)}`);
  return sample.value;
}

for (const store of storeKinds) {
  suite(`metrics on ${store}`, await needsOf(store), () => {
    test('events are counted by the rules of Prometheus, and no person is named', async (t) => {
      const server = await startServer({ store });
      t.after(() => server.close());
      const first = await scrape(server);
      const browser = server.browser(ada);
      await browser.ask('/dashboard');
      const me = (await browser.ask('/api/me')).json<{ csrfToken: string; session: { handle: string } }>();
      const post = (path: string, headers: Record<string, string>, body = '') =>
        browser.ask(path, { method: 'POST', body, headers: { 'content-type': tokenForm, ...headers } });
      assert.equal((await post('/settings', { origin: 'https://elsewhere.example' })).status, 403);
      assert.equal((await post('/settings', { origin: server.origin, 'x-csrf-token': 'no' })).status, 403);
      assert.equal((await server.browser(grace).ask('/dashboard')).status, 200);
      const forged = { ...server.gateHeaders(grace), authorization: `Basic ${btoa(`${grace.id}:guess`)}` };
      assert.equal((await server.browser(grace).ask('/api/me', { headers: forged })).status, 401);
      const name = 'session';
      const cookie = browser.cookies.get(name) ?? '';
      const unsigned = { cookie: `${name}=${cookie.slice(0, -4)}AAAA` };
      assert.equal((await server.browser(ada).ask('/api/me', { headers: unsigned })).status, 401);
      const twice = { cookie: `${name}=${cookie}; ${name}=${cookie}` };
      assert.equal((await server.browser(ada).ask('/api/me', { headers: twice })).status, 400);
      assert.equal((await browser.ask('/no/such/thing')).status, 404);
      assert.equal(
        (await post('/logout', { origin: server.origin, 'x-csrf-token': me.csrfToken })).status,
        303,
      );

      const families = await scrape(server);
      assert.deepEqual(lintMetrics(first, 'gatehouse_'), []);
      assert.deepEqual(lintMetrics(families, 'gatehouse_'), []);
      for (const [what, labels, value] of [
        ['gatehouse_sign_ins_total', { outcome: 'done' }, 2],
        ['gatehouse_sign_ins_total', { outcome: 'denied' }, 0],
        ['gatehouse_sessions_created_total', {}, 2],
        ['gatehouse_sessions_ended_total', { reason: 'signed_out' }, 1],
        ['gatehouse_csrf_rejections_total', { reason: 'origin' }, 1],
        ['gatehouse_csrf_rejections_total', { reason: 'token' }, 1],
        ['gatehouse_proof_rejections_total', { reason: 'proof' }, 1],
        ['gatehouse_cookie_errors_total', { kind: 'unsigned' }, 1],
        ['gatehouse_cookie_errors_total', { kind: 'ambiguous' }, 1],
        ['gatehouse_session_replays_total', {}, 0],
        ['gatehouse_events_total', { event: 'session.created' }, 2],
        ['gatehouse_store_up', {}, 1],
        ['gatehouse_store_failures_total', {}, 0],
        ['gatehouse_http_requests_total', { route: 'other', status: '4xx' }, 1],
        ['gatehouse_http_requests_total', { route: 'api', status: '2xx' }, 1],
        ['gatehouse_http_requests_total', { route: 'member', status: '2xx' }, 2],
        ['gatehouse_http_request_duration_seconds_count', { route: 'api' }, 4],
        ['gatehouse_store_duration_seconds_count', { operation: 'sessions_create' }, 2],
        ['gatehouse_build_info', {}, 1],
        ...(store === 'redis' ? ([['gatehouse_redis_up', { role: 'store' }, 1]] as const) : []),
      ] as const)
        assert.equal(standing(families, what, labels), value, `${what} ${JSON.stringify(labels)}`);
      assert.ok(standing(families, 'gatehouse_process_resident_memory_bytes') > 1e7);
      assert.ok(standing(families, 'gatehouse_event_loop_delay_p99_seconds') < 5);

      const text = (await server.ops.ask('/metrics')).text;
      for (const secret of [
        ada.email,
        ada.id,
        grace.email,
        me.session.handle,
        me.csrfToken,
        '127.0.0.1',
        cookie,
      ])
        assert.ok(!text.includes(secret), 'a label names somebody');
    });

    test('exposes exactly the metrics of the table', async (t) => {
      const server = await startServer({ store });
      t.after(() => server.close());
      const table: Record<string, MetricRow> = metricTable;
      const families = await scrape(server);
      assert.deepEqual(families.map(({ name }) => name).sort(), Object.keys(table).sort());
      for (const { name, type, samples } of families) {
        const row = table[name];
        assert.equal(type, row?.type);
        for (const { labels } of samples)
          for (const [label, value] of Object.entries(labels)) {
            if (label === 'le') continue;
            const known = row?.labels?.[label];
            assert.ok(known && (known.length === 0 || known.includes(value)), `${name} ${label}=${value}`);
          }
      }
    });

    test('the metrics are not served on the port for browsers', async (t) => {
      const server = await startServer({ store });
      t.after(() => server.close());
      for (const path of ['/metrics', '/livez', '/readyz'])
        assert.equal((await server.browser(ada).ask(path)).status, 404);
    });

    // SQLite has no server that could be down.
    if (store === 'redis')
      test('shows an outage of Redis and its end', async (t) => {
        const server = await startServer({ store });
        t.after(() => server.close());
        await server.redis?.kill();
        const up = async () => standing(await scrape(server), 'gatehouse_redis_up', { role: 'store' });
        await eventually('the outage', async () => (await up()) === 0);
        assert.equal(standing(await scrape(server), 'gatehouse_store_up'), 0);
        await server.redis?.restart();
        await eventually('the return', async () => (await up()) === 1);
      });
  });
}

suite('the metrics check finds', () => {
  const cases: readonly (readonly [string, string, RegExp])[] = [
    [
      'a counter without _total',
      '# HELP gatehouse_a Something here.\n# TYPE gatehouse_a counter\ngatehouse_a 1\n',
      /ends in _total/,
    ],
    [
      'a gauge with _total',
      '# HELP gatehouse_a_total Something here.\n# TYPE gatehouse_a_total gauge\ngatehouse_a_total 1\n',
      /only a counter/,
    ],
    [
      'milliseconds',
      '# HELP gatehouse_a_ms Something here.\n# TYPE gatehouse_a_ms gauge\ngatehouse_a_ms 1\n',
      /base unit/,
    ],
    [
      'a delay without unit',
      '# HELP gatehouse_delay Something here.\n# TYPE gatehouse_delay gauge\ngatehouse_delay 1\n',
      /in seconds/,
    ],
    ['another prefix', '# HELP a Something here.\n# TYPE a gauge\na 1\n', /begin with/],
    ['no help', '# HELP gatehouse_a \n# TYPE gatehouse_a gauge\ngatehouse_a 1\n', /no help/],
    [
      'a duplicate series',
      '# HELP gatehouse_a Something here.\n# TYPE gatehouse_a gauge\ngatehouse_a 1\ngatehouse_a 2\n',
      /twice/,
    ],
    [
      'an address as a label',
      '# HELP gatehouse_a Something here.\n# TYPE gatehouse_a gauge\ngatehouse_a{who="ada@example.org"} 1\n',
      /name somebody/,
    ],
    [
      'the type in the name',
      '# HELP gatehouse_gauge Something here.\n# TYPE gatehouse_gauge gauge\ngatehouse_gauge 1\n',
      /no part of a name/,
    ],
    [
      'buckets that do not add up',
      '# HELP gatehouse_a_seconds Something here.\n# TYPE gatehouse_a_seconds histogram\ngatehouse_a_seconds_bucket{le="1"} 3\ngatehouse_a_seconds_bucket{le="+Inf"} 2\ngatehouse_a_seconds_sum 1\ngatehouse_a_seconds_count 2\n',
      /add up/,
    ],
  ];
  for (const [what, text, fault] of cases)
    test(what, () => assert.match(lintMetrics(parseMetrics(text), 'gatehouse_').join('\n'), fault));
  for (const [what, text] of [
    ['a sample before its type', 'gatehouse_a 1\n'],
    [
      'a label without quotes',
      '# HELP gatehouse_a Something here.\n# TYPE gatehouse_a gauge\ngatehouse_a{b=c} 1\n',
    ],
    ['a value that is none', '# HELP gatehouse_a Something here.\n# TYPE gatehouse_a gauge\ngatehouse_a x\n'],
    ['a missing line end', '# HELP gatehouse_a Something here.\n# TYPE gatehouse_a gauge\ngatehouse_a 1'],
  ] as const)
    test(what, () => assert.throws(() => parseMetrics(text)));
});
