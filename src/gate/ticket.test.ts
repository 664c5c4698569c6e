// The ticket and what it decrypts: vectors made by the real oauth2-proxy, and everything that a hostile browser could send.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { encode, padded, raw, seal, ticketPayload } from './ticket.fixture.ts';
import { createOpener, isGateKey, type OpenSession, openSession, readTicket } from './ticket.ts';

interface Vector {
  readonly cookieName: string;
  readonly cookie: string;
  readonly value: string;
  readonly session: OpenSession;
}

const vectors = JSON.parse(
  readFileSync(`${import.meta.dirname}/ticket.vectors.json`, 'utf8'),
) as readonly Vector[];
const name = '_oauth2_proxy';
const key = `${name}-${'0123456789abcdef'.repeat(2)}`;
const secret = randomBytes(16);

const payloadOf = (id: string, ticketSecret: Buffer = secret) => ticketPayload(id, ticketSecret);

test('vectors of the real oauth2-proxy open permanently', () => {
  assert.ok(vectors.length > 0);
  for (const { cookieName, cookie, value, session } of vectors) {
    const ticket = readTicket(cookie.split('|')[0] ?? '', cookieName);
    assert.ok(ticket);
    assert.ok(isGateKey(ticket.key, cookieName));
    assert.deepEqual(openSession(Buffer.from(value, 'base64'), ticket.secret), session);
  }
});

suite('a ticket names a session’s key and nothing else', () => {
  const hostile: Record<string, string> = {
    empty: '',
    'without an id': padded('v2'),
    'without a secret': padded(`v2.${raw(key)}`),
    'not base64': '%%%%',
    'standard base64 with a plus': `${payloadOf(key).slice(0, -4)}+/==`,
    'without its padding': payloadOf(key).replace(/=+$/, '').slice(0, -1),
    huge: payloadOf(key + 'a'.repeat(5000)),
    'version 1': padded(`v1.${raw(key)}.${raw(secret)}`),
    'the old form': padded(`${key}.${raw(secret)}`),
    'four parts': padded(`v2.${raw(key)}.${raw(secret)}.x`),
    'a short secret': payloadOf(key, randomBytes(15)),
    'a long secret': payloadOf(key, randomBytes(32)),
    'a star': payloadOf(`${name}-*`),
    'a star of the right length': payloadOf(`${name}-${'*'.repeat(32)}`),
    'a lock': payloadOf(`${key}.lock`),
    'a health check': payloadOf(`${name}-healthcheck-${'a'.repeat(20)}`),
    'upper case': payloadOf(`${name}-${'A'.repeat(32)}`),
    'a line end after it': payloadOf(`${key}\n`),
    'another cookie’s': payloadOf(`_other-${'a'.repeat(32)}`),
    'a key of this house': payloadOf('gatehouse:session:x'),
    'no name': payloadOf(`-${'a'.repeat(32)}`),
  };
  for (const [what, payload] of Object.entries(hostile)) {
    test(what, () => assert.equal(readTicket(payload, name), undefined));
  }

  test('a dot in the name is a dot', () => {
    assert.equal(readTicket(payloadOf(`axb-${'a'.repeat(32)}`), 'a.b'), undefined);
    assert.equal(readTicket(payloadOf(`a.b-${'a'.repeat(32)}`), 'a.b')?.key, `a.b-${'a'.repeat(32)}`);
  });

  test('any text: a well-formed key or nothing', () => {
    const text = fc.oneof(fc.string(), fc.string().map(payloadOf), fc.string().map(padded));
    fc.assert(
      fc.property(text, (payload) => {
        const ticket = readTicket(payload, name);
        assert.ok(ticket === undefined || (isGateKey(ticket.key, name) && ticket.secret.length === 16));
      }),
    );
  });
});

