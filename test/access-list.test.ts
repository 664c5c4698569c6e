// The allow-list as text: after a change, oauth2-proxy admits what it admitted before, plus or minus that address.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { admittedByDomain } from '../src/access/access.ts';
import { add, entries, remove } from '../src/access/list.ts';
import { parseEmail } from '../src/config/email-address.ts';
import { admits } from './support/admitted.ts';

const added = (text: string, email: string, comment?: string) => {
  const outcome = add(text, email, comment);
  return outcome.kind === 'added' ? outcome.text : outcome.kind;
};
const removed = (text: string, email: string) => {
  const outcome = remove(text, email);
  return outcome.kind === 'removed' ? outcome.text : outcome.kind;
};
const shown = (text: string) => {
  const outcome = entries(text);
  return outcome.kind === 'entries' ? outcome.entries.map(({ email, comment }) => [email, comment]) : outcome;
};

suite('the allow-list as text', () => {
  test('adding keeps every line, its line ending and the order', () => {
    assert.equal(added('', 'ada@x.org'), 'ada@x.org\n');
    assert.equal(added('ada@x.org', 'eve@x.org'), 'ada@x.org\neve@x.org\n');
    assert.equal(added('ada@x.org\r\n', 'eve@x.org', 'Eve'), 'ada@x.org\r\n\r\n# Eve\r\neve@x.org\r\n');
    assert.equal(added('# one\n# two\nada@x.org\n', 'eve@x.org'), '# one\n# two\nada@x.org\n\neve@x.org\n');
    assert.equal(added('"ada@x.org",Ada\n', 'eve@x.org', 'Eve'), '"ada@x.org",Ada\n\n# Eve\neve@x.org,\n');
    assert.equal(added('\ufeff', 'ada@x.org'), '\ufeff\nada@x.org\n', 'a byte-order mark would hide it');
  });

  test('an address is added only once', () => {
    for (const line of ['eve@x.org', '  EVE@x.org \t', '"eve@x.org"', 'eve@x.org,Eve']) {
      assert.equal(added(`${line}\n`, 'eve@x.org'), 'present', line);
    }
    assert.notEqual(added('#eve@x.org\n', 'eve@x.org'), 'present');
  });

  test('removing takes out every line with that address, in any spelling, and nothing else', () => {
    assert.equal(removed('Eve@X.org\nada@x.org\n"eve@x.org"\n', 'eve@x.org'), 'ada@x.org\n');
    assert.equal(
      removed('# a\n# b\neve@x.org\n', 'eve@x.org'),
      '# a\n# b\n',
      'a long comment is the file’s own',
    );
    assert.equal(removed('# Team\neve@x.org\nada@x.org\n', 'eve@x.org'), '# Team\nada@x.org\n');
    assert.equal(removed('ada@x.org\n\n# Eve\neve@x.org\n', 'eve@x.org'), 'ada@x.org\n');
    assert.equal(removed('ada@x.org\n', 'eve@x.org'), 'absent');
  });

  test('comments: a line above an address or a group of addresses, or a further column', () => {
    assert.deepEqual(shown('# Ada\nada@x.org\n\neve@x.org\n'), [
      ['ada@x.org', 'Ada'],
      ['eve@x.org', undefined],
    ]);
    assert.deepEqual(shown('# Team\nada@x.org\neve@x.org\n'), [
      ['ada@x.org', 'Team'],
      ['eve@x.org', 'Team'],
    ]);
    assert.deepEqual(shown('# all\n# of us\nada@x.org\n'), [['ada@x.org', undefined]]);
    assert.deepEqual(shown('ada@x.org, Ada\neve@x.org,\n'), [
      ['ada@x.org', 'Ada'],
      ['eve@x.org', undefined],
    ]);
    const [line] = /^# .*$/m.exec(added('', 'ada@x.org', ' a\nb@x.org\r\u2028\u202e ') ?? '') ?? [];
    assert.equal(line, '# a b@x.org', 'a comment cannot become a line of its own');
  });

  test('entries that admit nobody are marked', () => {
    const list = entries('\ufeffada@x.org\neve@x.org # Eve\n@x.org\n # note\nbob@x.org\n');
    assert.ok(list.kind === 'entries');
    assert.deepEqual(
      list.entries.map(({ works }) => works),
      [false, false, false, false, true],
    );
  });

  test('a list that oauth2-proxy ignores is not changed', () => {
    for (const [text, line, fault] of [
      ['ada@x.org\nbob"x@x.org\n', 2, 'quote'],
      ['ada@x.org\n\n"bob@x.org" \n', 3, 'quote'],
      ['"ada@x.org', 1, 'quote'],
      ['ada@x.org\nbob@x.org,Bob\n', 2, 'columns'],
      ['ada@x.org\n # a, note\n', 2, 'columns'],
    ] as const) {
      const broken = { kind: 'broken', line, fault };
      assert.deepEqual(
        [add(text, 'eve@x.org'), remove(text, 'ada@x.org'), entries(text)],
        [broken, broken, broken],
      );
    }
  });

  test('addresses: one, in lower case, valid in a header', () => {
    for (const text of [' Ada@Example.ORG ', "o'neil+x@mail.example.org", 'a@b.co'])
      assert.ok(parseEmail(text), text);
    for (const text of [
      '',
      'ada',
      'ada@example',
      'a,b@x.org',
      '#a@x.org',
      '"a"@x.org',
      'a@x.org\nb@x.org',
      'a@b@x.org',
      'ä@x.org',
      '@x.org',
      'a@x..org',
      'a@-x.org',
      `${'a'.repeat(65)}@x.org`,
    ]) {
      assert.equal(parseEmail(text), undefined, text);
    }
  });
});

