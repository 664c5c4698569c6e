// Paths of an app that need no sign-in. Only a request target that every server reads as the same path is public: what an app might
// normalise into another path never is.
import type { GuardedApp, PublicPath } from './contract.ts';

/** `pchar` of RFC 3986 (3.3) without `%` and `;`; every segment but the last has at least one character. */
const plainPath = /^(?:\/[\w.~!$&'()*+,=:@-]+)*\/?$/;
/** `/./`, or two dots anywhere: more than is needed, because some servers give three dots a meaning, too. */
const dots = /\.\.|\/\.(?:\/|$)/;
const maxLength = 200;

/**
 * @param rawUri the request target as the browser sent it (`$request_uri`): undecoded, with its query, which is ignored
 */
export function isPublic({ publicPaths }: Pick<GuardedApp, 'publicPaths'>, rawUri: string): boolean {
  if (publicPaths.length === 0) return false;
  const query = rawUri.indexOf('?');
  const path = query < 0 ? rawUri : rawUri.slice(0, query);
  if (path === '' || !plainPath.test(path) || dots.test(path)) return false;
  return publicPaths.some((one) => (one.kind === 'exact' ? path === one.path : path.startsWith(one.path)));
}

/** A public path of the apps file: `/api/health`, or `/public/*`. @returns `wrong`: the end of a sentence that begins with the path */
export function parsePublicPath(text: string): { readonly path: PublicPath } | { readonly wrong: string } {
  const isFolder = text.endsWith('/*');
  const path = isFolder ? text.slice(0, -1) : text;
  const bad = ['..', '//', '%', '\\', '?', '#', ';', '*'].find((one) => path.includes(one));
  if (!path.startsWith('/')) return { wrong: 'must begin with `/`' };
  if (bad === '*') return { wrong: 'may have a `*` only at its end, after a `/`' };
  if (bad !== undefined) return { wrong: `must not contain \`${bad}\`` };
  if (path.length > maxLength) return { wrong: `is longer than ${maxLength} characters` };
  if (!plainPath.test(path) || dots.test(path)) {
    return { wrong: "must have only letters, digits and `-._~!$&'()+,=:@` between its `/`, and no part `.`" };
  }
  if (isFolder && path === '/')
    return { wrong: 'would make the whole app public; leave the app out of the guard instead' };
  if (/^\/\.gatehouse(?:\/|$)/.test(path)) return { wrong: 'belongs to Gatehouse' };
  return { path: { kind: isFolder ? 'below' : 'exact', path } };
}
