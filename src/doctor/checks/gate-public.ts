// Checks of what oauth2-proxy lets through without a sign-in: whom it trusts, its public routes, bearer tokens.
import { isIP } from 'node:net';
import type { Deployment } from '../deployment.ts';
import type { GateSettings } from '../read/gate-settings.ts';
import { type Check, ofGate, quote, quoteAll, seenIf, unread } from './check.ts';
import { isAnchored, isNegated, opens, patternOf } from './skip-auth-routes.ts';

const nobody = '255.255.255.255/32';

export const gatePublicChecks: readonly Check[] = [
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
