// The apps file: what each form means, and for each mistake the sentence and its line.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { readApps } from './apps-document.ts';

const desk = 'https://desk.example.org';

/** An app whose first four lines are right. @param more further lines, which begin in line 5 */
const app = (...more: string[]) =>
  [
    'apps:',
    '  g:',
    '    url: https://g.example.org',
    '    who: [everyone]',
    ...more.map((line) => `    ${line}`),
    '',
  ].join('\n');
const url = (text: string) => `apps:\n  g:\n    url: ${text}\n    who: []\n`;
const who = (text: string) =>
  `groups: { family: [a@example.org] }\napps:\n  g:\n    url: https://g.example.org\n    who: ${text}\n`;
const path = (text: string) => app(`public: ['${text}']`);
const header = (text: string) => app(`headers: { user: '${text}' }`);

type Row = readonly [text: string, line: number | undefined, message: string];

const duration = 'a duration of at least one minute, like `30m` or `12h`.';
const until = '`until` in `who` of `g` must be a day that exists, like `2026-12-31`.';
const bare = '`url` of `g` must be a host and nothing else: no user, path, query or fragment.';
const host = '`url` of `g` has no valid host name.';
const name = '`name` of `g` must be 1 to 60 characters on one line.';
const icon = '`icon` of `g` must be the name of an icon, or one or two letters.';
const version = '`key` of `g` must be a whole number from 1 to 999999.';
const instant = '`ended-before` of `g` must be an instant in UTC, like `2026-12-31T18:00:00.000Z`.';
const one = 'An entry in `who` of `g` must have one of `everyone`, `group` and `person`.';
const plain = "must have only letters, digits and `-._~!$&'()+,=:@` between its `/`, and no part `.`.";
const allPresets =
  '`grafana`, `gitea`, `forgejo`, `paperless-ngx`, `home-assistant`, `miniflux`, `nextcloud`, `wiki-js`, `open-webui`';
const taken = (text: string) =>
  `\`user\` in \`headers\` of \`g\` cannot be \`${text}\`: that header means something else. Use one like \`X-WEBAUTH-USER\`.`;
const notName = (text: string) =>
  `\`user\` in \`headers\` of \`g\` must be a header name of letters, digits and \`-\`, not \`${text}\`.`;