const piece = fc.constantFrom(
  ...['ada@x.org', 'EVE@x.org', 'eve@x.org', '"eve@x.org"', '"', '""', ',', '#', '# note', 'x', '"a\nb"'],
  ...['\n', '\r\n', '\r', ' ', '\t', '\u00a0', '\u0085', '\ufeff', 'İ@x.org'],
);
const anyText = fc.array(piece, { maxLength: 14 }).map((pieces) => pieces.join(''));
const anyEmail = fc.constantFrom('ada@x.org', 'eve@x.org', 'new@x.org');

suite('the allow-list, any text', () => {
  test('add: the set gains that address; every earlier line stays, in order', () => {
    fc.assert(
      fc.property(anyText, anyEmail, fc.string(), (text, email, comment) => {
        const outcome = add(text, email, comment);
        if (outcome.kind === 'added') {
          assert.deepEqual(admits(outcome.text), new Set([...admits(text), email]));
          assert.ok(outcome.text.startsWith(text));
        } else if (outcome.kind === 'present') assert.ok(admits(text).has(email));
      }),
      { numRuns: 3000 },
    );
  });

  test('remove: the set loses that address; the records and comments of others are unchanged', () => {
    fc.assert(
      fc.property(anyText, anyEmail, (text, email) => {
        const before = admits(text);
        const outcome = remove(text, email);
        if (outcome.kind === 'removed') {
          assert.deepEqual(admits(outcome.text), new Set([...before].filter((one) => one !== email)));
        } else assert.ok(!before.has(email));
      }),
      { numRuns: 3000 },
    );
  });

  test('adding and then removing an address restores the text', () => {
    fc.assert(
      fc.property(anyText, fc.string(), (text, comment) => {
        const whole = `${text}\nlast@x.org\n`;
        const outcome = add(whole, 'new@x.org', comment);
        if (outcome.kind === 'added') assert.equal(removed(outcome.text, 'new@x.org'), whole);
      }),
      { numRuns: 3000 },
    );
  });
});

test('email_domains: whom they admit', () => {
  for (const [domains, email, expected] of [
    [[], 'a@x.org', false],
    [['*'], 'a@x.org', true],
    [['X.org'], 'a@x.org', true],
    [['x.org'], 'a@sub.x.org', false],
    [['.x.org'], 'a@sub.x.org', true],
    [['*.x.org'], 'a@sub.x.org', true],
    [['*.x.org'], 'a@x.org', false],
    [['x.org'], 'a@notx.org', false],
  ] as const) {
    assert.equal(admittedByDomain(email, domains), expected, `${domains} ${email}`);
  }
});
