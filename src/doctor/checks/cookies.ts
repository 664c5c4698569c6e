// Checks of the app's and oauth2-proxy's cookies, by the settings that define them.
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

const overHttp = 'not possible over plain http; see settings.https and settings.public-url';

export const cookieChecks: readonly Check[] = [
  {
    id: 'cookie.secure',
    subject: 'Cookies',
    severity: 'high',
    good: 'The app’s two cookies are sent over https only',
    why: 'Without Secure, the browser also sends them over plain http, where anyone on the network can steal them.',
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
    good: 'No script can read the app’s cookies',
    why: 'A script injected into a page could steal the session.',
    mend: 'SESSION_COOKIE_HTTPONLY=true',
    judge: ofConfig(({ ownCookies }) => seenIf(!ownCookies.httpOnly && 'SESSION_COOKIE_HTTPONLY is false.')),
  },
  {
    id: 'cookie.samesite',
    subject: 'Cookies',
    severity: 'high',
    good: 'Requests from other sites do not carry the app’s cookies',
    why: 'With SameSite=None, any other site can send requests in a person’s name.',
    mend: 'SESSION_COOKIE_SAMESITE=Lax',
    judge: ofConfig(({ ownCookies }) =>
      seenIf(ownCookies.sameSite === 'none' && 'SESSION_COOKIE_SAMESITE is None.'),
    ),
  },
  {
    id: 'cookie.prefix',
    subject: 'Cookies',
    severity: 'medium',
    good: 'The app’s cookies have the prefix __Host-',
    why: 'With it, the browser guarantees that the cookie was set by this host over https.',
    mend: 'COOKIE_PREFIX=__Host-',
    judge: ofConfig(({ ownCookies, session }) => {
      if (!ownCookies.secure) return notChecked(overHttp);
      return seenIf(
        !session.cookieName.startsWith('__Host-') &&
          `The session cookie’s name is ${quote(session.cookieName)}.`,
      );
    }),
  },
  {
    id: 'gate.cookie-secure',
    subject: 'Cookies',
    severity: 'high',
    good: 'oauth2-proxy’s cookie is sent over https only',
    why: 'This cookie is the whole sign-in: anyone who intercepts it can act as that person until it expires.',
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
    why: 'A script injected into a page could steal the whole sign-in.',
    mend: 'cookie_httponly = true',
    judge: ofGate((gate) => seenIf(!gate.flag('cookie_httponly', true) && 'cookie_httponly is false.')),
  },
  {
    id: 'gate.cookie-samesite',
    subject: 'Cookies',
    severity: 'medium',
    good: 'oauth2-proxy’s cookie has a SameSite attribute',
    why: 'Unset, each browser decides for itself; with None, requests from any other site arrive signed in.',
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
    good: 'Browsers send oauth2-proxy’s cookies on the way back from Google',
    why: 'With Strict, the browser does not send the cookie when Google redirects back: the sign-in loops or fails.',
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
    why: 'Without it, another host of the same domain can overwrite the cookie.',
    mend: 'cookie_name = "__Host-_oauth2_proxy"',
    judge: ofGate((gate) => {
      if (!gate.flag('cookie_secure', true)) return notChecked(overHttp);
      const name = gate.text('cookie_name') ?? '_oauth2_proxy';
      return seenIf(!name.startsWith('__Host-') && `Its name is ${quote(name)}.`);
    }),
  },
  {
    id: 'gate.host-prefix-domain',
    subject: 'Cookies',
    severity: 'high',
    good: 'Browsers accept oauth2-proxy’s __Host- cookie',
    why: 'Browsers silently drop a __Host- cookie that has a domain, a path other than / or no Secure: nobody can sign in.',
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
    why: 'With a domain, every subdomain receives the whole sign-in with each request.',
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
    good: 'The app knows the name of oauth2-proxy’s cookie',
    why: 'With a different name, the app cannot tell which session at the gate a request belongs to, so signing out does not end it.',
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
    id: 'gate.csrf-per-request',
    subject: 'Cookies',
    severity: 'low',
    good: 'Two tabs can sign in at the same time',
    why: 'With one cookie for all attempts, a second tab breaks the first one’s sign-in: “sign-in failed” now and then.',
    mend: 'cookie_csrf_per_request = true',
    judge: ofGate((gate) =>
      seenIf(!gate.flag('cookie_csrf_per_request', false) && 'cookie_csrf_per_request is off.'),
    ),
  },
];
