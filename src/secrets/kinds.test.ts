// The secrets: their format, that they are fit, and that oauth2-proxy accepts exactly those that are called fit.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { mustHave, need } from '../../test/support/requirement.ts';
import { fingerprint } from '../crypto/tokens.ts';
import { faultOf, makeSecret, type SecretKind, secretKinds } from './kinds.ts';

function kindOf(word: string): SecretKind {
  const kind = secretKinds.find((candidate) => candidate.word === word);
  assert.ok(kind);
  return kind;
}

test('forms', () => {
  const forms = {
    session: /^[\da-f]{64}$/,
    gate: /^[A-Za-z\d][\w-]{42}$/,
    oauth2: /^[A-Za-z\d][\w-]{42}$/,
    vault: /^[A-Za-z\d][\w-]{42}$/,
    redis: /^[A-Za-z\d][\w-]{42}$/,
  };
  for (let i = 0; i < 300; i++) {
    for (const kind of secretKinds) {
      const secret = makeSecret(kind, randomBytes);
      assert.match(secret, forms[kind.word]);
      assert.equal(Buffer.from(secret, kind.encoding).length, 32);
      assert.equal(faultOf(kind, secret), undefined);
      assert.equal(encodeURIComponent(secret), secret);
    }
  }
});

test('an unlucky draw is drawn again', () => {
  const draws = [Buffer.alloc(32, 0xff), Buffer.alloc(32), randomBytes(32)];
  const secret = makeSecret(kindOf('session'), () => draws.shift() ?? randomBytes(32));
  assert.ok(!/^(f+|0+)$/.test(secret));
  assert.ok(
    !makeSecret(
      kindOf('gate'),
      (
        () => (n: number) =>
          randomBytes(n)
      )(),
    ).startsWith('-'),
  );
});

test('faults', () => {
  const base64url = randomBytes(32).toString('base64url');
  const table: [string, string, string | undefined][] = [
    ['session', 'changeme', 'placeholder'],
    ['session', '', 'placeholder'],
    ['session', 'abc123', 'too short or not random'],
    ['session', 'Zk3vQ9xT7mB1nL5cR8wE2yU6iO4pA0sD'.repeat(2), 'wrong form'],
    ['gate', 'Zk3vQ9xT7mB1nL5cR8wE2yU6iO4pA0sD,', 'wrong form'],
    ['oauth2', base64url, undefined],
    ['oauth2', `${base64url}=`, undefined],
    ['oauth2', 'Zk3vQ9xT7mB1nL5c', undefined],
    ['oauth2', randomBytes(16).toString('base64url'), undefined],
    ['oauth2', randomBytes(33).toString('base64url'), 'wrong form'],
    ['redis', 'Zk3vQ9xT', 'too short or not random'],
    ['vault', 'correct horse', undefined],
    ['vault', 'correct', 'too short or not random'],
  ];
  for (const [word, value, fault] of table)
    assert.equal(faultOf(kindOf(word), value), fault, `${word} ${value}`);
});

test('a fingerprint is short, stable, and different for another secret', () => {
  assert.equal(fingerprint('a'), fingerprint('a'));
  assert.match(fingerprint('a'), /^[\da-f]{8}$/);
  assert.notEqual(fingerprint('a'), fingerprint('b'));
});

const needed = await need('oauth2-proxy');

test('the real oauth2-proxy accepts its secret, and nothing reported as unfit', needed, async () => {
  const binary = await mustHave('oauth2-proxy');
  const accepts = async (secret: string) => {
    const flags = [
      '--client-id=x',
      '--client-secret=y',
      '--email-domain=example.org',
      '--upstream=http://127.0.0.1:1',
    ];
    const env = { OAUTH2_PROXY_COOKIE_SECRET: secret };
    return promisify(execFile)(binary, ['--config-test', ...flags], { env }).then(
      () => true,
      () => false,
    );
  };
  const kind = kindOf('oauth2');
  for (let i = 0; i < 5; i++) assert.equal(await accepts(makeSecret(kind, randomBytes)), true);
  const values = [16, 17, 24, 32, 33, 48].map((size) => randomBytes(size).toString('base64url'));
  values.push('Zk3vQ9xT7mB1nL5c', 'Zk3vQ9xT7mB1nL5cR', `${randomBytes(32).toString('base64')}`);
  for (const value of values) assert.equal(await accepts(value), faultOf(kind, value) === undefined, value);
});
