// What every front must do with the files of `gatehouse guard config`, each rule also with an attack on it.
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { connect } from 'node:http2';
import { after, before, beforeEach, suite, test } from 'node:test';
import { withoutSecretCookies } from '../../src/guard/front/cookies.ts';
import { eventually } from './eventually.ts';
import { type FrontKind, type FrontWorld, sendBytes, startFront } from './guard-front.ts';
import type { GuardAnswer } from './guard-stub.ts';
import { appHeaders, appHost, appKey, cookieNames } from './guarded-wiki.ts';
import { sendRaw } from './raw.ts';

/** On Linux every address of 127.0.0.0/8 is this machine, so the client can have a different one than the front. */
const client = '127.0.0.7';

const wsLines = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
];

/** Every way of writing a header that an app may take for this one. */
export function spellings(name: string): string[] {
  const parts = name.split('-');
  return Array.from({ length: 2 ** (parts.length - 1) }, (_, bits) =>
    parts.map((part, i) => (i === 0 ? part : `${bits & (2 ** (i - 1)) ? '_' : '-'}${part}`)).join(''),
  ).flatMap((spelt) => [spelt, spelt.toLowerCase(), spelt.toUpperCase()]);
}

/** Headers that say who somebody is. */
export const identityNames = [
  ...['Remote-User', 'Remote-Email', 'Remote-Groups', 'Remote-Name'],
  ...['X-Auth-User', 'X-Auth-Email', 'X-Auth-Groups', 'X-Auth-Request-User', 'X-Auth-Request-Email'],
  ...['X-Forwarded-User', 'X-Forwarded-Email', 'X-Forwarded-Groups', 'X-Forwarded-Access-Token'],
  ...['X-Forwarded-Preferred-Username', 'X-WEBAUTH-USER', 'X-WEBAUTH-EMAIL', 'X-WEBAUTH-ROLE'],
  ...['X-Guard-Key', 'X-Guard-Assertion', 'X-Guard-Front', 'X-Wiki-Assertion'],
];

/** A name as an app behind CGI or WSGI sees it. */
export const seenAs = (name: string) => name.toLowerCase().replaceAll(/[_.]/g, '-');

