// What the way to a session needs of the rest of the house.
import type { RequestHandler, Response } from 'express';
import type { SessionEnd } from '../../store/contract.ts';
import type { AdmittedSession, LoadedSession } from './express-store.ts';
import type { SessionCookieAttributes } from './session-cookie.ts';
import type { SignInOptions } from './sign-in.ts';

export interface AdmitOptions extends SignInOptions {
  readonly cookieName: string;
  readonly cookie: SessionCookieAttributes;
  /** Whose pseudonym that is; undefined where nobody's is known. */
  readonly addressOf: (pseudonym: string) => Promise<string | undefined>;
  /** 0: never. */
  readonly rotateAfterMs: number;
  /** Counts each replacement of an id; absent: nobody asks. */
  readonly onRotated?: (() => void) | undefined;
  readonly binding: 'off' | 'observe' | 'enforce';
  /** Answers a request whose session at the gate was ended, though the gate let it through. */
  readonly refuseEndedAtGate: RequestHandler;
  /** Tells outside of the house, in the background. */
  readonly tellOfReplay: (found: LoadedSession) => void;
  /** Whether the person passed the provider again since that end. */
  readonly isNewSignIn: (res: Response, end: SessionEnd) => boolean;
  /** Whether this request brought a newer tie to the gate's session than the one that is kept. */
  readonly isNewGateLink: (res: Response, session: AdmittedSession) => boolean;
  /** Keeps a newer tie in the session. */
  readonly keepGateLink: (res: Response, live: LoadedSession) => void;
  /** Notes, in the background, whose the gate's session is. */
  readonly rememberOwner: (res: Response, session: AdmittedSession) => void;
  /** The way to sign in that ends the gate's session first. */
  readonly signInAgain: (returnPath: string) => string;
}
