// GET /dashboard: the signed-in person, this session, and the remaining lifetime of both Gatehouse cookies.

import type { Request, RequestHandler, Response } from 'express';
import { type CookieClock, type DashboardProps, dashboard } from '../../../views/dashboard.ts';
import { pageFrame, sendPage } from '../../http/page.ts';
import { personOf } from '../../http/person.ts';
import { replaySince } from '../admission/other-sessions.ts';
import { sessionOf } from '../admission/request-session.ts';
import { absoluteEndOf } from '../rules/session.ts';
import { newDevicesOf } from './new-devices.ts';
import type { SessionActionOptions } from './session-actions.ts';

export interface DashboardOptions extends SessionActionOptions {
  readonly cookieName: string;
  /** Names of the secrets due for rotation, shown to operators. */
  readonly dueKeys: () => Promise<readonly string[]> | readonly string[];
  /** Everyone's numbers for operators, their own for members; undefined if there are none. */
  readonly chartsOf: (res: Response) => Promise<DashboardProps['charts']>;
  /** The remaining lifetime of the visitor cookie that the browser sent. */
  readonly visitorClock: (req: Request, res: Response) => CookieClock;
}

export function dashboardPage(options: DashboardOptions): RequestHandler {
  const { limits, cookieName, now, dueKeys, chartsOf, visitorClock } = options;
  return async (req, res) => {
    const session = sessionOf(res);
    const { endedBefore } = res.locals;
    const { handle, network, createdAt, staySignedIn, previousSignIn } = session;
    const expiresAt = absoluteEndOf(session, limits);
    const idleEndsAt = Math.min(now() + limits.idleMs, expiresAt);
    const sessionClock: CookieClock = {
      label: 'Session cookie',
      name: cookieName,
      purpose: 'Keeps you signed in here.',
      leftMs: expiresAt - now(),
      lifetimeMs: expiresAt - createdAt,
    };
    const [newDevices, replay, due, charts] = await Promise.all([
      newDevicesOf(res, options),
      replaySince(session, options),
      personOf(res).operator ? dueKeys() : [],
      chartsOf(res),
    ]);
    const page = dashboard(pageFrame(req, res), {
      now: now(),
      person: personOf(res),
      session: {
        handle,
        device: session.device,
        network,
        createdAt,
        lastSeenAt: now(),
        expiresAt,
        idleEndsAt,
        staySignedIn,
      },
      cookies: [sessionClock, visitorClock(req, res)],
      previousSignIn,
      firstVisit: res.locals.isNewSession === true,
      endedBefore: endedBefore && { at: endedBefore.at, by: endedBefore.by },
      newDevices,
      replay,
      dueKeys: due,
      charts,
    });
    sendPage(res, page);
  };
}
