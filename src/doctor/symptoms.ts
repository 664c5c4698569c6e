// The table of symptoms: what people report, the checks that explain it, and where else to look.

export interface Symptom {
  readonly id: string;
  /** As a person would describe it. */
  readonly says: string;
  /** Other descriptions of the same symptom. */
  readonly alsoSaid: readonly string[];
  /** Most likely cause first. */
  readonly checks: readonly string[];
  readonly lookAt: string;
}

export const symptoms: readonly Symptom[] = [
  {
    id: 'signed-out-at-once',
    says: 'Signed out at once',
    alsoSaid: ['signed out on the next click', 'cannot stay signed in', 'logged out immediately'],
    checks: [
      'clock.redis',
      'clock.live',
      'lifetime.idle-short',
      'gate.host-prefix-domain',
      'redis.eviction',
      'redis.memory',
      'cookie.prefix',
      'live.visitor-cookie',
    ],
    lookAt:
      'The page “Cookies”: did the browser send the session cookie? If not, the browser dropped it. If so, the record says why the session ended.',
  },
  {
    id: 'cookie-not-set',
    says: 'The cookie is not set',
    alsoSaid: ['no cookie', 'cookie missing', 'browser drops the cookie'],
    checks: [
      'settings.valid',
      'settings.https',
      'gate.host-prefix-domain',
      'cookie.secure',
      'gate.cookie-secure',
      'live.visitor-cookie',
      'gate.cookie-size',
      'live.certificate',
    ],
    lookAt:
      'In the browser’s developer tools, under Network, the response that sets it: a yellow sign next to Set-Cookie explains why it was dropped. Secure and __Host- need https.',
  },
  {
    id: 'signed-out-often',
    says: 'Signed out too often',
    alsoSaid: ['sessions end early', 'logged out every day', 'have to sign in again and again'],
    checks: [
      'gate.lifetimes-agree',
      'gate.refresh',
      'lifetime.fits-gate',
      'lifetime.idle-short',
      'redis.persistence',
      'redis.eviction',
      'redis.memory',
      'redis.reachable',
      'gate.cookie-name',
    ],
    lookAt:
      'The record: `session.ended` gives the reason. If it happens to everyone at the same time, Redis restarted; if to one person, a limit was reached, for example SESSION_MAX_PER_USER.',
  },
  {
    id: 'redirect-loop',
    says: 'The browser is caught in a redirect loop',
    alsoSaid: [
      'too many redirects',
      'goes round in circles',
      'loops',
      'signed in again right after signing out',
    ],
    checks: [
      'gate.cookie-samesite-strict',
      'gate.signed-out-public',
      'gate.host-prefix-domain',
      'gate.cookie-secure',
      'settings.https',
      'live.sign-in',
      'gate.cookie-size',
      'secret.gate-cookie',
    ],
    lookAt:
      'The addresses in the loop. Between /oauth2/callback and Google: the browser does not send the gate’s cookie. Between / and /dashboard: it does not send the session cookie.',
  },
  {
    id: 'bad-gateway',
    says: '502 from the gate or the reverse proxy',
    alsoSaid: ['bad gateway', '504', '431', 'header too large', 'upstream'],
    checks: [
      'live.health',
      'gate.cookie-size',
      'network.upstream',
      'settings.valid',
      'redis.reachable',
      'gate.refresh-shorter',
      'gate.version',
    ],
    lookAt:
      '`docker compose ps` and the log of the app. A 502 only after the sign-in means that the reverse proxy refuses long headers: nginx needs larger buffers (docs/deploy.md).',
  },
  {
    id: 'everyone-is-a-visitor',
    says: 'Everyone is a visitor',
    alsoSaid: ['not reached through the gate', 'signed in but unknown', '401 behind the gate', 'no identity'],
    checks: [
      'secret.gate-agrees',
      'gate.proof',
      'gate.prefer-email',
      'gate.public-routes-wide',
      'gate.cookie-name',
      'live.gate',
    ],
    lookAt:
      'The app’s log: `gate.untrusted` says what was wrong with the proof. After a new GATE_SECRET, both the app and oauth2-proxy must be restarted.',
  },
  {
    id: 'not-on-the-list',
    says: 'Somebody is not on the list, or still gets in after being removed',
    alsoSaid: ['403', 'forbidden', 'access denied', 'removed address still gets in', 'wrong account'],
    checks: [
      'access.list',
      'access.list-used',
      'access.operators',
      'access.everyone',
      'access.domains',
      'access.trusted-ips',
      'access.htpasswd',
      'access.list-writable',
    ],
    lookAt:
      'The page “Access”: is it the address that Google shows for the account? An alias counts as a different address.',
  },
  {
    id: 'sign-in-fails',
    says: 'The sign-in fails after Google',
    alsoSaid: ['csrf failed', 'invalid state', 'redirect_uri_mismatch', '500 at callback'],
    checks: [
      'secret.client',
      'gate.csrf-per-request',
      'gate.csrf-expire',
      'gate.cookie-samesite-strict',
      'clock.live',
      'settings.public-url',
      'gate.pkce',
    ],
    lookAt:
      'Google’s error message: redirect_uri_mismatch means that the redirect URI at Google is not exactly PUBLIC_URL + /oauth2/callback.',
  },
  {
    id: 'changes-refused',
    says: 'Every change is refused',
    alsoSaid: [
      'request came from another site',
      'cannot sign out a device',
      'record cannot be written',
      '403 on post',
      '503',
    ],
    checks: [
      'gate.host-header',
      'files.record',
      'settings.public-url',
      'redis.memory',
      'settings.trusted-hops',
    ],
    lookAt:
      'The message on the page: “from another site” means that PUBLIC_URL is not the address in the browser; “could not be recorded” points to the record’s file or the store.',
  },
];

const filler = new Set(['a', 'the', 'is', 'it', 'at', 'in', 'on', 'to', 'of', 'or', 'my', 'all', 'not']);

/** The symptom that matches the words best; undefined: none matches. */
export function findSymptom(words: string): Symptom | undefined {
  const asked = wordsOf(words);
  const scored = symptoms.map((symptom) => {
    const best = [symptom.id.replaceAll('-', ' '), symptom.says, ...symptom.alsoSaid].map((text) => {
      const said = wordsOf(text);
      const common = asked.filter((word) => said.includes(word)).length;
      return common / Math.max(asked.length, said.length, 1);
    });
    return [symptom, Math.max(...best)] as const;
  });
  const [first] = scored.sort((a, b) => b[1] - a[1]);
  return first && first[1] >= 0.4 ? first[0] : undefined;
}

function wordsOf(text: string): string[] {
  const words = text.toLowerCase().match(/[a-z0-9_]+/g) ?? [];
  return words.filter((word) => !filler.has(word));
}
