// Evaluates skip_auth_routes and skip_auth_regex: what oauth2-proxy lets through without a sign-in.

/** Paths that need a sign-in: every route of the app that is not public, and some that stand for future ones. */
export const closed: readonly string[] = [
  '/dashboard',
  '/devices',
  '/cookies',
  '/settings',
  '/activity',
  '/apps',
  '/open',
  '/app-rules',
  '/radar',
  '/access',
  '/record',
  '/checkup',
  '/keys',
  '/vault',
  '/library',
  '/privacy',
  '/logout',
  '/api/me',
  '/api/sessions',
  '/api/admin/sessions',
  '/api/admin/sessions/x',
  '/api/admin/users/x/revoke',
  '/api/audit',
  '/api/checkup',
  '/api/cookies',
  '/api/privacy/export',
  '/api/sessions/revoke-others',
  '/api/sessions/x',
  '/access/add',
  '/access/remove',
  '/app-rules/allow',
  '/app-rules/apps/x',
  '/app-rules/end',
  '/app-rules/groups/create',
  '/app-rules/groups/delete',
  '/app-rules/groups/join',
  '/app-rules/groups/leave',
  '/app-rules/groups/x',
  '/app-rules/remove',
  '/devices/close',
  '/devices/end',
  '/devices/end-others',
  '/devices/not-me',
  '/devices/receipt',
  '/devices/seen',
  '/library/attachments/x',
  '/library/exports',
  '/library/exports/x',
  '/library/pages/x',
  '/library/pages/x/body',
  '/library/progress',
  '/library/spaces/x',
  '/library/sync',
  '/privacy/erase',
  '/privacy/find',
  '/privacy/person',
  '/radar/end',
  '/radar/end-everyone',
  '/radar/end-person',
  '/radar/receipt',
  '/record/export',
  '/record/live',
  '/vault/clear',
  '/vault/load',
  '/vault/load-file',
  '/vault/rekey',
  '/vault/test',
  '/anything/else',
];

const parts = /^([A-Z]*)(!?=)(.*)$/s;

/** The pattern of `METHOD=pattern`, `METHOD!=pattern` or `!=pattern`. */
export function patternOf(route: string): string {
  return parts.exec(route)?.[3] ?? route;
}

/** Whether the route has `!=`: it then opens every path that the pattern does not match (pkg/validation/allowlist.go). */
export function isNegated(route: string): boolean {
  return parts.exec(route)?.[2] === '!=';
}

/** Converts Go's syntax to JavaScript's: the anchors, and the flags that both have. */
function plain(pattern: string): string {
  return pattern
    .replace(/^\(\?[ims]+\)/, '')
    .replace(/^\\A/, '^')
    .replace(/\\z$/, '$');
}

/** Whether a pattern is anchored at both ends in each of its branches. */
export function isAnchored(pattern: string): boolean {
  return branches(plain(pattern)).every(
    (branch) => branch.startsWith('^') && /(?:^|[^\\])(?:\\\\)*\$$/.test(branch),
  );
}

/** The closed paths that a route opens; undefined if the pattern cannot be read here. */
export function opens(route: string): readonly string[] | undefined {
  try {
    const pattern = patternOf(route);
    // How oauth2-proxy treats case does not matter: the app's paths are in lower case.
    const regex = new RegExp(plain(pattern), /^\(\?[ms]*i/.test(pattern) ? 'i' : '');
    return closed.filter((path) => regex.test(path) !== isNegated(route));
  } catch {
    return undefined;
  }
}

/** The top-level alternatives of a pattern. */
function branches(pattern: string): string[] {
  const found = [''];
  let depth = 0;
  let inClass = false;
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern[i] ?? '';
    if (char === '|' && depth === 0 && !inClass) {
      found.push('');
      continue;
    }
    const taken = char === '\\' ? pattern.slice(i, i + 2) : char;
    i += taken.length - 1;
    if (char === '[') inClass = true;
    else if (char === ']') inClass = false;
    else if (char === '(' && !inClass) depth++;
    else if (char === ')' && !inClass) depth--;
    found[found.length - 1] += taken;
  }
  return found;
}
