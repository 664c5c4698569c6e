// Checks of oauth2-proxy's sessions: how large their cookie gets, where they are kept, and whether the app looks there.

import { isLoopback } from '../../config/local-addresses.ts';
import { type Check, notChecked, ofGate, ofGateAndConfig, quote, quoteAll, seenIf } from './check.ts';

export const gateSessionChecks: readonly Check[] = [
  {
    id: 'gate.cookie-size',
    subject: 'Cookies',
    severity: 'low',
    good: 'The session at the gate fits in a cookie',
    why: 'Cookies are limited to 4,096 bytes, and proxies refuse long headers: with more than an address and a user id in it, you soon get 502 or 431.',
    mend: 'scope = "openid email"',
    judge: ofGate((gate) => {
      if (gate.text('session_store_type') === 'redis') return 'passed';
      const extra = (gate.text('scope') ?? 'openid email profile')
        .split(' ')
        .filter((word) => !['openid', 'email', 'profile'].includes(word));
      const groups = gate.list('google_groups').length + gate.list('google_group').length > 0;
      return seenIf(
        (extra.length > 0 || groups) &&
          `Sessions are kept in the cookie, which includes ${groups ? 'groups' : `the scopes ${quoteAll(extra)}`}.`,
      );
    }),
  },
  {
    id: 'gate.session-store',
    subject: 'Cookies',
    severity: 'low',
    good: 'A session at the gate can be ended from the server',
    why: 'If the session is in the cookie, a copy of it keeps working at other apps behind the same gate until it expires. This app refuses it.',
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
    good: 'The app looks for the gate’s sessions in the right place',
    why: 'In the wrong place, the app cannot end a session at the gate: people are signed out here but still signed in there.',
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
    good: 'The app uses the same Redis as oauth2-proxy for the gate’s sessions',
    why: 'In a different Redis or database, the app does not find the gate’s sessions: people are signed out here but still signed in there.',
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

/** `127.0.0.1:6379/0`; undefined if the URL is not the address of a single Redis. */
function placeOf(url: string): string | undefined {
  const { protocol, hostname, port, pathname } = URL.parse(url) ?? {};
  if (!hostname || !/^rediss?:$/.test(protocol ?? '')) return undefined;
  return `${isLoopback(hostname) ? '127.0.0.1' : hostname}:${port || 6379}/${pathname?.replace(/^\//, '') || 0}`;
}