export function frontRules(kind: FrontKind, options: { readonly skip?: string }): void {
  const isTraefik = kind.name === 'traefik';
  /** What Traefik cannot do, as src/guard/front/traefik.ts says. */
  const unlessTraefik = (name: string, work: () => Promise<void>): void => {
    if (!isTraefik) void test(name, work);
  };
  suite(`the guard's front: ${kind.name}`, options, () => {
    let world: FrontWorld;
    before(async () => {
      world = await startFront(kind);
    });
    after(() => world?.close());
    beforeEach(() => world.reset());

    const asked = () => world.guards.flatMap(({ arrivals }) => arrivals);
    const answer = (given: GuardAnswer) => {
      for (const guard of world.guards) guard.answer(() => given);
    };
    const only = <T>(list: readonly T[]): T => {
      assert.equal(list.length, 1, `${list.length} requests`);
      return list[0] as T;
    };

    test('it asks about each request with the key, the raw target and the client’s own address', async () => {
      // Traefik asks about the target as it passes it on to the app: cleaned.
      const path = isTraefik ? '/a%2Fb/c?x=1&y=%2e' : '/a%2Fb//c?x=1&y=%2e;z';
      const lines = [
        ...[
          'Cookie',
          'a=1; __Host-gatehouse_guard=row.secret',
          'User-Agent',
          'Probe/1',
          'Accept',
          'text/html',
        ],
        ...['Sec-Fetch-Mode', 'navigate', 'Sec-Fetch-Dest', 'document', 'Sec-Fetch-Site', 'none'],
        ...['Sec-Fetch-User', '?1', 'X-Forwarded-For', '198.51.100.66', 'X-Forwarded-Host', 'evil.test'],
        ...['X-Forwarded-Proto', 'gopher', 'X-Forwarded-Uri', '/public', 'X-Forwarded-Method', 'HEAD'],
        ...[
          'X-Guard-Front',
          'forged',
          'X-Guard-Key',
          'forged',
          'x-guard-key',
          'again',
          'X_Guard_Key',
          'underscored',
          'X-Real-IP',
          '1.2.3.4',
        ],
      ];
      const status = await new Promise((resolve, reject) => {
        const headers = ['Host', appHost, 'Content-Length', '4', ...lines];
        const sent = request({
          host: '127.0.0.1',
          port: world.port,
          path,
          method: 'POST',
          headers,
          localAddress: process.platform === 'linux' ? client : '127.0.0.1',
          agent: false,
        });
        sent.on('response', (response) => resolve(response.resume().statusCode)).on('error', reject);
        sent.end('body');
      });
      assert.equal(status, 200);
      const check = only(asked());
      assert.equal(`${check.method} ${check.path}`, 'GET /check');
      assert.equal(check.bytes, 0);
      assert.deepEqual(check.all('x-guard-key'), [appKey]);
      assert.deepEqual(check.all('x-forwarded-method'), ['POST']);
      assert.deepEqual(check.all('x-forwarded-uri'), [path]);
      assert.deepEqual(check.all('x-forwarded-host'), [appHost]);
      assert.deepEqual(check.all('x-forwarded-proto'), ['http']);
      assert.deepEqual(check.all('x-forwarded-for'), [process.platform === 'linux' ? client : '127.0.0.1']);
      assert.deepEqual(check.all('cookie'), ['a=1; __Host-gatehouse_guard=row.secret']);
      assert.deepEqual(check.all('user-agent'), ['Probe/1']);
      assert.deepEqual(check.all('accept'), ['text/html']);
      for (const [name, value] of [
        ['mode', 'navigate'],
        ['dest', 'document'],
        ['site', 'none'],
        ['user', '?1'],
      ] as const)
        assert.deepEqual(check.all(`sec-fetch-${name}`), [value]);
      assert.deepEqual(check.all('x-guard-front'), isTraefik ? ['traefik'] : []);
      const names = check.headers.map(([name]) => name);
      assert.deepEqual(
        names.filter((name) => seenAs(name) === 'x-guard-key'),
        ['x-guard-key'],
      );
      const arrived = only(world.app.arrivals);
      assert.equal(`${arrived.method} ${arrived.path} ${arrived.bytes}`, `POST ${path} 4`);
      assert.deepEqual(arrived.all('x-forwarded-for').at(-1), check.header('x-forwarded-for'));
      assert.deepEqual(arrived.all('x-real-ip'), [check.header('x-forwarded-for')]);
      assert.deepEqual(arrived.all('x-forwarded-uri'), []);
    });

    test('the app is told who it is under its own names, whatever a client claims', async () => {
      const forged = identityNames.flatMap(spellings).map((name) => `${name}: mallory`);
      const doubled = ['X-WEBAUTH-USER: mallory, ada', 'X-WEBAUTH-USER: mallory', 'X.WEBAUTH.USER: mallory'];
      await world.ask('/', [...forged.slice(0, 60), ...doubled]);
      await world.ask('/', [...forged.slice(60), ...doubled]);
      for (const arrived of world.app.arrivals) {
        const seen = arrived.headers.filter(([name]) =>
          /^(remote|x-auth|x-webauth|x-guard|x-wiki|x-forwarded-(user|email|groups|pref|acc))/.test(
            seenAs(name),
          ),
        );
        assert.deepEqual(seen.sort(), [
          ['remote-email', 'ada@example.org'],
          ['x-forwarded-groups', 'staff'],
          ['x-webauth-user', 'ada'],
          ['x-wiki-assertion', 'a.signed.assertion'],
        ]);
      }
      assert.equal(world.app.arrivals.length, 2);
    });

    test('what the guard does not say is not there, and Authorization passes', async () => {
      answer({ status: 204 });
      const names = Object.values(appHeaders).slice(0, 4);
      await world.ask('/', [...names.map((name) => `${name}: mallory`), 'Authorization: Basic YTpi']);
      const arrived = only(world.app.arrivals);
      for (const name of [...names, 'x-auth-user']) assert.deepEqual(arrived.all(name), [], name);
      assert.deepEqual(arrived.all('authorization'), ['Basic YTpi']);
    });

    test('a Connection header of the client removes no header that the front sets', async () => {
      const named = [...Object.values(appHeaders).slice(0, 4), 'X-Guard-Key', 'X-Forwarded-For', 'Cookie'];
      await world.ask('/', ['Cookie: a=1', `Connection: close, ${named.join(', ')}`]);
      const check = only(asked());
      assert.deepEqual(check.all('x-guard-key'), [appKey]);
      const arrived = only(world.app.arrivals);
      for (const name of Object.values(appHeaders).slice(0, 4))
        assert.equal(arrived.all(name).length, 1, name);
      assert.equal(arrived.all('x-forwarded-for').length, 1);
    });

    for (const status of [401, 403]) {
      test(`${status} with a redirect goes there, with the cookie of that answer`, async () => {
        const to = 'https://desk.test/open?app=wiki&to=/y?a=1&b=2';
        answer({
          status,
          headers: {
            'X-Guard-Redirect': to,
            'X-Guard-Reason': 'no-session',
            'Set-Cookie': '__Host-gatehouse_start=n; Path=/; Secure; HttpOnly',
          },
        });
        const got = await world.ask('/y?a=1&b=2', ['X-Guard-Redirect: https://evil.test/']);
        assert.equal(got.status, 302);
        assert.deepEqual(got.all('location'), [to]);
        assert.deepEqual(got.all('set-cookie'), ['__Host-gatehouse_start=n; Path=/; Secure; HttpOnly']);
        assert.deepEqual(got.all('cache-control'), ['no-store']);
        assert.deepEqual(got.all('x-guard-reason'), []);
        assert.deepEqual(world.app.arrivals, []);
      });

      test(`${status} without a redirect stays that, and says where to sign in`, async () => {
        answer({
          status,
          headers: { 'X-Guard-Location': 'https://desk.test/open?app=wiki', 'X-Guard-Reason': 'ended' },
        });
        const got = await world.ask('/api', [], 'POST');
        assert.equal(got.status, status);
        assert.deepEqual(got.all('location'), []);
        assert.deepEqual(got.all('x-guard-location'), ['https://desk.test/open?app=wiki']);
        assert.deepEqual(got.all('cache-control'), ['no-store']);
        assert.deepEqual(got.all('x-guard-reason'), []);
        assert.deepEqual(world.app.arrivals, []);
        answer({ status });
        assert.deepEqual((await world.ask('/api')).all('x-guard-location'), []);
      });
    }

    test('what the app itself refuses stays as the app says it', async () => {
      const got = await world.ask('/401');
      assert.equal(`${got.status} ${got.body}`, '401 the app says no');
      assert.deepEqual(got.all('cache-control'), []);
    });

    test('a guard that answers 503 or something unforeseen admits nobody', async () => {
      for (const status of [503, 500, 404, 302]) {
        answer({ status, headers: { 'X-Guard-Reason': 'store', Location: 'https://evil.test/' } });
        const got = await world.ask('/');
        assert.equal(got.status, 503);
        assert.deepEqual(got.all('retry-after'), ['5']);
        assert.deepEqual(got.all('cache-control'), ['no-store']);
        assert.deepEqual(got.all('x-guard-reason'), []);
        assert.match(got.header('content-type') ?? '', /^text\/plain/);
        assert.deepEqual(got.all('location'), []);
      }
      assert.deepEqual(world.app.arrivals, []);
    });

    test('the app never sees our cookies, and the others arrive unchanged and in order', async () => {
      for (const sent of cookieHeaders()) {
        world.app.arrivals.length = 0;
        const got = await world.ask('/', [`Cookie: ${sent}`]);
        assert.equal(got.status, 200);
        const arrived = only(world.app.arrivals).all('cookie');
        const kept = withoutSecretCookies(sent, cookieNames);
        assert.deepEqual(arrived, kept === undefined ? [] : [kept], sent);
      }
      world.app.arrivals.length = 0;
      await world.ask('/', ['Cookie: a=1; __Host-gatehouse_guard=x', 'Cookie: __Host-session=y; b=2']);
      const both = only(world.app.arrivals).all('cookie').join('; ');
      assert.equal(both, 'a=1; b=2');
    });

    test('a hundred of our cookies between others: none of them arrives', async () => {
      const pair = (i: number) => `a${i}=${i}; __Host-gatehouse_guard=secret${i}`;
      const sent = Array.from({ length: 100 }, (_, i) => pair(i)).join('; ');
      await world.ask('/', [`Cookie: ${sent}`]);
      const arrived = only(world.app.arrivals).all('cookie').join();
      assert.doesNotMatch(arrived, /secret/);
      for (const [count, size] of [
        [300, 20],
        [1200, 6],
        [2, 7000],
      ] as const) {
        const many = Array.from({ length: count }, (_, i) => `a${i}=${'x'.repeat(size)}`).join('; ');
        await world.ask('/', [`Cookie: ${many}; __Host-gatehouse_guard=secret`]);
        assert.equal(world.app.arrivals.at(-1)?.all('cookie').join(), many);
      }
    });

    test('/.gatehouse/ is the guard’s, with its cookies and redirects, and never the app’s', async () => {
      const setCookies = [
        '__Host-gatehouse_guard=a.b; Path=/; Secure; HttpOnly',
        '__Host-gatehouse_start=; Max-Age=0',
      ];
      answer({
        status: 303,
        headers: { Location: '/y?a=1&b=2', 'Set-Cookie': setCookies, 'X-Guard-Reason': 'moved' },
      });
      const path = '/.gatehouse/enter?code=abc&to=/y?a=1&b=2';
      const got = await world.ask(path, [
        ...['Cookie: __Host-gatehouse_start=n; __Host-gatehouse_guard=old', 'X-Guard-Key: forged'],
        ...['X_Guard_Key: forged', 'X-Forwarded-Host: evil.test', 'X-Forwarded-For: 198.51.100.66'],
      ]);
      assert.equal(got.status, 303);
      assert.equal(new URL(got.header('location') ?? '', `http://${appHost}`).pathname, '/y');
      assert.deepEqual(got.all('set-cookie'), setCookies);
      assert.deepEqual(got.all('x-guard-reason'), []);
      const arrived = only(asked());
      assert.equal(arrived.path, path);
      assert.deepEqual(arrived.all('x-guard-key'), [appKey]);
      assert.deepEqual(arrived.all('x-forwarded-host'), [appHost]);
      assert.deepEqual(arrived.all('x-forwarded-for'), ['127.0.0.1']);
      assert.deepEqual(arrived.all('cookie'), ['__Host-gatehouse_start=n; __Host-gatehouse_guard=old']);
      if (!isTraefik) assert.ok(!arrived.headers.some(([name]) => name.includes('_')));
      const form = ['Origin: http://wiki.test', 'Content-Type: application/x-www-form-urlencoded'];
      await sendRaw({
        port: world.port,
        requestLine: 'POST /.gatehouse/sign-out HTTP/1.1',
        headers: [`Host: ${appHost}`, ...form],
        body: 'everywhere=1',
      });
      const signOut = asked().find(({ path }) => path.endsWith('sign-out'));
      assert.equal(
        `${signOut?.header('content-type')} ${signOut?.bytes}`,
        'application/x-www-form-urlencoded 12',
      );
      assert.equal(`${signOut?.method} ${signOut?.path}`, 'POST /.gatehouse/sign-out');
      assert.equal(signOut?.header('origin'), 'http://wiki.test');
      assert.deepEqual(world.app.arrivals, []);
    });

    test('no spelling of /.gatehouse/ reaches the app, and none of a path makes the guard see another', async () => {
      for (const path of [
        ...['/.gatehouse', '/.gatehouse/', '/.gatehouse/x', '/.gatehouse/:check', '/.gatehouse/check'],
        ...['/%2egatehouse/x', '/.gateh%6fuse/x', '//.gatehouse/x', '/a/../.gatehouse/x'],
        ...(isTraefik ? [] : ['/.gatehouse%2fx']),
      ])
        await world.ask(path).catch(() => undefined);
      assert.deepEqual(
        world.app.arrivals.map(({ path }) => path),
        [],
      );
      assert.ok(!asked().some(({ path }) => path === '/check'));
      for (const path of [
        ...[
          '/.gatehouse/../x',
          '/public/../admin',
          '/public/%2e%2e/admin',
          '/public/..%2fadmin',
          '/a/./b',
          '/..',
        ],
        ...[
          '/public/..;/admin',
          '/public/.%2E/admin',
          '/public%2f..%2fadmin',
          '/public/..%5cadmin',
          '/public/..?x',
        ],
        ...['/public/{/../../admin?}', '/public/{env.HOME/../../admin?}'],
      ])
        if (isTraefik) await world.ask(path).catch(() => undefined);
        else assert.equal((await world.ask(path)).status, 400, path);
      const checked = asked()
        .filter(({ path }) => path === '/check')
        .map((check) => check.header('x-forwarded-uri'));
      assert.deepEqual(isTraefik ? [] : checked, []);
      for (const { path } of world.app.arrivals) assert.ok(isTraefik && checked.includes(path), path);
      for (const path of ['/a...b', '/.well-known/x', '/a/..b/.c', '/x?y=/../z', '/compare/v1..v2'])
        assert.equal((await world.ask(path)).status, 200, path);
    });

    test('two requests in one are refused or stay one', async () => {
      const inner = `GET /smuggled HTTP/1.1\r\nHost: ${appHost}\r\nX-WEBAUTH-USER: mallory\r\n\r\n`;
      const head = (...lines: string[]) =>
        [`POST /outer HTTP/1.1`, `Host: ${appHost}`, 'Connection: close', ...lines].join('\r\n');
      const bodies = [
        `${head(`Content-Length: ${5 + inner.length}`, 'Transfer-Encoding: chunked')}\r\n\r\n0\r\n\r\n${inner}`,
        `${head('Content-Length: 4', 'Transfer-Encoding: chunked')}\r\n\r\n${inner.length.toString(16)}\r\n${inner}\r\n0\r\n\r\n`,
        `${head('Transfer-Encoding: xchunked', `Content-Length: ${inner.length}`)}\r\n\r\n${inner}`,
        `${head('Transfer-Encoding : chunked', `Content-Length: ${inner.length}`)}\r\n\r\n${inner}`,
        `${head('Content-Length: 0', `Content-Length: ${inner.length}`)}\r\n\r\n${inner}`,
      ];
      for (const bytes of bodies) await sendBytes(world.port, bytes).catch(() => '');
      const paths = world.app.arrivals.map(({ path }) => path);
      assert.ok(!paths.includes('/smuggled'), paths.join());
      assert.ok(!asked().some((check) => check.header('x-forwarded-uri') === '/smuggled'));
      assert.ok(!asked().some(({ bytes }) => bytes > 0));
    });

    test('3 MB arrive whole, with a length and in chunks, and the guard is asked without them', async () => {
      for (const chunked of [false, true]) {
        const status = await new Promise((resolve, reject) => {
          const sent = request({
            host: '127.0.0.1',
            port: world.port,
            path: '/upload',
            method: 'POST',
            headers: { host: appHost, ...(!chunked && { 'content-length': 3_000_000 }) },
            agent: false,
          });
          sent.on('response', (response) => resolve(response.resume().statusCode)).on('error', reject);
          for (let i = 0; i < 30; i++) sent.write(Buffer.alloc(100_000, 97));
          sent.end();
        });
        assert.equal(status, 200);
        assert.equal(world.app.arrivals.at(-1)?.bytes, 3_000_000);
        assert.equal(asked().at(-1)?.bytes, 0);
      }
    });

    test('an upload reaches the app while it is still being sent', async () => {
      const sent = request({
        host: '127.0.0.1',
        port: world.port,
        path: '/upload',
        method: 'POST',
        headers: { host: appHost, 'content-length': 2_000_000 },
        agent: false,
      });
      const done = new Promise((resolve, reject) =>
        sent.on('response', (response) => resolve(response.resume().statusCode)).on('error', reject),
      );
      sent.write(Buffer.alloc(1_000_000, 97));
      await eventually('the app to see the first half', () => world.app.receiving() > 0);
      sent.end(Buffer.alloc(1_000_000, 97));
      assert.equal(await done, 200);
    });

    test('a WebSocket is asked about, echoes, and is refused like any request', async () => {
      const hello = `GET /ws HTTP/1.1\r\nHost: ${appHost}\r\n${wsLines.join('\r\n')}\r\nX-WEBAUTH-USER: mallory\r\n\r\n`;
      const echoed = await sendBytes(world.port, hello, (got, send) => {
        if (got.endsWith('\r\n\r\n')) send('ping-pong');
        return got.includes('ping-pong');
      });
      assert.match(echoed, /^HTTP\/1\.1 101 /);
      assert.match(echoed, /ping-pong$/);
      const arrived = only(world.app.arrivals);
      assert.ok(arrived.isUpgrade);
      assert.deepEqual(arrived.all('x-webauth-user'), ['ada']);
      const check = only(asked());
      if (!isTraefik) assert.deepEqual(check.all('upgrade'), ['websocket']);
      answer({ status: 401, headers: { 'X-Guard-Location': 'https://desk.test/open?app=wiki' } });
      const refused = await sendBytes(world.port, hello, (got) => got.includes('\r\n\r\n'));
      assert.match(refused, /^HTTP\/1\.1 401 /);
      assert.equal(world.app.arrivals.length, 1);
    });

    test('nothing but a WebSocket is upgraded', async () => {
      for (const lines of [
        ['Upgrade: h2c'],
        ['Upgrade: h2c', 'Upgrade: websocket'],
        ['Upgrade: websocket', 'Upgrade: h2c'],
        ['Upgrade: h2c, websocket'],
        ['Upgrade: websocket, h2c'],
      ]) {
        const more = [
          'Connection: Upgrade, HTTP2-Settings',
          'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA',
          ...lines,
        ];
        await sendBytes(
          world.port,
          `GET /h2c HTTP/1.1\r\nHost: ${appHost}\r\n${more.join('\r\n')}\r\n\r\n`,
          (text) => text.includes('\r\n\r\n'),
        );
      }
      const asked = world.app.arrivals.flatMap((arrived) => arrived.all('upgrade'));
      assert.deepEqual(
        asked.filter((name) => name !== 'websocket'),
        [],
      );
    });

    test('an event arrives before the next one is sent', async () => {
      const before = world.app.streams.length;
      let second = false;
      const got = await sendBytes(world.port, `GET /events HTTP/1.1\r\nHost: ${appHost}\r\n\r\n`, (text) => {
        if (text.includes('data: first') && !second) {
          second = true;
          world.app.streams[before]?.write('data: second\n\n');
        }
        return text.includes('data: second');
      });
      assert.match(got, /data: second/);
      world.app.streams[before]?.end();
    });

    unlessTraefik(
      'an app cannot set a cookie for other hosts, nor one that browsers take for ours',
      async () => {
        world.app.setCookies([
          'a=1; Domain=.test; Path=/; HttpOnly',
          'b=2; path=/x; domain=wiki.test',
          'c=3; Path=/; Secure; SameSite=Lax',
          '__Host-gatehouse_guard=evil.secret; Path=/; Secure',
          '__Host-_oauth2_proxy_0=evil; Path=/; Secure; HttpOnly',
        ]);
        const lines = (await world.ask('/')).all('set-cookie');
        for (const line of lines.filter((text) => /^(__Host-)/.test(text)))
          assert.doesNotMatch(line, /;\s*secure/i, line);
        for (const line of lines) assert.doesNotMatch(line, /domain=[^;\s]/i, line);
        const others = lines
          .filter((line) => /^[abc]=/.test(line))
          .map((line) => line.replace(/; *domain=/i, ''));
        assert.deepEqual(others, [
          'a=1; Path=/; HttpOnly',
          'b=2; path=/x',
          'c=3; Path=/; Secure; SameSite=Lax',
        ]);
      },
    );

    unlessTraefik('a replica that restarts loses no request', async () => {
      const [first, second] = world.guards;
      for (const guard of [first, second]) {
        await world.ask('/');
        await guard.stop();
        try {
          for (let i = 0; i < 6; i++) assert.equal((await world.ask('/')).status, 200);
          assert.equal((await world.ask('/.gatehouse/x')).status, 204);
        } finally {
          await guard.start();
        }
      }
    });

    test('without any replica: 503 soon, and nobody is admitted', async () => {
      await Promise.all(world.guards.map((guard) => guard.stop()));
      try {
        const paths = ['/', '/.gatehouse/enter?code=x'];
        const answers = await Promise.all(paths.map((path) => world.ask(path)));
        if (isTraefik)
          assert.deepEqual(
            answers.map(({ status }) => status),
            [500, 502],
          );
        for (const got of isTraefik ? [] : answers) {
          assert.equal(got.status, 503);
          assert.deepEqual(got.all('retry-after'), ['5']);
          assert.deepEqual(got.all('cache-control'), ['no-store']);
        }
      } finally {
        await Promise.all(world.guards.map((guard) => guard.start()));
      }
      assert.deepEqual(world.app.arrivals, []);
      await eventually(
        'the front to find the guard again',
        async () => (await world.ask('/')).status === 200,
      );
    });

    test('an app that does not answer is not taken for a guard that does not', async () => {
      await world.app.close();
      const got = await world.ask('/');
      assert.equal(got.status, 502);
      assert.deepEqual(got.all('retry-after'), []);
      only(asked());
    });
  });
}

