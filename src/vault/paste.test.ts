// Pasted text: each form returns what a browser wrote into it (fast-check against the browsers' own quoting), and text that is not a
// cookie is refused.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import fc from 'fast-check';
import { refusalWords } from '../../views/vault-words.ts';
import { headerOf } from './entry.ts';
import { readPaste } from './paste.ts';
import { bashWords, cmdWords } from './shell-words.ts';

const target = new URL('https://example.atlassian.net/wiki');
const now = Date.parse('2026-11-23T18:00:00Z');
const read = (text: string, at: URL = target) => readPaste(text, at, now);

const tokenLetters = "!#$%&'*+-.^_`|~0123456789abcXYZ".split('');
const isAttribute = /^(path|domain|expires|max-age|secure|httponly|samesite|partitioned|priority)$/i;
const anyName = fc
  .string({ unit: fc.constantFrom(...tokenLetters), minLength: 1, maxLength: 20 })
  .filter((name) => !isAttribute.test(name));
const valueLetters = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)).filter(
  (c) => c !== ';',
);
const anyValue = fc
  .string({ unit: fc.constantFrom(...valueLetters), maxLength: 60 })
  .filter((value) => value === value.trim());
const anyCookies = fc.uniqueArray(fc.record({ name: anyName, value: anyValue }, { noNullPrototype: true }), {
  selector: ({ name }) => name,
  minLength: 1,
  maxLength: 8,
});

function same(text: string, cookies: readonly { name: string; value: string }[]): void {
  assert.deepEqual(read(text), { cookies, expiresAt: undefined, leftOut: 0 });
}

