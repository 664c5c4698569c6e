// Names the sign-in at the gate that a request came with: what the tabs of one browser share, whatever else they send.
import type { IncomingMessage } from 'node:http';
import { readGateCookie } from './cookie-value.ts';
import type { GateState } from './revocation.ts';

/**
 * By what the gate itself reads: its session where that could be opened, which stays through refreshes, else its cookie. A value
 * that the gate does not read must not tell two requests apart: each one would begin a session of its own.
 * @returns undefined where the request brought none; nothing tells its browser from another one then
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