const mistakes: Readonly<Record<string, readonly Row[]>> = {
  'the file as a whole': [
    ['', undefined, 'The file is empty. If there are no apps, write `apps: {}`.'],
    ['\n \n', undefined, 'The file is empty. If there are no apps, write `apps: {}`.'],
    ['# nothing\n', 1, 'The file is empty; it must be a mapping with `groups` and `apps`.'],
    ['- a\n', 1, 'The file must be a mapping with `groups` and `apps`.'],
    ['groups: {}\n', undefined, '`apps` is missing. If there are no apps, write `apps: {}`.'],
    ['apps:\n', 1, '`apps` is empty; it must be a mapping, or `{}` for none.'],
    ['apps: []\n', 1, '`apps` must be a mapping, or `{}` for none.'],
    ['groups:\napps: {}\n', 1, '`groups` is empty; it must be a mapping, or `{}` for none.'],
    ['\napp: {}\napps: {}\n', 2, '`app` is unknown in the file, which may have `groups`, `apps`.'],
    [`apps: {}\n#${'x'.repeat(1024 * 1024)}\n`, undefined, 'The file is larger than 1 MB.'],
  ],
  'what YAML allows and this file does not': [
    ['apps: {}\napps: {}\n', 2, '`apps` is already given in line 1.'],
    ["apps: {}\n'apps': {}\n", 2, '`apps` is already given in line 1.'],
    [app('url: https://h.example.org'), 5, '`url` is already given in line 3.'],
    ['groups: &g {}\napps: {}\n', 1, 'Anchors (`&name`) are not allowed: write the value each time.'],
    ['groups: {}\napps: *g\n', 2, 'Aliases (`*name`) are not allowed: write the value itself.'],
    ['apps:\n  <<: {}\n', 2, 'Merge keys (`<<`) are not allowed: write the keys themselves.'],
    ['apps: !!map {}\n', 1, 'Tags (`!name`) are not allowed.'],
    ['apps: !x {}\n', 1, 'Tags (`!name`) are not allowed.'],
    ['&a x: {}\napps: {}\n', 1, 'A key must be a plain word.'],
    ['? [apps]\n: {}\napps: {}\n', 1, 'A key must be a plain word.'],
    ['%YAML 1.1\n---\napps: {}\n', 1, 'A line must not begin with `%`.'],
    ['\ufeff%YAML 1.1\n---\napps: {}\n', 1, 'A line must not begin with `%`.'],
    [
      'apps: {}\n---\napps: {}\n',
      2,
      'The file must be one YAML document: remove the `---` or `...` before this line.',
    ],
    [`apps: {}\n${'['.repeat(51)}\n`, 2, 'The file is nested too deeply here.'],
    [`apps: {}\nx: [${'[1], '.repeat(60)}${'["]", '.repeat(60)}\n`, 2, 'The file is nested too deeply here.'],
    [`apps:\n${'- '.repeat(9)}\n`, 2, 'The file is nested too deeply here.'],
    [`apps:\n${' '.repeat(101)}a: 1\n`, 2, 'The file is nested too deeply here.'],
  ],
  'no YAML': [
    ['apps:\n\tg: 1\n', 2, 'Indent with spaces: YAML does not allow tabs there.'],
    [app('name: a: b'), 5, 'There is a second `: ` in this line. Put a value that contains one in quotes.'],
    [app('name: @x'), 5, 'A value cannot begin with this character unless it is in quotes.'],
    [app('public: [*]'), 5, 'A value cannot begin with `*` unless it is in quotes.'],
    ['apps:\n  g:\n    who: [everyone\n', 4, 'A bracket is not closed before this line: `]` is missing.'],
    ['apps:\n  g: {url: x\n', 3, 'A bracket is not closed before this line: `}` is missing.'],
    [app('name: "x'), 6, 'A quotation mark in this line or above is not closed.'],
    [
      'apps:\n  g:\n    a: 1\n   b: 2\n',
      4,
      'The indentation of this line does not match the lines above it.',
    ],
    [app('idle'), 5, 'There is a `:` missing in this line.'],
    [app('public: [/a,,/b]'), 5, 'This is not valid YAML: Unexpected , in flow sequence.'],
  ],
  apps: [
    [
      'apps:\n  Grafana: {}\n',
      2,
      '`Grafana` in `apps` is not a valid name: use lower-case letters, digits and `-`, at most 32.',
    ],
    [
      'apps:\n  -g: {}\n',
      2,
      '`-g` in `apps` is not a valid name: use lower-case letters, digits and `-`, at most 32.',
    ],
    ['apps:\n  g:\n', 2, '`g` is empty; it must be a mapping.'],
    ['apps:\n  g: x\n', 2, '`g` must be a mapping.'],
    ['apps:\n  g:\n    url: https://g.example.org\n', 2, '`g` has no `who`.'],
    ['apps:\n  g:\n    who: []\n', 2, '`g` has no `url`.'],
    [
      app('Url: x'),
      5,
      '`Url` is unknown in `g`, which may have `url`, `name`, `icon`, `who`, `public`, `idle`, `lifetime`, `headers`, `key`, `ended-before`.',
    ],
  ],
  url: [
    [
      url('http://g.example.org'),
      3,
      '`url` of `g` must begin with `https://`; `http://` is only for `localhost`.',
    ],
    [
      url('http://localhost.example.org'),
      3,
      '`url` of `g` must begin with `https://`; `http://` is only for `localhost`.',
    ],
    [url('ftp://g.example.org'), 3, '`url` of `g` must begin with `https://`.'],
    [url('g.example.org'), 3, '`url` of `g` must begin with `https://`.'],
    [url('https://g.example.org/grafana'), 3, bare],
    [url('https://g.example.org//'), 3, bare],
    [url('https://ada@g.example.org'), 3, bare],
    [url('https://g.example.org?'), 3, bare],
    [url('https://g.example.org/#'), 3, bare],
    [url("'https:\\\\g.example.org'"), 3, '`url` of `g` must begin with `https://`.'],
    [url("'https://g.example.org\\x'"), 3, bare],
    [url('"https://g.example.org\\n"'), 3, bare],
    [url('https://'), 3, bare],
    [url('https://*.example.org'), 3, host],
    [url('https://g_x.example.org'), 3, host],
    [url('https://g.example.org.'), 3, host],
    [url('https://g..example.org'), 3, host],
    [url('https://g.example.org:99999'), 3, host],
    [url('https://%67.example.org.'), 3, host],
    [url('5'), 3, '`url` of `g` must be a URL, like `https://grafana.example.org`.'],
    [url(''), 3, '`url` of `g` is empty; it must be a URL, like `https://grafana.example.org`.'],
    [url('https://desk.example.org'), 3, '`url` of `g` is that of the desk: https://desk.example.org.'],
    [url('HTTPS://DESK.example.org:443/'), 3, '`url` of `g` is that of the desk: https://desk.example.org.'],
    [
      url('https://desk.example.org:8443'),
      3,
      '`url` of `g` is on the host of the desk. Browsers send cookies to every port of a host: give the app a host name of its own.',
    ],
    [
      `${app()}  h:\n    url: https://G.example.org/\n    who: []\n`,
      6,
      '`url` of `h` is that of `g`: https://g.example.org.',
    ],
    [
      `${app()}  h:\n    url: https://g.example.org:8443\n    who: []\n`,
      6,
      '`url` of `h` is on the host of `g`. Browsers send cookies to every port of a host: give the app a host name of its own.',
    ],
  ],
  who: [
    [who('everyone'), 5, '`who` of `g` must be a list, like `[everyone]`.'],
    [who(''), 5, '`who` of `g` is empty; it must be a list, like `[everyone]`.'],
    [who('[famly]'), 5, 'The group `famly` in `who` of `g` is not among the `groups`.'],
    [who('[7]'), 5, 'The group `7` in `who` of `g` is not among the `groups`.'],
    [who('[{ group: famly }]'), 5, 'The group `famly` in `who` of `g` is not among the `groups`.'],
    [who('[{ group: [family] }]'), 5, 'A group in `who` of `g` must be a name.'],
    [who('\n      - everyone\n      - wim@'), 7, '`wim@` in `who` of `g` is not an address.'],
    [who('[{ person: family }]'), 5, '`family` in `who` of `g` is not an address.'],
    [who('["@example.org"]'), 5, '`@example.org` in `who` of `g` is not an address.'],
    [who('["*@example.org"]'.replace('*', 'a b')), 5, '`a b@example.org` in `who` of `g` is not an address.'],
    [who('[true]'), 5, 'An entry in `who` of `g` must be `everyone`, a group, an address or a mapping.'],
    [
      who('[[everyone]]'),
      5,
      'An entry in `who` of `g` must be `everyone`, a group, an address or a mapping.',
    ],
    [
      who('[~]'),
      5,
      'An entry in `who` of `g` is empty; it must be `everyone`, a group, an address or a mapping.',
    ],
    [who('[{ until: 2026-12-31 }]'), 5, one],
    [who('[{}]'), 5, one],
    [who('[{ group: family, person: a@example.org }]'), 5, one],
    [who('[{ everyone: false }]'), 5, '`everyone` in `who` of `g` must be `true`.'],
    [who('[{ everyone: yes }]'), 5, '`everyone` in `who` of `g` must be `true`.'],
    [who('[{ everyone: true, until: 2026-02-30 }]'), 5, until],
    [who('[{ everyone: true, until: 2026-13-01 }]'), 5, until],
    [who('[{ everyone: true, until: 2026-1-1 }]'), 5, until],
    [who('[{ everyone: true, until: 2026 }]'), 5, until],
    [who('[{ everyone: true, until: 2026-12-31T10:00:00Z }]'), 5, until],
    [who('[{ everyone: true, until: }]'), 5, until],
    [
      who('[{ everyone: true, untill: 2026-12-31 }]'),
      5,
      '`untill` is unknown in an entry in `who` of `g`, which may have `everyone`, `group`, `person`, `until`.',
    ],
    [who(`[${'everyone, '.repeat(1001)}]`), 5, '`who` of `g` has more than 1000 entries.'],
  ],
  groups: [
    ['groups: []\napps: {}\n', 1, '`groups` must be a mapping, or `{}` for none.'],
    [
      'groups:\n  everyone: []\napps: {}\n',
      2,
      '`everyone` cannot be the name of a group: it means everyone who may sign in.',
    ],
    [
      'groups:\n  Fam: []\napps: {}\n',
      2,
      '`Fam` in `groups` is not a valid name: use lower-case letters, digits and `-`, at most 32.',
    ],
    ['groups:\n  f: a@example.org\napps: {}\n', 2, 'The group `f` must be a list of addresses.'],
    ['groups:\n  f:\napps: {}\n', 2, 'The group `f` is empty; it must be a list of addresses.'],
    ['groups:\n  f:\n    - a@example.org\n    - b\napps: {}\n', 4, '`b` in the group `f` is not an address.'],
    ['groups:\n  f: [5]\napps: {}\n', 2, 'An entry in the group `f` must be an address.'],
    [
      `groups:\n  f: [${'a@example.org, '.repeat(1001)}]\napps: {}\n`,
      2,
      'The group `f` has more than 1000 entries.',
    ],
  ],
  public: [
    [app('public: /x'), 5, '`public` of `g` must be a list of paths.'],
    [path('x'), 5, '`x` in `public` of `g` must begin with `/`.'],
    [path(''), 5, '`` in `public` of `g` must begin with `/`.'],
    [path('/a/../b'), 5, '`/a/../b` in `public` of `g` must not contain `..`.'],
    [path('/a//b'), 5, '`/a//b` in `public` of `g` must not contain `//`.'],
    [path('/%61'), 5, '`/%61` in `public` of `g` must not contain `%`.'],
    [path('/a\\b'), 5, '`/a\\b` in `public` of `g` must not contain `\\`.'],
    [path('/a?b'), 5, '`/a?b` in `public` of `g` must not contain `?`.'],
    [path('/a#b'), 5, '`/a#b` in `public` of `g` must not contain `#`.'],
    [path('/a;b'), 5, '`/a;b` in `public` of `g` must not contain `;`.'],
    [path('/a*'), 5, '`/a*` in `public` of `g` may have a `*` only at its end, after a `/`.'],
    [path('/*/a'), 5, '`/*/a` in `public` of `g` may have a `*` only at its end, after a `/`.'],
    [
      path('/*'),
      5,
      '`/*` in `public` of `g` would make the whole app public; leave the app out of the guard instead.',
    ],
    [path('/./a'), 5, `\`/./a\` in \`public\` of \`g\` ${plain}`],
    [path('/a/.'), 5, `\`/a/.\` in \`public\` of \`g\` ${plain}`],
    [path('/a b'), 5, `\`/a b\` in \`public\` of \`g\` ${plain}`],
    [path('/ä'), 5, `\`/ä\` in \`public\` of \`g\` ${plain}`],
    [app('public: ["/a\\n"]'), 5, `\`/a \` in \`public\` of \`g\` ${plain}`],
    [path('/.gatehouse/*'), 5, '`/.gatehouse/*` in `public` of `g` belongs to Gatehouse.'],
    [
      path(`/${'x'.repeat(200)}`),
      5,
      `\`/${'x'.repeat(59)}…\` in \`public\` of \`g\` is longer than 200 characters.`,
    ],
    [app(`public: [${'/a, '.repeat(101)}]`), 5, '`public` of `g` has more than 100 entries.'],
  ],
  limits: [
    [app('idle: 30'), 5, `\`idle\` of \`g\` must be ${duration}`],
    [app('idle: 59s'), 5, `\`idle\` of \`g\` must be ${duration}`],
    [app('idle: soon'), 5, `\`idle\` of \`g\` must be ${duration}`],
    [app('idle: true'), 5, `\`idle\` of \`g\` must be ${duration}`],
    [app('lifetime: -5m'), 5, `\`lifetime\` of \`g\` must be ${duration}`],
    [app('lifetime: [5m]'), 5, `\`lifetime\` of \`g\` must be ${duration}`],
    [app('lifetime:'), 5, `\`lifetime\` of \`g\` is empty; it must be ${duration}`],
    [app('idle: 30m', 'lifetime: 20m'), 5, '`idle` of `g` is longer than its `lifetime`.'],
  ],
  headers: [
    [
      app('headers: grafan'),
      5,
      `\`headers\` of \`g\`: there is no preset \`grafan\`. There are ${allPresets}.`,
    ],
    [
      app('headers: []'),
      5,
      `\`headers\` of \`g\` must be a preset (${allPresets}), or a mapping of header names.`,
    ],
    [app('headers: { user: 5 }'), 5, '`user` in `headers` of `g` must be a header name.'],
    [
      app('headers: { usr: X-A }'),
      5,
      '`usr` is unknown in `headers` of `g`, which may have `user`, `email`, `groups`, `assertion`, `user-is`.',
    ],
    ...['X Foo', 'X_Foo', 'X-Foo:', '5X', 'X-Ä', '{x}'].map((text): Row => [header(text), 5, notName(text)]),
    ...[
      ...['Connection', 'Keep-Alive', 'TE', 'Trailer', 'Transfer-Encoding', 'Upgrade', 'Proxy-Authorization'],
      ...['cookie', 'Host', 'Authorization', 'X-Guard-Key', 'x-guard-anything', 'Content-Length', 'Origin'],
      ...[
        'X-Forwarded-For',
        'X-Forwarded-Host',
        'X-Forwarded-Proto',
        'Forwarded',
        'X-Real-IP',
        'X-Original-URL',
      ],
      ...['X-HTTP-Method-Override', 'Sec-Fetch-Site', 'Set-Cookie', 'Location', 'X-Accel-Redirect'],
    ].map((text): Row => [header(text), 5, taken(text)]),
    [
      app('headers: { user: X-A, email: x-a }'),
      5,
      '`email` and `user` in `headers` of `g` are the same header.',
    ],
    [
      app('headers: { user: X-A, user-is: mail }'),
      5,
      '`user-is` in `headers` of `g` must be `email`, `name` or `id`.',
    ],
    [
      app('headers: { email: X-A, user-is: id }'),
      5,
      '`user-is` in `headers` of `g` has no effect without `user`.',
    ],
  ],
  'name, icon, key': [
    [app('name: ""'), 5, name],
    [app(`name: ${'x'.repeat(61)}`), 5, name],
    [app('name: "a\\nb"'), 5, name],
    [app('name: "a\\u202eb"'), 5, name],
    [app('name: [a]'), 5, '`name` of `g` must be text.'],
    [app('icon: ABC'), 5, icon],
    [app('icon: ../x'), 5, icon],
    [app('key: 0'), 5, version],
    [app('key: one'), 5, version],
    [app('key: 1.5'), 5, version],
    [app('key: 1000000'), 5, version],
    [app('key: true'), 5, version],
    [app('ended-before: 2026-12-31'), 5, instant],
    [app('ended-before: 2026-02-30T18:00:00.000Z'), 5, instant],
    [app('ended-before: 2026-12-31T18:00:00.000+01:00'), 5, instant],
    [app('ended-before: 1798740000000'), 5, instant],
  ],
};

