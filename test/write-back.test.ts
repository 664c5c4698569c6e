// The bug that started this project: a slow request writes back a session that was ended in the meantime. The same attack on the stock
// stack (express-session and connect-redis as they come) and on ours, on both stores.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { RedisStore } from 'connect-redis';
import express from 'express';
import session from 'express-session';
import { createLogger } from '../src/http/log.ts';
import { createHttpServer, drain, listen } from '../src/http/server.ts';
import { connectRedis } from '../src/store/redis-client.ts';
import { createClient } from './support/client.ts';
import { ada, also, begin, storeKinds } from './support/desk.ts';
import { startVariant } from './support/hostile.ts';
import { startRedis } from './support/redis.ts';
import { need } from './support/requirement.ts';

const times = 20;

/** `open()` opens it; until then, everyone who waits has read the session and not yet written it. */
function createDoor() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  let waiting = 0;
  return {
    open,
    async pass() {
      waiting++;
      await opened;
    },
    async until(count: number) {
      while (waiting < count) await new Promise(setImmediate);
    },
  };
}

suite('a slow request and a sign-out', await need('redis-server'), () => {
  test(`the stock stack: the session comes back, ${times} times out of ${times}`, async (t) => {
    const redis = await startRedis();
    const client = connectRedis(redis.url, () => {});
    const app = express();
    let door = createDoor();
    app.use(
      session({ secret: 'x', resave: false, saveUninitialized: false, store: new RedisStore({ client }) }),
    );
    app.get('/in', (req, res) => {
      Object.assign(req.session, { user: 'ada' });
      res.end();
    });
    app.get('/slow', async (req, res) => {
      await door.pass();
      Object.assign(req.session, { theme: 'dark' });
      res.end();
    });
    app.get('/out', (req, res) => void req.session.destroy(() => res.end()));
    app.get('/me', (req, res) => void res.status('user' in req.session ? 200 : 401).end());
    const server = createHttpServer(app, createLogger('silent'));
    const origin = `http://localhost:${await listen(server, 0, '127.0.0.1')}`;
    t.after(async () => {
      await drain(server, 100);
      client.disconnect();
      await redis.close();
    });

    let revived = 0;
    for (let i = 0; i < times; i++) {
      door = createDoor();
      const browser = createClient(origin);
      await browser.ask('/in');
      const slow = browser.ask('/slow');
      await door.until(1);
      await browser.ask('/out');
      assert.equal((await browser.ask('/me')).status, 401);
      door.open();
      await slow;
      if ((await browser.ask('/me')).status === 200) revived++;
    }
    assert.equal(revived, times);
  });

  for (const store of storeKinds) {
    test(`ours on ${store}: never`, async (t) => {
      const desk = await also(t, { store });
      let door = createDoor();
      const people = {
        ...desk.store.people,
        choose: async (...args: Parameters<typeof desk.store.people.choose>) => {
          await door.pass();
          return desk.store.people.choose(...args);
        },
      };
      const variant = await startVariant(desk, { store: { ...desk.store, people } });
      t.after(() => variant.close());
      for (let i = 0; i < times; i++) {
        door = createDoor();
        const { browser, csrfToken, change } = await begin(desk, ada);
        const slowly = variant.browser(ada);
        for (const [name, value] of browser.cookies) slowly.cookies.set(name, value);
        const slow = slowly.ask('/settings', {
          method: 'POST',
          body: 'theme=dark',
          headers: {
            origin: variant.origin,
            'content-type': 'application/x-www-form-urlencoded',
            'x-csrf-token': csrfToken,
          },
        });
        await door.until(1);
        const copy = desk.browser(ada);
        for (const [name, value] of browser.cookies) copy.cookies.set(name, value);
        assert.equal((await change('/logout')).status, 303);
        door.open();
        await slow;
        assert.equal((await copy.ask('/api/me')).status, 401);
        assert.equal((await slowly.ask('/api/me')).status, 401);
      }
    });
  }
});
