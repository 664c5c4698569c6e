// The launcher: the apps that this person may open.
import { type AppLook, appTile, hostText } from './app-tile.ts';
import { type Html, html } from './html.ts';
import { type Frame, layout } from './layout.ts';
import { empty, icon, timeAgo } from './parts.ts';
import { untilWords } from './until.ts';

export interface LauncherApp extends AppLook {
  readonly href: string;
  /** `grafana.example.org`. */
  readonly host: string;
  /** When one of the person's live sessions last used it; absent: none did. */
  readonly usedAt?: number;
  /** The first instant at which the person may no longer open it; absent: there is none. */
  readonly until?: number;
}

export interface AppsProps {
  readonly now: number;
  /** What was searched for, or empty. */
  readonly search: string;
  /** How many the person may open, regardless of the search. */
  readonly total: number;
  readonly apps: readonly LauncherApp[];
}

/** From how many apps on they are easier to find by searching. */
const searchFrom = 8;

/** Form GET `/apps`: `q`. */
export function apps(frame: Frame, props: AppsProps): Html {
  const { total, search } = props;
  return layout(
    frame,
    {
      title: 'Your apps',
      lead: 'What you may open with this account. You stay signed in from one to the next.',
    },
    html`${(total >= searchFrom || search !== '') && total > 0 && searchForm(frame, search)}${total === 0 ? nothing(frame) : found(frame, props)}`,
  );
}

function searchForm(frame: Frame, search: string): Html {
  return html`<form method="get" action="/apps" class="library-search app-search" role="search"><div class="field">${icon(frame, 'search')}<span class="visually-hidden"><label for="q">Name or address of an app</label></span><input id="q" name="q" type="search" class="words" maxlength="100" placeholder="Name or address" autocomplete="off" autocapitalize="none" spellcheck="false" value="${search}"></div><button type="submit">Search</button>${search !== '' && html`<a class="button" href="/apps">Show all</a>`}</form>`;
}

function nothing(frame: Frame): Html {
  return frame.person?.operator
    ? empty(
        frame,
        'apps',
        'You may not open any app yet',
        html`Apps behind the gate stand here for everyone who may open them. <a href="/app-rules">Say who may open which app</a>`,
      )
    : empty(
        frame,
        'apps',
        'You may not open any app yet',
        'The apps that you may open stand here. Ask whoever runs this site to let you in.',
      );
}

function found(frame: Frame, { apps: shown, search, now }: AppsProps): Html {
  if (shown.length === 0) {
    return empty(
      frame,
      'search',
      'No app has such a name',
      html`None of your apps has “${search}” in its name or address. <a href="/apps">Show all</a>`,
    );
  }
  return html`<ul class="apps">${shown.map((app) => tileCard(frame, app, now))}</ul>`;
}

function tileCard(frame: Frame, app: LauncherApp, now: number): Html {
  const { title, href, host, usedAt, until } = app;
  return html`<li class="app">${appTile(frame, app)}<div class="row-text"><a class="strong" href="${href}">${title}</a><p class="muted small">${hostText(host)}</p>${usedAt !== undefined && html`<p class="muted small">last used ${timeAgo(usedAt, now)}</p>`}${until !== undefined && html`<p class="muted small">yours ${untilWords(until)}</p>`}</div></li>`;
}
