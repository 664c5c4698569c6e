// The page of one's own devices: what it shows, what it ends, and that nobody can reach somebody else's. On SQLite and on Redis.
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { ada, begin, type Desk, grace, startDesk, storeKinds } from './support/desk.ts';
import { plantSession } from './support/planted.ts';
import { need } from './support/requirement.ts';

const windows = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0';
const android =
  'Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36';
const nowhere = 'AAAAAAAAAAAA';

/** A page without what changes in every response. */
const still = (text: string) => text.replace(/(value|nonce|data-copy)="[^"]*"|<code>[^<]*<\/code>/g, '');

for (const store of storeKinds) {
  suite(`devices on ${store}`, await need(...(store === 'redis' ? (['redis-server'] as const) : [])), () => {
    let desk: Desk;
    before(async () => {
      desk = await startDesk({ store, settings: { SESSION_MAX_PER_USER: '0' } });
    });
    after(() => desk.close());

    const person = (name: string) => ({ id: `id-${name}`, email: `${name}@example.org` });

    test('this device comes first, then the others, each with its name and network', async () => {
      const mona = person('mona');
      const phone = await begin(desk, mona, { 'user-agent': android });
      const { browser } = await begin(desk, mona, { 'user-agent': windows });
      const { text } = await browser.ask('/devices');
      assert.match(text, /<h1>Where you are signed in<\/h1>/);
      const [here = -1, there = -1] = ['Firefox on Windows', 'Chrome on Android'].map((name) =>
        text.indexOf(name),
      );
      assert.ok(text.indexOf('This device') < here && here < there);
      assert.match(text, /One other device/);
      assert.match(text, /127\.0\.0\.1/);
      assert.equal(text.split(`value="${phone.handle}"`).length, 2, 'one form for the other device');
      assert.doesNotMatch(text, /all other devices/, 'one device needs no second button');
    });

    test('no other device: an empty state, and nothing to confirm', async () => {
      const { browser, change } = await begin(desk, person('alone'));
      assert.match((await browser.ask('/devices')).text, /No other device is signed in/);
      assert.equal((await browser.ask('/devices/end-others')).location, '/devices');
      assert.equal((await change('/devices/end-others')).location, '/devices');
    });

    test('ending another device: it is refused at its next request, and the receipt names it', async () => {
      const nina = person('nina');
      const phone = await begin(desk, nina, { 'user-agent': android });
      const { browser, change } = await begin(desk, nina);
      const answer = await change('/devices/end', { handle: phone.handle });
      assert.deepEqual([answer.status, answer.location], [303, `/devices/receipt?handle=${phone.handle}`]);
      assert.equal((await phone.browser.ask('/api/me')).status, 401);
      const page = await phone.browser.ask('/dashboard');
      assert.match(page.text, /signed out from another one of yours[\s\S]*by nina@example\.org/);
      const receipt = await browser.ask(answer.location ?? '');
      assert.match(receipt.text, /Chrome on Android[\s\S]*Ended here/);
      assert.match((await browser.ask('/devices')).text, /No other device/);
    });

    test('ending it again shows the same receipt and does nothing else', async () => {
      const olga = person('olga');
      const phone = await begin(desk, olga);
      const { browser, change } = await begin(desk, olga);
      await change('/devices/end', { handle: phone.handle });
      const first = await desk.store.sessions.findByHandle(phone.handle);
      desk.advance(5000);
      const again = await change('/devices/end', { handle: phone.handle });
      assert.deepEqual([again.status, again.location], [303, `/devices/receipt?handle=${phone.handle}`]);
      assert.deepEqual(await desk.store.sessions.findByHandle(phone.handle), first);
      assert.equal((await browser.ask('/devices')).status, 200);
    });

    test('this device is signed out through /logout', async () => {
      const { browser, change, handle } = await begin(desk, person('pia'));
      const answer = await change('/devices/end', { handle });
      assert.deepEqual([answer.status, answer.location], [307, '/logout']);
      assert.equal((await browser.ask('/api/me')).status, 200, 'it is the logout that ends it');
      assert.match(
        (await browser.ask('/devices')).text,
        /action="\/logout\?sent=1"[\s\S]*Sign out this device/,
      );
    });

    test('all others: announced first, then ended, and this one stays', async () => {
      const rosa = person('rosa');
      const others = [
        await begin(desk, rosa, { 'user-agent': android }),
        await begin(desk, rosa),
        await begin(desk, rosa),
      ];
      const { browser, change } = await begin(desk, rosa);
      const confirm = await browser.ask('/devices/end-others');
      assert.match(
        confirm.text,
        /Chrome on Android[\s\S]*This device stays signed in[\s\S]*Sign out 3 devices/,
      );
      const answer = await change('/devices/end-others');
      assert.equal(answer.status, 303);
      for (const other of others) {
        assert.ok(answer.location?.includes(other.handle));
        assert.equal((await other.browser.ask('/api/me')).status, 401);
      }
      assert.match((await browser.ask(answer.location ?? '')).text, /3 devices signed out/);
      assert.equal((await browser.ask('/api/me')).status, 200);
    });

    test('somebody else’s device looks like one that does not exist: viewing, ending, and its receipt', async () => {
      const hers = await begin(desk, grace);
      const { browser, change } = await begin(desk, person('eve'));
      const pairs = [
        [
          await change('/devices/end', { handle: hers.handle }),
          await change('/devices/end', { handle: nowhere }),
        ],
        [
          await browser.ask(`/devices/receipt?handle=${hers.handle}`),
          await browser.ask(`/devices/receipt?handle=${nowhere}`),
        ],
      ] as const;
      for (const [foreign, none] of pairs) {
        assert.deepEqual([foreign.status, none.status], [404, 404]);
        assert.equal(still(foreign.text), still(none.text));
      }
      assert.ok(!(await browser.ask('/devices')).text.includes(hers.handle));
      assert.equal((await hers.browser.ask('/api/me')).status, 200);
      const own = await begin(desk, person('eve'));
      await change('/devices/end', { handle: own.handle });
      const mixed = await browser.ask(`/devices/receipt?handle=${own.handle}.${hers.handle}`);
      assert.equal(mixed.status, 404, 'beside one’s own as well');
    });

    test('invalid handles and unexpected fields are refused', async () => {
      const { change, browser, handle } = await begin(desk, person('tess'));
      for (const fields of [
        {},
        { handle: 'x' },
        { handle: '../../../etc' },
        { handle: nowhere, more: '1' },
      ]) {
        assert.equal((await change('/devices/end', fields as Record<string, string>)).status, 400);
      }
      assert.equal((await change('/devices/end-others', { handle })).status, 400);
      assert.equal((await browser.ask('/devices/receipt')).status, 404);
      assert.equal((await browser.ask(`/devices/receipt?handle=${handle}`)).status, 404, 'it lives');
    });

    test('nothing is ended without the token', async () => {
      const uma = person('uma');
      const other = await begin(desk, uma);
      const { change } = await begin(desk, uma);
      for (const path of ['/devices/end', '/devices/end-others']) {
        const fields: Record<string, string> = path === '/devices/end' ? { handle: other.handle } : {};
        assert.equal((await change(path, fields, { 'x-csrf-token': '' })).status, 403);
        assert.equal((await change(path, fields, { 'x-csrf-token': other.csrfToken })).status, 403);
      }
      assert.equal((await other.browser.ask('/api/me')).status, 200);
    });

    test('sessions that reached a limit are not listed', async () => {
      const vera = person('vera');
      const at = desk.now();
      await plantSession(desk, { ...row(vera), lastSeenAt: at - 86_400_001, createdAt: at - 90_000_000 });
      const { browser } = await begin(desk, vera);
      assert.match((await browser.ask('/devices')).text, /No other device/);
    });

    test('hostile device names are shown as text', async () => {
      const wanda = person('wanda');
      const bad = '"><script>alert(1)</script>';
      await plantSession(desk, row(wanda), { device: { browser: bad, os: bad, kind: bad }, network: bad });
      const { browser, change } = await begin(desk, wanda, {
        'user-agent': `Mozilla/5.0 ${bad} <img src=x>`,
      });
      const pages = [await browser.ask('/devices'), await browser.ask('/devices/end-others')];
      const { location = '' } = await change('/devices/end-others');
      for (const { status, text } of [...pages, await browser.ask(location)]) {
        assert.equal(status, 200);
        assert.ok(!text.includes('<script>') && !text.includes('<img'));
        assert.match(text, /&lt;script&gt;/);
      }
    });

    test('shows how it is linked to the gate, but never the link itself', async () => {
      const xenia = person('xenia');
      const tie = { state: 'verified', key: '_oauth2_proxy-secret-ticket', signIn: 's', createdAt: 1 };
      await plantSession(desk, row(xenia), { gate: tie });
      await plantSession(desk, row(xenia), {
        gate: { state: 'cookie', digest: 'secret-digest', issuedAt: 1 },
      });
      const { browser } = await begin(desk, xenia);
      const { text } = await browser.ask('/devices');
      for (const words of ['Linked to its Google session', 'Linked by its cookie only', 'Not verified']) {
        assert.ok(text.includes(`${words}</span>`), words);
      }
      assert.doesNotMatch(text, /secret-ticket|secret-digest/);
    });

    test('a receipt refreshes only while it is unfinished', async () => {
      const { browser, change } = await begin(desk, ada);
      const other = await begin(desk, ada);
      const { location = '' } = await change('/devices/end', { handle: other.handle });
      const page = await browser.ask(location);
      assert.match(page.text, /Not known at the gate/);
      assert.doesNotMatch(page.text, /http-equiv/);
    });
  });
}

function row({ id, email }: { id: string; email: string }) {
  return { personId: id, email };
}
