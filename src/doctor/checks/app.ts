// Checks of an app behind the guard from outside: what somebody without a sign-in gets, and what of their headers reaches the app.
import type { AppAnswer, AppRequest, AppView } from '../deployment.ts';
import {
  type Check,
  missing,
  noAnswer,
  notChecked,
  of,
  quote,
  quoteAll,
  seenIf,
  unread,
  type Verdict,
} from './check.ts';

/** A check of an app that answers at all; app.reachable reports one that does not. */
export function ofApp(judge: (app: AppView) => Verdict): Check['judge'] {
  return of(
    (d) => d.app,
    (app) => (app.unreachable === undefined ? judge(app) : notChecked(noAnswer)),
  );
}

/** Whether an answer refuses somebody who is not signed in. `unclear`: it was refused, but not by the guard's question. */
function refusalOf({ status, leads }: AppAnswer): 'refused' | 'unclear' | 'open' {
  if (status === 401 || (status >= 300 && status < 400 && leads === 'desk')) return 'refused';
  return status === 403 || status === 429 || status >= 500 ? 'unclear' : 'open';
}

const tell = ({ asked, status, leads }: AppAnswer): string =>
  `${asked} is answered with ${status}${leads === 'away' ? ', elsewhere than to the desk' : ''}`;

/** Passed only if each was asked and refused for want of a sign-in. */
function allRefused(answers: readonly (AppAnswer | undefined)[], isEnough = refusalOf): Verdict {
  const known = answers.filter((answer) => answer !== undefined);
  const open = known.filter((answer) => isEnough(answer) === 'open');
  if (open.length > 0) return { seen: `${open.slice(0, 4).map(tell).join('; ')}.` };
  const unclear = known.filter((answer) => isEnough(answer) === 'unclear');
  if (unclear.length > 0)
    return unread(
      `${unclear.slice(0, 2).map(tell).join('; ')}, which does not tell whether the guard refused it`,
    );
  return known.length < answers.length ? unread(noAnswer) : 'passed';
}

const answersOf = ({ answers }: AppView, ...names: readonly AppRequest[]) =>
  names.map((name) => answers[name]);

/** What an app's own answers must show before anything about it can pass. */
function ofEcho(
  judge: (echo: AppView['echo']) => string | false,
  shows: (echo: AppView['echo']) => boolean,
  what: string,
): Check['judge'] {
  return ofApp(({ echo }) => {
    const seen = judge(echo);
    if (seen) return { seen };
    if (shows(echo)) return 'passed';
    return notChecked(
      echo.unseen ??
        `not seen: no answer of the app shows which ${what} it gets; name a path that does with --echo`,
    );
  });
}

const subject = 'An app behind the guard';

