// Files about the metrics: the dashboard, the alert rules and the document only name metrics that exist.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { suite, test } from 'node:test';
import { type MetricRow, metricTable } from '../src/ops/metric-table.ts';
import { metricsDocument } from '../src/ops/metrics-document.ts';

const docs = resolve(import.meta.dirname, '../docs');
const read = (name: string) => readFileSync(join(docs, name), 'utf8');
const table: Record<string, MetricRow> = metricTable;

/** What is wrong with a PromQL expression, as far as that can be checked without Prometheus. */
function faultsOf(expr: string): string[] {
  const faults: string[] = [];
  const names = expr.match(/gatehouse_[a-z0-9_]+/g) ?? [];
  for (const name of names) {
    const base = name.replace(/_(bucket|sum|count)$/, '');
    const row = table[name] ?? (table[base]?.type === 'histogram' ? table[base] : undefined);
    if (!row) faults.push(`${name} is no metric`);
    if (row?.type === 'histogram' && name === base)
      faults.push(`${name} is a histogram: its series have endings`);
    const isRange = new RegExp(`(rate|increase)\\(${name}(\\{[^}]*\\})?\\[`).test(expr);
    if (row && row.type !== 'gauge' && !isRange)
      faults.push(`${name} only rises: ask for its rate or increase`);
    if (row?.type === 'gauge' && isRange) faults.push(`${name} is a gauge: it has no rate`);
    const known = new Set(['job', 'instance', 'le', ...Object.keys(row?.labels ?? {})]);
    for (const [, selector = ''] of expr.matchAll(new RegExp(`${name}\\{([^}]*)\\}`, 'g')))
      for (const [, label = '', values = ''] of selector.matchAll(/([a-z]+)\s*=~?\s*"([^"]*)"/g)) {
        if (!known.has(label)) faults.push(`${name} has no label ${label}`);
        const closed = row?.labels?.[label];
        for (const value of closed?.length ? values.split('|') : [])
          if (!closed?.includes(value)) faults.push(`${name} has no ${label} ${value}`);
      }
    for (const [, by = ''] of expr.matchAll(/\bby \(([^)]*)\)/g))
      for (const label of by.split(',').map((part) => part.trim()))
        if (!known.has(label)) faults.push(`${name} has no label ${label} to sum by`);
  }
  if (!expr.includes('up{') && names.length === 0) faults.push('no metric of ours');
  for (const [open = '', close = ''] of ['()', '{}', '[]'])
    if (expr.split(open).length !== expr.split(close).length)
      faults.push(`${open} and ${close} are not pairs`);
  return faults;
}

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string; readonly refId: string }[];
}

suite('the Grafana dashboard', () => {
  const dashboard = JSON.parse(read('grafana-dashboard.json')) as {
    readonly title: string;
    readonly uid: string;
    readonly schemaVersion: number;
    readonly panels: readonly Panel[];
    readonly templating: { readonly list: readonly { readonly name: string; readonly type: string }[] };
  };
  const queries = dashboard.panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => [title, expr] as const),
  );

  test('has the format that Grafana imports, and panels that do not overlap', () => {
    assert.equal(dashboard.uid, 'gatehouse');
    assert.ok(dashboard.schemaVersion >= 39);
    assert.deepEqual(
      dashboard.templating.list.map(({ name }) => name),
      ['datasource', 'job'],
    );
    const ids = dashboard.panels.map(({ id }) => id);
    assert.equal(new Set(ids).size, ids.length);
    const taken = new Set<string>();
    for (const { title, type, gridPos, targets = [] } of dashboard.panels) {
      assert.match(type, /^(row|stat|timeseries)$/);
      assert.ok(title && (type === 'row' || targets.length > 0), title);
      assert.equal(new Set(targets.map(({ refId }) => refId)).size, targets.length);
      assert.ok(gridPos.x + gridPos.w <= 24);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++)
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          assert.ok(!taken.has(`${x},${y}`), `${title} lies over another panel`);
          taken.add(`${x},${y}`);
        }
    }
  });

  test('uses only metrics and labels that exist', () => {
    for (const [title, expr] of queries)
      assert.deepEqual(faultsOf(expr.replaceAll(/\$__rate_interval/g, '5m')), [], `${title}: ${expr}`);
  });

  test('shows every metric', () => {
    const all = queries.map(([, expr]) => expr).join('\n');
    assert.deepEqual(
      Object.keys(table).filter((name) => !all.includes(name)),
      [],
    );
  });
});

suite('the alert rules', () => {
  const text = read('alert-rules.yml');
  const rules = text
    .split(/^ {6}- alert: /m)
    .slice(1)
    .map((part) => {
      const field = (name: string) => new RegExp(`^ +${name}: (.*)$`, 'm').exec(part)?.[1] ?? '';
      return {
        name: part.split('\n', 1)[0] ?? '',
        expr: field('expr'),
        severity: field('severity'),
        summary: field('summary'),
        action: field('action'),
      };
    });

  test('use only metrics and labels that exist', () => {
    for (const { name, expr } of rules) assert.deepEqual(faultsOf(expr), [], name);
  });

  test('say what happened and what to do', () => {
    assert.equal(new Set(rules.map(({ name }) => name)).size, rules.length);
    for (const { name, severity, summary, action } of rules) {
      assert.match(name, /^Gatehouse[A-Z]\w+$/);
      assert.match(severity, /^(warning|critical)$/);
      for (const words of [summary, action]) assert.match(words, /^'[^'\n]{20,}'$/, name);
    }
  });

  test('cover what an operator must not miss', () => {
    for (const what of [
      /up\{/,
      /store_failures/,
      /store_up/,
      /replays/,
      /proof_rejections/,
      /record_waiting/,
      /event_loop/,
      /sessions_live/,
      /redis_up/,
      /sign_ins/,
    ])
      assert.ok(
        rules.some(({ expr }) => what.test(expr)),
        String(what),
      );
  });
});

test('the expression check finds unknown metrics and labels', () => {
  for (const [expr, fault] of [
    ['gatehouse_nothing', /no metric/],
    ['gatehouse_session_replays_total', /only rises/],
    ['rate(gatehouse_sessions_live[5m])', /no rate/],
    ['gatehouse_redis_up{person="a"}', /no label person/],
    ['gatehouse_redis_up{role="other"}', /no role other/],
    ['sum by (person) (gatehouse_sessions_live)', /to sum by/],
    ['rate(gatehouse_http_request_duration_seconds[5m])', /endings/],
    ['max(gatehouse_sessions_live', /pairs/],
  ] as const)
    assert.match(faultsOf(expr).join('\n'), fault, expr);
});

test('the document matches the table', () => {
  assert.equal(read('metrics.md'), metricsDocument(), 'run `npm run docs`');
});
