// Checks of the cookies, the app's own and oauth2-proxy's, by the settings that make them.
import {
  type Check,
  notChecked,
  ofConfig,
  ofGate,
  ofGateAndConfig,
  quote,
  quoteAll,
  seenIf,
} from './check.ts';
import { isLoopback } from './local-addresses.ts';

const overHttp = 'over plain http no cookie can be kept so; see settings.https and settings.public-url';

export const cookieChecks: readonly Check[] = [
  {
    id: 'cookie.secure',
    subject: 'Cookies',
    severity: 'high',
    good: 'Both own cookies travel over https only',
    why: 'Without Secure the browser also sends them over plain http, where anyone on the way can take them.',
    mend: 'SESSION_COOKIE_SECURE=true',
    judge: ofConfig(({ ownCookies, publicOrigin }) => {
      if (ownCookies.secure) return 'passed';
      return publicOrigin.startsWith('https:')
        ? { seen: 'SESSION_COOKIE_SECURE is false.' }
        : notChecked(overHttp);
    }),
  },
  {
    id: 'cookie.httponly',
    subject: 'Cookies',
    severity: 'high',
    good: 'No script can read the own cookies',
    why: 'A script that gets into a page could carry the session away.',
    mend: 'SESSION_COOKIE_HTTPONLY=true',
    judge: ofConfig(({ ownCookies }) => seenIf(!ownCookies.httpOnly && 'SESSION_COOKIE_HTTPONLY is false.')),
  },
  {
    id: 'cookie.samesite',
    subject: 'Cookies',
    severity: 'high',
    good: 'Other sites’ requests come without the own cookies',
    why: 'With SameSite=None every other site can send requests in a person’s name.',
    mend: 'SESSION_COOKIE_SAMESITE=Lax',
    judge: ofConfig(({ ownCookies }) =>
      seenIf(ownCookies.sameSite === 'none' && 'SESSION_COOKIE_SAMESITE is None.'),
    ),
  },
  {
    id: 'cookie.prefix',
    subject: 'Cookies',
    severity: 'medium',
    good: 'The own cookies have the prefix __Host-',
    why: 'With it the browser itself makes sure that no other host and no plain http wrote the cookie.',
    mend: 'COOKIE_PREFIX=__Host-',
    judge: ofConfig(({ ownCookies, session }) => {
      if (!ownCookies.secure) return notChecked(overHttp);
      return seenIf(
        !session.cookieName.startsWith('__Host-') &&
          `The session cookie is called ${quote(session.cookieName)}.`,
      );
    }),
  },
  {
    id: 'gate.cookie-secure',
    subject: 'Cookies',
    severity: 'high',
    good: 'oauth2-proxy’s cookie travels over https only',
    why: 'It is the whole sign-in: whoever reads it on the way is that person until it expires.',
    mend: 'OAUTH2_PROXY_COOKIE_SECURE=true',
    judge: ofGate((gate, { config }) => {
      if (gate.flag('cookie_secure', true)) return 'passed';
      if ('found' in config && config.found.publicOrigin.startsWith('http:')) return notChecked(overHttp);
      return { seen: `cookie_secure is false (${gate.from('cookie_secure')}).` };
    }),
  },
  {
    id: 'gate.cookie-httponly',
    subject: 'Cookies',
    severity: 'high',
    good: 'No script can read oauth2-proxy’s cookie',
    why: 'A script that gets into a page could carry the whole sign-in away.',
    mend: 'cookie_httponly = true',
    judge: ofGate((gate) => seenIf(!gate.flag('cookie_httponly', true) && 'cookie_httponly is false.')),
  },
  {
    id: 'gate.cookie-samesite',
    subject: 'Cookies',
    severity: 'medium',
    good: 'oauth2-proxy’s cookie says when it may be sent',
    why: 'Unset, each browser decides by itself; with None every other site’s requests arrive signed in.',
    mend: 'cookie_samesite = "lax"',
    judge: ofGate((gate) => {
      const value = gate.text('cookie_samesite')?.toLowerCase();
      return seenIf(
        (value === undefined || value === 'none') &&
          `cookie_samesite is ${value === undefined ? 'not set' : 'none'}.`,
      );
    }),
  },
  {
    id: 'gate.cookie-samesite-strict',
    subject: 'Cookies',
    severity: 'medium',
    good: 'oauth2-proxy’s cookies come back with the browser from Google',
    why: 'Strict leaves the cookie out on the way back from Google: the sign-in goes round in circles or fails.',
    mend: 'cookie_samesite = "lax"',
    judge: ofGate((gate) => {
      const strict = ['cookie_samesite', 'cookie_csrf_samesite'].filter(
        (name) => gate.text(name)?.toLowerCase() === 'strict',
      );
      return seenIf(
        strict.length > 0 && `${strict.join(' and ')}: strict.`,
        strict.map((name) => `${name} = "lax"`).join('\n'),
      );
    }),
  },
  {
    id: 'gate.cookie-prefix',
    subject: 'Cookies',
    severity: 'medium',
    good: 'oauth2-proxy’s cookie has the prefix __Host-',
    why: 'Without it another host of the same domain can write a cookie of that name over it.',
    mend: 'cookie_name = "__Host-_oauth2_proxy"',
    judge: ofGate((gate) => {
      if (!gate.flag('cookie_secure', true)) return notChecked(overHttp);
      const name = gate.text('cookie_name') ?? '_oauth2_proxy';
      return seenIf(!name.startsWith('__Host-') && `It is called ${quote(name)}.`);
    }),
  },
  {
    id: 'gate.host-prefix-domain',
    subject: 'Cookies',
    severity: 'high',
    good: 'Browsers keep a __Host- cookie as oauth2-proxy sets it',
    why: 'Browsers drop a __Host- cookie with a domain, another path or without Secure, and say nothing: nobody can sign in.',
    mend: 'cookie_domains = []',
    judge: ofGate((gate) => {
      const name = gate.text('cookie_name') ?? '';
      if (!name.startsWith('__Host-')) return 'passed';
      const path = gate.text('cookie_path') ?? '/';
      if (gate.list('cookie_domains').length > 0) {
        return {
          seen: `${quote(name)} together with cookie_domains ${quoteAll(gate.list('cookie_domains'))}.`,
        };
      }
      return seenIf(path !== '/' && `${quote(name)} with cookie_path ${quote(path)}.`, 'cookie_path = "/"');
    }),
  },
  {
    id: 'gate.cookie-domain',
    subject: 'Cookies',
    severity: 'medium',
    good: 'oauth2-proxy’s cookie stays on its own host',
    why: 'With a domain every subdomain gets the whole sign-in with each request.',
    mend: 'cookie_domains = []',
    judge: ofGate((gate) => {
      if (gate.text('cookie_name')?.startsWith('__Host-')) return 'passed';
      const domains = gate.list('cookie_domains');
      return seenIf(domains.length > 0 && `cookie_domains names ${quoteAll(domains)}.`);
    }),
  },
  {
    id: 'gate.cookie-name',
    subject: 'Cookies',
    severity: 'high',
    good: 'The app knows oauth2-proxy’s cookie by its name',
    why: 'Under another name the app cannot see whose session at the gate a request has: signing out would not reach it.',
    mend: 'GATE_COOKIE_NAME=(oauth2-proxy’s cookie_name)',
    judge: ofGateAndConfig((gate, { gateCookie: { name: known } }) => {
      const name = gate.text('cookie_name') ?? '_oauth2_proxy';
      return seenIf(
        name !== known && `oauth2-proxy sets ${quote(name)}, the app looks for ${quote(known)}.`,
        `GATE_COOKIE_NAME=${name}`,
      );
    }),
  },
  {
    id: 'gate.cookie-size',
    subject: 'Cookies',
    severity: 'low',
    good: 'The session at the gate fits into a cookie',
    why: 'A cookie is cut at 4,096 bytes, and proxies refuse long headers: more than an address and a subject soon answers 502 or 431.',
    mend: 'scope = "openid email"',
    judge: ofGate((gate) => {
      if (gate.text('session_store_type') === 'redis') return 'passed';
      const extra = (gate.text('scope') ?? 'openid email profile')
        .split(' ')
        .filter((word) => !['openid', 'email', 'profile'].includes(word));
      const groups = gate.list('google_groups').length + gate.list('google_group').length > 0;
      return seenIf(
        (extra.length > 0 || groups) &&
          `Sessions are kept in the cookie, with ${groups ? 'groups' : `the scopes ${quoteAll(extra)}`} in it.`,
      );
    }),
  },
  {
    id: 'gate.csrf-per-request',
    subject: 'Cookies',
    severity: 'low',
    good: 'Two tabs can sign in at once',
    why: 'With one cookie for all attempts the second tab breaks the first one’s: “sign-in failed” now and then.',
    mend: 'cookie_csrf_per_request = true',
    judge: ofGate((gate) =>
      seenIf(!gate.flag('cookie_csrf_per_request', false) && 'cookie_csrf_per_request is off.'),
    ),
  },
  {
    id: 'gate.session-store',
    subject: 'Cookies',
    severity: 'low',
    good: 'A session at the gate can be ended from the server',
    why: 'Kept in the cookie, a copy of it goes on at other apps behind the same gate until it expires. This app refuses it by itself.',
    mend: 'OAUTH2_PROXY_SESSION_STORE_TYPE=redis',
    judge: ofGate((gate) =>
      seenIf(
        (gate.text('session_store_type') ?? 'cookie') !== 'redis' &&
          'oauth2-proxy keeps sessions in its cookie.',
      ),
    ),
  },
  {
    id: 'gate.store-agrees',
    subject: 'Cookies',
    severity: 'high',
    good: 'The app looks for the gate’s sessions where they are',
    why: 'Looking in the wrong place, the app cannot end a session at the gate: signed out here, signed in there.',
    mend: 'GATE_SESSION_STORE=redis',
    judge: ofGateAndConfig((gate, { gateSessions: here }) => {
      const there = gate.text('session_store_type') ?? 'cookie';
      return seenIf(
        there !== here && `oauth2-proxy keeps sessions in ${quote(there)}, the app looks in ${quote(here)}.`,
        `GATE_SESSION_STORE=${there}`,
      );
    }),
  },
  {
    id: 'gate.redis-agrees',
    subject: 'Cookies',
    severity: 'high',
    good: 'The app looks into the same Redis as oauth2-proxy',
    why: 'In another one, or in another of its databases, the app finds no session of the gate: signed out here, signed in there.',
    mend: 'GATE_REDIS_URL=(oauth2-proxy’s redis_connection_url)',
    judge: ofGateAndConfig((gate, { gateRedis: here }) => {
      if (gate.text('session_store_type') !== 'redis' || here === undefined) return 'passed';
      const there = gate.text('redis_connection_url');
      const isMany = ['redis_use_sentinel', 'redis_use_cluster'].some((name) => gate.flag(name, false));
      const [a, b] = [placeOf(there ?? ''), placeOf(here)];
      if (isMany || a === undefined || b === undefined)
        return notChecked('Sentinel and Cluster have several addresses; compare them by hand');
      return seenIf(a !== b && `oauth2-proxy keeps them at ${quote(a)}, the app looks at ${quote(b)}.`);
    }),
  },
];

/** `127.0.0.1:6379/0`; undefined: not one address of one Redis. */
function placeOf(url: string): string | undefined {
  const { protocol, hostname, port, pathname } = URL.parse(url) ?? {};
  if (!hostname || !/^rediss?:$/.test(protocol ?? '')) return undefined;
  return `${isLoopback(hostname) ? '127.0.0.1' : hostname}:${port || 6379}/${pathname?.replace(/^\//, '') || 0}`;
}