for (const [part, rows] of Object.entries(mistakes)) {
  suite(`mistakes: ${part}`, () => {
    for (const [text, line, message] of rows) {
      test(`${message} ${JSON.stringify(text).slice(0, 200)}`, () => {
        const fault = { ...(line !== undefined && { line }), message };
        assert.deepEqual(readApps(text, desk), { faults: [fault] });
      });
    }
  });
}

test('all mistakes at once, in the order of the file', () => {
  const text =
    'apps:\n  g:\n    url: http://g.example.org\n    who: [x, y@]\n    idle: 1\ngroups: { A: [] }\n';
  const read = readApps(text, desk);
  assert.ok('faults' in read);
  assert.deepEqual(
    read.faults.map(({ line }) => line),
    [3, 4, 4, 5, 6],
  );
});

test('at most 20 mistakes', () => {
  const read = readApps(`apps:\n${Array.from({ length: 50 }, (_, i) => `  G${i}: {}\n`).join('')}`, desk);
  assert.ok('faults' in read);
  assert.deepEqual([read.faults.length, read.faults[0]?.line, read.faults[19]?.line], [20, 2, 21]);
});

test('at most 200 apps and 200 groups', () => {
  const groups = (count: number) => Array.from({ length: count }, (_, i) => `  g${i}: []\n`).join('');
  const apps = (count: number) =>
    Array.from({ length: count }, (_, i) => `  a${i}: { url: https://a${i}.example.org, who: [] }\n`).join(
      '',
    );
  const read = readApps(`groups:\n${groups(200)}apps:\n${apps(200)}`, desk);
  assert.ok('apps' in read);
  assert.deepEqual([read.apps.apps.size, read.apps.groups.size], [200, 200]);
  assert.deepEqual(readApps(`groups:\n${groups(201)}apps: {}\n`, desk), {
    faults: [{ line: 2, message: '`groups` has more than 200 entries.' }],
  });
  assert.deepEqual(readApps(`apps:\n${apps(201)}`, desk), {
    faults: [{ line: 2, message: '`apps` has more than 200 entries.' }],
  });
});

