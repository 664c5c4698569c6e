// The page that confirms taking an app away from a person, a group or everyone: who is affected and how.
import { type Impact, impactOf } from './app-impact.ts';
import { type RuleEntry, whoName } from './app-rules-parts.ts';
import { count } from './format.ts';
import { type Content, type Html, html } from './html.ts';
import { type Frame, layout } from './layout.ts';
import { address, notice } from './parts.ts';
import { token } from './session-row.ts';

export interface AppRulesRemoveProps {
  readonly app: { readonly name: string; readonly title: string };
  readonly rule: Pick<RuleEntry, 'who' | 'kind' | 'name' | 'people'>;
  /** `refused`: the file could not be changed. */
  readonly state: 'listed' | 'absent' | 'broken' | { readonly refused: string };
  /** Other entries that still admit this person, or everyone in the group. */
  readonly remaining: readonly Pick<RuleEntry, 'who' | 'kind' | 'name' | 'people'>[];
  /** How many people of the group other entries still admit. */
  readonly partly: number;
  /** Whether nobody may open the app afterwards. */
  readonly last: boolean;
  /** Whether the operator loses the right. */
  readonly self: boolean;
  readonly now: number;
  readonly dryRun: Impact;
}

/** Form POST `/app-rules/remove` (urlencoded): `_csrf`, `app`, `who`. */
export function appRulesRemove(frame: Frame, props: AppRulesRemoveProps): Html {
  const { app, rule, state } = props;
  const href = `/app-rules/apps/${encodeURIComponent(app.name)}`;
  if (state !== 'listed') {
    return page(
      frame,
      'Nothing was changed',
      html`<div role="alert">${refusal(frame, props, state)}</div><p class="actions"><a class="button" href="${href}">Back to ${app.title}</a></p>`,
    );
  }
  return page(
    frame,
    html`Take ${app.title} away from <span class="who">${whom(rule)}</span>?`,
    html`<ul class="will">${consequences(props).map((text) => html`<li>${text}</li>`)}</ul>
${impactOf(frame, app.title, props.dryRun, props)}
<div class="actions"><form method="post" action="/app-rules/remove?sent=1">${token(frame)}<input type="hidden" name="app" value="${app.name}"><input type="hidden" name="who" value="${rule.who}"><button type="submit" class="danger">Take it away</button></form><a class="button" href="${href}">Leave it</a></div>`,
  );
}

function page(frame: Frame, heading: Content, body: Content): Html {
  return layout(
    frame,
    { title: 'Take an app away', heading, shape: 'narrow' },
    html`<div class="access-remove">${body}</div>`,
  );
}

function whom({ kind, name }: AppRulesRemoveProps['rule']): Content {
  if (kind === 'everyone') return 'everyone';
  return kind === 'group' ? `group ${name}` : address(name);
}

function consequences({ app, rule, remaining, partly, last, self }: AppRulesRemoveProps): Content[] {
  const stays = remaining.map((other, i) => html`${i > 0 && ', '}${whoName(other, true)}`);
  return [
    remaining.length > 0
      ? html`<strong>It will not keep them out:</strong> they still may by another entry (${stays}).`
      : `${lost(rule, partly)} refused in ${app.title} from the next request on, on every device. What was not saved there is lost.`,
    partly > 0 &&
      `${partly === 1 ? 'One person of the group still may' : `${count(partly)} people of the group still may`}, by another entry.`,
    last && html`<strong>Nobody may open ${app.title} then.</strong>`,
    remaining.length === 0 && 'Everywhere else they stay signed in.',
    self &&
      html`<strong>That concerns you:</strong> you may not open ${app.title} then. You can add yourself again here.`,
  ].filter((text) => text !== false);
}

function lost({ kind, people = 0 }: AppRulesRemoveProps['rule'], partly: number): string {
  if (kind === 'person') return 'This person is';
  if (kind === 'everyone') return 'All who are not named by another entry are';
  const out = people - partly;
  return out === 1 ? 'One person of the group is' : `${count(out)} people of the group are`;
}

function refusal(
  frame: Frame,
  { app }: AppRulesRemoveProps,
  state: Exclude<AppRulesRemoveProps['state'], 'listed'>,
): Html {
  if (state === 'absent') return notice(frame, 'info', `No such entry stands under ${app.title} any more.`);
  if (state === 'broken')
    return notice(
      frame,
      'bad',
      'The apps file has a mistake.',
      html`<p>Correct it first: <a href="/app-rules">what is wrong with it</a>. To keep somebody out at once, <a href="/radar">sign them out</a> and take them off <a href="/access">the list</a>.</p>`,
    );
  return notice(frame, 'bad', 'The apps file could not be changed.', html`<p>${state.refused}</p>`);
}
