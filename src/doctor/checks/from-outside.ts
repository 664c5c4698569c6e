// Checks from outside: what an unauthenticated client gets at the public address. Each judges the answers to plain GET requests.
import type { OutsideAnswer, OutsideProbe, OutsideView } from '../deployment.ts';
import { type Check, notChecked, of, quote, seenIf, unlessDoubted, unread, type Verdict } from './check.ts';
import { isLocal } from './local-addresses.ts';

const dayMs = 86_400_000;
const noAnswer = 'the request got no answer';
const notApart =
  'the app’s answers cannot be told apart from the gate’s: the app’s content security policy is missing';

function ofAnswer(
  name: OutsideProbe,
  judge: (answer: OutsideAnswer, live: OutsideView) => Verdict,
): Check['judge'] {
  return of(
    (d) => d.live,
    (live) => {
      const answer = live.answers[name];
      if (answer) return judge(answer, live);
      return live.unreachable === undefined ? unread(noAnswer) : notChecked(noAnswer);
    },
  );
}

/** As `ofAnswer`, but a missing answer is a finding if the address answers at all. */
function ofNeededAnswer(name: OutsideProbe, judge: Parameters<typeof ofAnswer>[1]): Check['judge'] {
  return of(
    (d) => d.live,
    (live, deployment) =>
      live.unreachable === undefined && !live.answers[name]
        ? { seen: 'It does not answer within 5 seconds.' }
        : ofAnswer(name, judge)(deployment),
  );
}

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
  {
    id: 'live.gate',
    subject: 'From outside',
    severity: 'high',
    good: 'Pages for members are stopped at the gate',
    why: 'The request reached the app without a sign-in. The app still requires an identity, but it is the only protection left.',
    mend: 'Remove the pattern that matches it from skip_auth_routes, and point the reverse proxy to oauth2-proxy, not to the app.',
    judge: of(
      (d) => d.live,
      ({ unreachable, answers: { landing, dashboard, api } }) => {
        if (unreachable !== undefined) return notChecked(noAnswer);
        if (!dashboard || !api) return unread(noAnswer);
        const passed = [
          dashboard.fromApp && '/dashboard',
          api.fromApp && '/api/me',
          dashboard.status === 200 && '/dashboard with 200',
        ];
        const first = passed.find(Boolean);
        if (!first && !landing?.fromApp) return unread(notApart);
        return seenIf(first && `Without a sign-in the app answered ${first}.`);
      },
    ),
  },
  {
    id: 'live.sign-in',
    subject: 'From outside',
    severity: 'high',
    good: 'Without a sign-in, /dashboard redirects to the sign-in',
    why: 'Anything else means that people cannot get in, or that strangers can.',
    mend: 'docker compose logs --tail 50 oauth2-proxy',
    judge: ofNeededAnswer('dashboard', ({ status, location, fromApp, isGatePage }, { url }) => {
      const target = location === undefined ? undefined : URL.parse(location, url);
      const leads = status >= 300 && status < 400 && target;
      if (fromApp || status === 200) return notChecked('see live.gate');
      // The gate can also answer with a page of its own that offers the sign-in.
      if (status === 403 && isGatePage) return 'passed';
      if (!leads)
        return { seen: `It answers ${status}${location === undefined ? '' : ' and redirects nowhere'}.` };
      const { origin, protocol } = new URL(url);
      if (target.origin === origin) {
        return seenIf(
          !target.pathname.startsWith('/oauth2/') && `It redirects to ${quote(target.pathname)}.`,
        );
      }
      if (protocol === 'https:' && target.protocol !== 'https:' && !isLocal(target.href))
        return { seen: `It redirects to plain http: ${quote(target.origin)}.` };
      // Where Google sends the browser back to: if redirect_url is not set, the gate derives it from the request.
      const back = target.searchParams.get('redirect_uri');
      return seenIf(
        back !== null &&
          URL.parse(back)?.origin !== origin &&
          `Google is told to send people back to ${quote(back)}.`,
        `OAUTH2_PROXY_REDIRECT_URL=${origin}/oauth2/callback`,
      );
    }),
  },
  {
    id: 'live.forged-uri',
    subject: 'From outside',
    severity: 'high',
    good: 'The gate ignores a forged X-Forwarded-Uri',
    why: 'With an X-Forwarded-Uri that names a public page, the gate served a page for members without a sign-in.',
    mend: 'trusted_proxy_ips = ["255.255.255.255/32"]',
    judge: ofAnswer('forgedUri', ({ fromApp, status }, { answers }) => {
      if (answers.dashboard?.fromApp) return notChecked('see live.gate');
      if (!fromApp && !answers.landing?.fromApp) return unread(notApart);
      return seenIf(fromApp && `The app answered /dashboard (${status}).`);
    }),
  },
  {
    id: 'live.forged-identity',
    subject: 'From outside',
    severity: 'high',
    good: 'Forged identity headers have no effect',
    why: 'A made-up person was accepted: anyone can be anybody by sending a header.',
    mend: 'skip_auth_strip_headers = true',
    judge: of(
      (d) => d.live,
      ({ unreachable, answers: { landing, forgedPublic, forgedMember, dashboard } }) => {
        if (unreachable !== undefined) return notChecked(noAnswer);
        if (!forgedPublic || !forgedMember || !landing) return unread(noAnswer);
        const usual = new Set(landing.cookies.map(({ name }) => name));
        const extra = forgedPublic.cookies.find(({ name }) => !usual.has(name) && /session$/.test(name));
        return seenIf(
          (forgedPublic.namesProbe && 'The public page names the made-up person.') ||
            (forgedMember.namesProbe && '/dashboard names the made-up person.') ||
            (forgedMember.status === 200 &&
              dashboard?.status !== 200 &&
              '/dashboard answered 200 to the made-up person.') ||
            (extra && `The public page set the cookie ${quote(extra.name)} for the made-up person.`),
        );
      },
    ),
  },
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
