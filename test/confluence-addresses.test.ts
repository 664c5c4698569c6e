// Where a sync may send requests: to the one configured origin, at a public address, with credentials for no other host.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { isIPv4 } from 'node:net';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { isPublicAddress } from '../src/confluence/address.ts';
import type { Resolve } from '../src/confluence/connect.ts';
import { everything } from '../src/confluence/scope.ts';
import { type Place, place } from './support/confluence.ts';
import { startHttpsFront } from './support/https-front.ts';

test('private, local, shared, mapped and special addresses are distinguished from public ones in every notation', () => {
  const refused =
    `127.0.0.1 127.255.255.254 0.0.0.0 10.1.2.3 172.16.0.1 172.31.255.255 192.168.1.1 169.254.169.254
    100.64.0.1 100.127.255.255 198.18.0.1 192.0.0.192 192.0.2.1 224.0.0.1 255.255.255.255 240.0.0.1 168.63.129.16
    ::1 :: ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:8.8.8.8 ::ffff:7f00:1 ::127.0.0.1 64:ff9b::7f00:1 64:ff9b:1::1
    fe80::1 fe80::1%eth0 2001:db8::1%eth0 2002:7f00:1::%1 127.0.0.1%eth0 8.8.8.8%eth0 fc00::1 fd00:ec2::254 fec0::1 ff02::1 2002:7f00:1:: 2001:0:7f00:1:: 2001:db8::1 100::1
    5f00::1 3fff::1 localhost 127.1 0x7f000001 2130706433 017700000001 [::1]`.split(/\s+/);
  assert.deepEqual(refused.filter(isPublicAddress), []);
  const fine =
    '8.8.8.8 1.1.1.1 172.32.0.1 172.15.255.255 100.128.0.1 192.167.1.1 2606:4700::1111 2606:4700::1111%eth0 2a00:1450:4001:800::200e'.split(
      ' ',
    );
  assert.deepEqual(
    fine.filter((address) => !isPublicAddress(address)),
    [],
  );
});

test('no IPv4 address becomes public when embedded in an IPv6 address', () => {
  fc.assert(
    fc.property(fc.ipV4(), fc.constantFrom('::ffff:', '::', '64:ff9b::', '::ffff:0:'), (address, prefix) => {
      assert.ok(isIPv4(address));
      assert.equal(isPublicAddress(prefix + address), false);
    }),
  );
});

test('a private address, in the URL or from DNS, is never connected to', async (t) => {
  const here = await place(t, { kind: 'data-center' });
  const reaches = async (url: string, resolve?: Resolve) => {
    const one = here.connect({ url, allowPrivate: false, ...(resolve && { resolve }) });
    const test = await one.test();
    return test.ok ? 'ok' : test.reason;
  };
  for (const host of [
    '127.0.0.1',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '2130706433',
    '0x7f.1',
    '169.254.169.254',
    '10.0.0.1',
  ]) {
    assert.equal(await reaches(`https://${host}:1/confluence`), 'private_address', host);
  }
  const answers =
    (...addresses: string[]): Resolve =>
    (_host, done) =>
      done(
        null,
        addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      );
  for (const found of [['127.0.0.1'], ['93.184.215.14', '10.0.0.1'], ['::1'], ['fd00::1'], []]) {
    assert.equal(
      await reaches('https://wiki.example.com', answers(...found)),
      'private_address',
      String(found),
    );
  }
  assert.equal(await reaches('http://wiki.example.com', answers('93.184.215.14')), 'plain_http');
  assert.equal(here.site.seen.length, 0);
});

test('a name whose address changes after the lookup is not connected to either', async (t) => {
  const trap = await listener(t);
  const asked: string[] = [];
  // The first answer is a public address where nothing listens; every later one is this machine.
  const resolve: Resolve = (host, done) => {
    asked.push(host);
    const address = asked.length === 1 ? '240.0.0.0' : '127.0.0.1';
    done(null, [{ address: asked.length === 1 ? '203.0.114.1' : address, family: 4 }]);
  };
  const here = await place(t, { kind: 'data-center' });
  const one = here.connect({
    url: `https://rebound.example.com:${trap.port}`,
    allowPrivate: false,
    resolve,
    timeoutMs: 300,
  });
  const ended = await one.sync(everything);
  assert.equal('reason' in ended && ended.reason, 'private_address');
  assert.ok(asked.length >= 2, 'the name was looked up at each connection');
  assert.equal(trap.connections(), 0);
});

