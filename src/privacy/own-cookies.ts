// Gatehouse's own cookies and oauth2-proxy's, described from the configuration.
import { duration, remaining } from '../../views/format.ts';
import type { KnownCookie } from './cookie-report.ts';

interface Attributes {
  readonly secure: boolean;
  readonly httpOnly: boolean;
  readonly sameSite: 'strict' | 'lax' | 'none';
}

export interface DescribeCookiesOptions {
  readonly own: Attributes;
  readonly sessionName: string;
  /** undefined: until the browser closes. */
  readonly sessionLeftMs: number | undefined;
  readonly visitorName: string;
  readonly visitorLeftMs: number | undefined;
  readonly gate: Attributes & { readonly expireMs: number };
  readonly isGateCookie: (name: string) => boolean;
  readonly isGateSignInCookie: (name: string) => boolean;
}

export function describeCookies(options: DescribeCookiesOptions): KnownCookie[] {
  const {
    own,
    sessionName,
    sessionLeftMs,
    visitorName,
    visitorLeftMs,
    gate,
    isGateCookie,
    isGateSignInCookie,
  } = options;
  return [
    {
      ...pick(own),
      matches: (name) => name === sessionName,
      setBy: 'Gatehouse',
      purpose: 'Your session: keeps you signed in here.',
      lifetime: left(sessionLeftMs),
    },
    {
      ...pick(own),
      matches: (name) => name === visitorName,
      setBy: 'Gatehouse',
      purpose: 'Remembers this browser on the public pages: the look, and that you saw the notice.',
      lifetime: left(visitorLeftMs),
    },
    {
      ...pick(gate),
      matches: isGateSignInCookie,
      setBy: 'oauth2-proxy',
      purpose: 'Guards a sign-in that is under way; gone when it is done.',
      lifetime: 'up to 15 minutes',
    },
    {
      ...pick(gate),
      matches: isGateCookie,
      setBy: 'oauth2-proxy',
      purpose: 'Proves at the gate that Google knows you.',
      lifetime: `up to ${duration(gate.expireMs)}, and renewed`,
    },
  ];
}

function pick({ secure, httpOnly, sameSite }: Attributes): Attributes {
  return { secure, httpOnly, sameSite };
}

function left(ms: number | undefined): string {
  return ms === undefined ? 'until the browser closes' : `${remaining(ms)} left`;
}
