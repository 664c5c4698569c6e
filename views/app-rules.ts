// The operators' page of the apps: who may open which, when each was last used, the groups, and what is wrong with the file.
import { partialWords } from './app-impact.ts';
import { newGroupForm } from './app-rules-group.ts';
import {
  appRulesFaults,
  doneNotice,
  type RuleDone,
  type RuledApp,
  unusedDays,
  whoName,
} from './app-rules-parts.ts';
import { appTile, hostText } from './app-tile.ts';
import { count } from './format.ts';
import { type Content, type Html, html } from './html.ts';
import { type Frame, layout } from './layout.ts';
import { address, card, empty, pill, timeAgo } from './parts.ts';
import { untilWords } from './until.ts';

export interface AppRulesProps {
  readonly now: number;
  /** Path of the file, from `APPS_FILE`. */
  readonly path: string;
  /** What is wrong with the file; the former rules apply. */
  readonly faults: readonly { readonly line?: number; readonly message: string }[];
  readonly apps: readonly UsedApp[];
  /** Whether the counts leave out sessions. */
  readonly isPartial: boolean;
  readonly groups: readonly RuledGroup[];
  readonly done?: RuleDone;
}

/** `lastDay`: how many live sessions and people used it in the last day. */
export type UsedApp = RuledApp & { readonly lastDay: { readonly sessions: number; readonly people: number } };

export interface RuledGroup {
  readonly name: string;
  /** Addresses. */
  readonly people: readonly string[];
  /** The titles of the apps that it may open. */
  readonly apps: readonly string[];
}

/** How many entries of an app are named in its row; the rest are only counted. */
const named = 3;
/** The same for the people of a group. */
const namedPeople = 6;

export function appRules(frame: Frame, props: AppRulesProps): Html {
  const { apps, groups, path, now } = props;
  return layout(
    frame,
    {
      title: 'Who may open which app',
      lead: 'The apps behind the gate. A change holds from the next request on, in every app and on every device.',
    },
    html`${props.done !== undefined && doneNotice(frame, props.done)}${appRulesFaults(frame, props.faults)}
${apps.length === 0 ? noApps(frame, path) : appsCard(frame, apps, path, now)}${props.isPartial && html`<p class="muted small">${partialWords}</p>`}
${groupsCard(frame, groups, props.faults.length === 0)}`,
  );
}

function noApps(frame: Frame, path: string): Html {
  return empty(
    frame,
    'apps',
    'No app is behind the guard yet',
    html`Add the first one to <code>${path}</code>: its name, its <code>url</code> and <code>who</code> may open it. Gatehouse reads the file again as soon as it changes.`,
  );
}

function appsCard(frame: Frame, apps: readonly UsedApp[], path: string, now: number): Html {
  return card(
    apps.length === 1 ? 'One app' : `${count(apps.length)} apps`,
    html`<ul class="ruled">${apps.map((app) => row(frame, app, now))}</ul>`,
    html`<code class="muted">${path}</code>`,
  );
}

function row(frame: Frame, app: UsedApp, now: number): Html {
  const { name, title, host, usedAt, unused, rules, lastDay } = app;
  const live = rules.filter(({ ended }) => !ended);
  const rest = live.length - named;
  return html`<li>${appTile(frame, app)}<div class="row-text"><p class="strong">${title}</p><p class="muted small">${hostText(host)}</p></div>
<div class="who-may small">${live.length > 0 && html`<p>${live.slice(0, named).map((rule, i) => html`${i > 0 && ', '}${whoName(rule, i > 0)}${rule.until !== undefined && html` <span class="muted">${untilWords(rule.until)}</span>`}`)}${rest > 0 && `, ${count(rest)} more`}</p>`}
<p class="muted">${usedAt === undefined ? 'no use known yet' : html`last used ${timeAgo(usedAt, now)}`}${lastDay.sessions > 0 && html` · <a href="/radar?app=${encodeURIComponent(name)}">${lastDay.people === 1 ? 'one person' : `${count(lastDay.people)} people`} in the last day</a>`}</p>${(unused || live.length === 0) && html`<div class="pills">${live.length === 0 && pill(frame, 'weak', 'Nobody may open it')}${unused && pill(frame, 'unknown', `Not used for ${unusedDays} days`)}</div>`}</div>
<a class="button" href="/app-rules/apps/${encodeURIComponent(name)}">Change<span class="visually-hidden"> who may open ${title}</span></a></li>`;
}

function groupsCard(frame: Frame, groups: readonly RuledGroup[], mayChange: boolean): Html {
  const title =
    groups.length === 0 ? 'Groups' : groups.length === 1 ? 'One group' : `${count(groups.length)} groups`;
  return card(
    title,
    html`${
      groups.length === 0
        ? html`<p class="muted">A group is a name for several people, so that apps can share a rule.</p>`
        : html`<ul class="ruled groups">${groups.map(groupRow)}</ul>`
    }${mayChange && newGroupForm(frame)}`,
  );
}

function groupRow({ name, people, apps }: RuledGroup): Html {
  const rest = people.length - namedPeople;
  const shown = people.slice(0, namedPeople).map(address);
  return html`<li><div class="row-text"><p class="strong">${name}</p><p class="small">${list(shown, 'Nobody is in it')}${rest > 0 && `, ${count(rest)} more`}</p><p class="muted small">${list(apps, 'opens no app', 'opens ')}</p></div>
<a class="button" href="/app-rules/groups/${encodeURIComponent(name)}">Change<span class="visually-hidden"> group ${name}</span></a></li>`;
}

function list(items: readonly Content[], none: string, lead = ''): Content {
  return items.length === 0 ? none : [lead, ...items.map((item, i) => html`${i > 0 && ', '}${item}`)];
}
