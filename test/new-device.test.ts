// A sign-in on a device that was not seen before is reported on the person's other devices, and to the webhook. On both stores.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { suite, test } from 'node:test';
import { listen } from '../src/http/server.ts';
import { also, begin, storeKinds } from './support/desk.ts';
import { need } from './support/requirement.ts';

const firefox = { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0' };
const safari = {
  'user-agent':
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1',
};
const person = { id: 'subject-seven', email: 'seven@example.org' };

for (const store of storeKinds) {
  suite(
    `new devices on ${store}`,
    await need(...(store === 'redis' ? (['redis-server'] as const) : [])),
    () => {
      test('the first device gives no notice, a second kind does, the same kind again does not', async (t) => {
        const desk = await also(t, { store });
        const first = await begin(desk, person, firefox);
        assert.doesNotMatch((await first.browser.ask('/dashboard')).text, /New sign-in/);
        desk.advance(1000);
        await begin(desk, person, firefox);
        assert.doesNotMatch((await first.browser.ask('/dashboard')).text, /New sign-in/);
        desk.advance(1000);
        const phone = await begin(desk, person, { ...safari, 'x-forwarded-for': '203.0.113.7' });
        assert.match((await first.browser.ask('/dashboard')).text, /New sign-in: Safari on iOS/);
        assert.match((await first.browser.ask('/dashboard')).text, /203\.0\.113\.7/);
        assert.doesNotMatch(
          (await phone.browser.ask('/dashboard')).text,
          /New sign-in/,
          'not on the device itself',
        );
        const other = await begin(desk, { id: '78', email: 'eight@example.org' }, firefox);
        assert.doesNotMatch(
          (await other.browser.ask('/dashboard')).text,
          /New sign-in/,
          'nobody else’s business',
        );
      });

      test('“That was me” dismisses the notice here and keeps it on other devices', async (t) => {
        const desk = await also(t, { store });
        const first = await begin(desk, person, firefox);
        const second = await begin(desk, person, firefox);
        desk.advance(1000);
        const phone = await begin(desk, person, safari);
        desk.advance(1000);
        assert.equal((await first.change('/devices/seen')).status, 303);
        assert.doesNotMatch((await first.browser.ask('/dashboard')).text, /New sign-in/);
        assert.match((await second.browser.ask('/dashboard')).text, /New sign-in/);
        assert.equal((await phone.browser.ask('/api/me')).status, 200);
      });

      test('“That was not me” ends the session and says what to do; another person’s handle is not found', async (t) => {
        const desk = await also(t, { store });
        const first = await begin(desk, person, firefox);
        desk.advance(1000);
        const phone = await begin(desk, person, safari);
        const stranger = await begin(desk, { id: '78', email: 'eight@example.org' }, firefox);
        assert.equal((await first.change('/devices/not-me', { handle: stranger.handle })).status, 404);
        const answer = await first.change('/devices/not-me', { handle: phone.handle });
        assert.equal(answer.status, 303);
        assert.equal((await phone.browser.ask('/api/me')).status, 401);
        assert.match((await phone.browser.ask('/dashboard')).text, /signed out from another one of yours/);
        const advice = await first.browser.ask(answer.location ?? '');
        assert.equal(advice.status, 200);
        assert.match(advice.text, /Change the password/);
        assert.equal((await first.browser.ask('/api/me')).status, 200);
      });

      test('a webhook is notified, without an id or a full address', async (t) => {
        const bodies: string[] = [];
        const server = createServer((req, res) => {
          req.on('data', (chunk) => bodies.push(String(chunk)));
          req.on('end', () => res.end());
        });
        const port = await listen(server, 0, '127.0.0.1');
        t.after(() => server.close());
        const desk = await also(t, {
          store,
          settings: { NOTIFY_WEBHOOK_URL: `http://127.0.0.1:${port}/hook`, NOTIFY_WEBHOOK_SECRET: 'shared' },
        });
        await begin(desk, person, firefox);
        const phone = await begin(desk, person, { ...safari, 'x-forwarded-for': '203.0.113.7' });
        for (let i = 0; bodies.length === 0 && i < 200; i++)
          await new Promise((resolve) => setTimeout(resolve, 10));
        assert.equal(bodies.length, 1);
        const body = bodies[0] ?? '';
        assert.match(body, /seven@example\.org signed in on a new device: Safari on iOS/);
        assert.match(body, /203\.0\.113\.x/);
        assert.ok(!body.includes('203.0.113.7') && !body.includes(phone.handle) && !body.includes(person.id));
      });
    },
  );
}
