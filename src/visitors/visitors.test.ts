// What a visitor's cookie brings, when it is replaced, and when nothing may be stored.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Request, Response } from 'express';
import { createKeyring } from '../crypto/keyring.ts';
import { HttpError } from '../http/errors.ts';
import { createLogger } from '../http/log.ts';
import { StoreUnavailable, type VisitorTable } from '../store/contract.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import { createVisitors, type VisitorOptions } from './visitors.ts';

const began = 1_750_000_000_000;
const ttlMs = 7 * 86_400_000;
const dark = { theme: 'dark' } as const;
const cookie = { secure: true, httpOnly: true, sameSite: 'lax' } as const;

interface Given extends Partial<VisitorOptions> {
  /** The answer of the store to every read. */
  readonly fault?: Error;
}

function setUp(t: TestContext, { fault, ...more }: Given = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-visitors-'));
  const { visitors: table, close } = openSqliteStore(folder);
  t.after(async () => {
    await close();
    rmSync(folder, { recursive: true });
  });
  const world = { now: began, room: true, asked: 0 };
  const logged: string[] = [];
  const broken: VisitorTable = { ...table, read: () => Promise.reject(fault) };
  const visitors = createVisitors({
    table: fault ? broken : table,
    keyring: createKeyring(['new', 'old']),
    cookieName: 'visitor',
    cookie,
    ttlMs,
    consent: 'notice',
    now: () => world.now,
    logger: createLogger('error', { write: (line: string) => logged.push(line) }),
    async takeRoom() {
      world.asked++;
      return world.room;
    },
    ...more,
  });
  return { visitors, table, world, logged };
}

/** A request with these cookies, and what its response sets. */
function ask(sent?: string | readonly string[], headers: Record<string, string> = {}) {
  const values = sent === undefined ? [] : [sent].flat();
  const cookies = values.length > 0 ? { cookie: values.map((value) => `visitor=${value}`).join('; ') } : {};
  const req = { headers: { ...cookies, ...headers } } as unknown as Request;
  let lines: string[] = [];
  const res = {
    locals: {},
    getHeader: () => (lines.length > 0 ? lines : undefined),
    setHeader: (_name: string, value: string[]) => {
      lines = value;
    },
  } as unknown as Response;
  const [set, maxAgeS] = [
    () => /^visitor=([^;]*)/.exec(lines[0] ?? '')?.[1],
    () => Number(/Max-Age=(\d+)/.exec(lines[0] ?? '')?.[1]),
  ];
  return { req, res, set, maxAgeS };
}

/** A visitor who has a cookie; with `choices`, also a row. */
async function visitor({ visitors }: ReturnType<typeof setUp>, choices?: typeof dark) {
  const first = ask();
  await visitors.meet(first.req, first.res);
  const value = first.set();
  assert.ok(value);
  if (choices) {
    const { req, res } = ask(value);
    assert.equal(await visitors.choose(req, res, choices), true);
  }
  return value;
}
const idOf = (value: string | undefined) => value?.split('.')[0];

test('a visitor gets a cookie once, and the choices made under it', async (t) => {
  const here = setUp(t);
  const value = await visitor(here);
  const again = ask(value);
  assert.deepEqual(await here.visitors.meet(again.req, again.res), {});
  assert.equal(again.set(), undefined);
  const choice = ask(value);
  assert.equal(await here.visitors.choose(choice.req, choice.res, dark), true);
  assert.equal(choice.set(), undefined);
  const later = ask(value);
  assert.deepEqual(await here.visitors.meet(later.req, later.res), dark);
});

test('two cookies of the name, or one that has expired, are those of a new visitor', async (t) => {
  const here = setUp(t);
  const value = await visitor(here, dark);
  for (const two of [
    ask([value, value]),
    // What a lenient parser takes for the same name.
    ask(undefined, { cookie: `visitor=${value}; \u00a0visitor=x` }),
  ]) {
    assert.deepEqual(await here.visitors.meet(two.req, two.res), {});
    assert.ok(two.set());
    assert.notEqual(idOf(two.set()), idOf(value));
  }
  here.world.now += ttlMs;
  const late = ask(value);
  assert.deepEqual(await here.visitors.meet(late.req, late.res), {});
  assert.ok(late.set());
});

test('where consent is required, a cookie comes with a choice, and never against Sec-GPC', async (t) => {
  const { visitors, world } = setUp(t, { consent: 'required' });
  const first = ask();
  assert.deepEqual(await visitors.meet(first.req, first.res), {});
  assert.equal(first.set(), undefined);
  const gpc = ask(undefined, { 'sec-gpc': '1' });
  assert.equal(visitors.mayKeep(gpc.req), false);
  assert.equal(await visitors.choose(gpc.req, gpc.res, dark), false);
  assert.deepEqual([gpc.set(), world.asked], [undefined, 0]);
  const choice = ask(undefined, { 'sec-gpc': '0' });
  assert.equal(visitors.mayKeep(choice.req), true);
  assert.equal(await visitors.choose(choice.req, choice.res, dark), true);
  assert.ok(choice.set());
  assert.equal(visitors.timeLeftMs(choice.req, choice.res), ttlMs);
  const signIn = ask();
  assert.deepEqual(await visitors.replace(signIn.req, signIn.res), {});
  assert.equal(signIn.set(), undefined, 'signing in is no consent');
  const kept = ask(choice.set());
  assert.deepEqual(await visitors.replace(kept.req, kept.res), dark);
  assert.ok(kept.set(), 'a visitor who consented stays one');
  const unasked = ask();
  await setUp(t).visitors.replace(unasked.req, unasked.res);
  assert.ok(unasked.set(), 'where consent is not required, a sign-in gives a cookie');
  const notice = setUp(t);
  assert.equal(notice.visitors.mayKeep(gpc.req), true);
});

