// The pages of the guard's apps: what they show, what they leave out, and what they say about a refusal.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { appIcons } from './app-icons.ts';
import { type AppRefusal, appRefused } from './app-refused.ts';
import { appTile } from './app-tile.ts';
import { apps, type LauncherApp } from './apps.ts';
import { devices } from './devices.ts';
import type { Html } from './html.ts';
import type { Frame } from './layout.ts';
import type { SessionItem } from './session-row.ts';
import { lastDay, lastDayField } from './until.ts';

const now = Date.UTC(2026, 10, 23, 15, 4);
const [minute, day] = [60_000, 86_400_000];
const frame: Frame = {
  theme: 'auto',
  nonce: 'n',
  asset: (name) => `/assets/${name}`,
  path: '/apps',
  devMode: false,
  signInPath: '/oauth2/start',
  person: { email: 'ada@example.org', operator: false },
  csrfToken: 't',
};
const operator: Frame = { ...frame, person: { email: 'ada@example.org', operator: true } };
/** The text of the page's content, without markup. */
const words = ({ markup }: Html) =>
  markup
    .slice(markup.indexOf('<main'), markup.indexOf('</main>'))
    .replace(/<[^>]*>/g, '')
    .replace(/\s+/g, ' ');
const app: LauncherApp = {
  name: 'grafana',
  title: 'Grafana',
  href: 'https://grafana.example.org/',
  host: 'grafana.example.org',
};

test('a card links to the app and says when it was last used, and until when it may be opened', () => {
  const until = Date.UTC(2026, 11, 11);
  const page = apps(frame, {
    now,
    search: '',
    total: 2,
    apps: [
      { ...app, usedAt: now - 5 * minute, until },
      { ...app, name: 'wiki', title: 'Wiki' },
    ],
  });
  assert.match(page.markup, /<a class="strong" href="https:\/\/grafana\.example\.org\/">Grafana<\/a>/);
  assert.match(
    words(page),
    /Grafanagrafana\.example\.orglast used 5 minutes agoyours until 10 December 2026/,
  );
  assert.equal(words(page).split('last used').length, 2, 'an unused app says nothing about its use');
});

test('the search field is shown from eight apps on, and while something is searched for', () => {
  const has = (total: number, search = '') =>
    apps(frame, { now, search, total, apps: [app] }).markup.includes('role="search"');
  assert.deepEqual([has(7), has(8), has(7, 'graf'), has(0, 'graf')], [false, true, true, false]);
});

test('without any app, members are told whom to ask and operators where to allow one', () => {
  const none = { now, search: '', total: 0, apps: [] };
  assert.match(words(apps(frame, none)), /You may not open any app yet.*Ask whoever runs this site/);
  assert.doesNotMatch(apps(frame, none).markup, /href="\/app-rules"/);
  assert.match(apps(operator, none).markup, /href="\/app-rules"/);
});

test('the rail has the apps only while the guard is on, and their rules only for operators', () => {
  const rail = (one: Frame) => {
    const { markup } = apps(one, { now, search: '', total: 1, apps: [app] });
    return [/<a href="\/apps"/.test(markup), /<a href="\/app-rules"/.test(markup)];
  };
  assert.deepEqual(rail(frame), [false, false]);
  assert.deepEqual(rail({ ...frame, hasApps: true }), [true, false]);
  assert.deepEqual(rail({ ...operator, hasApps: true }), [true, true]);
  assert.deepEqual(rail(operator), [false, false]);
});

