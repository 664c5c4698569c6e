// The names of oauth2-proxy's cookies. Their content is read in `cookie-value.ts`.
/** Whether `sentName` is oauth2-proxy's session cookie or a part of it (pkg/sessions/cookie/session_store.go). */
export function isGateCookie(sentName: string, name: string): boolean {
  return (
    sentName === name ||
    (sentName.startsWith(`${name}_`) && /^\d{1,2}$/.test(sentName.slice(name.length + 1)))
  );
}

/** Whether `sentName` is the short-lived cookie of a sign-in in progress: `<name>_csrf` or `<name>_<8 characters>_csrf`. */
export function isGateSignInCookie(sentName: string, name: string): boolean {
  return sentName.startsWith(`${name}_`) && sentName.endsWith('_csrf');
}
