// What the front's configuration is generated from, and the checks that keep a value from becoming a directive of its own.
import type { AppHeaders, Apps, GuardedApp } from '../contract.ts';
import { protectedNames } from './headers.ts';

export interface FrontInput {
  readonly apps: Apps;
  /** Where the front reaches the guard listener of each replica: `unix:/path` or `host:port`, as in GUARD_LISTEN. */
  readonly guards: readonly [string, ...string[]];
  /** The key by which the front proves which app it asks for. */
  readonly keyOf: (app: GuardedApp) => string;
  readonly cookies: CookieNames;
}

/** Cookies that no app may see, besides the guard's own two. */
export interface CookieNames {
  /** oauth2-proxy's `cookie_name`. */
  readonly gate: string;
  /** The desk's own two. */
  readonly desk: readonly string[];
}

/** `name`: of the file, without a folder. `app`: whose file it is; absent: the part that all apps share. */
export interface FrontFile {
  readonly name: string;
  readonly text: string;
  readonly app?: string;
}

export type GuardAddress =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number };

/** What cannot be put into the front's configuration. The message says what is wrong and what to do. */
export class FrontRefused extends Error {}

const addressForm = /^(\[[\da-f:.]+\]|[a-z\d](?:[a-z\d.-]*[a-z\d])?):(\d{1,5})$/i;

/** @throws FrontRefused */
export function readGuardAddress(text: string): GuardAddress {
  const path = /^unix:(\/[\w./-]+)$/.exec(text)?.[1];
  if (path !== undefined) return { kind: 'unix', path };
  const [, host = '', port = ''] = addressForm.exec(text) ?? [];
  if (host === '' || Number(port) < 1 || Number(port) > 65_535)
    throw new FrontRefused(`“${text}” is no address of the guard listener: write unix:/path or host:port`);
  // A listener on every address is reached on this machine's own.
  const reached = host === '0.0.0.0' ? '127.0.0.1' : host === '[::]' ? '[::1]' : host;
  return { kind: 'tcp', host: reached, port: Number(port) };
}

/** Each header of the guard's answer, with the name under which the app wants it. Only those that it wants. */
export function wantedHeaders({ user, email, groups, assertion }: AppHeaders): readonly WantedHeader[] {
  const wanted = [
    { from: 'X-Auth-User', to: user },
    { from: 'X-Auth-Email', to: email },
    { from: 'X-Auth-Groups', to: groups },
    { from: 'X-Guard-Assertion', to: assertion },
  ] as const;
  return wanted.flatMap(({ from, to }) => (to === undefined ? [] : [{ from, to }]));
}

export interface WantedHeader {
  readonly from: 'X-Auth-User' | 'X-Auth-Email' | 'X-Auth-Groups' | 'X-Guard-Assertion';
  readonly to: string;
}

/** The apps in the order of their names. @throws FrontRefused if a value could end a quoted string or mean something else */
export function checkedApps({ apps, keyOf, cookies }: FrontInput): readonly GuardedApp[] {
  for (const name of [cookies.gate, ...cookies.desk]) {
    if (!/^[\w.-]+$/.test(name)) throw new FrontRefused(`the cookie name “${name}” cannot be matched safely`);
  }
  const all = [...apps.apps.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const app of all) checkApp(app, keyOf(app));
  return all;
}

function checkApp(app: GuardedApp, key: string): void {
  if (!/^[a-z\d-]{1,32}$/.test(app.name)) throw new FrontRefused(`“${app.name}” is no name of an app`);
  if (!/^[\w-]+$/.test(key)) throw new FrontRefused(`the key of ${app.name} is not base64url`);
  if (!/^https?:\/\/[a-z\d.:[\]-]+$/.test(app.origin))
    throw new FrontRefused(`${app.name}: “${app.origin}” is no origin`);
  const names = wantedHeaders(app.headers).map(({ to }) => to);
  for (const name of names) {
    if (!/^[A-Za-z\d]+(?:-[A-Za-z\d]+)*$/.test(name))
      throw new FrontRefused(
        `${app.name}: the header “${name}” does not consist of letters, digits and single hyphens`,
      );
    if (protectedNames.has(name.toLowerCase()))
      throw new FrontRefused(`${app.name}: ${name} cannot carry an identity; choose another header`);
  }
  if (new Set(names.map((name) => name.toLowerCase())).size < names.length)
    throw new FrontRefused(`${app.name}: two of its headers have the same name`);
}

/** The host of an app's origin, without its port. */
export function hostOf(app: GuardedApp): string {
  return new URL(app.origin).hostname;
}
