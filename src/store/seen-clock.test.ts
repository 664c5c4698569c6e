// How much time a clock reading proves to have passed: simulates days minute by minute.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { believeClock, type ClockDoubt, lookAtClock, readSeenClock, type SeenClock } from './seen-clock.ts';

const [minute, hour, day] = [60_000, 3_600_000, 86_400_000];
const start: SeenClock = { at: 0, clock: 0, waitedMs: 0 };

interface Played {
  readonly kept: SeenClock;
  readonly doubts: readonly (ClockDoubt | undefined)[];
}

/** A server that starts in state `from`, with its clock `ahead` of real time. @param gapMs how long it was off before */
function run(
  from: SeenClock,
  { realAt, ahead, forMs }: { realAt: number; ahead: number; forMs: number },
): Played {
  let { next: kept, doubt } = lookAtClock(from, realAt + ahead, 0);
  const doubts = [doubt];
  for (let passed = minute; passed <= forMs; passed += minute) {
    ({ next: kept, doubt } = lookAtClock(kept, realAt + passed + ahead, minute));
    doubts.push(doubt);
  }
  return { kept, doubts };
}

test('normal passage of time is accepted, even while the server was off', () => {
  const first = run(start, { realAt: 0, ahead: 0, forMs: hour });
  assert.equal(first.kept.at, hour);
  const next = run(first.kept, { realAt: 20 * hour, ahead: 0, forMs: hour });
  assert.equal(next.kept.at, 21 * hour);
  assert.deepEqual([...new Set([...first.doubts, ...next.doubts])], [undefined]);
});

test('a jump ahead counts only the time that really passed, however often the server starts; once right, all is as before', () => {
  let kept = run(start, { realAt: 0, ahead: 0, forMs: hour }).kept;
  for (let begun = 1; begun <= 50; begun++) {
    const played = run(kept, { realAt: begun * 2 * hour, ahead: 500 * day, forMs: hour });
    kept = played.kept;
    assert.deepEqual([...new Set(played.doubts)], ['ahead']);
  }
  assert.ok(kept.at <= 51 * hour);
  const right = run(kept, { realAt: 102 * hour, ahead: 0, forMs: hour });
  // To the server it looks as if it had been off for more than a day, so it waits for that as well; this does not take long.
  assert.ok(right.kept.at <= 103 * hour);
  assert.ok(right.kept.at >= kept.at + hour);
});

test('the same in the middle of a run', () => {
  const before = run(start, { realAt: 0, ahead: 0, forMs: hour }).kept;
  const { next, doubt } = lookAtClock(before, before.clock + minute + 500 * day, minute);
  assert.deepEqual([next.at, doubt], [hour + minute, 'ahead']);
  const set = lookAtClock(next, hour + 2 * minute, minute);
  assert.deepEqual([set.next.at, set.doubt], [hour + 2 * minute, undefined]);
});

test('a clock that runs steadily for seven days is accepted, and then a day passes in an hour', () => {
  const week = run(start, { realAt: 0, ahead: 500 * day, forMs: 7 * day - hour });
  assert.deepEqual([...new Set(week.doubts)], ['ahead']);
  assert.equal(week.kept.at, 7 * day - hour);
  const more = run(week.kept, { realAt: 7 * day - hour, ahead: 500 * day, forMs: 3 * hour });
  assert.equal(more.doubts.at(-1), undefined);
  assert.ok(more.kept.at > 8 * day && more.kept.at < 11 * day, `${more.kept.at / day} days`);
  const end = run(more.kept, { realAt: 7 * day + 2 * hour, ahead: 500 * day, forMs: 22 * day });
  assert.equal(end.kept.at, 529 * day + 2 * hour);
  const again = lookAtClock(more.kept, more.kept.clock + minute + 500 * day, minute);
  assert.equal(again.doubt, 'ahead', 'another jump is waited for anew');
});

test('an operator who confirms the clock need not wait; old data still goes gradually', () => {
  const jumped = run(start, { realAt: 0, ahead: 40 * day, forMs: hour });
  const believed = believeClock(jumped.kept, jumped.kept.clock);
  const after = run(believed, { realAt: hour, ahead: 40 * day, forMs: 10 * hour });
  assert.deepEqual([...new Set(after.doubts)], [undefined]);
  assert.ok(after.kept.at > 9 * day && after.kept.at < 12 * day);
});

test('a clock that is behind moves nothing back, and is reported', () => {
  const before = run(start, { realAt: 0, ahead: 0, forMs: 2 * hour }).kept;
  const behind = run(before, { realAt: 2 * hour, ahead: -500 * day, forMs: hour });
  assert.deepEqual([...new Set(behind.doubts)], ['behind']);
  assert.equal(behind.kept.at, 2 * hour);
  const right = run(behind.kept, { realAt: 3 * hour, ahead: 0, forMs: minute });
  assert.deepEqual([right.kept.at, right.doubts.at(-1)], [3 * hour + minute, undefined]);
});

test('the stored state is read only if complete: a damaged one is treated as unknown', () => {
  assert.deepEqual(readSeenClock('{"at":1,"clock":2,"waitedMs":3}'), { at: 1, clock: 2, waitedMs: 3 });
  for (const text of [
    undefined,
    '',
    'null',
    '{}',
    '{"at":1,"clock":2}',
    '{"at":"1","clock":2,"waitedMs":3}',
    '{"at":1e999,"clock":2,"waitedMs":3}',
    '{"at":1,"clock":2,"waitedMs":3',
  ])
    assert.equal(readSeenClock(text), undefined, text);
});
