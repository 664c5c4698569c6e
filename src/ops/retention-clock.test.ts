// What may be removed for its age, by what is known of the time: never more than a right clock would allow.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createLogger } from '../http/log.ts';
import type { FactTable } from '../store/contract.ts';
import type { RecordRow } from '../store/contract-record.ts';
import { believedAfterMs, clockFact, readSeenClock, writeSeenClock } from '../store/seen-clock.ts';
import { createRetentionClock } from './retention-clock.ts';

const began = Date.UTC(2026, 10, 28);
const minute = 60_000;
const hour = 3_600_000;
const day = 86_400_000;

/** Servers on one store; each has its own monotonic clock. */
function setUp() {
  const facts = new Map<string, string>();
  const world = {
    overtake: () => {},
    now: began,
    last: undefined as string | undefined,
    fault: undefined as Error | undefined,
  };
  const table: FactTable = {
    async read(name) {
      if (world.fault) throw world.fault;
      return facts.get(name);
    },
    async create(name, value) {
      if (!facts.has(name)) facts.set(name, value);
      return facts.get(name) ?? '';
    },
    async replace(name, from, to) {
      world.overtake();
      if (facts.get(name) !== from) return false;
      facts.set(name, to);
      return true;
    },
  };
  let elapsed = 1_000_000;
  function server(reference?: () => Promise<number>) {
    const lines: { event: string; doubt?: string; lastSeen?: string }[] = [];
    const clock = createRetentionClock({
      facts: table,
      record: {
        before: async () => (world.last === undefined ? [] : [{ text: world.last } as RecordRow]),
      },
      now: () => world.now,
      elapsed: () => elapsed,
      ...(reference && { reference }),
      logger: createLogger('info', { write: (line: string) => void lines.push(JSON.parse(line)) }),
    });
    return {
      ...clock,
      lines,
      events: () => lines.map(({ event, doubt }) => [event, doubt].filter(Boolean).join(' ')),
    };
  }
  return {
    world,
    facts,
    server,
    /** Time goes on, and the clock with it. */
    pass(ms: number) {
      world.now += ms;
      elapsed += ms;
    },
    kept: () => readSeenClock(facts.get(clockFact)),
  };
}

test('before the first answer of the store nothing is old; then the clock counts, and never a later time', async () => {
  const { world, server, pass, kept } = setUp();
  const clock = server();
  assert.equal(clock.at(), 0);
  world.fault = new Error('away');
  await clock.look();
  assert.equal(clock.at(), 0);
  world.fault = undefined;
  await clock.look();
  assert.deepEqual([clock.at(), clock.doubt(), kept()?.at], [began, undefined, began]);
  pass(minute);
  assert.equal(clock.at(), began, 'until it is looked at again');
  await clock.look();
  assert.equal(clock.at(), began + minute);
  world.now = began;
  assert.equal(clock.at(), began, 'a clock that was set back counts at once');
  assert.deepEqual(clock.events(), ['clock.not_looked_at']);
});

test('a jump ahead removes nothing: only the time that passed counts, and an operator is told once an hour', async () => {
  const { world, server, pass } = setUp();
  const clock = server();
  await clock.look();
  world.now += 500 * day;
  pass(minute);
  await clock.look();
  assert.deepEqual([clock.at(), clock.doubt()], [began + minute, 'ahead']);
  for (let i = 0; i < 59; i++) {
    pass(minute);
    await clock.look();
  }
  assert.equal(clock.at(), began + hour);
  assert.deepEqual(clock.events(), ['clock.doubted ahead']);
  pass(minute);
  await clock.look();
  assert.deepEqual(clock.events(), ['clock.doubted ahead', 'clock.doubted ahead']);
  assert.equal(clock.lines[1]?.lastSeen, new Date(began + hour + minute).toISOString());
  world.now -= 500 * day;
  await clock.look();
  assert.deepEqual([clock.at(), clock.doubt()], [world.now, undefined]);
  assert.equal(clock.events().at(-1), 'clock.believed');
});

test('a clock that has gone on for seven days is believed', async () => {
  const { world, server, pass } = setUp();
  const clock = server();
  await clock.look();
  world.now += 500 * day;
  await clock.look();
  pass(believedAfterMs - 1);
  await clock.look();
  assert.equal(clock.doubt(), 'ahead');
  pass(1);
  await clock.look();
  assert.equal(clock.doubt(), undefined);
  assert.ok(clock.at() > began + believedAfterMs && clock.at() < world.now, 'and what is old goes gradually');
});

test('a server that starts with a clock far ahead notes what it shows, so that it is believed after seven days', async () => {
  const { world, server, pass, kept } = setUp();
  await server().look();
  world.now += 500 * day;
  const clock = server();
  await clock.look();
  assert.deepEqual([clock.at(), clock.doubt(), kept()?.clock], [began, 'ahead', world.now]);
  pass(believedAfterMs);
  await clock.look();
  assert.equal(clock.doubt(), undefined);
});