test('every form', () => {
  const text = `# ours
groups:
  family: [Wim@example.org, an@example.org]
  7: []
apps:
  grafana:
    url: https://GRAFANA.example.org:443/
    name: Grafana & co
    icon: grafana
    who: [everyone]
    public: [/api/health, /public/*, /]
    idle: 30m
    lifetime: 12h
    headers: grafana
    key: 2
    ended-before: 2026-12-31T18:00:00.000Z
  2048:
    url: http://g.localhost:3000
    name: 2048
    icon: G
    who:
      - family
      - 7
      - Ada@example.org
      - { group: family, until: 2026-12-31 }
      - { person: x@example.org, until: '2028-02-29' }
      - { everyone: true, until: 2027-01-01 }
      - everyone: true
    idle: 3600
    headers: { user: X-A, email: X-Forwarded-Email, groups: Remote-Groups, assertion: X-J, user-is: id }
  bare: { url: 'https://[2001:db8::1]:8443', who: [] }
`;
  const read = readApps(text, desk);
  assert.ok('apps' in read, JSON.stringify(read));
  const { apps, groups } = read.apps;
  assert.deepEqual(Object.fromEntries(groups), {
    family: new Set(['wim@example.org', 'an@example.org']),
    7: new Set(),
  });
  assert.deepEqual(Object.fromEntries(apps), {
    grafana: {
      name: 'grafana',
      title: 'Grafana & co',
      origin: 'https://grafana.example.org',
      icon: 'grafana',
      who: [{ kind: 'everyone' }],
      publicPaths: [
        { kind: 'exact', path: '/api/health' },
        { kind: 'below', path: '/public/' },
        { kind: 'exact', path: '/' },
      ],
      idleMs: 1_800_000,
      lifetimeMs: 43_200_000,
      headers: { user: 'X-WEBAUTH-USER', userIs: 'email' },
      keyVersion: 2,
      endedBefore: Date.UTC(2026, 11, 31, 18),
    },
    2048: {
      name: '2048',
      title: '2048',
      origin: 'http://g.localhost:3000',
      icon: 'G',
      who: [
        { kind: 'group', name: 'family' },
        { kind: 'group', name: '7' },
        { kind: 'person', name: 'ada@example.org' },
        { kind: 'group', name: 'family', until: Date.UTC(2027, 0, 1) },
        { kind: 'person', name: 'x@example.org', until: Date.UTC(2028, 2, 1) },
        { kind: 'everyone', until: Date.UTC(2027, 0, 2) },
        { kind: 'everyone' },
      ],
      publicPaths: [],
      idleMs: 3_600_000,
      headers: {
        user: 'X-A',
        email: 'X-Forwarded-Email',
        groups: 'Remote-Groups',
        assertion: 'X-J',
        userIs: 'id',
      },
      keyVersion: 1,
    },
    bare: {
      name: 'bare',
      title: 'bare',
      origin: 'https://[2001:db8::1]:8443',
      who: [],
      publicPaths: [],
      headers: { userIs: 'email' },
      keyVersion: 1,
    },
  });
});

