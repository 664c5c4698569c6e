// Reads one app of the apps file. What it returns counts only if nothing was told.
import { parseDuration } from '../config/duration.ts';
import { headersOf } from './app-headers.ts';
import { type AppOrigin, parseAppOrigin } from './app-origin.ts';
import { whoOf } from './app-who.ts';
import { fieldsOf, itemsOf, plainOf, stringOf } from './apps-fields.ts';
import { type Entry, shown, type Tell, type Tree } from './apps-tree.ts';
import type { Apps, GuardedApp, PublicPath } from './contract.ts';
import { parsePublicPath } from './public-path.ts';

const mostPaths = 100;
/** The use of an app is written at most once a minute: a shorter limit would end what is in use. */
const shortestMs = 60_000;

/** Where the desk or an app is. */
export interface Place extends AppOrigin {
  /** For people. */
  readonly owner: string;
}

const keys = [
  'url',
  'name',
  'icon',
  'who',
  'public',
  'idle',
  'lifetime',
  'headers',
  'key',
  'ended-before',
] as const;

/** @param places of the desk and the apps before; this app's is added */
export function appOf(
  name: string,
  { line, value }: Entry,
  groups: Apps['groups'],
  places: Place[],
  tell: Tell,
): GuardedApp | undefined {
  const fields = fieldsOf(value, keys, `\`${name}\``, 'a mapping', tell);
  if (!fields) return undefined;
  const read = <T>(key: (typeof keys)[number], reader: (tree: Tree, what: string) => T): T | undefined => {
    const found = fields.get(key);
    return found && reader(found.value, `\`${key}\` of \`${name}\``);
  };
  for (const key of ['url', 'who']) if (!fields.has(key)) tell(line, `\`${name}\` has no \`${key}\`.`);
  const origin = read('url', (tree, what) => originOf(tree, what, name, places, tell));
  const icon = read('icon', (tree, what) => iconOf(tree, what, tell));
  const idleMs = read('idle', (tree, what) => durationOf(tree, what, tell));
  const lifetimeMs = read('lifetime', (tree, what) => durationOf(tree, what, tell));
  if (idleMs !== undefined && lifetimeMs !== undefined && idleMs > lifetimeMs) {
    tell(fields.get('idle')?.value.line, `\`idle\` of \`${name}\` is longer than its \`lifetime\`.`);
  }
  const endedBefore = read('ended-before', (tree, what) => instantOf(tree, what, tell));
  return {
    name,
    title: read('name', (tree, what) => titleOf(tree, what, tell)) ?? name,
    origin: origin ?? '',
    ...(icon !== undefined && { icon }),
    who: read('who', (tree) => whoOf(tree, name, groups, tell)) ?? [],
    publicPaths: read('public', (tree, what) => pathsOf(tree, what, tell)) ?? [],
    ...(idleMs !== undefined && { idleMs }),
    ...(lifetimeMs !== undefined && { lifetimeMs }),
    headers: read('headers', (tree) => headersOf(tree, name, tell)) ?? { userIs: 'email' },
    keyVersion: read('key', (tree, what) => versionOf(tree, what, tell)) ?? 1,
    ...(endedBefore !== undefined && { endedBefore }),
  };
}

function originOf(tree: Tree, what: string, owner: string, places: Place[], tell: Tell): string | undefined {
  const text = stringOf(tree, what, 'a URL, like `https://grafana.example.org`', tell);
  if (text === undefined) return undefined;
  const found = parseAppOrigin(text);
  if ('wrong' in found) {
    tell(tree.line, `${what} ${found.wrong}.`);
    return undefined;
  }
  const same = places.find(({ origin }) => origin === found.origin);
  // Also the desk's session cookie, which a browser would send to the app.
  const near = places.find(({ host, isLocal }) => host === found.host && !isLocal);
  if (same) tell(tree.line, `${what} is that of ${same.owner}: ${found.origin}.`);
  else if (near) {
    tell(
      tree.line,
      `${what} is on the host of ${near.owner}. Browsers send cookies to every port of a host: give the app a host name of its own.`,
    );
  } else places.push({ ...found, owner: `\`${owner}\`` });
  return found.origin;
}

function titleOf(tree: Tree, what: string, tell: Tell): string | undefined {
  const text = plainOf(tree, what, 'text', tell)?.trim();
  if (text === undefined) return undefined;
  if (/^[^\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]{1,60}$/u.test(text)) return text;
  tell(tree.line, `${what} must be 1 to 60 characters on one line.`);
  return undefined;
}

function iconOf(tree: Tree, what: string, tell: Tell): string | undefined {
  const want = 'the name of an icon, or one or two letters';
  const text = plainOf(tree, what, want, tell);
  if (text === undefined || /^(?:[a-z\d][a-z\d-]{0,31}|[\p{L}\p{N}]{1,2})$/u.test(text)) return text;
  tell(tree.line, `${what} must be ${want}.`);
  return undefined;
}

function pathsOf(tree: Tree, what: string, tell: Tell): readonly PublicPath[] {
  const items = itemsOf(tree, what, 'a list of paths', mostPaths, tell) ?? [];
  return items.flatMap((item) => {
    const text = stringOf(item, `An entry in ${what}`, 'a path', tell);
    if (text === undefined) return [];
    const found = parsePublicPath(text);
    if ('path' in found) return found.path;
    tell(item.line, `\`${shown(text)}\` in ${what} ${found.wrong}.`);
    return [];
  });
}

function durationOf(tree: Tree, what: string, tell: Tell): number | undefined {
  const want = 'a duration of at least one minute, like `30m` or `12h`';
  const text = plainOf(tree, what, want, tell);
  if (text === undefined) return undefined;
  const ms = parseDuration(text);
  if (ms !== undefined && ms >= shortestMs) return ms;
  tell(tree.line, `${what} must be ${want}.`);
  return undefined;
}

function versionOf(tree: Tree, what: string, tell: Tell): number | undefined {
  const want = 'a whole number from 1 to 999999';
  const text = plainOf(tree, what, want, tell);
  if (text === undefined) return undefined;
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  tell(tree.line, `${what} must be ${want}.`);
  return undefined;
}

/** In UTC, with milliseconds: what the page that ends an app writes. */
function instantOf(tree: Tree, what: string, tell: Tell): number | undefined {
  const want = 'an instant in UTC, like `2026-12-31T18:00:00.000Z`';
  const text = stringOf(tree, what, want, tell);
  if (text === undefined) return undefined;
  const at = Date.parse(text);
  // Date.parse takes 30 February for 2 March.
  if (Number.isFinite(at) && new Date(at).toISOString() === text) return at;
  tell(tree.line, `${what} must be ${want}.`);
  return undefined;
}
