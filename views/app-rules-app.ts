// One app, for operators: who may open it, until when, and what the file says about it.
import { partialWords } from './app-impact.ts';
import {
  appRulesFaults,
  doneNotice,
  type RuleDone,
  type RuledApp,
  type RuleEntry,
  unusedDays,
  whoName,
} from './app-rules-parts.ts';
import { appTile } from './app-tile.ts';
import { count, duration } from './format.ts';
import { type Content, type Html, html } from './html.ts';
import { type Frame, layout } from './layout.ts';
import { address, card, facts, icon, notice, pill, timeAgo, timeExact } from './parts.ts';
import { lastDayField, untilWords } from './until.ts';

/** Why what was typed was not taken. `refused`: the file could not be changed. */
export type RuleRefusal = 'invalid' | 'unknown-group' | 'past' | 'broken' | { readonly refused: string };

export interface AppRulesAppProps {
  readonly now: number;
  readonly app: RuledApp;
  /** Path of the file. */
  readonly path: string;
  readonly faults: readonly { readonly line?: number; readonly message: string }[];
  /** Suggestions for the field: the names of groups and the addresses in them. */
  readonly known: readonly string[];
  /** Who was refused in the last 30 days, the latest first, and how often. */
  readonly refusals: {
    readonly people: readonly { readonly email: string; readonly at: number; readonly times: number }[];
    /** How many entries name nobody any more. */
    readonly erased: number;
    readonly isPartial: boolean;
  };
  readonly done?: RuleDone;
  /** In how many sessions the form that led to the page ended the use of the app. */
  readonly ended?: number;
  /** What was typed, and why it was not taken. `entry`: in the form of that entry. */
  readonly refused?: {
    readonly who: string;
    readonly lastDay: string;
    readonly why: RuleRefusal;
    readonly entry?: string;
  };
}

/** Forms: GET `/app-rules/allow`, which asks first: `app`, `who`, `lastDay` (`2027-03-12` or empty), `entry` in an entry's own form. */
export function appRulesApp(frame: Frame, props: AppRulesAppProps): Html {
  const { app, faults: found, refused, now } = props;
  return layout(
    frame,
    {
      title: `Who may open ${app.title}`,
      heading: html`<span class="app-heading">${appTile(frame, app)}<span>Who may open ${app.title}</span></span>`,
      above: html`<p class="crumbs"><a href="/app-rules">All apps</a></p>`,
      lead: html`${app.origin} · ${app.usedAt === undefined ? 'no use known yet' : html`last used ${timeAgo(app.usedAt, now)}`}`,
    },
    html`${props.done !== undefined && doneNotice(frame, props.done)}${props.ended !== undefined && endedNotice(frame, props.ended)}${appRulesFaults(frame, found)}${refused !== undefined && fileRefused(frame, refused.why)}
${whoCard(frame, props)}
${found.length === 0 && addForm(frame, props)}
${useCard(app)}
${refusalsCard(props)}
${aboutCard(frame, props)}`,
  );
}

function fileRefused(frame: Frame, why: RuleRefusal): Content {
  return (
    typeof why === 'object' &&
    html`<div role="alert">${notice(frame, 'bad', 'Nothing was changed.', html`<p>${why.refused}</p>`)}</div>`
  );
}

function whoCard(frame: Frame, props: AppRulesAppProps): Html {
  const { rules } = props.app;
  const mayChange = props.faults.length === 0;
  const body =
    rules.length === 0
      ? html`<p class="muted">Nobody may open it. Add somebody below.</p>`
      : html`<ul class="entries">${rules.map((rule, i) => entryRow(frame, props, rule, i, mayChange))}</ul>`;
  return card('Who may open it', body);
}

function entryRow(
  frame: Frame,
  { app, refused }: AppRulesAppProps,
  rule: RuleEntry,
  index: number,
  mayChange: boolean,
): Html {
  const { who, until, ended } = rule;
  const fault = refused?.entry === who ? refused : undefined;
  const end = until !== undefined && html`<p class="muted small">${untilWords(until)}</p>`;
  return html`<li><div class="row-text"><p class="strong">${whoName(rule)}</p>${end}${ended && html`<div class="pills">${pill(frame, 'weak', 'Ended')}</div>`}</div>
${
  mayChange &&
  html`<div class="row-actions"><a class="button" href="/app-rules/remove?app=${encodeURIComponent(app.name)}&amp;who=${encodeURIComponent(who)}">Remove<span class="visually-hidden">: ${plainWho(rule)}</span></a>
<details${fault && html` open`}><summary class="button">Last day<span class="visually-hidden">: ${plainWho(rule)}</span></summary>
<form method="get" action="/app-rules/allow" class="last-day"><input type="hidden" name="app" value="${app.name}"><input type="hidden" name="who" value="${who}"><input type="hidden" name="entry" value="${who}">
<div>${dayField(frame, `day-${index}`, fault ? fault.lastDay : until === undefined ? '' : lastDayField(until), fault)}</div><button type="submit">Save</button></form></details></div>`
}</li>`;
}

function plainWho({ kind, name }: RuleEntry): string {
  if (kind === 'everyone') return 'everyone';
  return kind === 'group' ? `group ${name}` : name;
}

const fieldWords = {
  invalid:
    'This is neither an address nor the name of a group. Write name@example.org, a group, or everyone.',
  'unknown-group':
    'There is no group with this name in the file. Write an address, one of the groups, or everyone.',
  past: 'That day is over. Choose today or a later day, or leave it empty.',
} as const;

