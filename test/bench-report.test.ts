// The report of `npm run bench`, from made-up measurements.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { placeReport, reportOf } from '../bench/report.ts';
import type { Sample, Samples } from '../bench/requests.ts';
import type { ServerName } from '../bench/servers.ts';

const sample = (cpuUs: number, p99Ms: number): Sample => ({
  cpuUs,
  p50Ms: 4,
  p99Ms,
  bytes: 514,
  memoryMb: 100,
  redis: undefined,
});

function samplesOf(name: ServerName, path: string, cpu: readonly number[], p99Ms: number): Samples {
  const at = cpu.map((us) => sample(us, p99Ms));
  return { name, path, at: { 32: at, 256: at } };
}

const lineOf = (report: string, start: string) => {
  const line = report.split('\n').find((text) => text.startsWith(`| ${start}`)) ?? '';
  return line.split('|').map((cell) => cell.trim());
};

test('ratios are of the same round, and targets are judged by their median', () => {
  const report = reportOf(
    {
      me: [
        samplesOf('stock', '/api/me', [200, 400, 300], 20),
        samplesOf('Gatehouse, SQLite', '/api/me', [100, 100, 100], 30),
      ],
    },
    'Measured here.',
  );
  assert.ok(report.startsWith('Measured here.\n\n## Targets\n'));
  assert.deepEqual(lineOf(report, 'Gatehouse, SQLite').slice(2, 6), [
    '100 (100 to 100)',
    '3.00 (2.00 to 4.00)',
    '4 / 4',
    '30 / 30',
  ]);
  assert.deepEqual(lineOf(report, '`/api/me`, SQLite: requests per CPU second, times stock').slice(2, 5), [
    'at least 2.4',
    '3.00 (2.00 to 4.00)',
    'yes',
  ]);
  assert.deepEqual(lineOf(report, '`/api/me`, SQLite: p99 at 256').slice(2, 5), [
    'at most 1',
    '1.50 (1.50 to 1.50)',
    '**no**',
  ]);
  // What was not measured has no row.
  assert.doesNotMatch(report, /Redis: requests|dashboard|listening/);
});

test('a check is compared with oauth2-proxy whose sessions are in the same kind of place', () => {
  const report = reportOf(
    {
      check: [
        samplesOf('oauth2-proxy, cookies', '/oauth2/auth', [100], 1),
        samplesOf('oauth2-proxy, Redis', '/oauth2/auth', [300], 1),
        samplesOf('Gatehouse, SQLite', '/check', [50], 1),
        samplesOf('Gatehouse, Redis', '/check', [100], 1),
      ],
    },
    '',
  );
  assert.equal(lineOf(report, 'Gatehouse, SQLite, `/check`')[3], '2.00 (2.00 to 2.00)');
  assert.equal(lineOf(report, 'Gatehouse, Redis, `/check`')[3], '3.00 (3.00 to 3.00)');
});

test('growth, starts and memory have a table each', () => {
  const spread = { median: 1.2, lowest: 1.1, highest: 1.6 };
  const us = [
    { size: 1000, us: 5 },
    { size: 1_000_000, us: 6 },
  ];
  const report = reportOf(
    {
      growth: [{ store: 'SQLite', operation: 'load', us, times: spread }],
      starts: [{ name: 'Gatehouse, Redis', firstMs: 1500, laterMs: [400, 500, 450], restMb: [90] }],
      memory: [{ name: 'stock', beforeMb: 80, after: [{ requests: 200_000, mb: 130 }] }],
    },
    '',
  );
  assert.deepEqual(lineOf(report, 'µs, sessions').slice(2, 4), ['1,000', '1,000,000']);
  assert.deepEqual(lineOf(report, 'load, SQLite: at 1,000,000').slice(3, 5), ['1.20 (1.10 to 1.60)', 'yes']);
  assert.deepEqual(lineOf(report, 'Redis: listening').slice(2, 5), [
    'at most 1000 ms',
    '450 (400 to 500)',
    'yes',
  ]);
  assert.deepEqual(lineOf(report, 'MB').slice(2, 4), ['before', 'after 200,000']);
  assert.equal(lineOf(report, 'stock')[3], '130');
});

test('the report replaces the former one in docs/performance.md and leaves the rest', () => {
  const page = readFileSync(join(import.meta.dirname, '..', 'docs', 'performance.md'), 'utf8');
  const once = placeReport(page, 'New.\n');
  assert.ok(once.startsWith('# Performance\n'));
  assert.match(once, /<!-- bench:start -->\nNew\.\n<!-- bench:end -->/);
  assert.equal(placeReport(once, 'New.\n'), once);
  assert.throws(() => placeReport('# Performance', 'New.'), /bench:start/);
});