test('only the rules are marked on their pages, not the apps', () => {
  const { markup } = apps(
    { ...operator, hasApps: true, path: '/app-rules/apps/wiki' },
    { now, search: '', total: 1, apps: [app] },
  );
  const marked = new Set([...markup.matchAll(/<a href="([^"]*)" aria-current/g)].map(([, href]) => href));
  assert.deepEqual([...marked], ['/app-rules']);
});

test('a tile has the built-in icon, the letters, or the first letter of the title', () => {
  const inside = (icon?: string) =>
    /aria-hidden="true">(.*)<\/span>/.exec(
      appTile(frame, { name: 'a', title: 'élan', ...(icon !== undefined && { icon }) }).markup,
    )?.[1];
  assert.match(String(inside('chart')), /icons\.svg#app-chart/);
  assert.equal(inside('ha'), 'HA');
  assert.equal(inside(), 'É');
  assert.equal(inside('no such icon'), 'É');
});

test('every built-in icon is in the sprite', () => {
  const sprite = readFileSync(new URL('../public/icons.svg', import.meta.url), 'utf8');
  for (const name of appIcons) assert.ok(sprite.includes(`<symbol id="app-${name}"`), name);
});

test('an end at midnight is shown by its last day, another by its exact time', () => {
  const midnight = Date.UTC(2027, 0, 1);
  assert.equal(lastDay(midnight), '31 December 2026');
  assert.equal(lastDayField(midnight), '2026-12-31');
  assert.equal(lastDay(midnight + 90 * minute), '1 January 2027, 01:30 UTC');
});

test('a device names the four apps that it used last and counts the others', () => {
  const item: SessionItem = {
    handle: 'handle-1',
    email: 'ada@example.org',
    device: { browser: 'Firefox', os: 'Windows', kind: 'desktop' },
    network: '203.0.113.9',
    createdAt: now - day,
    lastSeenAt: now,
    expiresAt: now + day,
    gate: 'verified',
    current: true,
  };
  const row = (used: SessionItem['apps']) =>
    words(devices(frame, { now, current: { ...item, ...(used && { apps: used }) }, others: [] }));
  const used = ['Grafana', 'Wiki', 'Notes', 'Mail', 'Chat', 'Photos'].map((title, i) => ({
    name: title.toLowerCase(),
    title,
    isOpen: false,
    at: now - 5 * minute - i * day,
  }));
  assert.match(row(used.slice(0, 2)), /Apps: Grafana, 5 minutes ago · Wiki, a day ago/);
  assert.match(row(used), /Mail, 3 days ago · 2 more/);
  assert.doesNotMatch(row(used), /Chat/);
  for (const none of [undefined, []]) assert.doesNotMatch(row(none), /Apps:/);
});

const grafana = { title: 'Grafana', host: 'grafana.example.org' };
const other = '/oauth2/sign_out?rd=x';
const refusals: [about: string, refusal: AppRefusal, says: RegExp, href: string][] = [
  [
    'no right: the account, whom to ask, and another account',
    { kind: 'not-allowed', app: grafana, otherAccount: other },
    /You may not open Grafana.*signed in as ada@example\.org.*ask whoever runs this site.*another account/,
    other,
  ],
  [
    'a right that ended: the last day, and how long ago',
    { kind: 'ended', app: grafana, at: Date.UTC(2026, 10, 13), otherAccount: other },
    /signed in as ada@example\.org.*until 12 November 2026; that ended 10 days ago.*ask whoever/,
    other,
  ],
  ['an unknown app: back to those that are known', { kind: 'unknown-app' }, /There is no such app/, '/apps'],
  [
    'a loop: both causes if either is possible',
    { kind: 'loop', app: grafana, cause: 'unknown', again: '/open?app=grafana' },
    /three times.*Cookies are blocked\..*cookie of grafana\.example\.org.*A clock is wrong\./,
    '/open?app=grafana',
  ],
  [
    'the idle limit of an app',
    { kind: 'limit', app: grafana, limit: 'idle', limitMs: 30 * minute, signIn: '/in' },
    /Sign in again to open Grafana.*after 30 minutes without use/,
    '/in',
  ],
  [
    'the lifetime of an app',
    { kind: 'limit', app: grafana, limit: 'expired', limitMs: day, signIn: '/in' },
    /Sign in again to open Grafana.*24 hours after the last one/,
    '/in',
  ],
];
for (const [about, refusal, says, href] of refusals) {
  test(about, () => {
    const page = appRefused(frame, refusal, now);
    assert.match(words(page), says);
    const main = page.markup.slice(page.markup.indexOf('<main'));
    assert.ok(main.includes(`href="${href}"`));
    assert.equal(main.split('button primary').length, 2, 'one thing to do first');
  });
}

test('a loop whose cause is known names it alone, and offers one button', () => {
  for (const [cause, says, not] of [
    ['cookies', /Cookies are blocked/, /clock/],
    ['clock', /A clock is wrong/, /[Cc]ookie/],
  ] as const) {
    const page = appRefused(frame, { kind: 'loop', app: grafana, cause, again: '/open' }, now);
    assert.match(words(page), says);
    assert.doesNotMatch(words(page), not);
    assert.equal(page.markup.slice(page.markup.indexOf('<main')).split('class="button').length, 2);
  }
});