test('a redirect to another host is not followed and gets no credentials', async (t) => {
  const trap = await listener(t);
  for (const kind of ['cloud', 'data-center'] as const) {
    for (const status of [301, 302, 303, 307, 308]) {
      const here = await place(t, { kind, share: 0.005 });
      for (const to of [
        trap.url('x'),
        trap.url('x').replace('http:', ''),
        `http://user:pw@127.0.0.1:${trap.port}/`,
      ]) {
        here.site.trouble = () => ({ status, headers: { location: to } });
        assert.deepEqual(
          await here.confluence.test(),
          { ok: false, reason: 'redirected' },
          `${status} ${to}`,
        );
      }
      here.site.trouble = (path, number) =>
        number > 5 && /attachment/.test(path)
          ? { status, headers: { location: trap.url('file') } }
          : undefined;
      const ended = await here.sync();
      assert.ok(ended.failures.length > 0 || ended.state === 'failed');
      assert.ok(ended.failures.every(({ reason }) => reason === 'redirected'));
    }
  }
  assert.equal(trap.connections(), 0);
});

test('redirects on the same host are followed, up to a limit', async (t) => {
  const here = await place(t, { kind: 'data-center' });
  here.site.trouble = (path, number) =>
    number === 1 ? { status: 307, headers: { location: `/confluence${path}?again` } } : undefined;
  assert.equal((await here.confluence.test()).ok, true);
  here.site.trouble = () => ({ status: 302, headers: { location: '/confluence/round' } });
  assert.deepEqual(await here.confluence.test(), { ok: false, reason: 'redirected' });
});

test('Cloud’s media host gets no credentials', async (t) => {
  const here = await place(t, { kind: 'cloud' });
  const ended = await here.sync();
  assert.ok(ended.files > 0 && ended.failed === 0);
  assert.equal(here.site.mediaSeen.length, ended.files);
  assert.ok(
    here.site.mediaSeen.every(
      ({ authorization, cookie }) => authorization === undefined && cookie === undefined,
    ),
  );
  assert.ok(here.site.seen.every(({ authorization }) => authorization?.startsWith('Basic ')));
});

test('a list that points to another host, another list or back to itself is refused', async (t) => {
  const trap = await listener(t);
  const here: Place = await place(t, { kind: 'data-center' });
  const links = [
    `${trap.url('rest/api/space')}`,
    `//127.0.0.1:${trap.port}/rest/api/space`,
    '/rest/api/content?start=1',
    '/rest/api/space/../user?start=1',
    'http://[',
  ];
  const circle = '/rest/api/space?expand=homepage&limit=100';
  for (const next of [...links, circle]) {
    let asked = 0;
    here.site.trouble = (path) => {
      if (path !== '/rest/api/space') return undefined;
      const goesOn = next === circle || asked++ === 0;
      const body = JSON.stringify({ results: [], _links: goesOn ? { next } : {} });
      return { status: 200, headers: { 'content-type': 'application/json' }, body };
    };
    const ended = await here.sync();
    assert.deepEqual([ended.state, ended.reason], ['failed', 'garbled'], next);
  }
  assert.equal(trap.connections(), 0);
});

test('an untrusted certificate is refused', async (t) => {
  const here = await place(t, { kind: 'data-center' });
  const front = await startHttpsFront(() => new URL(here.site.url).origin);
  t.after(() => front.close());
  const answer = await here.connect({ url: `${front.origin}/confluence` }).test();
  assert.deepEqual(answer, { ok: false, reason: 'untrusted_certificate' });
  assert.equal(here.site.seen.length, 0);
});

/** A server that nothing should connect to. */
async function listener(t: TestContext) {
  let connections = 0;
  const server = createServer((_req, res) => void res.end('{}'));
  server.on('connection', () => connections++);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => new Promise((resolve) => server.close(resolve)));
  const address = server.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  return { port, url: (path: string) => `http://127.0.0.1:${port}/${path}`, connections: () => connections };
}
