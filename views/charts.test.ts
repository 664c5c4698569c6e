// The charts: each has a sentence, its numbers and a picture, and the three agree; nothing that the CSP forbids.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type DayCount, type EveryonesCharts, everyonesCharts, ownChart } from './charts.ts';

const days = (numbers: readonly number[]): DayCount[] =>
  numbers.map((n, index) => ({
    day: new Date(Date.UTC(2026, 10, 23 - numbers.length + 1 + index)).toISOString().slice(0, 10),
    n,
  }));
const none = days(Array.from({ length: 14 }, () => 0));
const kinds = ['desktop', 'mobile', 'tablet', 'unknown'] as const;

function everyone(more: Partial<EveryonesCharts> = {}): string {
  return everyonesCharts({
    signIns: none,
    live: { now: 1, highest: none },
    devices: kinds.map((kind) => ({ kind, n: 0 })),
    refused: none.map((day) => ({ ...day, reasons: [] })),
    ...more,
  }).markup;
}

test('the sentence gives the total and today’s number', () => {
  const own = (numbers: readonly number[]) =>
    /<p class="muted">(.*?)<\/p>/.exec(ownChart(days(numbers)).markup)?.[1];
  assert.equal(own([2, 0, 3]), '5 in the last 3 days, 3 of them today.');
  assert.equal(own([2, 0, 0]), '2 in the last 3 days, none of them today.');
  assert.equal(own([0, 0, 4]), '4 in the last 3 days, all of them today.');
  assert.equal(own([0, 0, 0]), 'None in the last 3 days; each one counts here within seconds.');
});

test('the first day: every chart has its frame and text, and no empty picture', () => {
  const markup = everyone();
  assert.equal(markup.match(/role="img"/g)?.length, 3);
  assert.match(markup, /None in the last 14 days\. That is how it should be\./);
  assert.match(markup, /1 now\. The most of each day shows here\./);
  assert.match(markup, /shows here after the first sign-in/);
  assert.doesNotMatch(markup, /<path|class="bar"|class="point"/);
  assert.match(everyone({ live: { now: undefined, highest: none } }), /Not known just now/);
});

test('the most at one time with its day, and the most common refusal', () => {
  const markup = everyone({
    live: { now: 2, highest: days([3, 8, 2]) },
    refused: days([1, 4, 2]).map((day, index) => ({
      ...day,
      reasons: [{ name: index === 1 ? 'without the gate’s proof' : 'not an operator', n: day.n }],
    })),
  });
  assert.match(markup, /2 now; at most 8 at one time, on 22 Nov\./);
  assert.match(markup, /7 in the last 3 days, 2 of them today\. Most often: without the gate’s proof\./);
});

test('every picture has a name, its numbers in words, and a table with the same numbers', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 100_000 }), { minLength: 1, maxLength: 30 }), (numbers) => {
      const markup = ownChart(days(numbers)).markup;
      const plain = (text: string) => text.replaceAll(',', '');
      const described = /<desc id="[\w-]+">(.*?)<\/desc>/.exec(markup)?.[1] ?? '';
      assert.deepEqual(
        [...described.matchAll(/: ([\d,]+?)(?=, \d|$)/g)].map(([, n]) => Number(plain(n ?? ''))),
        numbers,
      );
      assert.deepEqual(
        [...markup.matchAll(/<td>([\d,]+)<\/td>/g)].map(([, n]) => Number(plain(n ?? ''))).reverse(),
        numbers,
      );
      const [, title, desc] = /aria-labelledby="([\w-]+) ([\w-]+)"/.exec(markup) ?? [];
      assert.ok(markup.includes(`<title id="${title}">`) && markup.includes(`<desc id="${desc}">`));
      // Everything drawn lies within the picture, and each day has something drawn for it.
      const rects = [
        ...markup.matchAll(/<rect (?!class)x="([\d.]+)%" y="([\d.]+)" width="([\d.]+)%" height="([\d.]+)"/g),
      ];
      assert.equal(rects.length, numbers.length);
      for (const [, x, y, width, height] of rects) {
        assert.ok(Number(x) + Number(width) <= 100.01);
        assert.ok(Number(y) >= 20 && Number(y) + Number(height) <= 110.01);
      }
      assert.doesNotMatch(markup, /NaN|undefined|Infinity|style=/);
    }),
  );
});

test('ids are not used twice on a page', () => {
  const ids = [...everyone().matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
  assert.equal(new Set(ids).size, ids.length);
});