test('a Cookie line yields its cookies, with or without its name and a trailing semicolon', () => {
  fc.assert(
    fc.property(anyCookies, fc.constantFrom('', 'Cookie: ', 'cookie:'), (cookies, before) => {
      // A line that starts like another form is parsed as that form, or as a line without its name.
      fc.pre(before !== '' || !/^(curl\s|cookie\s*:|[[{])/i.test(headerOf(cookies)));
      same(`${before}${headerOf(cookies)}`, cookies);
      same(` ${before}${headerOf(cookies)};\r\n`, cookies);
    }),
  );
});

/** Quotes as Chromium does for bash. */
function forBash(text: string): string {
  if (!/[^\x20-\x7e]|['!]/.test(text)) return `'${text}'`;
  const escaped = text
    .replace(/\\/g, '\\\\')
    .replace(/'/g, "\\'")
    .replace(/[^\x20-\x7e]|!/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return `$'${escaped}'`;
}

/** Quotes as Chromium does for cmd. */
function forCmd(text: string): string {
  const escaped = text
    .replace(/\\/g, '\\\\')
    .replace(/"/g, '\\"')
    .replace(/[^a-zA-Z0-9\s_\-:=+~'/.',?;()*`]/g, '^$&')
    .replace(/%(?=[a-zA-Z0-9_])/g, '%^')
    .replace(/\r?\n/g, '^\n\n');
  return `^"${escaped}^"`;
}

const url = 'https://example.atlassian.net/wiki/home?a=1&b=%20';

test('"copy as cURL" yields its cookies: bash and cmd, -b and -H', () => {
  fc.assert(
    fc.property(anyCookies, fc.boolean(), (cookies, asHeader) => {
      const header = headerOf(cookies);
      const words = asHeader ? ['-H', `Cookie: ${header}`] : ['-b', header];
      const rest = ['-H', 'accept: text/html, "x"', '--data-raw', '{"a":"it\'s 100%!"}', '--compressed'];
      const all = [url, ...rest.slice(0, 2), ...words, ...rest.slice(2)];
      const quote = (word: string, by: (text: string) => string) =>
        /^-(H|b|-[a-z-]+)$/.test(word) && word !== header ? word : by(word);
      const bash = `curl ${all.map((word) => quote(word, forBash)).join(' \\\n  ')}`;
      const cmd = `curl ${all.map((word) => quote(word, forCmd)).join(' ^\n  ')}`;
      fc.pre(header.includes('='));
      same(bash, cookies);
      same(cmd, cookies);
    }),
  );
});

test('words are split exactly as bash splits them', () => {
  const anyText = fc.string({ unit: fc.constantFrom(...'ab \\"\'$!\n\t`^%é'.split('')), maxLength: 12 });
  fc.assert(
    fc.property(fc.array(anyText, { minLength: 1, maxLength: 20 }), (texts) => {
      const line = texts.map(forBash).join(' ');
      assert.deepEqual(bashWords(line), texts);
      const said = execFileSync('bash', ['--norc', '-c', `printf '%s\\0' ${line}`], {
        env: { LC_ALL: 'C.UTF-8' },
      });
      assert.deepEqual(said.toString().split('\0').slice(0, -1), texts);
    }),
    { numRuns: 30 },
  );
});

test('words are split as cmd and the C runtime split them', () => {
  for (const [line, words] of [
    ['curl "a b" c^&d', ['curl', 'a b', 'c&d']],
    [String.raw`curl "a\"b" "c\\" d\e`, ['curl', 'a"b', 'c\\', 'd\\e']],
    ['curl "a""b" ^"x y^"', ['curl', 'a"b', 'x y']],
    ['curl ^"100^%^41^" ^\r\n -b ""', ['curl', '100%41', '-b', '']],
  ] as const)
    assert.deepEqual(cmdWords(line), words);
});

test('anything that would do more than form words is refused, and so are unterminated quotes', () => {
  const end = ` '${url}' -b 'a=1'`;
  for (const line of [
    `curl${end}; rm -rf x`,
    `curl${end} | sh`,
    `curl${end} && curl${end}`,
    `curl${end} > file`,
    `curl '${url}' -b "a=$(id)"`,
    `curl '${url}' -b "a=\`id\`"`,
    `curl '${url}' -b a=$HOME`,
    `curl${end}\ncurl${end}`,
    `curl ^"${url}^" -b ^"a=1^" & del x`,
    `curl ^"${url}^" ^\n -b ^"a=1^"\ndel x`,
    `curl '${url}' 'https://elsewhere.test/' -b 'a=1'`,
  ])
    assert.deepEqual(read(line), { kind: 'curl_shell' }, line);
  for (const line of [
    `curl '${url}' -b 'a=1`,
    `curl "${url}`,
    `curl $'${url}`,
    `curl ^"https://a.test^" -b ^"a=1`,
    `curl \\`,
  ])
    assert.deepEqual(read(line), { kind: 'curl_quotes' }, line);
});

test('cURL without cookies, with them twice, in a file, or to another host', () => {
  for (const [line, kind] of [
    [`curl '${url}'`, 'curl_no_cookie'],
    [`curl '${url}' -b 'a=1' -H 'Cookie: b=2'`, 'curl_two'],
    [`curl '${url}' -b cookies.txt`, 'curl_file'],
    [`curl -b 'a=1'`, 'curl_no_host'],
    [`curl 'https://elsewhere.test/' -b 'a=1'`, 'curl_other_host'],
    [`curl 'https://example.atlassian.net.evil.test/' -b 'a=1'`, 'curl_other_host'],
    [`curl 'https://example.atlassian.net:8443/' -b 'a=1'`, 'curl_other_host'],
  ])
    assert.deepEqual(read(line ?? ''), { kind }, line);
  const firefox = `curl.exe "${url}" -X POST --compressed -H "Cookie: a=1; b=2" --data-raw "x=y"`;
  same(firefox, [
    { name: 'a', value: '1' },
    { name: 'b', value: '2' },
  ]);
  same(`curl --url '${url}' -HCookie:a=1 -X GET`, [{ name: 'a', value: '1' }]);
});

test('an export yields only the cookies for the host', () => {
  const hosts = ['example.atlassian.net', '.example.atlassian.net', '.atlassian.net'];
  const others = [
    'elsewhere.test',
    '.test',
    'atlassian.net',
    'sub.example.atlassian.net',
    'ample.atlassian.net',
  ];
  fc.assert(
    fc.property(
      anyCookies,
      fc.array(fc.constantFrom(...hosts, ...others), { minLength: 8, maxLength: 8 }),
      fc.boolean(),
      (cookies, domains, inObject) => {
        const list = cookies.map((cookie, i) => ({
          ...cookie,
          domain: domains[i],
          path: '/',
          storeId: '0',
          id: i,
        }));
        const here = cookies.filter((_, i) => hosts.includes(domains[i] ?? ''));
        const found = read(JSON.stringify(inObject ? { cookies: list, origins: [] } : list, null, 2));
        const leftOut = cookies.length - here.length;
        assert.deepEqual(
          found,
          here.length === 0
            ? { kind: 'export_other_host' }
            : { cookies: here, expiresAt: undefined, leftOut },
        );
      },
    ),
  );
});

test('an export’s paths, secure flags and expiry are respected, in each exporter’s format', () => {
  const at = now / 1000;
  const one = (more: object) =>
    read(JSON.stringify([{ name: 'a', value: '1', domain: target.host, ...more }]));
  const endOf = (more: object) => {
    const found = one(more);
    return 'kind' in found ? found.kind : found.expiresAt;
  };
  assert.equal(endOf({ expirationDate: at + 60.5 }), now + 60_500);
  assert.equal(endOf({ expiry: at + 60 }), now + 60_000);
  assert.equal(endOf({ expires: at + 60 }), now + 60_000);
  assert.equal(endOf({ expires: -1 }), undefined);
  assert.equal(endOf({ expires: now + 60_000 }), now + 60_000);
  assert.equal(endOf({ expires: new Date(now + 60_000).toUTCString() }), now + 60_000);
  assert.equal(endOf({ expirationDate: at - 1 }), 'export_expired');
  assert.equal(endOf({ path: '/wiki' }), undefined);
  assert.equal(endOf({ path: '/jira' }), 'export_other_host');
  assert.equal(endOf({ path: '/wik' }), 'export_other_host');
  assert.equal(endOf({ hostOnly: false, domain: 'atlassian.net' }), undefined);
  assert.equal(endOf({ hostOnly: true, domain: '.atlassian.net' }), 'export_other_host');
  const secure = [{ name: 'a', value: '1', domain: 'wiki.test', secure: true }];
  assert.deepEqual(read(JSON.stringify(secure), new URL('http://wiki.test')), { kind: 'export_other_host' });
  const numbers = [{ name: 'a', value: '1', domain: '.0.0.1', hostOnly: false }];
  assert.deepEqual(read(JSON.stringify(numbers), new URL('http://127.0.0.1')), { kind: 'export_other_host' });
  const several = [
    { name: 'counter', value: '1', domain: target.host, expirationDate: at + 10 },
    { name: 'token', value: '2', domain: target.host, expirationDate: at + 900, httpOnly: true },
    { name: 'session', value: '3', domain: target.host, httpOnly: true },
  ];
  const found = read(JSON.stringify(several));
  assert.equal('kind' in found ? found.kind : found.expiresAt, now + 900_000);
});

test('what is refused, and with which reason', () => {
  const big = `a=${'x'.repeat(8190)}`;
  for (const [text, kind] of [
    ['', 'empty'],
    [' \r\n', 'empty'],
    ['Cookie:', 'empty'],
    [';', 'empty'],
    ['[]', 'empty'],
    ['a=1\r\nX-Injected: yes', 'lines'],
    ['a=1\nb=2', 'lines'],
    ['a=1\u2028b=2', 'lines'],
    ['a=1\0', 'control'],
    ['a=1\tb', 'control'],
    ['a=\u007f', 'control'],
    ['a=é', 'foreign'],
    ['Set-Cookie: a=1', 'set_cookie'],
    ['set-cookie:a=1; Path=/', 'set_cookie'],
    ['a=1; Path=/', 'attribute'],
    ['a=1; Secure', 'attribute'],
    ['a=1; HttpOnly; b=2', 'attribute'],
    ['a=1; max-age=10', 'attribute'],
    ['a', 'no_equals'],
    ['a=1;; b=2', 'no_equals'],
    ['=1', 'bad_name'],
    ['a b=1', 'bad_name'],
    ['a,b=1', 'bad_name'],
    ['a=1; a=2', 'duplicate'],
    [`${big}y`, 'too_big'],
    [`a=${'x'.repeat(9 * 1024)}`, 'too_big'],
    [`a=${'x'.repeat(256 * 1024)}`, 'too_much'],
    ['[{', 'export_unreadable'],
    ['{"cookies":1}', 'export_unreadable'],
    ['{"a":"1"}', 'export_unreadable'],
    ['[{"name":"a","value":"1"}]', 'export_shape'],
    ['[null]', 'export_shape'],
    [`${'['.repeat(60_000)}${']'.repeat(60_000)}`, 'export_shape'],
    ['[{"name":"a","value":"1\\r\\nx","domain":"example.atlassian.net"}]', 'bad_value'],
    ['[{"name":"a","value":"1; b=2","domain":"example.atlassian.net"}]', 'bad_value'],
    ['[{"name":"a b","value":"1","domain":"example.atlassian.net"}]', 'bad_name'],
    ['[{"name":"Path","value":"1","domain":"example.atlassian.net"}]', 'attribute'],
    [`curl '${url}' -H $'Cookie: a=1\\r\\nX-Injected: yes'`, 'lines'],
    [`curl '${url}' -H 'Cookie: a=1; a=2'`, 'duplicate'],
  ]) {
    const found = read(text ?? '');
    assert.equal('kind' in found ? found.kind : 'taken', kind, (text ?? '').slice(0, 60));
  }
  assert.ok(!('kind' in read(big)));
});

test('whatever is pasted: a clean header, or a refusal whose text contains nothing of it', () => {
  const pieces = fc.constantFrom(
    ...[
      'a=1',
      'curl ',
      "'",
      '"',
      '^"',
      '; ',
      '\\',
      '\n',
      '\0',
      '[{',
      '"name"',
      'Cookie: ',
      '-b ',
      '$(',
      'é',
      'Path=/',
    ],
    ...['planted-5ecret-value', url, '{"cookies":[', '}]', '%', '^\n'],
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(pieces, { maxLength: 14 }).map((parts) => parts.join('')),
      ),
      (text) => {
        const found = read(text);
        if ('kind' in found) assert.doesNotMatch(refusalWords(found), /5ecret|undefined/);
        else assert.match(headerOf(found.cookies), /^[\x20-\x7e]{1,8192}$/);
      },
    ),
    { numRuns: 2000 },
  );
});

test('long runs of whitespace are read quickly, and refused like any other text', () => {
  const begun = process.cpuUsage();
  assert.deepEqual(read(`x${' '.repeat(50_000)}y`), { kind: 'no_equals', position: 1 });
  assert.deepEqual(read(`${' \n'.repeat(60_000)}a=1${'\t\r\n'.repeat(30_000)}`), {
    cookies: [{ name: 'a', value: '1' }],
    expiresAt: undefined,
    leftOut: 0,
  });
  assert.ok(process.cpuUsage(begun).user < 1_500_000, 'it took longer than a second');
});
