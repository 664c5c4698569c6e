// Which event increments which counter: only once it is written, and without anybody's name.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type EventName, events } from '../audit/events.ts';
import { type RecordedEvent, RecordUnavailable, type RevocationRecorder } from '../audit/recorder.ts';
import { countEvents } from './count-events.ts';
import type { DailyName } from './daily.ts';
import { createMetrics } from './metrics.ts';

const person = { id: 'subject-1', email: 'ada@example.org' };

function world(write: RevocationRecorder['write'] = async () => undefined) {
  const seen: RecordedEvent[] = [];
  const days: DailyName[] = [];
  const metrics = createMetrics({ version: '1.2.3' });
  const inner = {
    write: async (event: RecordedEvent) => {
      await write(event);
      seen.push(event);
    },
    async writeEnding(event: RecordedEvent) {
      seen.push(event);
      return 'recorded' as const;
    },
    note: (event: RecordedEvent) => void seen.push(event),
    state: () => 'as it is',
  };
  const recorder = countEvents(inner, { metrics, daily: { add: (name) => void days.push(name) } });
  /** The series other than 0, without `events_total`. */
  const counted = async () =>
    (await metrics.text()).text
      .split('\n')
      .filter((line) => /^gatehouse_\w+_total/.test(line) && !/ 0$|_events_total|_cpu_/.test(line))
      .map((line) => line.replace('gatehouse_', ''));
  return { recorder, seen, days, counted, metrics };
}

const cases: readonly (readonly [string, RecordedEvent, readonly string[], readonly DailyName[]])[] = [
  [
    'a sign-in',
    { event: 'session.created', person, facts: { kind: 'mobile' } },
    ['sign_ins_total{outcome="done"} 1', 'sessions_created_total 1'],
    ['sign-ins', 'device.mobile'],
  ],
  [
    'a sign-in on an unknown device',
    { event: 'session.created', person, facts: { kind: 'toaster' } },
    ['sign_ins_total{outcome="done"} 1', 'sessions_created_total 1'],
    ['sign-ins', 'device.unknown'],
  ],
  [
    'an identity that cannot be read',
    { event: 'signin.denied' },
    ['sign_ins_total{outcome="denied"} 1'],
    ['rejected.identity'],
  ],
  [
    'an identity whose session was ended here',
    { event: 'gate.refused', person, reason: 'ended' },
    ['sign_ins_total{outcome="ended"} 1'],
    ['rejected.ended'],
  ],
  [
    'an ending',
    { event: 'session.revoked', person, reason: 'revoked' },
    ['sessions_ended_total{reason="revoked"} 1'],
    [],
  ],
  [
    'a limit',
    { event: 'session.ended', person, reason: 'idle' },
    ['sessions_ended_total{reason="idle"} 1'],
    [],
  ],
  [
    'an ending with a reason outside the closed set',
    { event: 'session.ended', person, reason: person.email },
    ['sessions_ended_total{reason="other"} 1'],
    [],
  ],
  ['a replay', { event: 'session.replayed', person }, ['session_replays_total 1'], ['rejected.replay']],
  [
    'a change from another site',
    { event: 'csrf.rejected', reason: 'origin' },
    ['csrf_rejections_total{reason="origin"} 1'],
    ['rejected.csrf'],
  ],
  [
    'an invalid proof',
    { event: 'gate.untrusted' },
    ['proof_rejections_total{reason="proof"} 1'],
    ['rejected.proof'],
  ],
  [
    'a gate session of another person',
    { event: 'gate.untrusted', reason: 'the session names another person' },
    ['proof_rejections_total{reason="another_person"} 1'],
    ['rejected.proof'],
  ],
  ['an operator page', { event: 'operator.denied', person }, [], ['rejected.operator']],
  ['any other event', { event: 'access.added' }, [], []],
];

for (const [what, event, counts, daily] of cases) {
  test(`${what} counts once, written or noted`, async () => {
    for (const way of ['write', 'writeEnding', 'note'] as const) {
      const { recorder, seen, days, counted } = world();
      await assert.doesNotReject(async () => recorder[way](event));
      assert.deepEqual(seen, [event], 'it is handed on');
      assert.deepEqual(await counted(), counts);
      assert.deepEqual(days, daily);
    }
  });
}

test('an event that could not be written is not counted, but its refusal is', async () => {
  const { recorder, days, counted } = world(() => Promise.reject(new RecordUnavailable(new Error('full'))));
  await assert.rejects(recorder.write({ event: 'session.created', person }), RecordUnavailable);
  await assert.rejects(
    recorder.write({ event: 'session.revoked', person, reason: 'revoked' }),
    RecordUnavailable,
  );
  assert.deepEqual(await counted(), ['sign_ins_total{outcome="failed"} 1', 'record_refusals_total 2']);
  assert.deepEqual(days, []);
});

test('every event has its own count, and none names a person', async () => {
  const { recorder, metrics } = world();
  for (const event of Object.keys(events) as EventName[])
    recorder.note({
      event,
      person,
      by: person,
      reason: person.email,
      network: '203.0.113.9',
      session: 'handle-1',
      facts: { kind: person.id },
    });
  const { text } = await metrics.text();
  for (const event of Object.keys(events))
    assert.ok(text.includes(`gatehouse_events_total{event="${event}"} 1\n`), event);
  for (const secret of [person.id, person.email, '203.0.113.9', 'handle-1'])
    assert.ok(!text.includes(secret));
});

test('the recorder keeps its other members', () => {
  assert.equal(world().recorder.state(), 'as it is');
});