export const appChecks: readonly Check[] = [
  {
    id: 'app.reachable',
    subject,
    severity: 'high',
    good: 'The reverse proxy answers for the app',
    why: 'Without an answer, nothing about the app can be tried.',
    mend: 'gatehouse doctor --app NAME --front https://127.0.0.1:8443',
    judge: of(
      (d) => d.app,
      ({ at, unreachable }) =>
        seenIf(unreachable !== undefined && `${quote(at)} does not answer (${unreachable}).`),
    ),
  },
  {
    id: 'app.certificate',
    subject,
    severity: 'high',
    good: 'The app’s certificate is trusted',
    why: 'Browsers stop people with a warning, and people learn to click through it.',
    mend: 'sudo certbot renew',
    judge: ofApp(({ at, certificateFault }) => {
      if (!at.startsWith('https:')) return notChecked('the address is plain http');
      return seenIf(certificateFault !== undefined && `It is not trusted (${certificateFault}).`);
    }),
  },
  {
    id: 'app.closed',
    subject,
    severity: 'high',
    good: 'Without a sign-in, the app answers no page, fetch, form or WebSocket',
    why: 'What the reverse proxy does not ask about is open to everybody.',
    mend: 'gatehouse guard config nginx NAME',
    judge: ofApp((app) => allRefused(answersOf(app, 'page', 'fetch', 'post', 'socket'))),
  },
  {
    id: 'app.sign-in',
    subject,
    severity: 'high',
    good: 'Without a sign-in, a page leads to the desk, and back to the whole address',
    why: 'A reverse proxy that cuts or changes the address loses what people came for; one that leads elsewhere leads to an attacker.',
    mend: 'gatehouse guard config nginx NAME',
    judge: ofApp(({ answers: { page, otherSite }, path }) => {
      if (!page || !otherSite) return unread(noAnswer);
      if (refusalOf(page) === 'unclear') return unread(`${tell(page)}, so no sign-in was offered`);
      if (page.leads !== 'desk') return { seen: `${tell(page)} instead of the desk’s sign-in.` };
      if (page.back !== path)
        return { seen: `Asked for ${quote(path)}, the desk would lead back to ${quote(page.back ?? '')}.` };
      const isSafe = otherSite.leads === undefined || /^\/(?![/\\])/.test(otherSite.back ?? '');
      return seenIf(
        (otherSite.leads === 'away' || !isSafe) && `A path like another site’s address leads there.`,
      );
    }),
  },
  {
    id: 'app.no-redirect',
    subject,
    severity: 'medium',
    good: 'Scripts, forms and WebSockets get 401, never a redirect',
    why: 'A script would follow a redirect to the sign-in and take its page for data; a form would lose what was sent.',
    mend: 'gatehouse guard config nginx NAME',
    judge: ofApp((app) =>
      allRefused(answersOf(app, 'fetch', 'post', 'socket'), (answer) =>
        answer.leads === undefined ? refusalOf(answer) : 'open',
      ),
    ),
  },
  {
    id: 'app.forged-uri',
    subject,
    severity: 'high',
    good: 'A client cannot tell the guard another address, method or host',
    why: 'Anyone who can make the guard decide about a public path gets any other page without a sign-in.',
    mend: 'gatehouse guard config nginx NAME',
    judge: ofApp((app) => {
      const { page, forgedUri } = app.answers;
      const verdict = allRefused([forgedUri]);
      if (verdict !== 'passed' || !page || !forgedUri) return verdict;
      return seenIf(
        (page.leads !== forgedUri.leads || page.back !== forgedUri.back) &&
          `With forged X-Forwarded headers, the desk would lead back to ${quote(forgedUri.back ?? '')}.`,
      );
    }),
  },
  {
    id: 'app.forged-identity-refused',
    subject,
    severity: 'high',
    good: 'Nobody is let in who only says who they are',
    why: 'Headers like X-Forwarded-Email prove nothing unless the reverse proxy sets them.',
    mend: 'gatehouse guard config nginx NAME',
    judge: ofApp((app) => allRefused(answersOf(app, 'forgedIdentity'))),
  },
  {
    id: 'app.forged-identity',
    subject,
    severity: 'high',
    good: 'No identity that a client made up reaches the app',
    why: 'On a path without a sign-in, an app would take anybody for whom they say they are.',
    mend: 'gatehouse guard config nginx NAME',
    judge: ofEcho(
      ({ identities }) => identities.length > 0 && `Arrived at the app: ${quoteAll(identities)}.`,
      ({ showsHeaders }) => showsHeaders,
      'headers',
    ),
  },
  {
    id: 'app.forged-address',
    subject,
    severity: 'medium',
    good: 'The app learns a client’s address and host from the reverse proxy alone',
    why: 'With a made-up address, one client passes every limit; with a made-up host, the app’s links lead elsewhere.',
    mend: 'gatehouse guard config nginx NAME',
    judge: ofEcho(
      ({ addresses }) => addresses.length > 0 && `Arrived at the app: ${quoteAll(addresses)}.`,
      ({ showsHeaders }) => showsHeaders,
      'headers',
    ),
  },
  {
    id: 'app.cookies',
    subject,
    severity: 'high',
    good: 'The app sees no cookie of the guard, the desk or oauth2-proxy',
    why: 'An app that has one, or whoever breaks into it, can act as that person everywhere.',
    mend: 'gatehouse guard config nginx NAME',
    judge: ofEcho(
      ({ cookies }) => cookies.length > 0 && `Arrived at the app: ${quoteAll(cookies)}.`,
      ({ showsCookies }) => showsCookies,
      'cookies',
    ),
  },
  {
    id: 'app.key-hidden',
    subject,
    severity: 'high',
    good: 'The app does not get its own key',
    why: 'The key is between the reverse proxy and the guard; an app that has it could ask as the reverse proxy.',
    mend: 'gatehouse guard config nginx NAME',
    judge: ofEcho(
      ({ showsKey }) => showsKey && 'An answer of the app contains its key.',
      ({ showsHeaders }) => showsHeaders,
      'headers',
    ),
  },
  {
    id: 'app.public-only',
    subject,
    severity: 'high',
    good: 'What only begins like a public path is not public',
    why: 'An app may read `/public/../admin` as `/admin`.',
    mend: 'gatehouse guard config nginx NAME',
    judge: ofApp(({ oddPaths }) => {
      if (oddPaths.length === 0) return notChecked('this app has no public paths');
      return allRefused(oddPaths, (answer) => (answer.status === 400 ? 'refused' : refusalOf(answer)));
    }),
  },
  {
    id: 'app.desk-paths',
    subject,
    severity: 'high',
    good: 'The desk and oauth2-proxy do not answer at the app’s address',
    why: 'Their cookies would then be cookies of the app’s address, and the app could use them.',
    mend: 'Let the reverse proxy forward the app’s address to the app alone.',
    judge: ofApp(({ deskPaths }) => {
      const shown = deskPaths.filter((answer) => answer?.fromDesk).filter((answer) => answer !== undefined);
      if (shown.length > 0) return { seen: `${shown.map(tell).join('; ')}, by the desk or oauth2-proxy.` };
      return allRefused(deskPaths);
    }),
  },
  {
    id: 'app.start-cookie',
    subject,
    severity: 'medium',
    good: 'The cookie that begins a sign-in arrives unchanged',
    why: 'Without it, or with a Domain, a sign-in cannot be bound to the browser that began it.',
    mend: 'Check what the reverse proxy does to Set-Cookie; it should not change it.',
    judge: ofApp(({ answers: { page }, origin }) => {
      if (!page) return unread(noAnswer);
      if (page.leads !== 'desk') return notChecked('no page leads to the desk; see app.sign-in');
      const cookie = page.cookies.find(({ name }) => name.endsWith('gatehouse_start'));
      if (!cookie) return { seen: 'The answer that leads to the desk sets no cookie.' };
      if (cookie.domain !== undefined) return { seen: `${quote(cookie.name)} has a Domain.` };
      const isHttps = origin.startsWith('https:');
      const lacks = [
        isHttps && !cookie.secure && 'Secure',
        isHttps && !cookie.name.startsWith('__Host-') && 'the prefix __Host-',
        !cookie.httpOnly && 'HttpOnly',
        !/^lax$/i.test(cookie.sameSite ?? '') && 'SameSite=Lax',
        cookie.path !== '/' && 'Path=/',
      ].filter(Boolean);
      return seenIf(lacks.length > 0 && `${quote(cookie.name)} lacks ${lacks.join(', ')}.`);
    }),
  },
  {
    id: 'app.no-store',
    subject,
    severity: 'medium',
    good: 'No refusal is cached',
    why: 'A browser or a proxy that keeps one would refuse people who have signed in, or lead one person by another’s sign-in.',
    mend: 'add_header Cache-Control no-store always;',
    judge: ofApp((app) => {
      const refused = Object.values(app.answers).filter((answer) => refusalOf(answer) === 'refused');
      if (refused.length === 0) return notChecked('nothing was refused; see app.closed');
      const kept = refused.filter(({ noStore }) => !noStore);
      return seenIf(kept.length > 0 && `Without no-store: ${kept.map(tell).join('; ')}.`);
    }),
  },
  {
    id: 'app.reason-hidden',
    subject,
    severity: 'low',
    good: 'Browsers do not see what the guard tells the reverse proxy',
    why: 'X-Guard-Reason tells a stranger whether a session exists and why it ended.',
    mend: 'proxy_hide_header X-Guard-Reason;',
    judge: ofApp(({ answers }) => {
      const all = Object.values(answers);
      if (all.length === 0) return unread(noAnswer);
      const told = [...new Set(all.flatMap(({ tells }) => tells))];
      return seenIf(told.length > 0 && `Seen from outside: ${told.join(', ')}.`);
    }),
  },
  {
    id: 'app.direct',
    subject,
    severity: 'high',
    good: 'The app does not answer without the reverse proxy',
    why: 'Whoever reaches the app itself needs no sign-in, and can say that they are anybody.',
    mend: 'Let the app listen on 127.0.0.1, or on a network that only the reverse proxy shares.',
    judge: of(
      (d) => d.app,
      ({ direct }) => {
        if ('missing' in direct) return missing(direct);
        const { open, tried } = direct.found;
        if (open.length > 0) return { seen: `It answers at ${quoteAll(open)}.` };
        return tried.length > 0
          ? 'passed'
          : notChecked('not seen: this machine has no address that others reach; try it from another one');
      },
    ),
  },
  {
    id: 'app.plain-http',
    subject,
    severity: 'medium',
    good: 'Plain http is refused, or leads to https',
    why: 'Over plain http, anyone on the network reads what the app answers.',
    mend: 'return 301 https://$host$request_uri;',
    judge: ofApp(({ plain }) => {
      if ('missing' in plain) return missing(plain);
      return seenIf(plain.found === 'open' && 'Plain http is answered, and not with a redirect to https.');
    }),
  },
];
