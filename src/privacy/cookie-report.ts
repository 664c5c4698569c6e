// Describes the cookies that a browser sent, without their values: who set them, what they are for, and how well they are protected.
import type { CookieAttribute, CookieReport, CookiesProps, Verdict } from '../../views/cookies.ts';
import type { SentCookie } from '../http/request-cookies.ts';

/** A cookie that Gatehouse knows, with the attributes that it is set with. */
export interface KnownCookie {
  readonly matches: (name: string) => boolean;
  readonly setBy: CookieReport['setBy'];
  readonly purpose: string;
  readonly secure: boolean;
  readonly httpOnly: boolean;
  readonly sameSite: 'strict' | 'lax' | 'none';
  /** "6 days left", "until the browser closes". */
  readonly lifetime: string;
}

/** RFC 6265bis: browsers drop a cookie whose name and value are longer. */
const cookieLimitBytes = 4096;
/** What nginx and many proxies accept as one header line. */
const headerBudgetBytes = 8192;

/** Reports on `sent` in the order of first appearance; cookies that `known` recognises as parts of one are reported as one. */
export function reportCookies(sent: readonly SentCookie[], known: readonly KnownCookie[]): CookiesProps {
  const groups = new Map<KnownCookie | string, SentCookie[]>();
  for (const cookie of sent) {
    const key = known.find((one) => one.matches(cookie.name)) ?? cookie.name;
    groups.set(key, [...(groups.get(key) ?? []), cookie]);
  }
  const header = sent.reduce((bytes, cookie) => bytes + sizeOf(cookie) + 2, 0);
  return {
    cookies: [...groups].map(([key, parts]) => report(typeof key === 'string' ? undefined : key, parts)),
    header: { bytes: Math.max(0, header - 2), budgetBytes: headerBudgetBytes },
  };
}

function report(known: KnownCookie | undefined, parts: readonly SentCookie[]): CookieReport {
  const name = parts[0]?.name ?? '';
  const bytes = parts.reduce((sum, part) => sum + sizeOf(part), 0);
  return {
    name,
    parts: parts.length,
    setBy: known?.setBy ?? 'something else',
    purpose: known?.purpose ?? 'Set by another program on this address. Gatehouse does not use it.',
    bytes,
    limitBytes: cookieLimitBytes * parts.length,
    attributes: [...(known ? knownAttributes(known, name) : unknownAttributes(name)), ...oversize(parts)],
  };
}

function knownAttributes(known: KnownCookie, name: string): CookieAttribute[] {
  const { secure, httpOnly, sameSite, lifetime } = known;
  return [
    secure
      ? attribute('Secure', 'yes', 'good', 'Travels over https only.')
      : attribute(
          'Secure',
          'no',
          'weak',
          'Anyone on the way can read it. Fine on this machine alone; elsewhere use https.',
        ),
    httpOnly
      ? attribute('HttpOnly', 'yes', 'good', 'No script can read it, not even one that got into a page.')
      : attribute('HttpOnly', 'no', 'weak', 'A script that gets into a page can steal it.'),
    sameSiteAttribute(sameSite),
    attribute('Path', '/', 'good', 'Sent to every page of this site, and to no other.'),
    attribute('Domain', 'not set', 'good', 'Stays on this host; other subdomains never get it.'),
    prefixAttribute(name, 'weak'),
    attribute('Lifetime', lifetime, 'good', 'The server keeps its own clock, whatever the browser does.'),
  ];
}

function sameSiteAttribute(sameSite: KnownCookie['sameSite']): CookieAttribute {
  switch (sameSite) {
    case 'strict':
      return attribute('SameSite', 'Strict', 'good', 'Never sent when another site leads here.');
    case 'lax':
      return attribute(
        'SameSite',
        'Lax',
        'good',
        'Sent when you follow a link, never with another site’s forms or pictures.',
      );
    case 'none':
      return attribute(
        'SameSite',
        'None',
        'weak',
        'Sent with requests of every other site. Use Lax unless this must be framed.',
      );
  }
}

function unknownAttributes(name: string): CookieAttribute[] {
  const hidden = 'Browsers do not tell a server how a cookie was set.';
  return [
    attribute('Secure, HttpOnly, SameSite', 'not visible to a server', 'unknown', hidden),
    prefixAttribute(name, 'weak'),
  ];
}

/** The browser guarantees the attributes that a prefix requires (RFC 6265bis 4.1.3). */
function prefixAttribute(name: string, without: Verdict): CookieAttribute {
  if (name.startsWith('__Host-Http-')) {
    return attribute(
      'Prefix',
      '__Host-Http-',
      'good',
      'The browser itself vouches: Secure, HttpOnly, this host only, whole site.',
    );
  }
  if (name.startsWith('__Host-')) {
    return attribute(
      'Prefix',
      '__Host-',
      'good',
      'The browser itself vouches: Secure, this host only, whole site.',
    );
  }
  if (name.startsWith('__Secure-'))
    return attribute('Prefix', '__Secure-', 'good', 'The browser itself vouches that it is Secure.');
  return attribute(
    'Prefix',
    'none',
    without,
    'With __Host- the browser would vouch for it; that needs https.',
  );
}

function oversize(parts: readonly SentCookie[]): CookieAttribute[] {
  const largest = Math.max(0, ...parts.map(sizeOf));
  if (largest <= cookieLimitBytes) return [];
  return [attribute('Size', `${largest} bytes`, 'weak', 'Over 4,096 bytes: many browsers drop it.')];
}

function attribute(name: string, value: string, verdict: Verdict, why: string): CookieAttribute {
  return { name, value, verdict, why };
}

function sizeOf({ name, value }: SentCookie): number {
  return Buffer.byteLength(`${name}=${value}`, 'latin1');
}
