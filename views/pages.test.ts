// Every page, with hostile text in every string it takes: none of it becomes markup, and there is nothing that the CSP forbids.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { appRefused } from './app-refused.ts';
import { appRules } from './app-rules.ts';
import { appRulesAllow } from './app-rules-allow.ts';
import { appRulesApp } from './app-rules-app.ts';
import { appRulesEnd } from './app-rules-end.ts';
import { appRulesGroup, groupDelete, groupLeave } from './app-rules-group.ts';
import type { RuledApp, RuleEntry } from './app-rules-parts.ts';
import { appRulesRemove } from './app-rules-remove.ts';
import { apps } from './apps.ts';
import { cookies } from './cookies.ts';
import { dashboard } from './dashboard.ts';
import { devices } from './devices.ts';
import { confirmEndEveryone, confirmEndOthers, confirmEndPerson } from './end-confirm.ts';
import { errorPage } from './error.ts';
import type { Html } from './html.ts';
import { type KeyRow, keys } from './keys.ts';
import { landing } from './landing.ts';
import type { Frame } from './layout.ts';
import { privacyNotice } from './privacy-notice.ts';
import { everyone } from './radar.ts';
import { type ReceiptItem, receipt } from './receipt.ts';
import { type EndReason, sessionEnded } from './session-ended.ts';
import type { SessionItem } from './session-row.ts';
import { settings } from './settings.ts';
import { signedOut } from './signed-out.ts';

const bad = `"><script>alert(1)</script>' onclick="x" style='y' \`<img src=x onerror=x>\` &`;
const now = Date.UTC(2026, 10, 23, 15, 4);
const day = 86_400_000;

const visitor: Frame = {
  theme: 'auto',
  nonce: bad,
  asset: (name) => `/assets/${name}?v=1`,
  path: bad,
  devMode: true,
  signInPath: bad,
};
const member: Frame = { ...visitor, person: { email: bad, operator: true }, csrfToken: bad };
const device = { browser: bad, os: bad, kind: 'bot' } as const;
const attribute = { name: bad, value: bad, why: bad };
const clock = { label: bad, name: bad, purpose: bad, lifetimeMs: 7 * day };
const stored = { what: bad, why: bad, howLong: bad };

function dashboardOf(frame: Frame, returning: boolean): Html {
  return dashboard(frame, {
    now,
    person: { id: bad, email: bad, operator: true },
    session: {
      handle: bad,
      device,
      network: bad,
      createdAt: now - day,
      lastSeenAt: now,
      expiresAt: now + day,
      idleEndsAt: now + 1,
      staySignedIn: returning,
    },
    cookies: [
      { ...clock, leftMs: 6 * day },
      { ...clock, leftMs: undefined },
      { ...clock, leftMs: -1, lifetimeMs: 0 },
    ],
    previousSignIn: returning ? { at: now - 40 * day, device, network: bad } : undefined,
    firstVisit: !returning,
    replay: returning ? { at: now - 1000, device } : undefined,
    dueKeys: returning ? [bad] : [],
    charts: returning
      ? { own: [{ day: bad, n: 3 }] }
      : {
          everyone: {
            signIns: [{ day: bad, n: 3 }],
            live: { now: 1, highest: [{ day: bad, n: 3 }] },
            devices: [{ kind: 'desktop', n: 1 }],
            refused: [{ day: bad, n: 1, reasons: [{ name: bad, n: 1 }] }],
          },
        },
    endedBefore: returning ? undefined : { at: now - 1000, by: bad },
    newDevices: returning ? [{ handle: bad, device, network: bad, at: now - 1000 }] : [],
  });
}

