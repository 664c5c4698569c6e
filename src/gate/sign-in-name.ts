// Identifies the sign-in at the gate that a request belongs to: shared by all tabs of one browser, whatever else they send.
import type { IncomingMessage } from 'node:http';
import { readGateCookie } from './cookie-value.ts';
import type { GateState } from './revocation.ts';

/**
 * Derived from what oauth2-proxy itself reads: its session if that could be decrypted, which stays the same through refreshes,
 * otherwise its cookie. A value that oauth2-proxy ignores must not distinguish two requests: each would create a session of its own.
 * @returns undefined if the request carries neither; nothing then tells its browser from another one
 */
export function signInNameOf(
  req: IncomingMessage,
  gate: GateState | undefined,
  cookieName: string,
): string | undefined {
  if (gate?.state === 'verified') return `${gate.key}\n${gate.signIn ?? ''}`;
  if (gate?.state === 'cookie') return gate.digest;
  const cookie = readGateCookie(req, cookieName);
  return typeof cookie === 'object' ? cookie.digest : undefined;
}