test('apps on this machine may differ by their port alone', () => {
  const text = ['3000', '3001']
    .map((port) => `  p${port}: { url: http://localhost:${port}, who: [] }\n`)
    .join('');
  assert.ok('apps' in readApps(`apps:\n${text}`, 'http://localhost:4180'));
  assert.deepEqual(readApps(`apps:\n${text}`, 'http://localhost:3001'), {
    faults: [{ line: 3, message: '`url` of `p3001` is that of the desk: http://localhost:3001.' }],
  });
});

test('a document’s begin, line endings of Windows, a byte-order mark and no last line ending', () => {
  assert.ok('apps' in readApps('---\napps: {}\n', desk));
  const text = '\ufeffapps:\r\n  g:\r\n    url: https://g.example.org\r\n    who: [everyone]';
  assert.ok('apps' in readApps(text, desk));
  assert.deepEqual(readApps(text.replace('everyone', 'x'), desk), {
    faults: [{ line: 4, message: 'The group `x` in `who` of `g` is not among the `groups`.' }],
  });
});

test('no begin of a file is read as something else than a part of it', () => {
  const text = `groups:\n  family: [a@example.org]\n${app('public: [/api/health]', 'idle: 30m')}`;
  const whole = readApps(text, desk);
  assert.ok('apps' in whole);
  for (let end = 0; end < text.length; end++) {
    const read = readApps(text.slice(0, end), desk);
    const half = 'apps' in read ? read.apps.apps.get('g') : undefined;
    if (!half) continue;
    // A line that is half there could say something else; `createAppsFile` waits for its end.
    assert.deepEqual(half.who, [{ kind: 'everyone' }]);
    assert.ok(
      half.publicPaths.every(({ path: one }) => one === '/api/health'),
      text.slice(0, end),
    );
  }
});