const cookie = { name: bad, parts: 2, setBy: 'oauth2-proxy', purpose: bad, limitBytes: 8192 } as const;
const reports = [
  { ...cookie, bytes: 9000, attributes: [{ ...attribute, verdict: 'weak' }] },
  { ...cookie, bytes: 7000, attributes: [{ ...attribute, verdict: 'good' }] },
  { ...cookie, bytes: 1, attributes: [{ ...attribute, verdict: 'unknown' }] },
] as const;
const reasons: EndReason[] = [
  'idle',
  'expired',
  'signed_out',
  'person_changed',
  'revoked',
  'revoked_by_operator',
  'replayed',
  'too_many',
  'device_changed',
  'gate_limit',
  'superseded',
  'access_removed',
  'erased',
];
const look = { showNotice: true, consent: 'notice', canChoose: true, visitorTtlDays: 7 } as const;
const failure = { status: 503, title: bad, detail: bad, action: { label: bad, href: bad }, reference: bad };
const limits = { lifetimeMs: 7 * day, idleMs: day };

const session: SessionItem = {
  handle: bad,
  email: bad,
  device,
  network: bad,
  createdAt: now - day,
  lastSeenAt: now - 1,
  expiresAt: now + day,
  gate: 'verified',
  current: false,
};
const here: SessionItem = {
  ...session,
  current: true,
  gate: 'cookie',
  apps: [{ name: bad, title: bad, at: now, isOpen: true }],
};
const gateSession = { key: bad, person: bad, email: bad, lastUsedAt: now, refreshedAt: now, expiresAt: now };
const gateSessions = {
  sessions: [{ ...gateSession, inApp: true }, { key: bad }],
  totals: { sessions: 3, inApp: 1 },
  readAt: now,
  failed: true,
  cannotReach: bad,
};
const radar = {
  now,
  total: 9,
  items: [here, session],
  search: bad,
  sort: 'seen',
  isLater: true,
  next: bad,
} as const;
const gates = ['ended', 'nothing to end', 'unreachable', 'refused here', 'unknown'] as const;
const receipts: ReceiptItem[] = gates.flatMap((gate) => [
  { handle: bad, email: bad, device, endedAt: now, gate, writtenBack: 2, open: true },
  { handle: bad, endedAt: now, gate, writtenBack: 0, verifiedAt: now, open: false },
]);
const back = { href: bad, label: bad };
const key: KeyRow = {
  name: bad,
  protects: bad,
  state: 'due',
  age: { kind: 'made', at: now - day },
  dueAt: now,
  fingerprint: bad,
  formers: [
    { fingerprint: bad, outSince: now, lastUsedAt: now, goesAt: now },
    { fingerprint: bad, outSince: now, lastUsedAt: 'not since', goesAt: now + day },
    { fingerprint: bad, outSince: now, goesAt: now },
  ],
  waits: true,
  command: bad,
  byHand: bad,
  takeOver: 'gate',
  people: bad,
};
const outside: KeyRow = { ...key, state: 'outside', age: { kind: 'unknown' }, formers: [], waits: false };

const entry: RuleEntry = { who: bad, kind: 'group', name: bad, people: 3, until: now + day, ended: false };
const ruled: RuledApp = {
  name: bad,
  title: bad,
  icon: bad,
  origin: bad,
  host: bad,
  rules: [entry, { ...entry, kind: 'person', until: now - day, ended: true }, { ...entry, kind: 'everyone' }],
  publicPaths: [
    { kind: 'exact', path: bad },
    { kind: 'below', path: bad },
  ],
  idleMs: day,
  lifetimeMs: day,
  headers: [[bad, bad]],
  keyVersion: 2,
  usedAt: now - day,
  unused: true,
};
const fileFaults = [{ line: 3, message: bad }, { message: bad }];
const launched = { name: bad, title: bad, icon: bad, href: bad, host: bad, usedAt: now, until: now + day };
const theApp = { title: bad, host: bad };
const refusedBefore = { people: [{ email: bad, at: now - day, times: 2 }], erased: 1, isPartial: true };
const ruledApp = { now, app: ruled, path: bad, faults: [], known: [bad], refusals: refusedBefore };
const impact = { refused: [{ email: bad, at: now }], already: 1, admitted: 2, erased: 1, isPartial: true };
const removal = {
  app: { name: bad, title: bad },
  rule: entry,
  remaining: [],
  partly: 1,
  last: true,
  self: true,
  now,
  dryRun: impact,
};
const group = {
  kind: 'group',
  name: bad,
  people: [bad],
  apps: [{ name: bad, title: bad }],
  faults: [],
} as const;
const leaving = {
  now,
  group: bad,
  who: bad,
  runs: [{ app: { name: bad, title: bad }, dryRun: impact }],
  self: true,
};

