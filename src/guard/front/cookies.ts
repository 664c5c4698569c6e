// The cookies that no app may see: the guard's, oauth2-proxy's and the desk's. An app that had one could use it as that person.
import { guardCookieNames } from '../guard-cookie.ts';
import type { CookieNames } from './input.ts';

/**
 * A regular expression, without anchors or groups that capture, for the name of such a cookie. oauth2-proxy's has parts (`_0`, `_1`) if
 * it is long, and one for each sign-in in progress: `NAME_csrf` or `NAME_RANDOM_csrf`.
 */
export function secretCookiePattern({ gate, desk }: CookieNames): string {
  const gateForms = `${escaped(gate)}(?:_[0-9]+|_csrf[^=;]*|_[^=;]*_csrf)?`;
  return `(?:${[...guardCookieNames, ...desk].map(escaped).join('|')}|${gateForms})`;
}

/** How many runs of such cookies one step removes: a map of nginx has nine groups, of which one is the name of the others. */
const runsPerStep = 7;

/** A step takes the result of the one before it. More runs than they remove: the app gets no cookie at all. */
export const cookieSteps = 4;

/**
 * For nginx, which has no loops: a regular expression, and what is left of the header without up to seven runs of such cookies. PCRE:
 * `(?1)` stands for one such cookie, defined once because nginx takes at most 4,096 characters; quantifiers are possessive, so that no
 * header makes it backtrack.
 */
export function cookieStep(names: CookieNames): { readonly pattern: string; readonly result: string } {
  const define = String.raw`(?(DEFINE)([ \t]*${secretCookiePattern(names)}[ \t]*=[^;]*(?:;|$)))`;
  const keptThenRun = '((?:(?!(?1))(?:[^;]*;|[^;]+$))*+)(?1)*+';
  return {
    pattern: `^${define}${keptThenRun.repeat(runsPerStep)}(.*)$`,
    result: Array.from({ length: runsPerStep + 1 }, (_, i) => `$${i + 2}`).join(''),
  };
}

/** PCRE: whether such a cookie is anywhere in the header. */
export function anySecretCookie(names: CookieNames): string {
  return String.raw`(?:^|;)[ \t]*${secretCookiePattern(names)}[ \t]*=`;
}

/** A `Cookie` header without such cookies, everything else unchanged and in order; undefined if nothing is left. */
export function withoutSecretCookies(header: string, names: CookieNames): string | undefined {
  const secret = new RegExp(String.raw`^[ \t]*${secretCookiePattern(names)}[ \t]*=`);
  const parts = header.split(';');
  const kept = parts.filter((part) => !secret.test(part));
  if (kept.length === parts.length) return header;
  return kept.join(';').replace(/^[ \t;]+|[ \t;]+$/g, '') || undefined;
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
