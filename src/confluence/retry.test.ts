import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isPassing, pauseMs, retryAfterMs } from './retry.ts';

const now = Date.UTC(2026, 0, 1);

test('Retry-After: seconds, a date, or unreadable', () => {
  const cases: readonly [string | undefined, number | undefined][] = [
    [undefined, undefined],
    ['0', 0],
    [' 120 ', 120_000],
    ['Thu, 01 Jan 2026 00:00:30 GMT', 30_000],
    ['Wed, 31 Dec 2025 23:59:00 GMT', 0],
    ['-5', undefined],
    ['1.5', undefined],
    ['soon', undefined],
    ['2026-01-01T00:00:30Z', undefined],
    ['99999999999999999999', undefined],
  ];
  for (const [header, ms] of cases) assert.equal(retryAfterMs(header, now), ms, String(header));
});

test('delays grow to a limit, with full jitter', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 60 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (tries, random) => {
        const pause = pauseMs(tries, random);
        assert.ok(pause >= 0 && pause <= Math.min(30_000, 500 * 2 ** (tries - 1)));
      },
    ),
  );
  assert.deepEqual([pauseMs(1, 1), pauseMs(3, 1), pauseMs(20, 1), pauseMs(5, 0)], [500, 2000, 30_000, 0]);
});

test('temporary failures', () => {
  const passing = [408, 425, 500, 502, 503, 504, 520, 599];
  assert.ok(passing.every(isPassing));
  assert.ok(![200, 302, 400, 401, 403, 404, 409, 410, 429, 501, 505].some(isPassing));
});
