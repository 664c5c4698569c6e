// Other answers that a Confluence can give: requests to wait, errors, expired sign-ins, CAPTCHAs. The sync stops in time and resumes where
// it was.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { waitFor } from '../demo/child.ts';
import type { Trouble } from '../demo/confluence.ts';
import type { CookieSource } from '../src/confluence/credentials.ts';
import { everything } from '../src/confluence/scope.ts';
import { createLogger } from '../src/http/log.ts';
import { syncForLibrary } from '../src/wiring/confluence.ts';
import { differences, kinds, type Place, place, start } from './support/confluence.ts';

const html = (text: string) => ({ 'content-type': 'text/html;charset=UTF-8', body: text });
const page = (text: string, status = 200): Trouble => {
  const { body, ...headers } = html(text);
  return { status, headers, body };
};

for (const kind of kinds) {
  test(`${kind}: waits as long as the server asks, in seconds or until a date, then sends fewer requests at once`, async (t) => {
    const here = await place(t, { kind });
    const later = new Date(start + 90_000).toUTCString();
    const answers: Trouble[] = [
      { status: 429, headers: { 'retry-after': '7' } },
      { status: 429, headers: { 'retry-after': later } },
      { status: 503, headers: { 'retry-after': '3' } },
      { status: 429 },
    ];
    here.site.trouble = (_path, number) => (number > 10 ? answers.shift() : undefined);
    assert.equal((await here.sync()).state, 'done');
    assert.deepEqual(differences(here), []);
    // Half of the first pause is added: the jitter, with the tests' random of 0.5.
    assert.deepEqual(
      here.pauses.toSorted((a, b) => a - b),
      [250, 3250, 7250, 90_250],
    );
  });

  test(`${kind}: pauses if asked to wait for an hour`, async (t) => {
    const here = await place(t, { kind });
    here.site.trouble = (_path, number) =>
      number === 10 ? { status: 429, headers: { 'retry-after': '3600' } } : undefined;
    const ended = await here.sync();
    assert.deepEqual([ended.state, ended.reason], ['paused', 'rate_limited']);
    assert.deepEqual(here.pauses, []);
    assert.equal((await here.sync()).resumed, true);
    assert.deepEqual(differences(here), []);
  });

  test(`${kind}: bursts of errors and broken connections are retried with growing delays`, async (t) => {
    const here = await place(t, { kind });
    const tries = new Map<string, number>();
    const burst: Trouble[] = [{ status: 500, body: '<h1>sorry</h1>' }, 'cut', { status: 503 }];
    // Every third resource is answered only at the fourth try.
    here.site.trouble = (path) => {
      const before = tries.get(path) ?? 0;
      tries.set(path, before + 1);
      return path.length % 3 === 0 || /[147]$/.test(path) ? burst[before] : undefined;
    };
    const ended = await here.sync();
    assert.deepEqual([ended.state, ended.failed], ['done', 0]);
    assert.deepEqual(differences(here), []);
    assert.ok([250, 500, 1000].every((ms) => here.pauses.includes(ms)) && Math.max(...here.pauses) === 1000);
  });

  test(`${kind}: a page that cannot be fetched is reported, the others are stored, and the next sync retries it`, async (t) => {
    const here = await place(t, { kind });
    const bad = [...here.site.content.pages.values()][5];
    assert.ok(bad);
    here.site.trouble = (path) =>
      new RegExp(`/(?:pages|content)/${bad.id}$`).test(path) ? { status: 500 } : undefined;
    const ended = await here.sync();
    assert.deepEqual([ended.state, ended.failed, ended.added], ['done', 1, here.site.content.pages.size - 1]);
    assert.deepEqual(
      ended.failures,
      [{ page: bad.id, title: bad.title, file: '', reason: 'unavailable' }].map((row) =>
        Object.assign(Object.create(null), row),
      ),
    );
    here.site.trouble = undefined;
    assert.deepEqual([(await here.sync()).added, differences(here)], [1, []]);
  });

  test(`${kind}: if every page fails, the site is at fault and the sync ends`, async (t) => {
    const here = await place(t, { kind, share: 0.05 });
    here.site.trouble = (path) => (/\/(?:pages|content)\/\d+$/.test(path) ? { status: 502 } : undefined);
    const ended = await here.sync();
    assert.deepEqual([ended.state, ended.reason], ['failed', 'unavailable']);
    assert.ok(ended.requests < 150, `${ended.requests}`);
    here.site.trouble = undefined;
    assert.deepEqual([(await here.sync()).resumed, differences(here)], [true, []]);
  });

  const refusals: readonly [string, Trouble, 'refused' | 'challenged', string][] = [
    [
      '401',
      { status: 401, headers: { 'content-type': 'application/json' }, body: '{}' },
      'refused',
      'refused',
    ],
    [
      '403',
      { status: 403, headers: { 'content-type': 'application/json' }, body: '{}' },
      'refused',
      'forbidden',
    ],
    [
      'a CAPTCHA in the denied-reason header',
      {
        status: 403,
        headers: {
          'x-authentication-denied-reason':
            'CAPTCHA_CHALLENGE; login-url=https://confluence.example/login.action',
        },
      },
      'challenged',
      'challenged',
    ],
    [
      'a CAPTCHA in the login-reason header',
      { status: 401, headers: { 'x-seraph-loginreason': 'AUTHENTICATION_DENIED' } },
      'challenged',
      'challenged',
    ],
    [
      'a CAPTCHA page',
      page('<form><img src="/jcaptcha"><input name="captchaResponse"></form>'),
      'challenged',
      'challenged',
    ],
    [
      'a CAPTCHA page with 403',
      page('<title>Just a moment...</title><script src="/cdn-cgi/challenge-platform/x"></script>', 403),
      'challenged',
      'challenged',
    ],
    ['a sign-in page', page('<title>Log In - Confluence</title>'), 'refused', 'sign_in_page'],
    [
      'a redirect to the sign-in',
      { status: 302, headers: { location: '/login.action?os_destination=%2Frest' } },
      'refused',
      'sign_in_page',
    ],
    [
      'a redirect to Atlassian’s sign-in',
      { status: 302, headers: { location: 'https://id.atlassian.com/login?continue=x' } },
      'refused',
      'sign_in_page',
    ],
    [
      'a redirect to an identity provider',
      { status: 303, headers: { location: 'https://idp.example.com/adfs/ls/?SAMLRequest=x' } },
      'refused',
      'sign_in_page',
    ],
  ];
  for (const [name, trouble, mark, reason] of refusals) {
    test(`${kind}: ${name} in the middle stops all requests, marks the cookies, and the sync resumes with new ones`, async (t) => {
      const cookies = vault();
      const here = await place(t, { kind }, { apiToken: undefined, username: undefined, cookies });
      here.site.accounts.set('first=1', 'Ada Lovelace').set('second=2', 'Ada Lovelace');
      let refused = 0;
      here.site.trouble = (_path, number) => {
        if (number < 40) return undefined;
        refused++;
        return trouble;
      };
      const ended = await here.sync();
      assert.deepEqual([ended.state, ended.reason], ['paused', reason]);
      assert.deepEqual(cookies.marks, [[mark, reason]]);
      assert.ok(refused <= 4, `${refused} requests were sent after the refusal`);
      assert.ok(ended.added > 0 && ended.added < 41);
      assert.equal(here.events.at(-1)?.outcome, 'refused');
      assert.equal(JSON.stringify(here.events).includes('first=1'), false);

      // Nothing is requested until somebody has fixed it.
      const sent = here.site.seen.length;
      assert.equal((await here.sync()).state, 'paused');
      assert.equal(here.site.seen.length, sent);

      cookies.load('second=2');
      here.site.trouble = undefined;
      here.site.seen.length = 0;
      const rest = await here.sync();
      assert.deepEqual([rest.state, rest.resumed, rest.added], ['done', true, 41]);
      const again = here.site.seen.filter(({ path }) => /body/.test(path)).length;
      // Requests that were aborted may reach the other side only now.
      assert.ok(again <= 41 - ended.added + 4, `${again} pages were fetched for ${41 - ended.added}`);
      assert.deepEqual(differences(here), []);
    });
  }
}

