// Checks from outside of the gate: whether it stops what it should, and ignores what a client forges.

import { isLocal } from '../../config/local-addresses.ts';
import {
  type Check,
  noAnswer,
  notChecked,
  of,
  ofAnswer,
  ofNeededAnswer,
  quote,
  seenIf,
  unread,
} from './check.ts';

const notApart =
  'the app’s answers cannot be told apart from the gate’s: the app’s content security policy is missing';

export const outsideGateChecks: readonly Check[] = [
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
];
