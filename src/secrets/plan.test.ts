// The plan: missing secrets are created, real ones stay unless rotation is requested, and a former secret moves to the fallbacks.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { loadConfig } from '../config/load.ts';
import { maxFallbacks } from '../config/schemas.ts';
import { makeSecret, type RotateWord, rotateWords, secretKinds } from './kinds.ts';
import { planSecrets } from './plan.ts';

type Values = Record<string, string>;

const today = '2026-11-23';
const calm = { prune: false, emergency: false, today, bytes: randomBytes };

function plan(values: Values, rotate: readonly RotateWord[] = [], inUse = true) {
  const planned = planSecrets({ ...calm, values, inUse, rotate: new Set(rotate) });
  assert.ok('steps' in planned, JSON.stringify(planned));
  return {
    ...planned,
    after: { ...values, ...Object.fromEntries(planned.edits.map(({ name, value }) => [name, value])) },
  };
}

const actions = (planned: ReturnType<typeof plan>) => planned.steps.map(({ action }) => action);
const real = (): Values =>
  Object.fromEntries(secretKinds.map((kind) => [kind.name, makeSecret(kind, randomBytes)]));

test('missing, empty and placeholder secrets are created', () => {
  const planned = plan({ SECRET_KEY: 'changeme', GATE_SECRET: '', REDIS_PASSWORD: '  ' });
  assert.deepEqual(actions(planned), ['made', 'made', 'made', 'made', 'made']);
  assert.deepEqual(
    planned.edits.map(({ name }) => name),
    [...secretKinds.map(({ name }) => name), 'SECRET_DATES'],
  );
  assert.ok('config' in loadConfig({ env: planned.after }));
});

test('real ones stay, even unfit ones', () => {
  const values = real();
  assert.deepEqual(plan(values).edits, []);
  const unfit = plan({ ...values, SECRET_KEY: 'abc123', REDIS_PASSWORD: 'hunter2x' });
  assert.deepEqual(actions(unfit), ['unfit', 'kept', 'kept', 'kept', 'unfit']);
  assert.deepEqual(unfit.edits, []);
});

test('rotation keeps the former key and gate secret as the first fallback, and the app starts with them', () => {
  const values: Values = { ...real(), SECRET_KEY_FALLBACKS: ` ${'0123456789abcdef'.repeat(4)} ,` };
  const { after, ...planned } = plan(values, rotateWords);
  assert.deepEqual(
    actions({ after, ...planned }),
    secretKinds.map(() => 'rotated'),
  );
  assert.equal(after['SECRET_KEY_FALLBACKS'], `${values['SECRET_KEY']},${'0123456789abcdef'.repeat(4)}`);
  assert.equal(after['GATE_SECRET_FALLBACKS'], values['GATE_SECRET']);
  const loaded = loadConfig({ env: after });
  assert.ok('config' in loaded);
  assert.deepEqual(loaded.config.secretKeys.slice(1), [values['SECRET_KEY'], '0123456789abcdef'.repeat(4)]);
  for (const { name } of secretKinds) assert.notEqual(after[name], values[name]);
});

test('one word rotates one secret', () => {
  const values = real();
  for (const kind of secretKinds) {
    const { after, steps } = plan(values, [kind.word]);
    const changed = Object.keys(after).filter((name) => after[name] !== values[name]);
    assert.deepEqual(changed, [kind.name, ...(kind.fallbacks ? [kind.fallbacks] : []), 'SECRET_DATES']);
    assert.equal(steps.find(({ action }) => action === 'rotated')?.people, kind.whenRotated);
  }
});

test('the fallbacks never exceed what the app accepts', () => {
  let values = real();
  for (let i = 0; i < 12; i++) {
    const { after, steps } = plan(values, ['session']);
    assert.equal(steps[0]?.formers.at(-1)?.fate, i >= 10 ? 'dropped' : 'kept', String(i));
    assert.match(steps[0]?.people ?? '', i >= 10 ? /signed out$/ : /^nobody is signed out$/);
    values = after;
  }
  assert.ok('config' in loadConfig({ env: values }));
});

test('an unfit former key is not kept: the app would refuse it as a fallback', () => {
  for (const former of ['abc123', 'Zk3vQ9xT7mB1nL5cR8wE2yU6iO4pA0sD'.repeat(2)]) {
    const { after, steps } = plan({ ...real(), SECRET_KEY: former }, ['session']);
    assert.deepEqual(
      [steps[0]?.action, steps[0]?.formerKept, after['SECRET_KEY_FALLBACKS']],
      ['rotated', false, undefined],
    );
  }
  const kept = real()['SECRET_KEY'] ?? '';
  const { steps } = plan({ ...real(), SECRET_KEY: 'abc123', SECRET_KEY_FALLBACKS: kept }, ['session']);
  assert.equal(steps[0]?.formerKept, false, 'another one that is kept says nothing about it');
});

test('record keys in AUDIT_KEY_FALLBACKS_FILE: refused only if one has to be added', () => {
  const values = { ...real(), AUDIT_KEY_FALLBACKS_FILE: '/run/secrets/record' };
  plan(values, ['session']);
  const full = Array.from({ length: maxFallbacks }, () => real()['SECRET_KEY']).join();
  const refused = planSecrets({
    ...calm,
    values: { ...values, SECRET_KEY_FALLBACKS: full },
    inUse: true,
    rotate: new Set(['session']),
  });
  assert.deepEqual(refused, { heldElsewhere: ['AUDIT_KEY_FALLBACKS_FILE'] });
});

test('variables that repeat a secret are changed with it', () => {
  const values = real();
  const repeated = {
    ...values,
    REDIS_URL: `redis://:${values['REDIS_PASSWORD']}@redis:6379/0`,
    OAUTH2_PROXY_BASIC_AUTH_PASSWORD: values['GATE_SECRET'] ?? '',
  };
  const { after } = plan(repeated, ['redis', 'gate']);
  assert.equal(after['REDIS_URL'], `redis://:${after['REDIS_PASSWORD']}@redis:6379/0`);
  assert.equal(after['OAUTH2_PROXY_BASIC_AUTH_PASSWORD'], after['GATE_SECRET']);
  assert.equal(
    plan({ ...values, REDIS_URL: 'redis://redis:6379' }, ['redis']).after['REDIS_URL'],
    'redis://redis:6379',
  );
});

test('the content of a NAME_FILE is neither created nor rotated here', () => {
  const planned = plan({ SECRET_KEY_FILE: '/run/secrets/key', SECRET_KEY: '' });
  assert.equal(planned.steps[0]?.action, 'elsewhere');
  assert.ok(!planned.edits.some(({ name }) => name === 'SECRET_KEY'));
  for (const name of ['GATE_SECRET_FILE', 'GATE_SECRET_FALLBACKS_FILE']) {
    const refused = planSecrets({
      ...calm,
      values: { ...real(), [name]: '/x' },
      inUse: true,
      rotate: new Set(['gate']),
    });
    assert.deepEqual(refused, { heldElsewhere: [name] });
  }
});

test('in a file that is being created, nobody is signed out', () => {
  const placeholders = Object.fromEntries(secretKinds.map(({ name }) => [name, 'changeme']));
  for (const { people } of plan(placeholders, [], false).steps) assert.equal(people, 'nobody is signed out');
  assert.equal(plan(placeholders).steps[2]?.people, 'everyone signs in to Google again; choose a quiet hour');
});
