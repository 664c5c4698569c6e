// Everyone's sessions, for operators: counts, search, order, rows that name the person, and the gate's own sessions below.
import { count } from './format.ts';
import { type GateSessionsProps, gateSessions } from './gate-sessions.ts';
import { type Content, type Html, html } from './html.ts';
import { type Frame, layout } from './layout.ts';
import { card, empty, type Follows, followsNotice, notice } from './parts.ts';
import { endButton, linkMeanings, type SessionItem, sessionList, signOutHere } from './session-row.ts';

export type EveryoneSort = 'seen' | 'created' | 'email';

export interface EveryoneProps {
  readonly now: number;
  /** All live sessions, regardless of the search. */
  readonly total: number;
  readonly items: readonly SessionItem[];
  /** The beginning of an address, or empty. */
  readonly search: string;
  readonly sort: EveryoneSort;
  /** Whether there are earlier pages. */
  readonly isLater: boolean;
  /** The cursor of the next page. */
  readonly next: string | undefined;
  /** How many sessions the form that led to this page ended. */
  readonly ended?: number;
  /** What is still pending. */
  readonly follows?: Follows | undefined;
  /** The apps behind the guard, to choose one; and the one that was chosen. */
  readonly apps?: readonly { readonly name: string; readonly title: string }[];
  readonly app?: { readonly name: string; readonly title: string };
  /** Whether the form that led to the page closed an app for a person. */
  readonly closed?: boolean;
  /** The gate's sessions; absent if they cannot be listed. */
  readonly gateSessions?: GateSessionsProps;
}

const sorts = [
  ['seen', 'Last seen'],
  ['created', 'Signed in'],
  ['email', 'Address'],
] as const satisfies readonly (readonly [EveryoneSort, string])[];

/** Forms: GET `/radar`: `q`, `sort`, `app`; POST `/radar/end`: `_csrf`, `handle`. */
export function everyone(frame: Frame, props: EveryoneProps): Html {
  const { ended, total, now } = props;
  const atGate = props.gateSessions?.totals;
  return layout(
    frame,
    {
      title: 'Who is signed in',
      lead: props.gateSessions
        ? 'Every session of this site, whoever it belongs to, and what the gate holds.'
        : 'Every session of this site, whoever it belongs to. The gate keeps its own in cookies, so they cannot be listed; with GATE_SESSION_STORE=redis they stand here too.',
    },
    html`${ended !== undefined && html`<div role="status">${notice(frame, 'good', endedWords(ended))}</div>`}${props.closed === true && html`<div role="status">${notice(frame, 'good', 'The app is closed for this person, on every device.')}</div>`}${followsNotice(frame, props.follows)}
<div class="counts"><dl>${figure('Sessions here', total)}${atGate && figure('At the gate', atGate.sessions)}${atGate?.inApp !== undefined && figure('Only at the gate', Math.max(0, atGate.sessions - atGate.inApp))}</dl>
<a class="button" href="/radar/end-everyone">Sign out everyone</a></div>
${searchForm(props)}
${listOf(frame, props)}
${pageLinks(props)}
${linkMeanings(frame, props.items)}
${props.gateSessions && gateSessions(frame, props.gateSessions, now)}`,
  );
}

function figure(label: string, value: number): Html {
  return html`<div><dt class="muted small">${label}</dt><dd>${count(value)}</dd></div>`;
}

function endedWords(ended: number): string {
  if (ended === 0) return 'Nobody else was signed in. Nothing was ended.';
  return ended === 1 ? 'One session was ended.' : `${count(ended)} sessions were ended.`;
}

function searchForm({ search, sort, apps = [], app }: EveryoneProps): Html {
  const choice =
    apps.length > 0 &&
    html`<div><label for="app">App, in the last day</label><select id="app" name="app"><option value="">Any, or none</option>${apps.map(
      ({ name, title }) =>
        html`<option value="${name}"${name === app?.name && html` selected`}>${title}</option>`,
    )}</select></div>`;
  return html`<form method="get" action="/radar" class="search" role="search"><div class="prefix"><label for="q">Address begins with</label><input id="q" name="q" type="search" maxlength="254" autocomplete="off" autocapitalize="none" spellcheck="false" value="${search}"></div>
<div><label for="sort">Order</label><select id="sort" name="sort"${search !== '' && html` aria-describedby="sort-hint"`}>${sorts.map(
    ([value, label]) => html`<option value="${value}"${value === sort && html` selected`}>${label}</option>`,
  )}</select></div>${choice}<button type="submit">Show</button>${(search !== '' || app) && html`<a class="button" href="/radar?sort=${sort}">Clear</a>`}${search !== '' && html`<p class="muted small" id="sort-hint">A search is in the order of addresses.</p>`}</form>`;
}

function listOf(frame: Frame, props: EveryoneProps): Html {
  const { items, now, search, app, next } = props;
  if (items.length === 0 && app) {
    return empty(
      frame,
      'radar',
      next === undefined
        ? `Nobody ${props.isLater ? 'else ' : ''}used ${app.title} in the last day`
        : 'None of the sessions read so far',
      next === undefined
        ? html`No ${props.isLater ? 'further ' : ''}live session did${search !== '' && html` whose address begins with “${search}”`}. <a href="/radar">All sessions</a>`
        : 'There are more sessions than are read at once. The next page goes on.',
    );
  }
  if (items.length === 0) {
    return search === ''
      ? empty(
          frame,
          'radar',
          'No session is on this page',
          html`What ended meanwhile is left out. <a href="/radar">Back to the first page</a>`,
        )
      : empty(
          frame,
          'radar',
          'No session belongs to such an address',
          html`Nobody whose address begins with “${search}” is signed in at the moment.`,
        );
  }
  return card(
    app
      ? `Used ${app.title} in the last day`
      : search === ''
        ? 'Sessions'
        : html`Addresses that begin with “${search}”`,
    sessionList(frame, items, now, { person: true, actions: actionsOf(frame, app) }),
  );
}

function actionsOf(frame: Frame, app: EveryoneProps['app']): (item: SessionItem) => Content {
  const end = endButton(frame, '/radar/end', 'Sign out');
  if (app)
    return (item) =>
      html`<a class="button" href="/app-rules/end?${new URLSearchParams({ app: app.name, handle: item.handle }).toString()}">Close ${app.title}<span class="visually-hidden">: ${item.email}</span></a>`;
  return (item) =>
    item.current
      ? signOutHere(frame)
      : html`${end(item)}<a class="button" href="/radar/end-person?handle=${encodeURIComponent(item.handle)}">Sign out everywhere<span class="visually-hidden">: ${item.email}</span></a>`;
}

function pageLinks({ isLater, next, search, sort, app }: EveryoneProps): Content {
  if (!isLater && next === undefined) return undefined;
  const query = (more: Record<string, string>) =>
    new URLSearchParams({
      ...(search !== '' && { q: search }),
      sort,
      ...(app && { app: app.name }),
      ...more,
    }).toString();
  return html`<nav class="pages" aria-label="Pages">${isLater && html`<a class="button" href="/radar?${query({})}">First page</a>`}${next !== undefined && html`<a class="button" href="/radar?${query({ cursor: next })}" rel="next">Next page</a>`}</nav>`;
}
