// The ways into and out of the gate, as paths on this site.

export interface GatePaths {
  /** Where "Sign in" leads, and `returnPath` afterwards. */
  signIn(returnPath: string): string;
  /** Where a signed-out browser goes: ends the gate's session, then shows the public page. */
  readonly signOut: string;
  /** The same, where something of the sign-out is still to come: the page says what. */
  signOutLate(follows: 'note' | 'row'): string;
  /** Ends the gate's session first, so that signing in again means passing Google again. */
  signInAgain(returnPath: string): string;
}

const signedOutLate = (follows: 'note' | 'row') => `/signed-out?follows=${follows}`;

/** oauth2-proxy's endpoints (its `proxy_prefix` is `/oauth2`); without a gate (`DEV_MODE`) the plain pages. */
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
