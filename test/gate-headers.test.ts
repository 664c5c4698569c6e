// Which headers oauth2-proxy, with the shipped oauth2-proxy.cfg, lets through to the app: this is what the app's trust rests on.
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import type { Answer, Client } from './support/client.ts';
import type { Arrival } from './support/echo.ts';
import { type GateOnly, startGateOnly } from './support/gate-only.ts';
import { sendRaw } from './support/raw.ts';
import { need } from './support/requirement.ts';

const ada = { sub: '108204268033311374519', email: 'ada@example.org' };
const publicRoutes = [
  'GET /',
  'POST /',
  'GET /signed-out',
  'GET /privacy-notice',
  'GET /health',
  'GET /assets/site.css',
];

for (const store of ['cookie', 'redis'] as const) {
  suite(
    `gate headers, sessions in ${store}`,
    await need('oauth2-proxy', ...(store === 'redis' ? ['redis-server' as const] : [])),
    () => {
      let world: GateOnly;
      let device: Client;
      let signedIn: Answer;
      before(async () => {
        world = await startGateOnly({ store });
        device = world.client();
        signedIn = await device.signIn(ada.email);
      });
      after(() => world.close());

      /** What reaches the app from one raw request, with or without Ada's session. */
      async function arrival(
        request: string,
        headers: readonly string[],
        withSession: boolean,
      ): Promise<Arrival | undefined> {
        const cookie = [...device.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
        const lines = [...headers, ...(withSession ? [`Cookie: ${cookie}`] : [])];
        const arrived = await world.arrivalsOf(() =>
          sendRaw({ port: world.gate.port, requestLine: `${request} HTTP/1.1`, headers: lines }),
        );
        assert.ok(arrived.length <= 1);
        return arrived[0];
      }

      function assertIsAda(arrived: Arrival | undefined): void {
        assert.ok(arrived, 'it arrives');
        const proof = Buffer.from(`${ada.sub}:${world.gateSecret}`).toString('base64');
        assert.deepEqual(arrived.all('authorization'), [`Basic ${proof}`]);
        assert.deepEqual(arrived.all('x-forwarded-user'), [ada.sub]);
        assert.deepEqual(arrived.all('x-forwarded-email'), [ada.email]);
      }

      test('a signed-in request carries subject, address and a proof that names the same subject', async () => {
        assert.equal(signedIn.status, 200);
        assertIsAda(await arrival('GET /dashboard', [], true));
        assertIsAda(await arrival('POST /devices', ['Content-Length: 0'], true));
      });

      test('nothing else of the session arrives: no token, no groups, no user name', async () => {
        const arrived = await arrival('GET /dashboard', [], true);
        const names = arrived?.headers.map(([name]) => name).sort();
        const expected = [
          'accept-encoding',
          'authorization',
          'cookie',
          'host',
          'x-forwarded-email',
          'x-forwarded-for',
          'x-forwarded-user',
        ];
        assert.deepEqual(names, expected);
        assert.doesNotMatch(JSON.stringify(arrived?.headers), /ya29\.|Bearer|eyJ/);
      });

      test('its own cookie is passed on to the app', async () => {
        const arrived = await arrival('GET /dashboard', [], true);
        assert.match(arrived?.header('cookie') ?? '', /_oauth2_proxy=/);
      });

      test('an anonymous visitor arrives on public routes without identity and without proof', async () => {
        for (const route of publicRoutes) {
          const arrived = await arrival(route, route.startsWith('POST') ? ['Content-Length: 0'] : [], false);
          assert.ok(arrived, route);
          for (const name of ['authorization', 'x-forwarded-user', 'x-forwarded-email']) {
            assert.deepEqual(arrived.all(name), [], `${name} on ${route}`);
          }
        }
      });

      test('a signed-in visitor arrives on public routes with identity', async () => {
        assertIsAda(await arrival('GET /', [], true));
      });

      // Node.js folds case, and CGI-like servers fold underscores: every spelling counts.
      const proof = `Basic ${Buffer.from('1:guess').toString('base64')}`;
      const forged = [
        ['X-Forwarded-User: 1'],
        ['X-Forwarded-Email: ada@example.org'],
        [`Authorization: ${proof}`],
        ['X-Forwarded-User: 1', 'X-Forwarded-Email: evil@example.net', `Authorization: ${proof}`],
        ['x-forwarded-user: 1', 'X-FORWARDED-USER: 2'],
        ['X_Forwarded_User: 1', 'X_Forwarded_Email: evil@example.net'],
        ['X-Forwarded_User: 1', 'X_FORWARDED-EMAIL: evil@example.net'],
        ['X-Forwarded-Groups: admins', 'X-Forwarded-Preferred-Username: root'],
      ];
      const identity = /^(authorization|x-forwarded-(user|email|groups|preferred-username))$/;
      for (const headers of forged) {
        test(`forged headers are removed: ${headers.join(' | ').replace(proof, 'Basic …')}`, async () => {
          for (const route of ['GET /', 'GET /health']) {
            const arrived = await arrival(route, headers, false);
            assert.ok(arrived);
            const left = arrived.headers.filter(([name]) => identity.test(name.replaceAll('_', '-')));
            assert.deepEqual(left, [], `anonymous on ${route}`);
            assertIsAda(await arrival(route, headers, true));
          }
          const arrived = await arrival('GET /dashboard', headers, true);
          assertIsAda(arrived);
          const own = arrived?.headers.filter(([name]) => identity.test(name.replaceAll('_', '-')));
          assert.equal(own?.length, 3, 'the three that the gate itself wrote and no other');
          assert.equal(
            await arrival('GET /dashboard', headers, false),
            undefined,
            'forged headers alone open nothing',
          );
        });
      }

      test('other client headers arrive unchanged: the app must not read them', async () => {
        const names = [
          'X-Auth-Request-User',
          'X-Auth-Request-Email',
          'X-Forwarded-Access-Token',
          'X-Forwarded-Host',
          'X-Forwarded-Proto',
          'X-Forwarded-Uri',
          'X-Real-Ip',
          'Forwarded',
          'GAP-Auth',
          'X-Request-Id',
        ];
        for (const withSession of [true, false]) {
          const arrived = await arrival(
            'GET /',
            names.map((name) => `${name}: forged`),
            withSession,
          );
          assert.deepEqual(
            names.filter((name) => arrived?.header(name) !== 'forged'),
            [],
          );
        }
      });

      test('duplicate headers arrive joined by a comma', async () => {
        const arrived = await arrival('GET /', ['X-Request-Id: a', 'X-Request-Id: b'], false);
        assert.deepEqual(arrived?.all('x-request-id'), ['a,b']);
      });

      test("X-Forwarded-For is appended to: only its last entry is the gate's own", async () => {
        for (const [headers, expected] of [
          [[], '127.0.0.1'],
          [['X-Forwarded-For: 198.51.100.7'], '198.51.100.7, 127.0.0.1'],
          [
            ['X-Forwarded-For: 198.51.100.7', 'X-Forwarded-For: 203.0.113.9'],
            '198.51.100.7,203.0.113.9, 127.0.0.1',
          ],
        ] as const) {
          const arrived = await arrival('GET /', headers, false);
          assert.deepEqual(arrived?.all('x-forwarded-for'), [expected]);
        }
      });

      test('a client can remove headers by naming them in Connection: an incomplete identity must count as none', async () => {
        const arrived = await arrival(
          'GET /dashboard',
          ['Connection: x-forwarded-email, authorization'],
          true,
        );
        assert.deepEqual(arrived?.all('x-forwarded-user'), [ada.sub]);
        assert.deepEqual(arrived?.all('x-forwarded-email'), []);
        assert.deepEqual(arrived?.all('authorization'), []);
      });

      test('Host is what the browser sent', async () => {
        const arrived = await arrival('GET /', ['Host: desk.example.org'], false);
        assert.deepEqual(arrived?.all('host'), ['desk.example.org']);
      });
    },
  );
}

suite('gate headers, negative control', await need('oauth2-proxy'), () => {
  test('with prefer_email_to_user a forged X-Forwarded-Email arrives: why it stays off', async () => {
    const world = await startGateOnly({ env: { OAUTH2_PROXY_PREFER_EMAIL_TO_USER: 'true' } });
    try {
      const device = world.client();
      await device.signIn('grace@example.org');
      const headers = { 'X-Forwarded-Email': 'ada@example.org' };
      const [arrived] = await world.arrivalsOf(() => device.ask('/dashboard', { headers }));
      assert.deepEqual(arrived?.all('x-forwarded-user'), ['grace@example.org']);
      assert.deepEqual(arrived?.all('x-forwarded-email'), ['ada@example.org']);
    } finally {
      await world.close();
    }
  });
});