const pages: Record<string, Html> = {
  apps: apps(member, { now, search: bad, total: 8, apps: [launched] }),
  'apps, none found': apps(member, { now, search: bad, total: 8, apps: [] }),
  'apps, none': apps(member, { now, search: '', total: 0, apps: [] }),
  'app rules': appRules(member, {
    now,
    path: bad,
    faults: fileFaults,
    apps: [ruled, { ...ruled, rules: [] }].map((app) => ({ ...app, lastDay: { sessions: 2, people: 2 } })),
    isPartial: true,
    groups: [
      { name: bad, people: [bad], apps: [bad] },
      { name: bad, people: [], apps: [] },
    ],
    done: 'removed',
  }),
  'app rules, none': appRules(member, {
    now,
    path: bad,
    faults: [],
    apps: [],
    groups: [],
    isPartial: false,
  }),
  'rules of an app': appRulesApp(member, {
    ...ruledApp,
    refused: { who: bad, lastDay: bad, why: 'unknown-group' },
  }),
  'rules of an app, past': appRulesApp(member, {
    ...ruledApp,
    refused: { who: bad, lastDay: bad, why: 'past', entry: bad },
  }),
  'rules of an app, not written': appRulesApp(member, {
    ...ruledApp,
    faults: fileFaults,
    refused: { who: bad, lastDay: bad, why: { refused: bad } },
  }),
  'take an app away': appRulesRemove(member, { ...removal, state: 'listed' }),
  'take an app away, without effect': appRulesRemove(member, {
    ...removal,
    state: 'listed',
    remaining: [entry],
  }),
  'take an app away, absent': appRulesRemove(member, { ...removal, state: 'absent' }),
  'take an app away, broken': appRulesRemove(member, { ...removal, state: 'broken' }),
  'take an app away, not written': appRulesRemove(member, { ...removal, state: { refused: bad } }),
  'let somebody open an app': appRulesAllow(member, {
    now,
    app: { name: bad, title: bad },
    rule: entry,
    isNew: false,
    form: { who: bad, lastDay: bad, entry: bad },
    dryRun: impact,
  }),
  'end an app': appRulesEnd(member, {
    app: { name: bad, title: bad },
    lastDay: { sessions: 2, people: 1 },
  }),
  'end an app for one person': appRulesEnd(member, {
    app: { name: bad, title: bad },
    person: { handle: bad, email: bad },
    lastDay: { sessions: 0, people: 0 },
  }),
  'end an app, not written': appRulesEnd(member, {
    app: { name: bad, title: bad },
    lastDay: { sessions: 0, people: 0 },
    failed: bad,
    sessions: 1,
  }),
  group: appRulesGroup(member, { ...group, done: 'joined' }),
  'group, nobody': appRulesGroup(member, { ...group, people: [], apps: [] }),
  'group, invalid': appRulesGroup(member, { ...group, refused: { who: bad, why: 'invalid' } }),
  'group, not written': appRulesGroup(member, { ...group, refused: { who: bad, why: { refused: bad } } }),
  'group, not made': appRulesGroup(member, { kind: 'not-created', name: bad, why: 'invalid' }),
  'group, broken': appRulesGroup(member, { kind: 'not-created', name: bad, why: 'broken' }),
  'leave a group': groupLeave(member, { ...leaving, state: 'listed' }),
  'leave a group, absent': groupLeave(member, { ...leaving, state: 'absent' }),
  'leave a group, not written': groupLeave(member, { ...leaving, state: { refused: bad } }),
  'delete a group': groupDelete(member, { group: bad, people: 1, apps: [] }),
  'delete a group, used': groupDelete(member, { group: bad, people: 1, apps: [{ name: bad, title: bad }] }),
  'app refused': appRefused(member, { kind: 'not-allowed', app: theApp, otherAccount: bad }, now),
  'app right ended': appRefused(member, { kind: 'ended', app: theApp, at: now, otherAccount: bad }, now),
  'app unknown': appRefused(member, { kind: 'unknown-app' }, now),
  'app loop': appRefused(member, { kind: 'loop', app: theApp, cause: 'unknown', again: bad }, now),
  'app limit': appRefused(
    member,
    { kind: 'limit', app: theApp, limit: 'idle', limitMs: day, signIn: bad },
    now,
  ),
  devices: devices(member, { now, current: here, others: [session, { ...session, gate: 'unverified' }] }),
  'devices, one': devices(member, { now, current: here, others: [] }),
  radar: everyone(member, { ...radar, ended: 2, gateSessions }),
  'radar, none': everyone(member, { ...radar, items: [], next: undefined }),
  'end others': confirmEndOthers(member, { now, others: Array.from({ length: 14 }, () => session) }),
  'end a person': confirmEndPerson(member, { now, handle: bad, email: bad, self: true, sessions: [session] }),
  'end everyone': confirmEndEveryone(member, { total: 3, wrong: true }),
  receipts: receipt(member, { receipts, cannotReach: bad, refreshAfterS: 3, back }),
  keys: keys(member, {
    now,
    rows: [key, { ...outside, fingerprint: undefined }],
    unused: [bad],
    maxAgeMs: 90 * day,
    pid: 1,
  }),
  landing: landing(visitor, look),
  'landing, consent': landing(visitor, { ...look, consent: 'required', visitorTtlDays: 1 }),
  'landing, no choice': landing(visitor, { ...look, consent: 'required', canChoose: false }),
  'dashboard, first': dashboardOf(member, false),
  dashboard: dashboardOf(member, true),
  cookies: cookies(member, { cookies: reports, header: { bytes: 9000, budgetBytes: 8192 } }),
  'cookies, none': cookies(member, { cookies: [], header: { bytes: 0, budgetBytes: 0 } }),
  settings: settings(member, { ...limits, staySignedIn: true, saved: true }),
  'signed out': signedOut(visitor),
  ...Object.fromEntries(
    reasons.map((reason) => [
      reason,
      sessionEnded(visitor, { reason, endedAt: now - day, now, endedBy: bad, changes: [bad] }),
    ]),
  ),
  privacy: privacyNotice(visitor, {
    consent: 'required',
    items: [
      { ...stored, where: 'your browser' },
      { ...stored, where: 'Google' },
    ],
  }),
  'privacy, empty': privacyNotice(visitor, { consent: 'notice', items: [] }),
  error: errorPage(member, { ...failure, retryAfterS: 10 }),
  'error, no way on': errorPage(visitor, { ...failure, action: undefined }),
};

