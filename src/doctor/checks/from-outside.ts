// Checks from outside: what an unauthenticated client gets at the public address. Each judges the answers to plain GET requests.
import {
  type Check,
  noAnswer,
  notChecked,
  of,
  ofAnswer,
  ofNeededAnswer,
  quote,
  seenIf,
  unlessDoubted,
} from './check.ts';
import { outsideGateChecks } from './from-outside-gate.ts';

const dayMs = 86_400_000;

export const outsideChecks: readonly Check[] = [
  {
    id: 'live.reachable',
    subject: 'From outside',
    severity: 'high',
    good: 'The address answers',
    why: 'Without an answer, nobody can sign in.',
    mend: 'docker compose ps',
    judge: of(
      (d) => d.live,
      ({ url, unreachable }) =>
        seenIf(unreachable !== undefined && `${quote(url)} does not answer (${unreachable}).`),
    ),
  },
  {
    id: 'live.certificate',
    subject: 'From outside',
    severity: 'high',
    good: 'The certificate is trusted',
    why: 'Browsers stop people with a warning, and people learn to click through it.',
    mend: 'sudo certbot renew',
    judge: of(
      (d) => d.live,
      ({ url, unreachable, certificateFault }) => {
        if (unreachable !== undefined) return notChecked(noAnswer);
        if (!url.startsWith('https:')) return notChecked('the address is plain http');
        return seenIf(certificateFault !== undefined && `It is not trusted (${certificateFault}).`);
      },
    ),
  },
  {
    id: 'live.certificate-expiry',
    subject: 'From outside',
    severity: 'medium',
    good: 'The certificate is valid for at least another week',
    why: 'Once it expires, browsers let nobody in.',
    mend: 'sudo certbot renew',
    judge: of(
      (d) => d.live,
      ({ certificateEndsAt }, { at }) => {
        if (certificateEndsAt === undefined) return notChecked('no certificate was seen');
        const days = Math.floor((certificateEndsAt - at) / dayMs);
        return seenIf(
          days < 7 &&
            (days < 0 ? 'It has expired.' : `It expires in ${days} ${days === 1 ? 'day' : 'days'}.`),
        );
      },
    ),
  },
  {
    id: 'live.health',
    subject: 'From outside',
    severity: 'medium',
    good: '/health reports that the app is healthy',
    why: 'Uptime monitors check it; without an answer, requests do not get from the reverse proxy to the app.',
    mend: 'docker compose logs --tail 50',
    judge: ofNeededAnswer('health', ({ status, healthy }) => seenIf(!healthy && `It answers ${status}.`)),
  },
  ...outsideGateChecks,
  {
    id: 'live.visitor-cookie',
    subject: 'From outside',
    severity: 'high',
    good: 'The visitor cookie arrives unchanged',
    why: 'A proxy changed it, or another program sets it: a browser may drop it, or a script may read it.',
    mend: 'Check what the reverse proxy does to Set-Cookie; it should not change it.',
    judge: ofAnswer('landing', ({ cookies }, { url }) => {
      const cookie = cookies.find(({ name }) => name.endsWith('visitor_session_id'));
      if (!cookie)
        return notChecked('the home page set no visitor cookie (VISITOR_CONSENT=required, or another app)');
      const https = url.startsWith('https:');
      const lacks = [
        https && !cookie.secure && 'Secure',
        !cookie.httpOnly && 'HttpOnly',
        !/^(?:lax|strict)$/i.test(cookie.sameSite ?? '') && 'SameSite',
        cookie.path !== '/' && 'Path=/',
        https && !cookie.name.startsWith('__Host-') && 'the prefix __Host-',
      ].filter(Boolean);
      if (cookie.domain !== undefined) return { seen: `${quote(cookie.name)} has a Domain.` };
      return seenIf(lacks.length > 0 && `${quote(cookie.name)} lacks ${lacks.join(', ')}.`);
    }),
  },
  {
    id: 'live.headers',
    subject: 'From outside',
    severity: 'medium',
    good: 'The security headers arrive',
    why: 'Without them, a page can be framed, its type guessed, a script injected, or https dropped.',
    mend: 'Check what the reverse proxy does to response headers; it should not change them.',
    judge: ofAnswer('landing', ({ headers }, { url }) => {
      const wanted: readonly (readonly [name: string, shape: RegExp])[] = [
        ['content-security-policy', /default-src 'none'/],
        ['x-content-type-options', /^nosniff$/],
        ['x-frame-options', /^deny$/i],
        ['referrer-policy', /./],
        ...(url.startsWith('https:') ? [['strict-transport-security', /max-age=[1-9]\d{6,}/] as const] : []),
      ];
      const lacks = wanted
        .filter(([name, shape]) => !shape.test(headers.get(name) ?? ''))
        .map(([name]) => name);
      const shared = headers.get('access-control-allow-origin');
      if (lacks.length === 0 && shared !== undefined)
        return { seen: `Other sites may read it: access-control-allow-origin is ${quote(shared)}.` };
      return seenIf(lacks.length > 0 && `Missing or weaker: ${lacks.join(', ')}.`);
    }),
  },
  {
    id: 'live.versions-shown',
    subject: 'From outside',
    severity: 'low',
    good: 'Answers do not say which programs run here',
    why: 'A version number tells an attacker which vulnerabilities to try.',
    mend: 'server_tokens off;',
    judge: ofAnswer('landing', ({ headers }) => {
      const told = ['server', 'x-powered-by'].filter((name) => /\d|express/i.test(headers.get(name) ?? ''));
      return seenIf(told.length > 0 && `Revealed by ${told.join(', ')}.`);
    }),
  },
  {
    id: 'live.closed',
    subject: 'From outside',
    severity: 'high',
    good: 'Internal files and metrics are not public',
    why: '.env holds every secret, .git may hold old ones, and metrics reveal how many people use the site.',
    mend: 'Let the reverse proxy forward everything to oauth2-proxy and serve no folder itself.',
    judge: of(
      (d) => d.live,
      ({ unreachable, answers }) => {
        if (unreachable !== undefined) return notChecked(noAnswer);
        const paths = { metrics: '/metrics', envFile: '/.env', gitHead: '/.git/HEAD' } as const;
        const open = (Object.keys(paths) as (keyof typeof paths)[]).filter((name) => answers[name]?.leaks);
        const silent = (Object.keys(paths) as (keyof typeof paths)[]).filter((name) => !answers[name]);
        return unlessDoubted(
          seenIf(open.length > 0 && `Open to everyone: ${open.map((name) => paths[name]).join(', ')}.`),
          silent.length > 0 ? `no answer from ${silent.map((name) => paths[name]).join(', ')}` : undefined,
        );
      },
    ),
  },
];