/** Over https and HTTP/2, where a browser sends each cookie in a header line of its own, and there is no Host. */
export function frontOverHttps(kind: FrontKind, options: { readonly skip?: string }): void {
  suite(`the guard's front over https: ${kind.name}`, options, () => {
    let world: FrontWorld;
    before(async () => {
      world = await startFront(kind, true);
    });
    after(() => world?.close());

    test('cookies in lines of their own, the host and the protocol', async () => {
      const session = connect(`https://127.0.0.1:${world.port}`, { ca: world.ca, servername: appHost });
      const stream = session.request({
        ':path': '/y?a=1&b=2',
        ':authority': appHost,
        cookie: ['a=1', '__Host-gatehouse_guard=row.secret', 'b=2', '__Host-session=id.secret'],
        'x-webauth-user': 'mallory',
      });
      const status = await new Promise((resolve, reject) => {
        stream.on('response', (headers) => resolve(headers[':status'])).on('error', reject);
        session.on('error', reject);
      });
      session.destroy();
      assert.equal(status, 200);
      const check = world.guards.flatMap(({ arrivals }) => arrivals)[0];
      assert.deepEqual(
        ['proto', 'host', 'uri'].map((name) => check?.all(`x-forwarded-${name}`)),
        [['https'], [appHost], ['/y?a=1&b=2']],
      );
      assert.match(check?.all('cookie').join('; ') ?? '', /__Host-gatehouse_guard=row\.secret/);
      const [arrived] = world.app.arrivals;
      assert.equal(arrived?.all('cookie').join('; '), 'a=1; b=2');
      assert.deepEqual(arrived?.all('x-webauth-user'), ['ada']);
      assert.deepEqual(arrived?.all('host'), [appHost]);
    });
  });
}

