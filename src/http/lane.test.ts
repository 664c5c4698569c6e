// The lane by itself: who is admitted together, and that each request is either answered or handed on.
import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '../../test/support/eventually.ts';
import { createLane, type LaneOptions } from './lane.ts';
import type { PlainRequest } from './plain-request.ts';

interface Plan {
  readonly personId: string;
}

function lane(changes: Partial<LaneOptions<Plan, string>> = {}) {
  const groups: string[][] = [];
  const outcomes: string[] = [];
  const free = { hasRoom: () => true, take: () => true };
  const listener = createLane<Plan, string>({
    answers: new Map([['/api/me', (_req, _res, admitted) => void outcomes.push(`answered ${admitted}`)]]),
    readRequest: (raw) => ({ raw, ip: '192.0.2.1', cookie: raw.headers.cookie }) as PlainRequest,
    plan: ({ cookie }) => ({ personId: cookie }),
    async admit(plans) {
      groups.push(plans.map(({ personId }) => personId));
      return plans.map(({ personId }) => (personId === 'nobody' ? undefined : personId));
    },
    byNetwork: free,
    byPerson: free,
    onAnswer: () => {},
    ...changes,
  });
  const ask = (cookie: string, url = '/api/me', onAside = () => {}) =>
    listener({ url, headers: { cookie } } as IncomingMessage, {} as ServerResponse, () => {
      outcomes.push(`stepped aside ${cookie}`);
      onAside();
    });
  return {
    ask,
    groups,
    outcomes,
    settled: () => new Promise((resolve) => setImmediate(() => setImmediate(resolve))),
  };
}

test('what arrives in one turn is one group, in its order; what is not admitted steps aside', async () => {
  const { ask, groups, outcomes, settled } = lane();
  for (const who of ['ada', 'nobody', 'grace']) ask(who);
  ask('ada', '/other');
  assert.deepEqual(outcomes, ['stepped aside ada'], 'another address does not wait');
  await settled();
  ask('alan');
  await settled();
  assert.deepEqual(groups, [['ada', 'nobody', 'grace'], ['alan']]);
  assert.deepEqual(outcomes.slice(1), [
    'answered ada',
    'stepped aside nobody',
    'answered grace',
    'answered alan',
  ]);
});

test('a fault in one answer leaves no other request without one', async () => {
  const outcomes: string[] = [];
  const write = (_req: unknown, _res: unknown, admitted: string) => {
    if (admitted === 'ada') throw new Error('broken');
    outcomes.push(`answered ${admitted}`);
  };
  const { ask, outcomes: aside, settled } = lane({ answers: new Map([['/api/me', write]]) });
  for (const who of ['ada', 'grace']) ask(who);
  await settled();
  assert.deepEqual([...aside, ...outcomes], ['stepped aside ada', 'answered grace']);
});

test('everyone steps aside where the read fails, whichever way it fails', async () => {
  const failing = [
    () => Promise.reject(new Error('down')),
    () => {
      throw new Error('down');
    },
  ];
  for (const admit of failing) {
    const { ask, outcomes, settled } = lane({ admit });
    for (const who of ['ada', 'grace']) ask(who);
    await settled();
    assert.deepEqual(outcomes, ['stepped aside ada', 'stepped aside grace']);
  }
});

test('a slow read holds nobody up: everyone steps aside, and the lane closes for a while', async () => {
  const patienceMs = 30;
  let reads = 0;
  const admit = () => {
    reads++;
    return new Promise<never>(() => {});
  };
  const { ask, outcomes, settled } = lane({ patienceMs, admit });
  // Asked at the very moment at which the lane closes.
  ask('ada', '/api/me', () => ask('grace'));
  await eventually('both step aside', () => outcomes.length === 2);
  assert.deepEqual(outcomes, ['stepped aside ada', 'stepped aside grace']);
  assert.equal(reads, 1, 'nothing is read while the lane is closed');
  await delay(2 * patienceMs);
  ask('alan');
  await settled();
  assert.equal(reads, 2, 'the lane is open again');
});

test('a request that cannot even be read steps aside', () => {
  const { ask, outcomes } = lane({
    readRequest: () => {
      throw new Error('broken');
    },
  });
  ask('ada');
  assert.deepEqual(outcomes, ['stepped aside ada']);
});

test('who is over a limit steps aside before anything is read, and is not counted twice', async () => {
  const counted: string[] = [];
  const byPerson = {
    hasRoom: (key: string) => key !== 'ada',
    take: (key: string) => counted.push(key) > 0,
  };
  const { ask, groups, outcomes, settled } = lane({ byPerson });
  for (const who of ['ada', 'grace']) ask(who);
  await settled();
  assert.deepEqual(groups, [['grace']]);
  assert.deepEqual(counted, ['grace']);
  assert.deepEqual(outcomes, ['stepped aside ada', 'answered grace']);
});
