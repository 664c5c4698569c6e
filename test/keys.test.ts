// The keys page and its data: for operators only, without a secret, with the correct ages and former keys. On SQLite and on Redis.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, suite, test } from 'node:test';
import { loadConfig } from '../src/config/load.ts';
import { fingerprint } from '../src/crypto/tokens.ts';
import { announceEveryMs, createReplicas, type Replicas } from '../src/keys/replicas.ts';
import { ada, also, begin, type Desk, grace, startDesk, storeKinds } from './support/desk.ts';
import { need } from './support/requirement.ts';

const day = 86_400_000;
const dayOf = (at: number) => new Date(at).toISOString().slice(0, 10);
const secret = () => randomBytes(32).toString('hex');
const secrets = {
  SECRET_KEY: secret(),
  SECRET_KEY_FALLBACKS: secret(),
  GATE_SECRET: secret(),
  VAULT_PASSPHRASE: 'hush-a-bye-baby-7',
  NOTIFY_WEBHOOK_SECRET: secret(),
  NOTIFY_WEBHOOK_URL: `https://hooks.test/${secret()}`,
  CONFLUENCE_API_TOKEN: secret(),
  AUDIT_KEY_FALLBACKS: secret(),
};

/** The card of one secret, as text. */
function cardOf(page: string, name: string): string {
  const card = page
    .split('<section class="card">')
    .find((part) => part.includes(`<code>${name}</code></h2>`));
  return (card ?? '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .replace(/ ([;,])/g, '$1');
}

for (const store of storeKinds) {
  suite(`keys on ${store}`, await need(...(store === 'redis' ? (['redis-server'] as const) : [])), () => {
    let desk: Desk;
    before(async () => {
      const dates = [
        [secrets.SECRET_KEY, Date.now() - 85 * day],
        [secrets.GATE_SECRET, Date.now() - 200 * day],
      ] as const;
      const pairs = dates.map(([value, at]) => `${fingerprint(value)}=${dayOf(at)}`).join(',');
      desk = await startDesk({ store, settings: { ...secrets, SECRET_DATES: pairs } });
    });
    after(() => desk.close());

    test('members are refused and get no reminder', async () => {
      const { browser } = await begin(desk, grace);
      assert.equal((await browser.ask('/keys')).status, 403);
      const { text } = await browser.ask('/dashboard');
      assert.doesNotMatch(text, /href="\/keys"/);
      assert.equal((await desk.browser().ask('/keys')).status, 303);
    });

    test('nothing can be changed on the page', async () => {
      const { browser, change } = await begin(desk, ada);
      assert.equal((await change('/keys')).status, 405);
      const main = /<main[\s\S]*<\/main>/.exec((await browser.ask('/keys')).text)?.[0] ?? '';
      assert.ok(main.length > 1000);
      assert.doesNotMatch(main, /<form/);
    });

    test('the page shows no secret, and no fingerprint of one that may have been chosen by a person', async () => {
      const { browser } = await begin(desk, ada);
      const { text } = await browser.ask('/keys');
      for (const [name, value] of Object.entries(secrets)) assert.ok(!text.includes(value), name);
      assert.ok(!text.includes(fingerprint(secrets.VAULT_PASSPHRASE)));
      assert.match(cardOf(text, 'VAULT_PASSPHRASE'), /too short to show one safely/);
      assert.match(cardOf(text, 'VAULT_PASSPHRASE'), /Age unknown/);
      for (const name of ['SECRET_KEY', 'GATE_SECRET', 'NOTIFY_WEBHOOK_SECRET'] as const) {
        assert.match(cardOf(text, name), new RegExp(fingerprint(secrets[name])), name);
      }
    });

    test('each key has its age, date and command', async () => {
      const { browser } = await begin(desk, ada);
      const { text } = await browser.ask('/keys');
      assert.match(text, /<h1>One secret is due<\/h1>/);
      assert.match(cardOf(text, 'SECRET_KEY'), /Due soon .*made 85 days ago.*--rotate session/);
      assert.match(cardOf(text, 'GATE_SECRET'), /Due .*made 200 days ago.*--rotate gate/);
      assert.match(cardOf(text, 'NOTIFY_WEBHOOK_SECRET'), /Fresh .*unknown; first seen/);
      assert.match(cardOf(text, 'SECRET_KEY'), new RegExp(fingerprint(secrets.SECRET_KEY_FALLBACKS)));
      assert.match(cardOf(text, 'SECRET_KEY'), /not used since; can go from/);
      assert.match(text, new RegExp(`kill -HUP ${process.pid}<`));
    });

    test('the dashboard reminds operators of what is due', async () => {
      const { page } = await begin(desk, ada);
      assert.match(page.text, /A secret is due to be replaced[\s\S]*<code>GATE_SECRET<\/code>/);
      assert.doesNotMatch(page.text, /<code>SECRET_KEY<\/code>/);
    });

    test('a former key shows when it was last used, and can be removed once everything that it signed has expired', async (t) => {
      const settings = { ...secrets, GATE_SECRET_FALLBACKS: secret() };
      const { SECRET_KEY_FALLBACKS: former, ...before } = settings;
      const first = await also(t, { store, settings: { ...before, SECRET_KEY: former } });
      const { browser } = await begin(first, ada);
      const desk = await also(t, { store, beside: first, settings });
      const late = desk.browser(ada);
      for (const [name, value] of browser.cookies) late.cookies.set(name, value);
      assert.equal((await late.ask('/api/me')).status, 200);
      const words = async () => cardOf((await late.ask('/keys')).text, 'SECRET_KEY');
      assert.match(
        await words(),
        new RegExp(`${fingerprint(former)} out of use since .* last used just now`),
      );
      first.advance(6 * 3_600_000);
      assert.match(await words(), /last used 6 hours ago; can go from/);
      first.advance(9 * day);
      await late.ask('/dashboard');
      assert.match(await words(), /Former ones can go .*can go since/);
    });

    test('the gate’s former secret stays while it is in use', async (t) => {
      const [newest, former] = [secret(), secret()];
      const first = await also(t, { store, settings: { GATE_SECRET: former } });
      const { browser } = await begin(first, ada);
      const both = { GATE_SECRET: newest, GATE_SECRET_FALLBACKS: former };
      const desk = await also(t, { store, beside: first, settings: both });
      const late = desk.browser(undefined, first.gateHeaders(ada));
      for (const [name, value] of browser.cookies) late.cookies.set(name, value);
      await late.ask('/dashboard');
      first.advance(3 * 3_600_000);
      assert.equal((await late.ask('/dashboard')).status, 200);
      const page = cardOf((await late.ask('/keys')).text, 'GATE_SECRET');
      assert.match(
        page,
        new RegExp(`${fingerprint(former)} out of use since .* last used just now; can go from`),
      );
    });

    test('servers know which keys the others accept; a silent or stopped one is forgotten', async () => {
      let elapsedMs = 0;
      const options = { facts: desk.store.facts, now: desk.now, elapsed: () => elapsedMs };
      const [one, two] = [createReplicas(options), createReplicas(options)] as [Replicas, Replicas];
      await Promise.all([one.announce(() => ['a']), two.announce(() => ['b', 'a'])]);
      assert.deepEqual(await one.others(), [['b', 'a']]);
      assert.deepEqual(await two.others(), [['a']]);
      await two.leave();
      assert.deepEqual(await one.others(), []);
      await two.announce(() => ['b']);
      desk.advance(2 * announceEveryMs);
      await one.announce(() => ['a']);
      assert.deepEqual(await one.others(), [['b']]);
      desk.advance(announceEveryMs);
      assert.deepEqual(await one.others(), []);
      // The clock goes back by an hour: earlier announcements are in the future now.
      await two.announce(() => ['c']);
      desk.advance(-3_600_000);
      assert.deepEqual(await one.others(), [['c']]);
      elapsedMs += 3 * announceEveryMs;
      assert.deepEqual(await one.others(), []);
      await two.announce(() => ['d']);
      assert.deepEqual(await one.others(), [['d']]);
      desk.advance(3_600_000);
    });

    test('no server is lost when many announce themselves at once', async () => {
      const options = { facts: desk.store.facts, now: desk.now };
      const many = Array.from({ length: 12 }, () => createReplicas(options));
      await Promise.all(many.map((one, index) => one.announce(() => [`many-${index}`])));
      const heard = (await createReplicas(options).others())
        .flat()
        .filter((mark) => mark.startsWith('many-'));
      assert.equal(new Set(heard).size, 12);
      await Promise.all(many.map((one) => one.leave()));
    });
  });
}

test('every setting has a value as given; unset ones are empty', () => {
  const loaded = loadConfig({ env: { ...secrets, PUBLIC_URL: 'https://desk.test' } });
  assert.ok('values' in loaded);
  assert.equal(loaded.values.OAUTH2_PROXY_COOKIE_SECRET, '');
});
