// Checks of oauth2-proxy's settings: what it trusts, what it lets through, what it passes on, what it logs.
import { isIP } from 'node:net';
import type { Deployment } from '../deployment.ts';
import type { GateSettings } from '../read/gate-settings.ts';
import {
  type Check,
  notChecked,
  ofGate,
  ofGateAndConfig,
  quote,
  quoteAll,
  seenIf,
  unlessDoubted,
  unread,
} from './check.ts';
import { isAnchored, isNegated, opens, patternOf } from './skip-auth-routes.ts';
import { isOlder } from './versions.ts';

const nobody = '255.255.255.255/32';
const insecure = [
  'insecure_oidc_allow_unverified_email',
  'insecure_oidc_skip_issuer_verification',
  'insecure_oidc_skip_nonce',
  'ssl_insecure_skip_verify',
  'ssl_upstream_insecure_skip_verify',
  'redis_insecure_skip_tls_verify',
];
const tokens = [
  'pass_access_token',
  'pass_authorization_header',
  'set_authorization_header',
  'set_basic_auth',
];

const passwordElsewhere = 'its basic_auth_password is neither in oauth2-proxy.cfg nor in these settings';

export const gateChecks: readonly Check[] = [
  {
    id: 'gate.config-readable',
    subject: 'The gate',
    severity: 'medium',
    good: 'All of oauth2-proxy’s settings can be read',
    why: 'The check-up cannot judge what it cannot read, and oauth2-proxy may refuse the file.',
    mend: 'oauth2-proxy --config oauth2-proxy.cfg --config-test',
    judge({ gate, doubts }) {
      if ('missing' in gate) return gate.unread ? { seen: `${gate.missing}.` } : notChecked(gate.missing);
      const { unread: faults, ignored } = gate.found;
      const passedOver = `oauth2-proxy has no such setting and ignores it: ${quoteAll(ignored)}.`;
      return unlessDoubted(
        seenIf([...faults, ...(ignored.length > 0 ? [passedOver] : [])].join(' ')),
        doubts.gate,
      );
    },
  },
  {
    id: 'gate.proxy-trust',
    subject: 'The gate',
    severity: 'high',
    good: 'With reverse_proxy on, oauth2-proxy knows which proxies to trust',
    why: 'Without trusted_proxy_ips it trusts everybody: `X-Forwarded-Uri: /health` opens every page without a sign-in.',
    mend: `trusted_proxy_ips = ["${nobody}"]`,
    judge: ofGate((gate) =>
      seenIf(
        gate.flag('reverse_proxy', false) &&
          gate.list('trusted_proxy_ips').length === 0 &&
          'reverse_proxy is on and trusted_proxy_ips is empty.',
      ),
    ),
  },
  {
    id: 'gate.proxy-trust-wide',
    subject: 'The gate',
    severity: 'high',
    good: 'Nobody can tell oauth2-proxy which page was requested',
    why: 'Unless the proxy in front of it removes X-Forwarded-Uri, trusting that proxy means trusting every client: one header opens every page. With `--url`, the check-up tries it.',
    mend: `trusted_proxy_ips = ["${nobody}"]`,
    judge: ofGate((gate, { live }) => {
      if (!gate.flag('reverse_proxy', false) || routesOf(gate).length === 0) return 'passed';
      const trusted = gate
        .list('trusted_proxy_ips')
        .filter((address) => ![nobody, '255.255.255.255'].includes(address));
      if (trusted.every(isOneAddress) && refusesForgedUri(live)) return 'passed';
      return seenIf(trusted.length > 0 && `trusted_proxy_ips names ${quoteAll(trusted)}.`);
    }),
  },
  {
    id: 'gate.prefer-email',
    subject: 'The gate',
    severity: 'high',
    good: 'X-Forwarded-User is Google’s user id',
    why: 'With prefer_email_to_user, X-Forwarded-Email is neither set nor removed, so anybody who is signed in could forge it; and an address can pass to another person.',
    mend: 'prefer_email_to_user = false',
    judge: ofGate((gate) =>
      seenIf(gate.flag('prefer_email_to_user', false) && 'prefer_email_to_user is on.'),
    ),
  },
  {
    id: 'gate.strip-headers',
    subject: 'The gate',
    severity: 'high',
    good: 'Identity headers from clients are removed on public pages too',
    why: 'On public pages, a client’s own X-Forwarded-Email and Authorization would reach the app as if the gate had set them.',
    mend: 'skip_auth_strip_headers = true',
    judge: ofGate((gate) =>
      seenIf(!gate.flag('skip_auth_strip_headers', true) && 'skip_auth_strip_headers is off.'),
    ),
  },
  {
    id: 'gate.public-routes',
    subject: 'The gate',
    severity: 'high',
    good: 'Every public route is anchored at both ends',
    why: 'A pattern without ^ and $ also matches inside other paths: `/health` opens `/admin/health-data`.',
    mend: 'skip_auth_routes = ["GET=^/health$"]',
    judge: ofGate((gate) => {
      const loose = routesOf(gate).filter((route) => !isNegated(route) && !isAnchored(patternOf(route)));
      const [first = ''] = loose;
      const anchored = `^${patternOf(first).replace(/^\^|\$$/g, '')}$`;
      return seenIf(
        loose.length > 0 && `Without ^ or $: ${quoteAll(loose)}.`,
        `${first.slice(0, first.length - patternOf(first).length)}${anchored}`,
      );
    }),
  },
  {
    id: 'gate.public-routes-wide',
    subject: 'The gate',
    severity: 'high',
    good: 'No public route opens a page for members',
    why: 'The gate asks for no sign-in there. The app still requires an identity, but it would be the only protection left.',
    mend: 'skip_auth_routes = ["GET=^/$", "GET=^/health$"]',
    judge: ofGate((gate) => {
      const anchored = routesOf(gate).filter((route) => isNegated(route) || isAnchored(patternOf(route)));
      const odd = anchored.filter((route) => opens(route) === undefined);
      const wide = anchored.flatMap((route) => {
        const [opened] = opens(route) ?? [];
        return opened === undefined ? [] : [`${quote(route)} opens ${opened}`];
      });
      if (wide.length === 0 && odd.length > 0) return unread(`${quoteAll(odd)} cannot be read here`);
      return seenIf(wide.length > 0 && `${wide.slice(0, 5).join(', ')}.`);
    }),
  },
  {
    id: 'gate.signed-out-public',
    subject: 'The gate',
    severity: 'medium',
    good: 'The signed-out page is public',
    why: 'Behind the gate, it redirects straight back to Google, which signs the person in again.',
    mend: 'skip_auth_routes = ["GET=^/signed-out$"]',
    judge: ofGate((gate) =>
      seenIf(
        !routesOf(gate).some(
          (route) => !/^(?!GET=)[A-Z]+=/.test(route) && matches(patternOf(route), '/signed-out'),
        ) && 'No public route matches /signed-out.',
      ),
    ),
  },
  {
    id: 'gate.preflight',
    subject: 'The gate',
    severity: 'low',
    good: 'Preflights need a sign-in like any other request',
    why: 'Every OPTIONS request would reach the app without a sign-in.',
    mend: 'skip_auth_preflight = false',
    judge: ofGate((gate) => seenIf(gate.flag('skip_auth_preflight', false) && 'skip_auth_preflight is on.')),
  },
  {
    id: 'gate.bearer-tokens',
    subject: 'The gate',
    severity: 'high',
    good: 'A bearer token does not replace a sign-in',
    why: 'Any ID token with the right audience would be accepted, bypassing the sign-in, the cookie and every sign-out.',
    mend: 'skip_jwt_bearer_tokens = false',
    judge: ofGate((gate) =>
      seenIf(gate.flag('skip_jwt_bearer_tokens', false) && 'skip_jwt_bearer_tokens is on.'),
    ),
  },
  {
    id: 'gate.insecure',
    subject: 'The gate',
    severity: 'high',
    good: 'oauth2-proxy’s verification is not switched off',
    why: 'Each of these switches off a verification: of the certificate, the issuer, the nonce or the address.',
    mend: 'insecure_oidc_skip_nonce = false',
    judge: ofGate((gate) => {
      // Only if set explicitly: Google's provider uses no nonce, whatever the default.
      const on = insecure.filter((name) => gate.flag(name, false));
      return seenIf(on.length > 0 && `On: ${on.join(', ')}.`, on.map((name) => `${name} = false`).join('\n'));
    }),
  },
  {
    id: 'gate.proof',
    subject: 'The gate',
    severity: 'high',
    good: 'oauth2-proxy sends its proof and the person’s id',
    why: 'The app accepts an identity only with the proof in Authorization and the person in X-Forwarded-User: without them, everyone is a visitor.',
    mend: 'pass_basic_auth = true',
    judge: ofGate((gate, { runBy }) => {
      const off = ['pass_basic_auth', 'pass_user_headers'].filter((name) => !gate.flag(name, true));
      if (off.length > 0)
        return seenIf(`Off: ${off.join(', ')}.`, off.map((name) => `${name} = true`).join('\n'));
      if (gate.text('basic_auth_password') !== undefined) return 'passed';
      if (runBy === 'itself') return notChecked(passwordElsewhere);
      return {
        seen: 'basic_auth_password is not set.',
        mend: 'OAUTH2_PROXY_BASIC_AUTH_PASSWORD=(the same value as GATE_SECRET)',
      };
    }),
  },
  {
    id: 'gate.tokens',
    subject: 'The gate',
    severity: 'medium',
    good: 'Google’s tokens stay at the gate',
    why: 'The app does not use them; in headers they end up in logs and proxies.',
    mend: 'pass_access_token = false',
    judge: ofGate((gate) => {
      const on = tokens.filter((name) => gate.flag(name, false));
      return seenIf(on.length > 0 && `On: ${on.join(', ')}.`, on.map((name) => `${name} = false`).join('\n'));
    }),
  },
  {
    id: 'gate.xauthrequest',
    subject: 'The gate',
    severity: 'low',
    good: 'Responses carry no session data in headers',
    why: 'Every response would contain the person’s address and user id, visible to every cache and log along the way.',
    mend: 'set_xauthrequest = false',
    judge: ofGate((gate) => seenIf(gate.flag('set_xauthrequest', false) && 'set_xauthrequest is on.')),
  },
  {
    id: 'gate.pkce',
    subject: 'The gate',
    severity: 'medium',
    good: 'A stolen authorization code is useless',
    why: 'Without PKCE, anyone who sees the code on its way back can redeem it.',
    mend: 'code_challenge_method = "S256"',
    judge: ofGate((gate) =>
      seenIf(gate.text('code_challenge_method') !== 'S256' && 'code_challenge_method is not S256.'),
    ),
  },
  {
    id: 'gate.whitelist',
    subject: 'The gate',
    severity: 'medium',
    good: 'Sign-in and sign-out do not redirect to other sites',
    why: 'A link to this site could otherwise lead to somebody else’s page that looks like it.',
    mend: 'whitelist_domains = []',
    judge: ofGate((gate) => {
      const names = gate.list('whitelist_domains').filter((name) => /^[.*]/.test(name));
      return seenIf(names.length > 0 && `whitelist_domains names ${quoteAll(names)}.`);
    }),
  },
  {
    id: 'gate.log-errors',
    subject: 'The gate',
    severity: 'medium',
    good: 'Failed sign-ins are logged without cookies',
    why: 'Before 7.15.5, a failed sign-in logs the whole request by default, with every cookie that the browser sent, including live sessions.',
    mend: 'standard_logging_format = (the line of the shipped oauth2-proxy.cfg)',
    judge: ofGate((gate, { software }) => {
      const format = gate.text('standard_logging_format');
      if (!gate.flag('standard_logging', true) || namesNoCookies(software.gate)) return 'passed';
      if (format === undefined) return { seen: 'standard_logging_format is not set.' };
      return seenIf(
        format.includes('{{.Message}}') &&
          !format.includes('slice .Message') &&
          'standard_logging_format writes every message in full.',
      );
    }),
  },
  {
    id: 'gate.log-requests',
    subject: 'The gate',
    severity: 'medium',
    good: 'Requests are logged without their query string',
    why: 'The query string of the redirect from Google contains the authorization code.',
    mend: 'request_logging_format = (the line of the shipped oauth2-proxy.cfg)',
    judge: ofGate((gate) => {
      const format = gate.text('request_logging_format');
      if (!gate.flag('request_logging', true)) return 'passed';
      if (format === undefined) return { seen: 'request_logging_format is not set.' };
      return seenIf(
        /\{\{\s*\.RequestURI\s*\}\}/.test(format) && 'request_logging_format writes {{.RequestURI}} in full.',
      );
    }),
  },
  {
    id: 'gate.debug-errors',
    subject: 'The gate',
    severity: 'low',
    good: 'The gate’s error pages show no details',
    why: 'Details tell a stranger how this deployment is built.',
    mend: 'show_debug_on_error = false',
    judge: ofGate((gate) =>
      seenIf(
        gate.flag('show_debug_on_error', false) &&
          !gate.text('custom_templates_dir') &&
          'show_debug_on_error is on, and oauth2-proxy’s own page shows the details.',
      ),
    ),
  },
  {
    id: 'gate.prefix',
    subject: 'The gate',
    severity: 'high',
    good: 'The app knows the addresses of the gate’s pages',
    why: 'The app sends people to /oauth2/start and /oauth2/sign_out. With another prefix, signing out does not end the gate’s session.',
    mend: 'proxy_prefix = "/oauth2"',
    judge: ofGate((gate) => {
      const prefix = gate.text('proxy_prefix') ?? '/oauth2';
      return seenIf(prefix !== '/oauth2' && `proxy_prefix is ${quote(prefix)}.`);
    }),
  },
  {
    id: 'gate.redirect',
    subject: 'The gate',
    severity: 'high',
    good: 'Google sends people back to the public address',
    why: 'At another address, browsers do not send the cookie that started the sign-in: nobody gets in.',
    mend: 'OAUTH2_PROXY_REDIRECT_URL=(PUBLIC_URL)/oauth2/callback',
    judge: ofGateAndConfig((gate, { publicOrigin }) => {
      const target = gate.text('redirect_url');
      const wanted = `${publicOrigin}/oauth2/callback`;
      // If unset, oauth2-proxy derives it from the host name that the browser used.
      return seenIf(
        target !== undefined && URL.parse(target)?.href !== wanted && `redirect_url is ${quote(target)}.`,
        `OAUTH2_PROXY_REDIRECT_URL=${wanted}`,
      );
    }),
  },
  {
    id: 'gate.host-header',
    subject: 'The gate',
    severity: 'high',
    good: 'The app sees the host name that the browser used',
    why: 'Without it, every change is refused because it seems to come from another site.',
    mend: 'pass_host_header = true',
    judge: ofGate((gate) => seenIf(!gate.flag('pass_host_header', true) && 'pass_host_header is off.')),
  },
];

/** Whether the attack was tried and the gate still asked for a sign-in. */
function refusesForgedUri(live: Deployment['live']): boolean {
  const answer = 'found' in live ? live.found.answers.forgedUri : undefined;
  return answer !== undefined && !answer.fromApp && answer.status >= 300 && answer.status < 400;
}

/** A single address, not a network, which could contain hosts other than the proxy. */
function isOneAddress(entry: string): boolean {
  const [address = '', bits] = entry.split('/');
  return isIP(address) !== 0 && (bits === undefined || bits === (isIP(address) === 4 ? '32' : '128'));
}

/** Whether this version has the fix for GHSA-hhqp-vx7f-5c6m. */
function namesNoCookies(gate: Deployment['software']['gate']): boolean {
  return 'found' in gate && /^\d/.test(gate.found.version) && !isOlder(gate.found.version, '7.15.5');
}

function routesOf(gate: GateSettings): readonly string[] {
  return [...gate.list('skip_auth_routes'), ...gate.list('skip_auth_regex')];
}

function matches(pattern: string, path: string): boolean {
  try {
    return new RegExp(pattern).test(path);
  } catch {
    return false;
  }
}