function addForm(frame: Frame, { app, known, refused }: AppRulesAppProps): Html {
  const own = refused?.entry === undefined ? refused : undefined;
  const whoFault = own?.why === 'invalid' || own?.why === 'unknown-group' ? fieldWords[own.why] : undefined;
  return card(
    'Add somebody',
    html`<form method="get" action="/app-rules/allow" class="access-add">
<input type="hidden" name="app" value="${app.name}">
<div><label for="who">Person, group, or <code>everyone</code></label>
<input id="who" name="who" required maxlength="254" autocomplete="off" autocapitalize="none" spellcheck="false" list="known" value="${own?.who}"${whoFault !== undefined && html` aria-invalid="true" aria-describedby="who-fault" autofocus`}>
<datalist id="known">${known.map((name) => html`<option value="${name}"></option>`)}</datalist>
${whoFault !== undefined && html`<p class="fault small" id="who-fault">${icon(frame, 'bad')}${whoFault}</p>`}</div>
<div>${dayField(frame, 'day', own?.lastDay ?? '', own)}</div>
<button type="submit" class="primary">Add</button>
</form>
<p class="muted small">A person must also be on the list of <a href="/access">who may sign in</a>. After the last day (UTC) the entry stays in the file, without effect.</p>`,
  );
}

function dayField(frame: Frame, id: string, value: string, refused: AppRulesAppProps['refused']): Html {
  const isPast = refused?.why === 'past';
  return html`<label for="${id}">Last day <span class="muted">(optional)</span></label>
<input id="${id}" name="lastDay" type="date" value="${value}"${isPast && html` aria-invalid="true" aria-describedby="${id}-fault" autofocus`}>
${isPast && html`<p class="fault small" id="${id}-fault">${icon(frame, 'bad')}${fieldWords.past}</p>`}`;
}

function endedNotice(frame: Frame, ended: number): Html {
  const where =
    ended === 0
      ? 'Nobody had it open.'
      : `It was open on ${ended === 1 ? 'one device' : `${count(ended)} devices`}.`;
  return html`<div role="status">${notice(frame, 'good', `Every use is ended. ${where}`)}</div>`;
}

function useCard({ name, title }: RuledApp): Html {
  const query = `app=${encodeURIComponent(name)}`;
  return card(
    'Who uses it',
    html`<p class="muted">To close it on every device, whoever uses it: ending is recorded, and holds from the next request on.</p>
<p class="app-actions"><a class="button" href="/radar?${query}">Who used it in the last day</a><a class="button" href="/app-rules/end?${query}">End every use<span class="visually-hidden"> of ${title}</span></a></p>`,
  );
}

/** How many people are named; the rest are only counted. */
const refusedNamed = 8;

function refusalsCard({ refusals, now }: AppRulesAppProps): Html {
  const { people, erased, isPartial } = refusals;
  const rest = people.length - refusedNamed;
  const body =
    people.length === 0
      ? html`<p class="muted">Nobody was refused.</p>`
      : html`<ul class="entries">${people
          .slice(0, refusedNamed)
          .map(
            ({ email, at, times }) =>
              html`<li><div class="row-text"><p class="strong">${address(email)}</p><p class="muted small">${times > 1 && `${count(times)} times, last `}${timeAgo(at, now)}</p></div></li>`,
          )}</ul>${rest > 0 && html`<p class="muted small">${rest === 1 ? 'and one more person' : `and ${count(rest)} more people`}</p>`}`;
  return card(
    'Refused in the last 30 days',
    html`${body}${erased > 0 && html`<p class="muted small">${erased === 1 ? 'One refusal concerns' : `${count(erased)} refusals concern`} people who were erased since.</p>`}${isPartial && html`<p class="muted small">${partialWords}</p>`}`,
    html`<a class="small" href="/record?event=guard.refused">In the record</a>`,
  );
}

function aboutCard(frame: Frame, { app, path }: AppRulesAppProps): Html {
  const { publicPaths, idleMs, lifetimeMs, headers, keyVersion, unused, endedBefore } = app;
  return card(
    'What the file says',
    facts([
      ['File', html`<code>${path}</code>, under <code>${app.name}</code>`],
      ['Address', html`<a href="${app.origin}/">${app.origin}</a>`],
      [
        'Without sign-in',
        publicPaths.length === 0
          ? 'Nothing: every path needs a sign-in'
          : publicPaths.map(
              ({ kind, path: open }, i) =>
                html`${i > 0 && ', '}<code>${open}</code>${kind === 'below' && ' and all below it'}`,
            ),
      ],
      ['Ends without use', idleMs === undefined ? 'With the session' : html`After ${duration(idleMs)}`],
      [
        'Ends at the latest',
        lifetimeMs === undefined ? 'With the session' : html`After ${duration(lifetimeMs)}`,
      ],
      [
        'The app is told',
        headers.length === 0
          ? 'Nothing about who is signed in'
          : headers.map(([what, header], i) => html`${i > 0 && ', '}${what} in <code>${header}</code>`),
      ],
      ['Key', html`Version ${keyVersion}`],
      ...(endedBefore === undefined
        ? []
        : [['Every use ended', html`On ${timeExact(endedBefore)}`] as const]),
    ]),
    unused && pill(frame, 'unknown', `Not used for ${unusedDays} days`),
  );
}