test('a network takes room for a visitor who is not stored yet, and is refused where there is none', async (t) => {
  const here = setUp(t);
  const value = await visitor(here, dark);
  assert.equal(here.world.asked, 1);
  const known = ask(value);
  await here.visitors.choose(known.req, known.res, dark);
  assert.equal(here.world.asked, 1, 'a stored visitor takes none');
  here.world.room = false;
  await here.visitors.choose(known.req, known.res, dark);
  for (const sent of [undefined, await visitor(here)]) {
    const other = ask(sent);
    await assert.rejects(
      here.visitors.choose(other.req, other.res, dark),
      (error) => error instanceof HttpError && error.code === 'too_many_requests',
    );
    assert.equal(other.set(), undefined);
  }
});

test('a sign-in retires the id and takes its choices along', async (t) => {
  const here = setUp(t);
  for (const [choices, carried] of [
    [dark, dark],
    [undefined, {}],
  ] as const) {
    const value = await visitor(here, choices);
    const signIn = ask(value);
    assert.deepEqual(await here.visitors.replace(signIn.req, signIn.res), carried);
    const fresh = signIn.set();
    assert.notEqual(idOf(fresh), idOf(value));
    const member = ask(fresh);
    assert.deepEqual(await here.visitors.meet(member.req, member.res), carried);
    assert.equal(member.set(), undefined);
    const old = ask(value);
    assert.deepEqual(await here.visitors.meet(old.req, old.res), {});
    assert.ok(old.set(), 'a retired id is replaced');
    assert.notEqual(idOf(old.set()), idOf(value));
    const again = ask(value);
    assert.equal(await here.visitors.choose(again.req, again.res, { theme: 'light' }), true);
    assert.ok(again.set(), 'and takes no choice');
    assert.notEqual(idOf(again.set()), idOf(value));
    const retired = ask(value);
    assert.deepEqual(await here.visitors.replace(retired.req, retired.res), {}, 'nor gives one away');
  }
});

test('a cookie of a former key is signed again, for the time that is left, and once', async (t) => {
  const here = setUp(t);
  const former = setUp(t, { keyring: createKeyring(['old']) });
  const value = await visitor(former);
  here.world.now += 1_000_000;
  for (const renew of ['meet', 'renew'] as const) {
    const first = ask(value);
    await here.visitors[renew](first.req, first.res);
    assert.equal(idOf(first.set()), idOf(value), renew);
    assert.notEqual(first.set(), value);
    assert.equal(first.maxAgeS(), (ttlMs - 1_000_000) / 1000);
    const second = ask(first.set());
    await here.visitors[renew](second.req, second.res);
    assert.equal(second.set(), undefined);
  }
});

test('a page of a member signs no cookie that was retired, just issued, or cannot be looked up', async (t) => {
  const former = setUp(t, { keyring: createKeyring(['old']) });
  const value = await visitor(former);
  const renewed = async ({ visitors }: ReturnType<typeof setUp>, locals: object = {}) => {
    const { req, res, set } = ask(value);
    Object.assign(res.locals, locals);
    await visitors.renew(req, res);
    return set();
  };
  const here = setUp(t);
  assert.ok(await renewed(here));
  assert.equal(await renewed(here, { visitorEndsAt: began + ttlMs }), undefined);
  assert.equal(await renewed(former), undefined, 'where there is no former key');
  assert.equal(await renewed(setUp(t, { fault: new StoreUnavailable(new Error('away')) })), undefined);
  const { req, res } = ask(value);
  await here.visitors.replace(req, res);
  assert.equal(await renewed(here), undefined, 'a retired id');
});

test('in an outage public pages go on, leave the cookie as it is, and one line is logged', async (t) => {
  const value = await visitor(setUp(t));
  const away = setUp(t, { fault: new StoreUnavailable(new Error('away')) });
  const page = ask(value);
  assert.deepEqual(await away.visitors.meet(page.req, page.res), {});
  assert.equal(page.set(), undefined);
  assert.equal(away.logged.length, 1);
  const other = setUp(t, { fault: new Error('a defect') });
  await assert.rejects(other.visitors.meet(page.req, page.res), /a defect/);
});

test('the time left is that of the cookie this response sets, else of the one that was sent', async (t) => {
  const here = setUp(t);
  const value = await visitor(here);
  here.world.now += 1000;
  const sent = ask(value);
  assert.equal(here.visitors.timeLeftMs(sent.req, sent.res), ttlMs - 1000);
  sent.res.locals.visitorEndsAt = here.world.now + 5;
  assert.equal(here.visitors.timeLeftMs(sent.req, sent.res), 5);
  const none = ask();
  assert.equal(here.visitors.timeLeftMs(none.req, none.res), undefined);
});

test('a sign-in is answered once the old id is retired and its choices are stored', async (t) => {
  const here = setUp(t);
  const value = await visitor(here, dark);
  const done: string[] = [];
  const slow = async (what: string) => {
    await nextTurn();
    done.push(what);
  };
  const table: VisitorTable = {
    ...here.table,
    retire: () => slow('retired'),
    choose: () => slow('stored').then(() => true),
  };
  const { req, res } = ask(value);
  await setUp(t, { table }).visitors.replace(req, res);
  assert.deepEqual(done, ['retired', 'stored']);
});
