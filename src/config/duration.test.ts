// Durations: both forms are parsed exactly, and everything else is refused.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseDuration } from './duration.ts';

test('seconds and the format of Go are read, anything else is not', () => {
  const table: [string, number | undefined][] = [
    ['0', 0],
    ['604800', 604_800_000],
    ['168h', 604_800_000],
    ['1h30m', 5_400_000],
    ['1.5h', 5_400_000],
    ['250ms', 250],
    ['0s', 0],
    ['', undefined],
    ['1d', undefined],
    ['-1h', undefined],
    ['1m30', undefined],
    ['1 h', undefined],
    ['h', undefined],
    ['1e3', undefined],
    ['Infinity', undefined],
    ['9999999999999', undefined],
    ['876600h', 3_155_760_000_000],
    ['876601h', undefined],
  ];
  for (const [text, ms] of table) assert.equal(parseDuration(text), ms, text);
});

test('a formatted duration parses to itself', () => {
  const part = fc.nat(10_000);
  fc.assert(
    fc.property(part, part, part, part, (h, m, s, ms) => {
      const total = ((h * 60 + m) * 60 + s) * 1000 + ms;
      assert.equal(parseDuration(`${h}h${m}m${s}s${ms}ms`), total);
      assert.equal(parseDuration(String(s)), s * 1000);
    }),
  );
});