/** Tags as a browser would find them; reliable because the values in these pages never contain a raw `<` or `>`. */
function tags(markup: string): string[] {
  return markup.match(/<[^>]*>/g) ?? [];
}

for (const [name, page] of Object.entries(pages)) {
  const { markup } = page;
  test(`${name}: hostile text stays text`, () => {
    assert.ok(markup.includes('&lt;script&gt;') && !markup.includes('<script>') && !markup.includes('<img'));
    for (const found of tags(markup)) {
      const bare = found.replace(/"[^"]*"/g, '""');
      assert.doesNotMatch(bare, /\s(style|on\w+)\s*=/i, found);
      assert.doesNotMatch(bare, /=(?!"")/, `unquoted: ${found}`);
      if (found.startsWith('<script')) assert.match(bare, /^<script src="" nonce="" defer>$/);
    }
    assert.doesNotMatch(markup, /data:|javascript:/);
  });

  test(`${name}: one title, one h1 before every h2, labels, landmarks`, () => {
    const found = tags(markup);
    assert.match(markup, /<title>[^<]+ · Gatehouse<\/title>/);
    const headings = found.filter((one) => /^<h\d/.test(one)).map((one) => one.slice(1, 3));
    assert.deepEqual([headings[0], headings.lastIndexOf('h1')], ['h1', 0]);
    assert.ok(headings.every((heading) => heading === 'h1' || heading === 'h2'));
    assert.equal(found.filter((one) => one.startsWith('<main')).length, 1);
    const inside = new Set(markup.match(/(?<=<label[^>]*>)<input [^>]*>/g));
    const controls = found.filter((one) => /^<(input|select)\s/.test(one) && !one.includes('type="hidden"'));
    const idOf = (one: string) => /\sid="([^"]*)"/.exec(one)?.[1];
    for (const one of controls)
      assert.ok(inside.has(one) || found.includes(`<label for="${idOf(one)}">`), one);
    const ids = found.flatMap((one) => idOf(one) ?? []);
    assert.equal(new Set(ids).size, ids.length);
  });

  test(`${name}: forms carry the token only when signed in`, () => {
    const forms = markup.match(/<form[\s\S]*?<\/form>/g) ?? [];
    const signedIn = markup.includes('class="member"');
    // A GET form would put the token into the address.
    for (const form of forms) {
      assert.equal(form.includes('name="_csrf"'), signedIn && !form.startsWith('<form method="get"'));
    }
    assert.equal(markup.includes('action="/logout?sent=1"'), signedIn);
  });
}

