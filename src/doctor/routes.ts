// What oauth2-proxy lets through without a sign-in, by its skip_auth_routes and skip_auth_regex.

/** Pages that nobody may see without a sign-in, and such as might come later. */
const closed = [
  '/dashboard',
  '/devices',
  '/cookies',
  '/settings',
  '/activity',
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
  '/anything/else',
];

/** `METHOD=pattern` or `METHOD!=pattern`: the pattern alone. */
export function patternOf(route: string): string {
  return /^[A-Z]+!?=(.*)$/s.exec(route)?.[1] ?? route;
}

/** Whether a pattern says where a path begins and where it ends, in each of its branches. */
export function isAnchored(pattern: string): boolean {
  return branches(pattern).every(
    (branch) => branch.startsWith('^') && /(?:^|[^\\])(?:\\\\)*\$$/.test(branch),
  );
}

/** Which closed pages a pattern opens; undefined: it cannot be read here. */
export function opens(pattern: string): readonly string[] | undefined {
  try {
    const regex = new RegExp(pattern.replace(/^\(\?i\)/, ''));
    return closed.filter((path) => regex.test(path));
  } catch {
    return undefined;
  }
}

/** The alternatives at the top of a pattern: each stands for itself. */
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
