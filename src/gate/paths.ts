// The paths on this site that lead into and out of the gate.

export interface GatePaths {
  /** Where "Sign in" leads; afterwards the browser returns to `returnPath`. */
  signIn(returnPath: string): string;
  /** Where a browser goes to sign out: ends the gate session, then shows the public page. */
  readonly signOut: string;
  /** The same if part of the sign-out is still pending; the page says which. */
  signOutLate(follows: 'note' | 'row'): string;
  /** Ends the gate session first, so that signing in again requires signing in with Google again. */
  signInAgain(returnPath: string): string;
}

const signedOutLate = (follows: 'note' | 'row') => `/signed-out?follows=${follows}`;

/** oauth2-proxy's endpoints (its `proxy_prefix` is `/oauth2`); without a gate (`DEV_MODE`), ordinary pages. */
export function createGatePaths(devMode: boolean): GatePaths {
  if (devMode) {
    return {
      signIn: (returnPath) => returnPath,
      signOut: '/signed-out',
      signOutLate: signedOutLate,
      signInAgain: (returnPath) => returnPath,
    };
  }
  const start = (returnPath: string) => `/oauth2/start?rd=${encodeURIComponent(returnPath)}`;
  const leave = (returnPath: string) => `/oauth2/sign_out?rd=${encodeURIComponent(returnPath)}`;
  return {
    signIn: start,
    signOut: leave('/signed-out'),
    signOutLate: (follows) => leave(signedOutLate(follows)),
    signInAgain: (returnPath) => leave(start(returnPath)),
  };
}
