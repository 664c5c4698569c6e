// GET /api/me: who is asking, by which session, and the token for changes.
import type { RequestHandler, Response } from 'express';
import { type LiveSession, sessionOf } from './admit.ts';
import { absoluteEndOf, type SessionLimits } from './session.ts';

/** A session as scripts see it; times are ISO 8601, UTC. */
export interface SessionView {
  readonly handle: string;
  /** Whether it is the one that asks. */
  readonly current: boolean;
  readonly person: { readonly id: string; readonly email: string };
  readonly device: LiveSession['device'];
  readonly network: string;
  readonly createdAt: string;
  readonly lastSeenAt: string;
  readonly expiresAt: string;
  readonly staySignedIn: boolean;
}

export function viewSession(session: LiveSession, limits: SessionLimits): SessionView {
  const { handle, personId, email, device, network, createdAt, lastSeenAt, staySignedIn } = session;
  return {
    handle,
    current: true,
    person: { id: personId, email },
    device,
    network,
    createdAt: new Date(createdAt).toISOString(),
    lastSeenAt: new Date(lastSeenAt).toISOString(),
    expiresAt: new Date(absoluteEndOf(session, limits)).toISOString(),
    staySignedIn,
  };
}

export interface ApiMeOptions {
  readonly limits: SessionLimits;
  readonly personOf: (res: Response) => {
    readonly id: string;
    readonly email: string;
    readonly operator: boolean;
  };
}

export function apiMe({ limits, personOf }: ApiMeOptions): RequestHandler {
  return (req, res) => {
    const { id, email, operator } = personOf(res);
    const session = viewSession(sessionOf(res), limits);
    res.json({ person: { id, email, operator }, session, csrfToken: req.csrfToken() });
  };
}