suite('opening', () => {
  const sealed = (plain: Buffer, by = secret) => seal(plain, by);
  const facts = fc.record({
    user: fc.string({ minLength: 1, unit: 'grapheme' }),
    email: fc.emailAddress(),
    createdAt: fc.integer({ min: 0, max: 2 ** 42 }),
    nonce: fc.uint8Array({ minLength: 16, maxLength: 64 }),
  });
  const sessionMap = (
    fields: { user: string; email: string; createdAt: number; nonce: Uint8Array },
    extra: [string, unknown][],
  ) =>
    encode(
      new Map<string, unknown>([
        ['ca', new Date(fields.createdAt)],
        ['at', 'ya29.a-token'],
        ['n', Buffer.from(fields.nonce)],
        ['e', fields.email],
        ['u', fields.user],
        ...extra,
      ]),
    );

  test('inverts sealing, whatever else the session contains', () => {
    const other = fc.array(fc.tuple(fc.string({ minLength: 3 }), fc.jsonValue()), { maxLength: 5 });
    fc.assert(
      fc.property(facts, other, (fields, extra) => {
        const distinct = [...new Map(extra)];
        const session = openSession(sealed(sessionMap(fields, distinct)), secret);
        assert.ok(typeof session === 'object');
        const { personId, email, createdAt } = session;
        assert.deepEqual(
          { personId, email, createdAt },
          { personId: fields.user, email: fields.email.toLowerCase(), createdAt: fields.createdAt },
        );
      }),
    );
  });

  test('a sign-in has one name, and another has a different one', () => {
    const at = (nonce: Buffer, createdAt: number) => {
      const session = openSession(
        sealed(sessionMap({ user: 'u', email: 'e@e.org', createdAt, nonce }, [])),
        secret,
      );
      return typeof session === 'object' ? session.signIn : undefined;
    };
    const [one, two] = [randomBytes(32), randomBytes(32)];
    assert.equal(at(one, 1), at(one, 2));
    assert.notEqual(at(one, 1), at(two, 1));
    assert.equal(at(Buffer.alloc(4), 1), undefined);
    assert.ok(!at(one, 1)?.includes(one.toString('hex').slice(0, 8)));
  });

  test('no input makes it throw', () => {
    const reasons = ['too large', 'too short', 'another secret', 'malformed', 'incomplete'];
    const answer = (value: Buffer) => {
      const session = openSession(value, secret);
      assert.ok(typeof session === 'object' || reasons.includes(session));
    };
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => answer(Buffer.from(bytes))));
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => answer(sealed(Buffer.from(bytes)))));
    const good = sessionMap({ user: 'u', email: 'e@e.org', createdAt: 5, nonce: Buffer.alloc(32) }, []);
    for (let length = 0; length < good.length; length++) {
      assert.equal(openSession(sealed(good.subarray(0, length)), secret), 'malformed', `cut at ${length}`);
    }
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.nat(255), (at, byte) => {
        const bent = Buffer.from(good);
        bent[at] = byte;
        answer(sealed(bent));
      }),
    );
  });

  const map = (...pairs: [string, unknown][]) => encode(new Map(pairs));
  const faults: Record<string, [Buffer, string]> = {
    'empty input': [Buffer.alloc(0), 'malformed'],
    'a list': [encode(['u', 'e']), 'malformed'],
    'no person': [map(['ca', new Date(5)]), 'incomplete'],
    'no time': [map(['u', 'x']), 'incomplete'],
    'a number as the person': [map(['u', 5], ['ca', new Date(5)]), 'malformed'],
    'bytes as the person': [map(['u', Buffer.from('x')], ['ca', new Date(5)]), 'malformed'],
    'a string as the time': [map(['u', 'x'], ['ca', 'now']), 'malformed'],
    'a duplicate person': [
      Buffer.concat([Buffer.from([0x83]), map(['u', 'x'], ['ca', new Date(5)], ['u', 'y']).subarray(1)]),
      'malformed',
    ],
    'trailing data': [Buffer.concat([map(['u', 'x'], ['ca', new Date(5)]), Buffer.from([0])]), 'malformed'],
    'text that is not UTF-8': [
      Buffer.from([0x82, 0xa1, 0x75, 0xa1, 0xff, 0xa2, 0x63, 0x61, 0xd6, 0xff, 0, 0, 0, 5]),
      'malformed',
    ],
    'a million announced but missing entries': [Buffer.from([0xdf, 0, 0x0f, 0xff, 0xff]), 'malformed'],
    'too deep': [
      Buffer.concat([Buffer.from([0x81, 0xa1, 0x78]), Buffer.alloc(100_000, 0x91), Buffer.from([0xc0])]),
      'malformed',
    ],
  };
  for (const [what, [plain, reason]] of Object.entries(faults)) {
    test(`${what}: ${reason}`, () => assert.equal(openSession(sealed(plain), secret), reason));
  }

  test('sizes and secrets', () => {
    assert.equal(openSession(Buffer.alloc(27), secret), 'too short');
    assert.equal(openSession(Buffer.alloc(256 * 1024 + 1), secret), 'too large');
    assert.equal(openSession(sealed(map(['u', 'x']), randomBytes(16)), secret), 'another secret');
  });
});

const stored = (user: string) => seal(encode({ u: user, ca: new Date(5) }), secret);

test('cached sessions are distinguished by value and secret', () => {
  const open = createOpener();
  const value = stored('ada');
  const first = open('k', value, secret);
  assert.ok(typeof first === 'object' && first.personId === 'ada');
  assert.equal(open('k', value, secret), first, 'the very same');
  assert.equal(open('k', value, randomBytes(16)), 'another secret');
  assert.equal(open('k', value, secret), first, 'a wrong secret does not replace what is remembered');
  const later = open('k', stored('grace'), secret);
  assert.ok(typeof later === 'object' && later.personId === 'grace');
  assert.equal(open('k', Buffer.from('x'), secret), 'too short');
});

test('the cache has a limit', () => {
  const open = createOpener(2);
  const [a, b, c] = [stored('a'), stored('b'), stored('c')];
  const first = open('a', a, secret);
  const second = open('b', b, secret);
  assert.equal(open('a', a, secret), first, 'two are remembered');
  open('c', c, secret);
  assert.equal(open('b', b, secret), second, 'only the one opened longest ago is forgotten');
  assert.notEqual(open('a', a, secret), first, 'was forgotten, and opened anew');
});
