// The answers of `/open` if it does not hand a browser over: as a page, or for scripts as `{"error":{"code","message"}}`.
import type { Request, Response } from 'express';
import { type AppRefusal, appRefused } from '../../../views/app-refused.ts';
import { wantsHtml } from '../../http/navigation.ts';
import { pageFrame, sendPage } from '../../http/page.ts';
import { personOf } from '../../http/person.ts';
import type { Apps, GuardedApp } from '../contract.ts';
import { rightEndOf } from '../rule-entries.ts';

/** Why a browser is not handed over. */
export type OpenRefusal =
  /** There is no such app. */
  | { readonly kind: 'unknown' }
  /** The person may not use it, or no longer. */
  | { readonly kind: 'not-allowed' | 'no-longer'; readonly app: GuardedApp }
  /** It was tried three times, the browser did not keep the cookie, or the guard refused it. `again`: a path of the desk */
  | { readonly kind: 'loop'; readonly app: GuardedApp; readonly again: string }
  /** The app's own limit was reached. `signIn`: where the person signs in anew */
  | { readonly kind: 'idle' | 'expired'; readonly app: GuardedApp; readonly signIn: string };

const answers = {
  'not-allowed': [403, 'app_not_allowed', 'This account may not open that app.'],
  ended: [403, 'app_right_ended', 'The right of this account to that app has ended.'],
  'unknown-app': [404, 'unknown_app', 'There is no such app.'],
  loop: [403, 'app_loop', 'The app sent the browser back three times.'],
  limit: [403, 'app_limit', 'That app asks for a new sign-in.'],
} as const satisfies Record<AppRefusal['kind'], readonly [status: number, code: string, message: string]>;

export interface RefusalContext {
  readonly groups: Apps['groups'];
  /** Where the person signs in with another account, and then opens the app. */
  readonly otherAccount: string;
  /** Milliseconds. */
  readonly now: number;
}

export function sendOpenRefusal(
  req: Request,
  res: Response,
  refusal: OpenRefusal,
  context: RefusalContext,
): void {
  const shown = viewOf(refusal, personOf(res).email, context);
  const [status, code, message] = answers[shown.kind];
  res.status(status);
  res.setHeader('Cache-Control', 'no-store');
  if (wantsHtml(req)) sendPage(res, appRefused(pageFrame(req, res), shown, context.now));
  else res.json({ error: { code, message } });
}

function viewOf(refusal: OpenRefusal, email: string, { groups, otherAccount }: RefusalContext): AppRefusal {
  switch (refusal.kind) {
    case 'unknown':
      return { kind: 'unknown-app' };
    case 'not-allowed':
      return { kind: 'not-allowed', app: namesOf(refusal.app), otherAccount };
    case 'no-longer': {
      const at = rightEndOf(refusal.app, groups, { email: email.toLowerCase() });
      const app = namesOf(refusal.app);
      // The file was changed meanwhile.
      return at === undefined
        ? { kind: 'not-allowed', app, otherAccount }
        : { kind: 'ended', app, at, otherAccount };
    }
    case 'loop':
      return { kind: 'loop', app: namesOf(refusal.app), cause: 'unknown', again: refusal.again };
    case 'idle':
    case 'expired': {
      const { app, signIn, kind } = refusal;
      const limitMs = (kind === 'idle' ? app.idleMs : app.lifetimeMs) ?? 0;
      return { kind: 'limit', app: namesOf(app), limit: kind, limitMs, signIn };
    }
  }
}

function namesOf({ title, origin }: GuardedApp): { readonly title: string; readonly host: string } {
  return { title, host: new URL(origin).host };
}
