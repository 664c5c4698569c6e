// How we authenticate to Confluence: an API token, a personal access token, or cookies from the vault, in this order. Never put into a
// message.
import type { Refusal } from './outcomes.ts';

export interface Account {
  readonly username: string | undefined;
  readonly apiToken: string | undefined;
}

/** The part of the vault that a sync needs: the `Cookie` header for a host, and a way to report that it is no longer accepted. */
export interface CookieSource {
  cookieFor(host: string): Promise<
    | {
        readonly state: 'fresh' | 'expiring';
        readonly header: string;
        mark(state: 'refused' | 'challenged', reason: string): Promise<void>;
      }
    | { readonly state: 'none' | 'expired' | 'refused' | 'challenged' | 'closed' }
  >;
}

export interface Credentials {
  readonly kind: 'token' | 'cookies';
  readonly headers: Readonly<Record<string, string>>;
  /** Reports that the cookies are no longer accepted. */
  refused(reason: Refusal): Promise<void>;
}

/** @param host as in `URL.host` @returns the credentials, or why there are none */
export async function credentialsFor(
  { username, apiToken }: Account,
  cookies: CookieSource,
  host: string,
): Promise<Credentials | { readonly reason: Refusal }> {
  if (apiToken) {
    const authorization = username
      ? `Basic ${Buffer.from(`${username}:${apiToken}`).toString('base64')}`
      : `Bearer ${apiToken}`;
    return { kind: 'token', headers: { authorization }, async refused() {} };
  }
  const answer = await cookies.cookieFor(host);
  if (!('header' in answer)) return { reason: answer.state };
  return {
    kind: 'cookies',
    headers: { cookie: answer.header },
    refused: (reason) => answer.mark(reason === 'challenged' ? 'challenged' : 'refused', reason),
  };
}
