// `gatehouse doctor --app` against a real reverse proxy, the real guard and an app: sound, and broken in one way each.
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { checkUp, type Report } from '../src/doctor/check-up.ts';
import { checks } from '../src/doctor/checks/all-checks.ts';
import type { AppView } from '../src/doctor/deployment.ts';
import type { AppPlaces } from '../src/doctor/look/app.ts';
import { deploymentWith } from './support/deployment.ts';
import { type DoctorWorld, type FrontChange, startDoctorWorld } from './support/doctor-app.ts';
import { sendRaw } from './support/raw.ts';
import { need } from './support/requirement.ts';

const table = checks.filter(({ subject }) => subject === 'An app behind the guard');
const reportOf = (app: AppView): Report =>
  checkUp({ ...deploymentWith({}), app: { found: app } }, 'high', table);
const idsOf = (app: AppView) =>
  reportOf(app)
    .findings.map(({ id }) => id)
    .sort();

// Awaited before any suite is declared: a suite that is declared later could be missed.
const [withNginx, withCaddy] = [await need('nginx', 'openssl'), await need('caddy', 'openssl')];

const swap = (find: string, replace: string): FrontChange => ({
  edit: (text) => text.replace(find, () => replace),
});
const insert = (lines: string): FrontChange => swap('location / {', `${lines}\nlocation / {`);
/** As if the front believed a header of the client. */
const believe = (find: RegExp, own: string, header: string): FrontChange => ({
  edit: (text) =>
    text
      .replace(find, '$1 $gatehouse_claimed;')
      .replace(
        'satisfy all;',
        () =>
          `set $gatehouse_claimed ${own === 'key' ? `"${keyIn(text)}"` : own};\nif (${header}) { set $gatehouse_claimed ${header}; }\nsatisfy all;`,
      ),
});
const keyIn = (text: string) => /X-Guard-Key "([\w-]+)";/.exec(text)?.[1] ?? '';

/** What is changed, and every check that must then find something. */
const broken: readonly (readonly [
  how: string,
  ids: readonly string[],
  change: FrontChange | undefined,
  places?: Partial<AppPlaces>,
])[] = [
  [
    'nothing is asked',
    [
      ...['app.closed', 'app.desk-paths', 'app.forged-identity-refused', 'app.forged-uri', 'app.no-redirect'],
      'app.sign-in',
    ],
    swap('auth_request /.gatehouse/:check;\n', 'auth_request off;\n'),
  ],
  [
    'the query is cut, as $request_uri in a query is',
    ['app.sign-in'],
    swap('return 302 $gatehouse_redirect;', 'return 302 https://desk.test/open?app=wiki&to=$request_uri;'),
  ],
  [
    'pages are led to itself',
    ['app.closed', 'app.desk-paths', 'app.forged-identity-refused', 'app.forged-uri', 'app.sign-in'],
    swap('return 302 $gatehouse_redirect;', 'return 302 /oauth2/sign_in;'),
  ],
  [
    'scripts are led to the desk',
    ['app.no-redirect'],
    swap('return 401 "Sign in first.\\n";', 'return 302 https://desk.test/open?app=wiki&to=/;'),
  ],
  [
    'a client says for which path it asks',
    ['app.forged-uri', 'app.forwarded'],
    believe(/(X-Forwarded-Uri) \$request_uri;/g, '$request_uri', '$http_x_forwarded_uri'),
  ],
  [
    'a client says for which host it asks',
    ['app.forwarded'],
    believe(/(X-Forwarded-Host) \$gatehouse_host;/g, '$gatehouse_host', '$http_x_forwarded_host'),
  ],
  [
    'a client chooses its address',
    ['app.forged-address', 'app.forwarded'],
    believe(/(X-Forwarded-For) \$remote_addr;/g, '$remote_addr', '$http_x_forwarded_for'),
  ],
  [
    'a client brings a key',
    ['app.forged-key'],
    believe(/(X-Guard-Key) "[\w-]+";/g, 'key', '$http_x_guard_key'),
  ],
  [
    'an unknown key',
    ['app.key'],
    { edit: (text) => text.replaceAll(/X-Guard-Key "[\w-]+"/g, 'X-Guard-Key "x"') },
  ],
  ['an identity passes', ['app.forged-identity'], swap('proxy_set_header X-Remote-User "";\n', '')],
  [
    'the client’s own X-Real-IP passes',
    ['app.forged-address'],
    swap('proxy_set_header X-Real-IP $remote_addr;\n', ''),
  ],
  ['cookies pass', ['app.cookies'], swap('Cookie $gatehouse_cookie;', 'Cookie $http_cookie;')],
  [
    'what begins like a public path is open',
    ['app.public-only'],
    {
      edit: (text) =>
        text
          .replace('if ($gatehouse_odd_path) {\n  return 400;\n}\n', '')
          .replace(
            'location / {',
            'location /public/ { auth_request off; proxy_pass http://gatehouse_app_wiki; }\nlocation / {',
          ),
    },
  ],
  [
    'the desk answers at the app’s address',
    ['app.desk-paths'],
    insert(
      `location = /dashboard { auth_request off; add_header Content-Security-Policy "script-src 'nonce-x'"; return 200 "desk"; }`,
    ),
  ],
  [
    'the cookie of a sign-in is dropped',
    ['app.start-cookie'],
    swap('add_header Set-Cookie $gatehouse_nonce always;\n', ''),
  ],
  [
    'refusals may be cached',
    ['app.no-store'],
    { edit: (text) => text.replaceAll('add_header Cache-Control no-store always;', '') },
  ],
  [
    'the reason is shown',
    ['app.reason-hidden'],
    swap('return 401 "Sign', 'add_header X-Guard-Reason ended always;\n  return 401 "Sign'),
  ],
  [
    'the app gets its key',
    ['app.key-hidden'],
    {
      edit: (text) =>
        text.replace('proxy_set_header X-Guard-Key "";', `proxy_set_header X-Guard-Key "${keyIn(text)}";`),
    },
  ],
  ['the app answers without it', ['app.direct'], undefined, { ownAddresses: () => ['127.0.0.1'] }],
];