test('no credentials, a locked vault, expired cookies: reported immediately, without a request', async (t) => {
  for (const state of ['none', 'closed', 'expired'] as const) {
    const here = await place(
      t,
      { kind: 'data-center' },
      { apiToken: undefined, cookies: { cookieFor: async () => ({ state }) } },
    );
    const ended = await here.sync();
    assert.deepEqual([ended.state, ended.reason, here.site.seen.length], ['paused', state, 0]);
    assert.deepEqual(await here.confluence.test(), { ok: false, reason: state });
  }
});

test('a site with anonymous access: expired cookies remove nothing', async (t) => {
  const cookies = vault();
  const here = await place(t, { kind: 'data-center' }, { apiToken: undefined, cookies });
  here.site.accounts.set('first=1', 'Ada Lovelace');
  await here.sync();
  here.site.open = true;
  here.site.accounts.clear();
  const ended = await here.sync();
  assert.deepEqual([ended.reason, ended.removed], ['anonymous', 0]);
  assert.deepEqual(cookies.marks, [['refused', 'anonymous']]);
});

test('cookies that expire during the sync end it, although every answer is valid', async (t) => {
  const cookies = vault();
  const here = await place(t, { kind: 'data-center' }, { apiToken: undefined, cookies });
  here.site.accounts.set('first=1', 'Ada Lovelace');
  here.site.open = true;
  here.site.trouble = (_path, number) => {
    if (number === 30) here.site.accounts.clear();
    return undefined;
  };
  const ended = await here.sync();
  assert.deepEqual([ended.state, ended.reason], ['paused', 'anonymous']);
});

