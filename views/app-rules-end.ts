// The page that confirms ending the use of an app, by everyone or by one person; and what is left if the apps file could not be changed.
import { count } from './format.ts';
import { type Content, type Html, html } from './html.ts';
import { type Frame, layout } from './layout.ts';
import { address, notice } from './parts.ts';
import { token } from './session-row.ts';

export interface AppRulesEndProps {
  readonly app: { readonly name: string; readonly title: string };
  /** Only this person's use. `handle`: one of their sessions. */
  readonly person?: { readonly handle: string; readonly email: string };
  /** The use of the app in the last day. */
  readonly lastDay: { readonly sessions: number; readonly people: number };
  /** Why the apps file was not changed: its own mistakes, or what is wrong and what to do. */
  readonly failed?: 'broken' | (string & {});
  /** In how many sessions it was ended all the same. */
  readonly sessions?: number;
}

/** Form POST `/app-rules/end` (urlencoded): `_csrf`, `app`, `handle` for one person. */
export function appRulesEnd(frame: Frame, props: AppRulesEndProps): Html {
  const { app, person, failed } = props;
  if (failed !== undefined) return halfDone(frame, props, failed);
  const back = person ? `/radar?app=${encodeURIComponent(app.name)}` : hrefOf(app.name);
  return page(
    frame,
    person
      ? html`Close ${app.title} for <span class="who">${address(person.email)}</span>?`
      : `End every use of ${app.title}?`,
    html`<ul class="will">${consequences(props).map((text) => html`<li>${text}</li>`)}</ul>
<div class="actions"><form method="post" action="/app-rules/end?sent=1">${token(frame)}<input type="hidden" name="app" value="${app.name}">${person && html`<input type="hidden" name="handle" value="${person.handle}">`}<button type="submit" class="danger">${person ? `Close ${app.title}` : 'End every use'}</button></form><a class="button" href="${back}">Leave it</a></div>`,
  );
}

function consequences({ app, person, lastDay }: AppRulesEndProps): Content[] {
  const { sessions, people } = lastDay;
  const inUse =
    sessions === 0
      ? `Nobody has used ${app.title} in the last day.`
      : `${people === 1 ? 'One person' : `${count(people)} people`} used it in the last day, on ${sessions === 1 ? 'one device' : `${count(sessions)} devices`}.`;
  return [
    person ? 'On every device of this person, the next request is refused.' : inUse,
    !person &&
      `From now on, the next request of everyone is refused, and what was copied from a browser is worth nothing.`,
    'What is open and was not saved there can be lost. A connection that stays open, such as a WebSocket, lasts until it is closed.',
    html`Whoever may open ${app.title} can do so again, without signing in anew. To keep somebody out, take it away from them: <a href="${hrefOf(app.name)}">who may open it</a>.`,
    'Everywhere else, everyone stays signed in.',
  ].filter((text) => text !== false);
}

function halfDone(frame: Frame, { app, sessions = 0 }: AppRulesEndProps, failed: string): Html {
  const reason = failed === 'broken' ? 'The file has a mistake. Correct it, then end the use again.' : failed;
  return page(
    frame,
    'Not everything was ended',
    html`<div role="alert">${notice(
      frame,
      'bad',
      'The apps file could not be changed.',
      html`<p>${app.title} was closed on ${sessions === 1 ? 'one device' : `${count(sessions)} devices`}. Whoever was entering it at that moment may still be in it. ${reason}</p>`,
    )}</div><p class="actions"><a class="button" href="${hrefOf(app.name)}">Back to ${app.title}</a></p>`,
  );
}

function page(frame: Frame, heading: Content, body: Content): Html {
  return layout(
    frame,
    { title: 'End the use of an app', heading, shape: 'narrow' },
    html`<div class="access-remove">${body}</div>`,
  );
}

const hrefOf = (app: string) => `/app-rules/apps/${encodeURIComponent(app)}`;