test('the rail marks the current page, also for pages below it', () => {
  const at = (path: string) =>
    // Both in the rail and in the bar for phones; only one of them is visible.
    [...new Set(tags(signedOut({ ...member, path }).markup).filter((one) => one.includes('aria-current')))];
  assert.deepEqual(at('/cookies'), ['<a href="/cookies" aria-current="page">']);
  assert.deepEqual(at('/cookies/x'), ['<a href="/cookies" aria-current="page">']);
  assert.deepEqual(at('/cookiesx'), []);
});

test('public pages know nobody and offer both ways on; if a session is known to be over, only signing in', () => {
  const top = (page: Html) => /<header class="top">.*<\/header>/.exec(page.markup)?.[0] ?? '';
  const over = sessionEnded(visitor, { reason: 'idle', endedAt: undefined, now });
  for (const page of [landing(visitor, look), signedOut(visitor), errorPage(visitor, failure)])
    assert.match(top(page), /<a href="\/dashboard">Dashboard<\/a>.*Sign in<\/a>/);
  assert.match(top(over), /Sign in<\/a>/);
  assert.ok(!top(over).includes('/dashboard'));
});

test('theme, development mode and retrying are mentioned only where they apply', () => {
  const quiet = { ...visitor, devMode: false };
  assert.match(signedOut({ ...quiet, theme: 'dark' }).markup, /data-theme="dark"[\s\S]*content="dark"/);
  assert.ok(!signedOut(quiet).markup.includes('Development mode'));
  for (const { markup } of Object.values(pages)) assert.match(markup, /Development mode: no gate\./);
  assert.match(String(pages['error']), /<meta http-equiv="refresh" content="10">/);
  assert.ok(!String(pages['error, no way on']).includes('http-equiv'));
});

test('every icon that a page uses is in the sprite', () => {
  const sprite = readFileSync(new URL('../public/icons.svg', import.meta.url), 'utf8');
  for (const { markup } of Object.values(pages)) {
    for (const [, name] of markup.matchAll(/icons\.svg\?v=1#([\w-]+)/g)) {
      assert.ok(sprite.includes(`<symbol id="${name}"`), name);
    }
  }
});
