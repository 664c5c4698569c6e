// What the check-up needs of the guard: the apps of the apps file, and how an app is asked with the keys that follow from SECRET_KEY.
import { readFileSync, statSync } from 'node:fs';
import type { Config } from '../config/derive.ts';
import { createKeyring } from '../crypto/keyring.ts';
import type { AppView, GuardedAppFact, Known } from '../doctor/deployment.ts';
import { type AppPlaces, lookAtApp } from '../doctor/look/app.ts';
import type { AppsSeen } from '../doctor/look/guard.ts';
import { readApps } from '../guard/apps-document.ts';
import type { Apps, AppsFault, GuardedApp } from '../guard/contract.ts';
import { clientClaims, exactIdentityNames } from '../guard/front/headers.ts';
import { wantedHeaders } from '../guard/front/input.ts';
import { frontKey } from '../guard/front-key.ts';
import { guardCookieNames } from '../guard/guard-cookie.ts';
import { mayUse } from '../guard/may-use.ts';
import { probeQuestion, readProbeAnswer, rulesDigest } from '../guard/probe.ts';

/** @returns reads an apps file for the check-up. `addresses`: of the allow-list */
export function appsSeen(now: () => number) {
  return (text: string, deskOrigin: string, addresses: readonly string[]): AppsSeen => {
    const read = readApps(text, deskOrigin);
    if ('faults' in read) return { faults: read.faults.map(sentence) };
    const { apps } = read;
    return { apps: [...apps.apps.values()].map((app) => factOf(app, apps, addresses, now())) };
  };
}

function sentence({ line, message }: AppsFault): string {
  return `${line === undefined ? '' : `Line ${line}: `}${message}`;
}

function factOf(
  app: GuardedApp,
  { groups }: Apps,
  addresses: readonly string[],
  now: number,
): GuardedAppFact {
  const { name, origin, headers } = app;
  const isToldNames =
    headers.userIs === 'name' && (headers.user !== undefined || headers.assertion !== undefined);
  const people = new Set(addresses.map((email) => email.toLowerCase()));
  const admitted = [...people].filter((email) => mayUse(app, { email }, { groups, now }) === 'yes');
  const byName = Map.groupBy(admitted, (email) => email.slice(0, email.lastIndexOf('@')));
  const shared = [...byName].filter(([, all]) => all.length > 1).map(([local]) => local);
  return { name, host: new URL(origin).hostname, isToldNames, sharedNames: isToldNames ? shared : [] };
}

/** @param name of an app in the apps file */
export function lookAtAppNamed(name: string, places: AppPlaces, now: () => number) {
  return async (config: Config, appsFile: string): Promise<Known<AppView>> => {
    const apps = readFrom(appsFile, config.publicOrigin);
    if ('missing' in apps) return apps;
    const app = apps.found.apps.get(name);
    const unread = true as const;
    if (!app) {
      const names = [...apps.found.apps.keys()].slice(0, 20).join(', ');
      return {
        missing: `there is no app ${name.slice(0, 40)} in APPS_FILE; it has ${names || 'none'}`,
        unread,
      };
    }
    if (config.isKeyMadeUp)
      return { missing: 'there is no SECRET_KEY, so the key of the app is not known', unread };
    const keyring = createKeyring(config.secretKeys);
    const cookies = [
      ...guardCookieNames,
      ...[config.session.cookieName, config.visitor.cookieName],
      ...['', '_0', '_1', '_csrf', '_AbC_csrf'].map((part) => `${config.gate.cookie.name}${part}`),
    ];
    const found = await lookAtApp(
      {
        ...app,
        deskOrigin: config.publicOrigin,
        wantedNames: wantedHeaders(app.headers).map(({ to }) => to),
        identityNames: exactIdentityNames,
        addressNames: [
          ...clientClaims,
          'X-Forwarded-For',
          'X-Forwarded-Host',
          'X-Forwarded-Proto',
          'X-Real-IP',
        ],
        cookieNames: cookies,
        key: frontKey(keyring, app),
        others: [...apps.found.apps.values()].filter((one) => one !== app),
        ownRules: rulesDigest(apps.found),
        question: (nonce) => probeQuestion(keyring, nonce, now()),
        answer: (text, nonce) => readProbeAnswer(keyring, text, nonce),
      },
      { ...places, front: places.front && frontAt(places.front, app.origin) },
    );
    return { found };
  };
}

/** `127.0.0.1:8443` is asked as the app's own address is. */
function frontAt(front: string, origin: string): string {
  return /^https?:\/\//i.test(front) ? front : `${new URL(origin).protocol}//${front}`;
}

function readFrom(path: string, deskOrigin: string): Known<Apps> {
  const unread = true as const;
  let text: string;
  try {
    if (!statSync(path).isFile()) return { missing: 'APPS_FILE is not a file', unread };
    text = readFileSync(path, 'utf8');
  } catch (error) {
    return { missing: `APPS_FILE cannot be read (${(error as NodeJS.ErrnoException).code})`, unread };
  }
  const read = readApps(text, deskOrigin);
  return 'apps' in read
    ? { found: read.apps }
    : { missing: 'APPS_FILE has a mistake; see guard.apps-valid', unread };
}
