// Checks from outside: what a stranger gets from the address that browsers use. Each judges answers to plain GET requests.

import type { OutsideAnswer, OutsideProbe, OutsideView } from '../deployment.ts';
import { type Check, notChecked, of, quote, seenIf, unlessDoubted, unread, type Verdict } from './check.ts';
import { isLocal } from './local-addresses.ts';

const dayMs = 86_400_000;
const noAnswer = 'that request got no answer';
const notApart = 'the answers of the app cannot be told from the gate’s here: its content policy is missing';

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

/** The same, of what must answer wherever anything does. */
function ofNeededAnswer(name: OutsideProbe, judge: Parameters<typeof ofAnswer>[1]): Check['judge'] {
  return of(
    (d) => d.live,
    (live, deployment) =>
      live.unreachable === undefined && !live.answers[name]
        ? { seen: 'It does not answer, or not within 5 seconds.' }
        : ofAnswer(name, judge)(deployment),
  );
}

export const outsideChecks: readonly Check[] = [
  {
    id: 'live.reachable',
    subject: 'From outside',
    severity: 'high',
    good: 'The address answers',
    why: 'Nobody can sign in where nothing answers.',
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
    why: 'Browsers stop people with a warning, and teach them to click it away.',
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
    good: 'The certificate is good for another week or more',
    why: 'From then on browsers let nobody in.',
    mend: 'sudo certbot renew',
    judge: of(
      (d) => d.live,
      ({ certificateEndsAt }, { at }) => {
        if (certificateEndsAt === undefined) return notChecked('no certificate was seen');
        const days = Math.floor((certificateEndsAt - at) / dayMs);
        return seenIf(
          days < 7 && (days < 0 ? 'It has expired.' : `It ends in ${days} ${days === 1 ? 'day' : 'days'}.`),
        );
      },
    ),
  },
  {
    id: 'live.health',
    subject: 'From outside',
    severity: 'medium',
    good: '/health answers that the app is well',
    why: 'Uptime checks look there; without an answer the way from the front to the app is broken.',
    mend: 'docker compose logs --tail 50',
    judge: ofNeededAnswer('health', ({ status, healthy }) => seenIf(!healthy && `It answers ${status}.`)),
  },
  {
    id: 'live.gate',
    subject: 'From outside',
    severity: 'high',
    good: 'Pages for members are stopped at the gate',
    why: 'The request reached the app itself without a sign-in. The app still demands identity, but it is the only door left.',
    mend: 'Take the pattern that matches it out of skip_auth_routes, and let the front lead to oauth2-proxy, not to the app.',
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
    good: 'Without a sign-in /dashboard leads to one',
    why: 'Anything else means that people cannot come in, or that strangers can.',
    mend: 'docker compose logs --tail 50 oauth2-proxy',
    judge: ofNeededAnswer('dashboard', ({ status, location, fromApp, isGatePage }, { url }) => {
      const target = location === undefined ? undefined : URL.parse(location, url);
      const leads = status >= 300 && status < 400 && target;
      if (fromApp || status === 200) return notChecked('see live.gate');
      // The gate can also answer with a page of its own that offers the sign-in.
      if (status === 403 && isGatePage) return 'passed';
      if (!leads)
        return { seen: `It answers ${status}${location === undefined ? '' : ' and leads nowhere'}.` };
      const { origin, protocol } = new URL(url);
      if (target.origin === origin) {
        return seenIf(!target.pathname.startsWith('/oauth2/') && `It leads to ${quote(target.pathname)}.`);
      }
      if (protocol === 'https:' && target.protocol !== 'https:' && !isLocal(target.href))
        return { seen: `It leads to plain http: ${quote(target.origin)}.` };
      // Where Google is to send the browser back to: the gate makes it from what it hears, if nobody told it.
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
    good: 'Nobody can tell the gate what was asked for',
    why: 'With X-Forwarded-Uri naming a public page, the gate let a page for members through without a sign-in.',
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
    good: 'Written-in identity headers make nobody of a visitor',
    why: 'A made-up person was believed: whoever writes a header can be anyone.',
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
    good: 'The visitor cookie arrives as it should',
    why: 'Something on the way changed it, or another program sets it: a browser may drop it, or a script may read it.',
    mend: 'Look at what the front does to Set-Cookie; nothing is the right answer.',
    judge: ofAnswer('landing', ({ cookies }, { url }) => {
      const cookie = cookies.find(({ name }) => name.endsWith('visitor_session_id'));
      if (!cookie)
        return notChecked('the front page set no visitor cookie (VISITOR_CONSENT=required, or not this app)');
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
    why: 'Without them a page can be framed, a type guessed, a script slipped in, or https left.',
    mend: 'Look at what the front does to the headers of answers; nothing is the right answer.',
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
    why: 'A version number tells a stranger which holes to try.',
    mend: 'server_tokens off;',
    judge: ofAnswer('landing', ({ headers }) => {
      const told = ['server', 'x-powered-by'].filter((name) => /\d|express/i.test(headers.get(name) ?? ''));
      return seenIf(told.length > 0 && `Told by ${told.join(', ')}.`);
    }),
  },
  {
    id: 'live.closed',
    subject: 'From outside',
    severity: 'high',
    good: 'Files and measures of the inside stay inside',
    why: 'In .env stands every secret, in .git every former one; measures tell strangers how many people are here.',
    mend: 'Let the front lead everything to oauth2-proxy and serve no folder by itself.',
    judge: of(
      (d) => d.live,
      ({ unreachable, answers }) => {
        if (unreachable !== undefined) return notChecked(noAnswer);
        const paths = { metrics: '/metrics', envFile: '/.env', gitHead: '/.git/HEAD' } as const;
        const open = (Object.keys(paths) as (keyof typeof paths)[]).filter((name) => answers[name]?.leaks);
        const silent = (Object.keys(paths) as (keyof typeof paths)[]).filter((name) => !answers[name]);
        return unlessDoubted(
          seenIf(open.length > 0 && `Open to everyone: ${open.map((name) => paths[name]).join(', ')}.`),
          silent.length > 0 ? `no answer at ${silent.map((name) => paths[name]).join(', ')}` : undefined,
        );
      },
    ),
  },
];