test('another doubt is told at once', async () => {
  const { world, server, pass } = setUp();
  let redis = world.now;
  const clock = server(async () => redis);
  await clock.look();
  redis = began + 2 * hour;
  await clock.look();
  world.now += 500 * day;
  redis = world.now;
  pass(minute);
  await clock.look();
  assert.deepEqual(clock.events(), ['clock.doubted redis', 'clock.doubted ahead']);
});

test('a clock that is more than an hour behind is doubted, and nothing counts twice', async () => {
  const { world, server } = setUp();
  const clock = server();
  await clock.look();
  world.now = began - hour;
  await clock.look();
  assert.deepEqual([clock.at(), clock.doubt()], [began - hour, undefined]);
  world.now = began - hour - 1;
  await clock.look();
  assert.deepEqual([clock.at(), clock.doubt()], [world.now, 'behind']);
});

test('of two clocks the earlier one decides, and Redis’s is not asked for more than it knows', async () => {
  const { server, world } = setUp();
  let redis = () => Promise.resolve(began - hour);
  const clock = server(() => redis());
  await clock.look();
  assert.deepEqual([clock.at(), clock.doubt()], [began - hour, undefined]);
  redis = () => Promise.resolve(began - hour - 1);
  await clock.look();
  assert.deepEqual([clock.at(), clock.doubt()], [began - hour - 1, 'redis']);
  redis = () => Promise.resolve(began + 2 * hour);
  await clock.look();
  assert.deepEqual([clock.at(), clock.doubt()], [world.now, 'redis']);
  redis = () => Promise.reject(new Error('away'));
  await clock.look();
  assert.deepEqual([clock.at(), clock.doubt()], [world.now, undefined]);
});

test('a store without this fact was last in use at the last entry of its record, or is new', async () => {
  for (const [last, at, doubt] of [
    [JSON.stringify({ at: new Date(began - 2 * day).toISOString() }), began - 2 * day, 'ahead'],
    [JSON.stringify({ at: new Date(began - hour).toISOString() }), began, undefined],
    [JSON.stringify({ at: new Date(began + 400 * day).toISOString() }), began, undefined],
    [JSON.stringify({ at: 'nonsense' }), began, undefined],
    ['{}', began, undefined],
    [undefined, began, undefined],
  ] as const) {
    const { world, server } = setUp();
    world.last = last;
    const clock = server();
    await clock.look();
    assert.deepEqual([clock.at(), clock.doubt()], [at, doubt], last);
  }
});

test('what another server wrote is not advanced by one that distrusts its clock', async () => {
  const { world, server, pass, facts, kept } = setUp();
  const [one, other] = [server(), server()];
  await one.look();
  await other.look();
  world.now += 500 * day;
  pass(minute);
  await one.look();
  assert.equal(kept()?.at, began + minute);
  await other.look();
  assert.deepEqual([other.at(), other.doubt(), kept()?.at], [began + minute, 'ahead', began + minute]);
  // From here on it knows the fact, and time passes for it as well.
  pass(minute);
  await other.look();
  assert.equal(other.at(), began + 2 * minute);

  // The other server’s clock is right: what it wrote counts.
  world.now = began + 10 * minute;
  facts.set(clockFact, writeSeenClock({ at: began + 5 * minute, clock: began + 5 * minute, waitedMs: 0 }));
  await one.look();
  assert.deepEqual([one.at(), one.doubt()], [began + 10 * minute, undefined]);
});

test('two servers that distrust the clock let time pass once, not twice and not never', async () => {
  const { world, server, pass, kept } = setUp();
  const [one, other] = [server(), server()];
  await one.look();
  await other.look();
  world.now += 500 * day;
  for (let i = 0; i < 10; i++) {
    pass(minute / 2);
    await one.look();
    pass(minute / 2);
    await other.look();
  }
  // The last look of the one that writes was half a minute ago.
  const reached = began + 9.5 * minute;
  assert.deepEqual([kept()?.at, one.at(), other.at()], [reached, reached, reached]);
});

test('a reading that another server overtakes is left for the next minute', async () => {
  const { world, server, facts, pass, kept } = setUp();
  const clock = server();
  await clock.look();
  pass(minute);
  const overtaken = writeSeenClock({ at: began + 30, clock: began + 30, waitedMs: 0 });
  world.overtake = () => facts.set(clockFact, overtaken);
  await clock.look();
  assert.equal(clock.at(), began);
  assert.equal(kept()?.at, began + 30);
  world.overtake = () => {};
  await clock.look();
  assert.equal(clock.at(), began + minute);
});

test('it looks every minute until it is stopped', async (t: TestContext) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const { server, pass, kept } = setUp();
  const clock = server();
  const stop = clock.start();
  const tick = async (ms: number) => {
    pass(ms);
    t.mock.timers.tick(ms);
    await new Promise((resolve) => setImmediate(resolve));
  };
  await tick(minute - 1);
  assert.equal(kept(), undefined);
  await tick(1);
  assert.equal(kept()?.at, began + minute);
  stop();
  await tick(10 * minute);
  assert.equal(kept()?.at, began + minute);
});
