// What `/open` answers if it cannot hand a person over to an app: why, and the next step.
import { duration } from './format.ts';
import { type Content, type Html, html } from './html.ts';
import { type Frame, layout } from './layout.ts';
import { address, type IconName, icon, timeAgo } from './parts.ts';
import { lastDay } from './until.ts';

interface App {
  readonly title: string;
  /** `grafana.example.org`. */
  readonly host: string;
}

/** Why a person is not handed over. Every `href` is an address of this site or of the gate. */
export type AppRefusal =
  /** `otherAccount`: signs out at the gate and then asks for an account again. */
  | { readonly kind: 'not-allowed'; readonly app: App; readonly otherAccount: string }
  /** `at`: the first instant at which the right no longer applied, milliseconds. */
  | { readonly kind: 'ended'; readonly app: App; readonly at: number; readonly otherAccount: string }
  | { readonly kind: 'unknown-app' }
  /** The app sent the browser back three times. `cause`: `unknown` if it could be either. */
  | {
      readonly kind: 'loop';
      readonly app: App;
      readonly cause: 'cookies' | 'clock' | 'unknown';
      readonly again: string;
    }
  /** A limit of the app was reached; `limitMs` is that limit. */
  | {
      readonly kind: 'limit';
      readonly app: App;
      readonly limit: 'idle' | 'expired';
      readonly limitMs: number;
      readonly signIn: string;
    };

interface Page {
  readonly title: string;
  readonly icon: IconName;
  readonly lead: Content;
  readonly body: Content;
  readonly actions: Content;
}

export function appRefused(frame: Frame, refusal: AppRefusal, now: number): Html {
  const page = pageOf(frame, refusal, now);
  return layout(
    frame,
    {
      title: page.title,
      above: html`<span class="lamp">${icon(frame, page.icon)}</span>`,
      lead: page.lead,
      shape: 'narrow',
    },
    html`${page.body}<p class="actions app-refused">${page.actions}</p>`,
  );
}

function pageOf(frame: Frame, refusal: AppRefusal, now: number): Page {
  switch (refusal.kind) {
    case 'not-allowed':
      return notAllowed(frame, refusal);
    case 'ended':
      return ended(frame, refusal, now);
    case 'unknown-app':
      return {
        title: 'There is no such app',
        icon: 'unknown',
        lead: 'No app of this site has that name. It may have been renamed or taken away.',
        body: html`<p class="muted">${
          frame.person?.operator
            ? html`The names are the keys in the apps file. If the reverse proxy sent you here, its configuration names an app that is not in the file.`
            : 'If you came from a bookmark, look for the app under your apps and bookmark it again.'
        }</p>`,
        actions: toApps('primary'),
      };
    case 'loop':
      return loop(refusal);
    case 'limit':
      return limit(refusal);
  }
}

function notAllowed(frame: Frame, { app, otherAccount }: Extract<AppRefusal, { kind: 'not-allowed' }>): Page {
  return {
    title: `You may not open ${app.title}`,
    icon: 'shield',
    lead: html`${signedInAs(frame)} This account has no right to <strong>${app.title}</strong>.`,
    body: html`<p class="muted">${whatToDo(frame)}</p>`,
    actions: html`${toApps('primary')}${otherAccountButton(otherAccount)}`,
  };
}

function ended(
  frame: Frame,
  { app, at, otherAccount }: Extract<AppRefusal, { kind: 'ended' }>,
  now: number,
): Page {
  return {
    title: `Your access to ${app.title} has ended`,
    icon: 'clock',
    lead: html`${signedInAs(frame)} This account could open <strong>${app.title}</strong> until ${lastDay(at)}; that ended ${timeAgo(at, now)}.`,
    body: html`<p class="muted">${whatToDo(frame)}</p>`,
    actions: html`${toApps('primary')}${otherAccountButton(otherAccount)}`,
  };
}

function signedInAs({ person }: Frame): Content {
  return (
    person !== undefined && html`You are signed in as <strong class="who">${address(person.email)}</strong>.`
  );
}

function whatToDo({ person }: Frame): Content {
  return person?.operator
    ? html`As an operator you can change that: <a href="/app-rules">who may open which app</a>.`
    : 'If you need it, ask whoever runs this site to let this account in. Or sign in with another account, if you have one that may.';
}

const causes: Record<'cookies' | 'clock', (app: App) => Content> = {
  cookies: ({ host }) =>
    html`<strong>Cookies are blocked.</strong> Your browser does not keep the cookie of ${host}. Allow cookies for that address, or leave private browsing.`,
  clock: () =>
    html`<strong>A clock is wrong.</strong> The time of this device, or of one of the servers, is far off. Set this device’s clock to automatic; if it is right, tell whoever runs this site.`,
};

function loop({ app, cause, again }: Extract<AppRefusal, { kind: 'loop' }>): Page {
  const named = cause === 'unknown' ? (['cookies', 'clock'] as const) : [cause];
  return {
    title: `${app.title} does not keep you signed in`,
    icon: 'refresh',
    lead: html`You are signed in here, but <strong>${app.title}</strong> sent you back three times. To spare you a loop, it was stopped.`,
    body:
      named.length > 1
        ? html`<p class="muted">It is most likely one of two things:</p><ul class="causes">${named.map((one) => html`<li>${causes[one](app)}</li>`)}</ul>`
        : html`<p>${named.map((one) => causes[one](app))}</p>`,
    actions: html`<a class="button primary" href="${again}">Try again</a>`,
  };
}

function limit({ app, limit: which, limitMs, signIn }: Extract<AppRefusal, { kind: 'limit' }>): Page {
  return {
    title: `Sign in again to open ${app.title}`,
    icon: 'clock',
    lead:
      which === 'idle'
        ? html`<strong>${app.title}</strong> asks for a new sign-in after ${duration(limitMs)} without use.`
        : html`<strong>${app.title}</strong> asks for a new sign-in ${duration(limitMs)} after the last one.`,
    body: html`<p class="muted">The rest of this site stays as it is. Afterwards you are back where you wanted to go.</p>`,
    actions: html`<a class="button primary" href="${signIn}">Sign in again</a>`,
  };
}

function toApps(look: 'primary' | ''): Html {
  return html`<a class="button ${look}" href="/apps">See your apps</a>`;
}

function otherAccountButton(href: string): Html {
  return html`<a class="button" href="${href}">Sign in with another account</a>`;
}