/** Ours first, in the middle, last, alone, doubled, in parts, nearly ours, and at every place of random lists. */
function cookieHeaders(): string[] {
  const ours = [
    ...['__Host-gatehouse_guard=row.secret', '__Host-gatehouse_start=nonce', '__Host-_oauth2_proxy=a|1|b='],
    ...['__Host-_oauth2_proxy_0=p0', '__Host-_oauth2_proxy_12=p12', '__Host-_oauth2_proxy_csrf=c'],
    ...['__Host-_oauth2_proxy_a1-b_2c3_csrf=d', '__Host-session=id.secret', '__Host-visitor=v'],
  ];
  const others = [
    ...['a=1', 'b="q"', 'empty=', 'nameless', '__Host-gatehouse_guard2=x', 'x__Host-gatehouse_guard=y'],
    ...['__Host-_oauth2_proxy_theme=dark', 'session=app', 'long=a=b==', 'pct=%3B%20', '__host-session=lower'],
  ];
  const crafted = [
    ...ours,
    ...ours.flatMap((one) => [
      `a=1; ${one}`,
      `${one}; a=1`,
      `a=1; ${one}; b=2`,
      `${one}; ${one}`,
      `a=1;${one};b=2`,
    ]),
    ours.join('; '),
    others.join('; '),
    [...ours, ...others].join('; '),
    others.flatMap((other, i) => [other, ours[i % ours.length]]).join('; '),
    'a=1;  __Host-gatehouse_guard = spaced ; b=2',
    'a=1;\t__Host-gatehouse_guard=tab; b=2',
  ];
  let seed = 7;
  const pick = <T>(list: readonly T[]): T => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return list[seed % list.length] as T;
  };
  const random = Array.from({ length: 40 }, () =>
    Array.from({ length: 1 + (pick(Array.from({ length: 14 }, (_, i) => i)) ?? 0) }, () =>
      pick([...ours, ...others]),
    ).join('; '),
  );
  return [...crafted, ...random];
}
