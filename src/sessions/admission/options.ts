// What session admission needs from other modules; `wiring/` passes it in.
import type { RequestHandler, Response } from 'express';
import type { GateState } from '../../gate/revocation.ts';
import type { SessionEnd } from '../../store/contract-sessions.ts';
import type { AdmittedSession, LoadedSession } from './express-store.ts';
import type { ReplayOptions } from './replay.ts';
import type { SessionCookieAttributes } from './session-cookie.ts';
import type { SignInOptions } from './sign-in.ts';

export interface AdmitOptions extends SignInOptions, Omit<ReplayOptions, keyof SignInOptions> {
  readonly cookieName: string;
  readonly cookie: SessionCookieAttributes;
  /** The email address behind a pseudonym; undefined if unknown. */
  readonly addressOf: (pseudonym: string) => Promise<string | undefined>;
  /** 0: never. */
  readonly rotateAfterMs: number;
  /** Called after each id rotation, for the metrics. */
  readonly onRotated?: (() => void) | undefined;
  readonly binding: 'off' | 'observe' | 'enforce';
  /** Refuses a request whose gate session was ended although the gate let it through. */
  readonly refuseEndedAtGate: RequestHandler;
  /** Whether the person signed in at the provider again after `end`. */
  readonly isNewSignIn: (res: Response, end: SessionEnd) => boolean;
  /** Whether this request has a newer link to the gate's session than the stored one. */
  readonly isNewGateLink: (gate: GateState | undefined, session: AdmittedSession) => boolean;
  /** Stores a newer link in the session. */
  readonly keepGateLink: (res: Response, live: LoadedSession) => void;
  /** Records, in the background, who owns the gate's session. */
  readonly rememberOwner: (res: Response, session: AdmittedSession) => void;
  /** The sign-in URL that ends the gate's session first. */
  readonly signInAgain: (returnPath: string) => string;
}