test('any text is answered, by rules or by mistakes with lines that exist', () => {
  const token = fc.constantFrom(
    ...[
      'apps',
      'groups',
      'g',
      'url',
      'who',
      'public',
      'headers',
      'everyone',
      'https://g.example.org',
      'a@example.org',
    ],
    ...[
      ': ',
      ':',
      '- ',
      '? ',
      '[',
      ']',
      '{',
      '}',
      ', ',
      '&a ',
      '*a ',
      '!b ',
      '<<',
      '|\n',
      '>\n',
      '"',
      "'",
      '#',
      '%',
      '@',
      '`',
    ],
    ...[
      '\n',
      '\n  ',
      '\n    ',
      '\n      ',
      '\t',
      '\r\n',
      ' ',
      '---\n',
      '...\n',
      '\0',
      '\ufeff',
      '\ud800',
      '2026-12-31',
      '~',
      '0x1',
    ],
  );
  const text = fc.array(token, { maxLength: 60 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(text, fc.boolean(), (body, isInside) => {
      const file = isInside ? `apps:\n  g:\n    url: https://g.example.org\n    who: ${body}` : body;
      const read = readApps(file, desk);
      if ('apps' in read) return;
      assert.ok(read.faults.length > 0);
      const lines = file.split('\n').length;
      for (const { line, message } of read.faults) {
        assert.ok(line === undefined || (line >= 1 && line <= lines), `${line} of ${lines}`);
        assert.match(message, /^[^\n\r\0]+\.$/);
      }
    }),
    { numRuns: 3000 },
  );
});
