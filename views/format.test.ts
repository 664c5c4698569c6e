// Instants, durations and sizes as words.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ago, ahead, bytes, count, date, deviceName, duration, exact, iso, remaining } from './format.ts';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
const now = Date.UTC(2026, 10, 23, 15, 4, 5);

const durations: [number, string][] = [
  [-5, '0 seconds'],
  [0, '0 seconds'],
  [second, '1 second'],
  [59_999, '59 seconds'],
  [minute, '1 minute'],
  [hour - 1, '59 minutes'],
  [hour, '1 hour'],
  [90 * minute, '90 minutes'],
  [2 * hour, '2 hours'],
  [day, '24 hours'],
  [2 * day - 1, '47 hours'],
  [2 * day, '2 days'],
  [7 * day, '7 days'],
  [720 * hour, '30 days'],
  [2000 * day, '2,000 days'],
];

test('durations', () => {
  for (const [ms, words] of durations) assert.equal(duration(ms), words);
});

const past: [number, string][] = [
  [-hour, 'just now'],
  [0, 'just now'],
  [minute - 1, 'just now'],
  [minute, '1 minute ago'],
  [2 * minute, '2 minutes ago'],
  [hour, '1 hour ago'],
  [day - 1, '23 hours ago'],
  [day, 'a day ago'],
  [2 * day, '2 days ago'],
  [30 * day, '30 days ago'],
  [31 * day, 'on 23 October 2026'],
];

test('how long ago', () => {
  for (const [ms, words] of past) assert.equal(ago(now - ms, now), words);
});

test('how far ahead', () => {
  assert.equal(ahead(now - 1, now), 'now');
  assert.equal(ahead(now, now), 'now');
  assert.equal(ahead(now + 1, now), 'in less than a minute');
  assert.equal(ahead(now + 5 * day + hour, now), 'in 5 days');
});

test('the remaining time is rounded', () => {
  assert.equal(remaining(7 * day - 1000), '7 days');
  assert.equal(remaining(6 * day + 11 * hour), '6 days');
  assert.equal(remaining(day - 1000), '24 hours');
  assert.equal(remaining(90 * minute), '90 minutes');
});

test('the exact time is in UTC and says so', () => {
  assert.equal(exact(now), '23 November 2026, 15:04 UTC');
  assert.equal(exact(0), '1 January 1970, 00:00 UTC');
});

test('instants in ISO 8601 are those of Date, as are the days of exact times', () => {
  const limit = 8.64e15;
  for (const at of [0, -1, 1.5, -1.5, limit, -limit, Date.UTC(2024, 1, 29, 23, 59, 59, 999)])
    assert.equal(iso(at), new Date(at).toISOString());
  fc.assert(
    fc.property(
      fc.date({ min: new Date(0), max: new Date('9999-12-31'), noInvalidDate: true }),
      (instant) => {
        const at = instant.getTime();
        assert.equal(iso(at), instant.toISOString());
        assert.equal(Date.parse(`${exact(at).replace(' UTC', '')}Z`), at - (at % minute));
        assert.equal(`${date(at)}, ${iso(at).slice(11, 16)} UTC`, exact(at));
      },
    ),
  );
  for (const at of [Number.NaN, Number.POSITIVE_INFINITY]) assert.throws(() => iso(at), RangeError);
});

test('a duration is never rounded up', () => {
  const sizes: Record<string, number> = { second, minute, hour, day };
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 900 * day }), (ms) => {
      const [amount = '', unit = ''] = duration(ms).split(' ');
      const size = sizes[unit.replace(/s$/, '')] ?? Number.NaN;
      const said = Number(amount.replace(',', '')) * size;
      assert.ok(said <= ms && ms - said < size);
    }),
  );
});

test('sizes and numbers', () => {
  assert.equal(bytes(1), '1 byte');
  assert.equal(bytes(1023), '1,023 bytes');
  assert.equal(bytes(1024), '1 KB');
  assert.equal(bytes(1536), '1.5 KB');
  assert.equal(bytes(12_700), '12 KB');
  assert.equal(bytes(3 * 1024 * 1024), '3 MB');
  assert.equal(count(12345), '12,345');
  assert.equal(deviceName({ browser: 'Firefox', os: 'Windows' }), 'Firefox on Windows');
});
