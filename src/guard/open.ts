// `GET /open` on the desk: hands a signed-in browser over to an app, or explains why it does not. oauth2-proxy signed the person in before.
import type { Request, RequestHandler, Response } from 'express';
import { type GateLink, isNewSignIn, storedLink } from '../gate/revocation.ts';
import { safeReturnPath } from '../http/navigation.ts';
import { personOf } from '../http/person.ts';
import { sessionOf } from '../sessions/admission/request-session.ts';
import type { SessionRow, SessionTable } from '../store/contract-sessions.ts';
import type { Apps, Candidate, GuardedApp, GuardReason } from './contract.ts';
import { limitReached, useOf } from './grants.ts';
import type { Handoffs } from './handoff.ts';
import { type OpenRefusal, sendOpenRefusal } from './pages/refused.ts';

export interface OpenOptions {
  readonly apps: () => Apps;
  readonly mayUse: (
    app: GuardedApp,
    person: Candidate,
    apps: Apps,
    now: number,
  ) => 'yes' | 'no' | 'no-longer';
  readonly handoffs: Pick<Handoffs, 'issue'>;
  readonly sessions: Pick<SessionTable, 'findByHandle' | 'update'>;
  /** Ends the gate's session first, so that the person signs in with the provider again, and then opens this path. */
  readonly signInAgain: (returnPath: string) => string;
  readonly now: () => number;
}

const mostTries = 3;
const browserForm = /^[\w-]{43}$/;

/** In the row: that an app's limit was reached, when, and with which session at the gate. */
interface AskedAgain {
  readonly at: number;
  readonly gate?: GateLink;
}
const askedName = (app: string) => `again:${app}`;

export function openApp(options: OpenOptions): RequestHandler {
  const { apps, mayUse, handoffs, sessions, now } = options;

  /** Whether the person enters anew; or which limit of the app keeps them out until they sign in again. */
  async function entry(
    row: SessionRow,
    app: GuardedApp,
    res: Response,
  ): Promise<boolean | 'idle' | 'expired'> {
    const use = useOf(row.data, app.name);
    const reached = use && limitReached(use, app, now());
    if (!reached) return use === undefined;
    const asked = row.data[askedName(app.name)] as AskedAgain | undefined;
    if (asked && isNewSignIn(res.locals.gate, asked.gate, asked.at)) {
      await sessions.update(row.key, { [askedName(app.name)]: undefined });
      return true;
    }
    if (!asked) {
      const gate = storedLink(row.data['gate']);
      const again: AskedAgain = { at: now(), ...(gate && { gate }) };
      await sessions.update(row.key, { [askedName(app.name)]: again });
    }
    return reached;
  }

  return async (req, res) => {
    const query = queryOf(req);
    const all = apps();
    const app = all.apps.get(query.app);
    const again = `/open?app=${encodeURIComponent(query.app)}&to=${encodeURIComponent(query.to)}`;
    const show = (refusal: OpenRefusal) =>
      sendOpenRefusal(req, res, refusal, {
        groups: all.groups,
        otherAccount: options.signInAgain(again),
        now: now(),
      });
    if (!app) return show({ kind: 'unknown' });
    const person = personOf(res);
    const right = mayUse(app, { email: person.email }, all, now());
    if (right !== 'yes') return show({ kind: right === 'no' ? 'not-allowed' : right, app });
    // What the guard refused a moment ago although the desk would allow it is explained, not tried again.
    if (query.tries >= mostTries || query.refused !== '') return show({ kind: 'loop', app, again });
    // A browser begins at the app, which gives it the cookie that binds the code to it.
    if (query.browser === undefined) return res.redirect(303, `${app.origin}${query.to}`);
    const row = await sessions.findByHandle(sessionOf(res).handle);
    if (!row) return show({ kind: 'loop', app, again });
    const begins = await entry(row, app, res);
    if (typeof begins === 'string') return show({ kind: begins, app, signIn: options.signInAgain(again) });
    const handoff = { app: app.name, key: row.key, personId: row.personId, browser: query.browser, begins };
    const code = await handoffs.issue(handoff);
    const tries = query.tries === 0 ? '' : `&tries=${query.tries}`;
    const to = encodeURIComponent(query.to);
    res.redirect(303, `${app.origin}/.gatehouse/enter?code=${code}${tries}&to=${to}`);
  };
}

function queryOf({ query }: Request) {
  const text = (name: string) => (typeof query[name] === 'string' ? query[name] : '');
  const browser = text('browser');
  return {
    app: text('app'),
    to: safeReturnPath(text('to') || '/'),
    browser: browserForm.test(browser) ? browser : undefined,
    tries: Number(/^\d$/.exec(text('tries'))?.[0] ?? 0),
    refused: text('refused') as GuardReason | '',
  };
}
