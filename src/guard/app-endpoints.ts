// What Gatehouse answers on an app's own host, through the front: a browser arrives with a code, and leaves.
import type { Recorder } from '../audit/recorder.ts';
import { digest, randomToken } from '../crypto/tokens.ts';
import { type ImmediateLimit, networkKey } from '../http/limits.ts';
import { safeReturnPath } from '../http/navigation.ts';
import { endOf, type SessionLimits } from '../sessions/rules/session.ts';
import type { SessionRow, SessionTable } from '../store/contract-sessions.ts';
import { openUrl, redirect, refusedUrl, send } from './answers.ts';
import type { CheckRequest, Verdict } from './check.ts';
import type { Asked } from './check-endpoint.ts';
import { granting, superseding, useOf, withdrawing } from './grants.ts';
import {
  clearingLines,
  guardCookieLine,
  readGuardCookie,
  readStartCookie,
  startCookieLine,
} from './guard-cookie.ts';
import type { Handoff, Handoffs } from './handoff.ts';

export interface AppEndpointOptions {
  readonly deskOrigin: string;
  readonly check: (requests: readonly CheckRequest[]) => Promise<readonly Verdict[]>;
  readonly handoffs: Pick<Handoffs, 'redeem'>;
  readonly sessions: Pick<SessionTable, 'read' | 'update'>;
  readonly limits: SessionLimits;
  /** By network, so that nobody can try many codes. */
  readonly byNetwork: ImmediateLimit;
  readonly recorder: Recorder;
  readonly now: () => number;
}

export function createAppEndpoints(options: AppEndpointOptions) {
  const { deskOrigin, check, handoffs, sessions, limits, byNetwork, recorder, now } = options;

  /** The live session that a handoff names, and the handoff; undefined: begin again. */
  async function redeem(code: string, start: string | undefined, { app, front }: Asked) {
    if (start === undefined) return undefined;
    const redeemed = await handoffs.redeem(code, { app: app.name, browser: digest(start) });
    if (redeemed.kind === 'used')
      recorder.note({
        event: 'guard.code_reused',
        outcome: 'refused',
        network: front.ip,
        facts: { app: app.name },
      });
    if (redeemed.kind !== 'valid') return undefined;
    const { handoff } = redeemed;
    const row = await sessions.read(handoff.key);
    if (!row || row.personId !== handoff.personId || endOf(row, limits, now())) return undefined;
    return { row, handoff };
  }

  /** Adds a grant to the session. @returns its secret; undefined: the session has ended */
  async function grant(row: SessionRow, handoff: Handoff, { front, id }: Asked): Promise<string | undefined> {
    const secret = randomToken();
    const begins = handoff.begins || useOf(row.data, handoff.app) === undefined;
    const former = id?.key === row.key ? id.secret : undefined;
    const change = granting(row.data, handoff.app, secret, {
      now: now(),
      begins,
      ...(former !== undefined && { former }),
    });
    if (!(await sessions.update(row.key, change))) return undefined;
    if (begins)
      recorder.note({
        event: 'guard.entered',
        person: { id: row.personId, email: row.email },
        session: row.handle,
        network: front.ip,
        facts: { app: handoff.app },
      });
    return secret;
  }

  /** Leads the browser to the desk once more, with the start cookie that it has now: another tab may have begun later. */
  function beginAgain({ req, res, app }: Asked, query: URLSearchParams, to: string): void {
    const known = readStartCookie(req, app);
    const start = known ?? randomToken();
    const cookie = known === undefined ? ['Set-Cookie', startCookieLine(app, start)] : [];
    redirect(res, openUrl(deskOrigin, app, { to, start, tries: triesOf(query) + 1 }), cookie);
  }

  return {
    /** Exchanges a code for a guard cookie. @throws StoreUnavailable */
    async enter(asked: Asked, query: URLSearchParams): Promise<void> {
      const { res, app, front } = asked;
      if (!byNetwork.take(networkKey(front.ip))) return send(res, 429, ['Retry-After', '60']);
      const to = safeReturnPath(query.get('to') ?? '/');
      const redeemed = await redeem(query.get('code') ?? '', readStartCookie(asked.req, app), asked);
      const secret = redeemed && (await grant(redeemed.row, redeemed.handoff, asked));
      if (!redeemed || secret === undefined) return beginAgain(asked, query, to);
      const tries = triesOf(query) === 0 ? '' : `tries=${triesOf(query)}&`;
      const arrived = `${app.origin}/.gatehouse/arrived?${tries}to=${encodeURIComponent(to)}`;
      redirect(res, arrived, ['Set-Cookie', guardCookieLine(app, { key: redeemed.row.key, secret })]);
    },

    /**
     * Finds out whether the browser kept the cookie and the app is open to it, so that nobody is sent back and forth without end.
     * @throws StoreUnavailable
     */
    async arrived(asked: Asked, query: URLSearchParams): Promise<void> {
      const { res, app, id } = asked;
      const to = safeReturnPath(query.get('to') ?? '/');
      const [verdict] = await check([asked]);
      if (verdict?.kind === 'admitted') {
        const { row } = verdict;
        const change = id && superseding(row.data, app.name, id.secret, now());
        if (change) await sessions.update(row.key, change);
        redirect(res, `${app.origin}${to}`);
      } else if (verdict?.kind === 'sign in' && id) {
        // Of tabs that sign in at the same time, the session of the last one stays: the others enter with that one.
        beginAgain(asked, query, to);
      } else redirect(res, refusedUrl(deskOrigin, app, verdict?.reason ?? 'no-session', to));
    },

    /** Closes the app for this browser; the desk then asks whether to sign out everywhere. @throws StoreUnavailable */
    async signOut({ req, res, app }: Asked): Promise<void> {
      // A link on another site must not sign anybody out.
      if (req.headers['sec-fetch-site'] === 'cross-site') return redirect(res, `${deskOrigin}/logout`);
      const id = readGuardCookie(req, app);
      const row = id && (await sessions.read(id.key));
      if (row) await sessions.update(row.key, withdrawing(row.data, app.name, now()));
      redirect(
        res,
        `${deskOrigin}/logout`,
        clearingLines(app).flatMap((line) => ['Set-Cookie', line]),
      );
    },
  };
}

/** How often a handoff was tried in a row; anything else than one digit counts as none. */
function triesOf(query: URLSearchParams): number {
  return Number(/^\d$/.exec(query.get('tries') ?? '')?.[0] ?? 0);
}
