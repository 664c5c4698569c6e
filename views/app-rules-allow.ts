// The page that confirms letting somebody open an app, or another last day: whom it concerns, and who would have been refused.
import { type Impact, impactOf } from './app-impact.ts';
import { type RuleEntry, whoName } from './app-rules-parts.ts';
import { type Html, html } from './html.ts';
import { type Frame, layout } from './layout.ts';
import { token } from './session-row.ts';
import { untilWords } from './until.ts';

export interface AppRulesAllowProps {
  readonly now: number;
  readonly app: { readonly name: string; readonly title: string };
  /** The entry as it would be. */
  readonly rule: RuleEntry;
  /** Whether there is no entry for them yet. */
  readonly isNew: boolean;
  /** What was typed, and whom it means in the form of addresses. */
  readonly form: { readonly who: string; readonly lastDay: string; readonly entry: string };
  readonly dryRun: Impact;
}

/** Form POST `/app-rules/allow` (urlencoded): `_csrf`, `app`, `who`, `lastDay`, `entry`. */
export function appRulesAllow(
  frame: Frame,
  { now, app, rule, isNew, form, dryRun }: AppRulesAllowProps,
): Html {
  const { until } = rule;
  const whom = html`<span class="who">${whoName({ kind: rule.kind, name: rule.name }, true)}</span>`;
  const end = until === undefined ? 'for as long as the entry is there' : untilWords(until);
  return layout(
    frame,
    {
      title: 'Let somebody open an app',
      heading: isNew
        ? html`Let ${whom} open ${app.title}?`
        : html`Change the last day of ${whom} in ${app.title}?`,
      shape: 'narrow',
    },
    html`<div class="access-remove"><ul class="will"><li>${rule.kind === 'person' ? 'This person may' : 'They may'} open ${app.title} from the next request on, ${end}.</li>
<li>They must also be on the list of <a href="/access">who may sign in</a>.</li></ul>
${impactOf(frame, app.title, dryRun, { now, until })}
<div class="actions"><form method="post" action="/app-rules/allow?sent=1">${token(frame)}${Object.entries({ app: app.name, ...form }).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}<button type="submit" class="primary">${isNew ? 'Let them in' : 'Change it'}</button></form><a class="button" href="/app-rules/apps/${encodeURIComponent(app.name)}">Leave it</a></div></div>`,
  );
}