suite('an app behind nginx', withNginx, () => {
  let world: DoctorWorld;
  before(async () => {
    world = await startDoctorWorld('nginx');
  });
  after(() => world?.close());

  test('sound: nothing is found, and everything was tried', async () => {
    const report = reportOf(await world.look());
    assert.deepEqual(report.findings, []);
    assert.deepEqual([report.unread, report.notChecked], [[], []]);
    assert.equal(report.passed.length, table.length);
  });

  for (const [how, ids, change, places] of broken) {
    test(`broken: ${how}`, async () => {
      assert.deepEqual(idsOf(await world.look(change, places)), ids);
    });
  }

  test('each spelling that passes is named', async () => {
    const { echo } = await world.look({
      file: 'common',
      edit: (text) => text.replace('in_headers off;', 'in_headers on;'),
    });
    for (const name of ['X_WEBAUTH_USER', 'X-WEBAUTH_USER', 'x_webauth_user', 'Remote_Groups'])
      assert.ok(echo.identities.includes(name), `${name}: ${echo.identities.join()}`);
    assert.ok(!echo.identities.includes('X-WEBAUTH-USER'));
  });

  test('nobody else can ask the guard what arrives', async () => {
    const { port } = world.guarded;
    const headers = ['Host: wiki.test', 'X-Guard-Key: x'];
    for (const query of ['', '?q=', `?q=${Date.now()}.${'n'.repeat(22)}.${'m'.repeat(43)}`]) {
      const requestLine = `GET /.gatehouse/probe${query} HTTP/1.1`;
      assert.equal((await sendRaw({ port, requestLine, headers })).status, 404);
    }
  });

  test('broken: two apps share a key', async () => {
    let shared = '';
    await world.look({
      edit: (text) => {
        shared = keyIn(text);
        return `${text}\n`;
      },
    });
    const change: FrontChange = {
      file: 'files',
      edit: (text) => text.replaceAll(/X-Guard-Key "[\w-]+"/g, `X-Guard-Key "${shared}"`),
    };
    assert.deepEqual(idsOf(await world.look(change)), ['app.key-elsewhere']);
  });

  test('broken: the guard itself is where the desk should be', async () => {
    const places = { desk: `http://127.0.0.1:${world.guarded.port}` };
    assert.deepEqual(idsOf(await world.look(undefined, places)), ['app.guard-hidden']);
  });

  test('broken: the server has other rules in force than the apps file', async () => {
    const { apps } = world.guarded;
    const [wiki] = apps.apps.values();
    if (!wiki) throw new Error('there is no app');
    world.guarded.apps = { ...apps, apps: new Map([...apps.apps, ['wiki', { ...wiki, who: [] }]]) };
    try {
      assert.deepEqual(idsOf(await world.look()), ['app.same-rules']);
    } finally {
      world.guarded.apps = apps;
    }
  });

  test('broken: plain http is answered, and the certificate is nobody’s', async () => {
    const places = { plain: `http://127.0.0.1:${world.appPort}`, ca: undefined };
    assert.deepEqual(idsOf(await world.look(undefined, places)), ['app.certificate', 'app.plain-http']);
    const refused = await world.look(undefined, { plain: 'http://127.0.0.9:9' });
    assert.deepEqual(refused.plain, { found: 'refused' });
  });

  test('an app that shows nothing: what reaches it is not seen, and never passed', async () => {
    const silent = insert('location /public/ { return 204; }\nlocation = /health { return 204; }');
    const { findings, notChecked, passed } = reportOf(await world.look(silent));
    assert.deepEqual(findings, []);
    assert.deepEqual(
      notChecked.map(({ id }) => id),
      ['app.forged-identity', 'app.forged-address', 'app.cookies', 'app.key-hidden'],
    );
    for (const { reason } of notChecked) assert.match(reason, /^not seen: /);
    assert.equal(passed.length + notChecked.length, table.length);
  });

  test('a guard that does not answer, or a front that is not there: nothing passes that was not tried', async () => {
    const deaf = { edit: (text: string) => text.replaceAll('http://gatehouse_guard', 'http://127.0.0.9:9') };
    const { passed, unread } = reportOf(await world.look(deaf));
    for (const id of ['app.closed', 'app.sign-in', 'app.key', 'app.forged-key', 'app.forwarded'])
      assert.ok(!passed.includes(id) && unread.some((one) => one.id === id), id);
    const gone = reportOf(await world.look(undefined, { front: '127.0.0.9:9' }));
    assert.deepEqual(
      [gone.findings.map(({ id }) => id), gone.passed, gone.unread],
      [['app.reachable'], [], []],
    );
  });

  test('the app is asked nothing without a sign-in, and the report has no key in it', async () => {
    const view = await world.look();
    const text = JSON.stringify([view, reportOf(view)]);
    for (const secret of world.guarded.desk.config.secretKeys) assert.ok(!text.includes(secret));
    let own = '';
    await world.look({
      edit: (conf) => {
        own = keyIn(conf);
        return `${conf}\n`;
      },
    });
    assert.ok(own.length === 43 && !text.includes(own));
  });
});

suite('an app behind Caddy', withCaddy, () => {
  let world: DoctorWorld;
  before(async () => {
    world = await startDoctorWorld('caddy');
  });
  after(() => world?.close());

  test('sound: nothing is found, and everything was tried', async () => {
    const report = reportOf(await world.look());
    assert.deepEqual(report.findings, []);
    assert.deepEqual([report.unread, report.notChecked], [[], []]);
  });

  test('broken: the query of the request stays, an identity and a cookie pass', async () => {
    const change: FrontChange = {
      edit: (text) =>
        text
          .replace('    request_header -X-Remote-User\n', '')
          .replace(
            /header_up X-Forwarded-Uri \{http\.request\.orig_uri\}/g,
            'header_up X-Forwarded-Uri {http.request.orig_uri.path}',
          )
          .replace('route @gatehouse_cookies {', 'route @gatehouse_never {\n')
          .replace(
            '@gatehouse_cookies header_regexp',
            '@gatehouse_never header X-Never *\n    @gatehouse_cookies header_regexp',
          ),
    };
    assert.deepEqual(idsOf(await world.look(change)), [
      'app.cookies',
      'app.forged-identity',
      'app.forwarded',
      'app.sign-in',
    ]);
  });
});
