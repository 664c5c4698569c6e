// Changing who may open an app: what is recorded and when, what is refused, and what is left alone.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keepRuleFile } from '../../test/support/app-rules.ts';
import { guardedApp } from '../../test/support/guarded.ts';
import { keepEvents } from '../../test/support/recorder.ts';
import { RecordUnavailable } from '../audit/recorder.ts';
import { createAppRules } from './app-rules.ts';

const now = Date.UTC(2026, 10, 23, 15, 4);
const by = { id: '1', email: 'ada@example.org' };
const grace = { kind: 'person', name: 'grace@example.org' } as const;
const family = { kind: 'group', name: 'family' } as const;

function begin() {
  const file = keepRuleFile([guardedApp('wiki', { who: [family] })], {
    family: ['ada@example.org'],
    office: [],
  });
  const recorder = keepEvents();
  return { file, recorder, rules: createAppRules({ file, recorder, now: () => now }) };
}

test('a change is recorded before it is made, with the person as such and the rest as facts', async () => {
  const { file, recorder, rules } = begin();
  const seen: number[] = [];
  const { write, writeEnding } = recorder;
  recorder.write = async (event) => {
    seen.push(file.edits.length);
    await write(event);
  };
  recorder.writeEnding = async (event) => {
    seen.push(file.edits.length);
    return writeEnding(event);
  };
  const until = Date.UTC(2027, 0, 1);
  assert.deepEqual(await rules.allow('wiki', grace, until, by), { kind: 'allowed' });
  assert.deepEqual(await rules.remove('wiki', family, by), { kind: 'removed' });
  assert.deepEqual(seen, [0, 1], 'nothing is changed before its entry is written');
  assert.deepEqual(recorder.events, [
    {
      event: 'app.allowed',
      by,
      person: { email: grace.name },
      facts: { app: 'wiki', until: '2027-01-01T00:00:00.000Z' },
    },
    { event: 'app.withdrawn', by, facts: { app: 'wiki', group: 'family' } },
  ]);
  assert.deepEqual(rules.show().apps.apps.get('wiki')?.who, [{ ...grace, until }]);
});

test('without a record nobody is let in, but an app can be taken away', async () => {
  const { file, recorder, rules } = begin();
  recorder.write = async () => {
    throw new RecordUnavailable(new Error('full'));
  };
  await assert.rejects(rules.allow('wiki', grace, undefined, by), RecordUnavailable);
  assert.equal(file.edits.length, 0);
  await assert.doesNotReject(rules.remove('wiki', family, by));
  assert.equal(file.edits.length, 1);
});

test('the end of an entry is changed and removed by allowing it again', async () => {
  const { rules } = begin();
  const until = now + 1;
  assert.deepEqual(await rules.allow('wiki', family, until, by), { kind: 'changed' });
  assert.deepEqual(await rules.allow('wiki', family, until, by), { kind: 'present' });
  assert.deepEqual(await rules.allow('wiki', family, undefined, by), { kind: 'changed' });
  assert.deepEqual(rules.show().apps.apps.get('wiki')?.who, [family]);
});

test('what is refused or unchanged leaves no entry in the record and no change in the file', async () => {
  const { file, recorder, rules } = begin();
  const answers = [
    await rules.allow('mail', grace, undefined, by),
    await rules.allow('wiki', { kind: 'group', name: 'famly' }, undefined, by),
    await rules.allow('wiki', grace, now, by),
    await rules.allow('wiki', family, undefined, by),
    await rules.remove('mail', grace, by),
    await rules.remove('wiki', grace, by),
  ];
  file.faults = [{ line: 1, message: 'x' }];
  answers.push(await rules.allow('wiki', grace, undefined, by), await rules.remove('wiki', family, by));
  assert.deepEqual(
    answers.map(({ kind }) => kind),
    ['unknown-app', 'unknown-group', 'past', 'present', 'unknown-app', 'absent', 'broken', 'broken'],
  );
  assert.deepEqual([recorder.events, file.edits], [[], []]);
});

test('a change that the file refuses is recorded as failed', async () => {
  const { file, recorder, rules } = begin();
  file.refusal = 'The disk is full.';
  assert.deepEqual(await rules.allow('wiki', grace, undefined, by), {
    kind: 'refused',
    message: 'The disk is full.',
  });
  file.change = async () => {
    throw new Error('gone');
  };
  await assert.rejects(rules.remove('wiki', family, by), /gone/);
  assert.deepEqual(
    recorder.events.map(({ event, outcome }) => [event, outcome]),
    [
      ['app.allowed', undefined],
      ['app.allowed', 'failed'],
      ['app.withdrawn', undefined],
      ['app.withdrawn', 'failed'],
    ],
  );
});