test('on Cloud, where answers do not name the account, a missing page counts only for a known account', async (t) => {
  const here = await place(t, { kind: 'cloud' });
  await here.sync();
  const [gone] = here.site.content.pages.keys();
  here.site.content.remove(gone ?? '');
  here.site.open = true;
  here.site.trouble = (path) => {
    if (path.startsWith('/api/v2/pages/')) here.site.accounts.clear();
    return undefined;
  };
  const ended = await here.sync();
  assert.deepEqual([ended.state, ended.reason, ended.removed], ['paused', 'anonymous', 0]);
});

test('the credentials test says which account they belong to, or why they fail', async (t) => {
  for (const kind of kinds) {
    const here = await place(t, { kind });
    assert.deepEqual(await here.confluence.test(), { ok: true, as: 'Ada Lovelace', kind });
    assert.deepEqual(await here.connect({ apiToken: 'wrong' }).test(), { ok: false, reason: 'refused' });
    here.site.trouble = () => page('<title>Maintenance</title>', 503);
    assert.deepEqual(await here.confluence.test(), { ok: false, reason: 'unavailable' });
    // Somebody is waiting for the answer.
    assert.equal(here.pauses.length, 0);
    await here.site.close();
    assert.deepEqual(await here.confluence.test(), { ok: false, reason: 'unreachable' });
  }
});

test('stopped by hand, it pauses and can be resumed', async (t) => {
  const here = await place(t, { kind: 'cloud' });
  here.site.trouble = (_path, number) => {
    if (number === 30) void here.confluence.stop();
    return undefined;
  };
  const ended = await here.sync();
  assert.deepEqual([ended.state, ended.reason], ['paused', 'stopped']);
  assert.deepEqual([(await here.sync()).resumed, differences(here)], [true, []]);

  // By the next day the old lists are stale.
  const [first] = here.site.content.pages.keys();
  here.site.trouble = (path) => {
    if (path.endsWith(`/pages/${first}`)) void here.confluence.stop();
    return undefined;
  };
  here.site.content.edit(first ?? '', { body: '<p>1</p>' });
  assert.equal((await here.sync()).reason, 'stopped');
  here.site.trouble = undefined;
  here.site.content.edit(first ?? '', { body: '<p>2</p>' });
  here.tick(25 * 3_600_000);
  assert.deepEqual([(await here.sync()).resumed, differences(here)], [false, []]);
});

test('a second sync at the same time is refused with a message', async (t) => {
  const here = await place(t, { kind: 'data-center' });
  const other = here.connect();
  const both = await Promise.all([here.confluence.sync(everything), other.sync(everything)]);
  assert.deepEqual(both.map((one) => 'busy' in one).toSorted(), [false, true]);
  assert.deepEqual(differences(here), []);
});

test('no sync starts if the record cannot be written', async (t) => {
  const here = await place(t, { kind: 'data-center' });
  const recorder = {
    write: () => Promise.reject(new Error('full')),
    note() {},
  };
  await assert.rejects(here.connect({ recorder }).sync(everything), /full/);
  assert.equal(here.site.seen.length, 0);
});

test('subscribers see the progress until it ends', async (t) => {
  const here: Place = await place(t, { kind: 'data-center' });
  const seen: string[] = [];
  here.confluence.progress.subscribe(({ state, done, total }) => seen.push(`${state} ${done}/${total}`));
  await here.sync();
  assert.ok(seen.includes('fetching 41/41'));
  assert.equal(seen.at(-1), 'idle 0/0');
  const { last, running, toDo, pages } = here.confluence.status();
  assert.deepEqual([last?.state, running, toDo, pages], ['done', false, 0, 41]);
});

test('the library’s pages start a sync, show its progress, and say when cookies are needed', async (t) => {
  const here = await place(t, { kind: 'data-center' });
  const { startSync, progress } = syncForLibrary(here.confluence, createLogger('silent'));
  const ada = { id: '1', email: 'ada@example.org' };
  assert.equal(progress().state, 'never');
  const gate = Promise.withResolvers<undefined>();
  here.site.trouble = (_path, number) => (number > 30 ? gate.promise : undefined);
  assert.equal(await startSync(ada), 'started');
  await waitFor('pages', () => progress().added > 0);
  const { state, found, done } = progress();
  assert.deepEqual([state, found, done < 41], ['running', 41, true]);
  assert.equal(await startSync(ada), 'running');
  gate.resolve(undefined);
  await waitFor('the end', () => progress().state === 'done');
  assert.deepEqual([progress().done, progress().added, progress().failed], [41, 41, 0]);
  assert.deepEqual(here.events[0]?.by, ada);
  here.site.accounts.clear();
  assert.equal(await startSync(ada), 'cookies');
});

/** The part of the vault that a sync uses. */
function vault(): CookieSource & { marks: [string, string][]; load(header: string): void } {
  let header = 'first=1';
  let marked = false;
  const marks: [string, string][] = [];
  return {
    marks,
    load(next) {
      header = next;
      marked = false;
    },
    async cookieFor() {
      if (marked) return { state: 'refused' };
      return {
        state: 'fresh',
        header,
        async mark(state, reason) {
          marked = true;
          marks.push([state, reason]);
        },
      };
    },
  };
}
