// The token side of the stand-in for Google: codes, access and refresh tokens, as oauth2-proxy's Google provider uses them.
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import {
  Events,
  type MutableRedirectUri,
  type MutableResponse,
  type MutableToken,
  OAuth2Issuer,
  OAuth2Service,
} from 'oauth2-mock-server';

export interface Account {
  /** Stable and numeric, like Google's. */
  readonly sub: string;
  readonly email: string;
  readonly name: string;
  /** What trying it shows. */
  readonly about: string;
  /** False: Google has not verified the address; absent: it has. */
  readonly isVerified?: boolean;
}

export interface Tokens {
  /** Must be set before the first token. */
  origin: string;
  /** Answers `/choose?login_hint=…`: back to the client, with a code or with `access_denied`. */
  choose(req: IncomingMessage, res: ServerResponse): void;
  /** Answers `POST /token`. */
  redeem(req: IncomingMessage, res: ServerResponse): Promise<void>;
  /** Whose access token it is. */
  holderOf(accessToken: string): Account | undefined;
  refreshCount(): number;
  delayRefresh(ms: number): void;
  revoke(email: string): void;
}

interface Grant {
  readonly account: Account;
  readonly redirectUri: string;
  readonly challenged: boolean;
}

type TokenRequest = IncomingMessage & { readonly account: Account; readonly isRefresh: boolean };

export async function createTokens(
  accounts: readonly Account[],
  clientId: string,
  clientSecret: string,
  accessTokenBytes = 120,
): Promise<Tokens> {
  const codes = new Map<string, Grant>();
  const refreshTokens = new Map<string, Account>();
  const accessTokens = new Map<string, Account>();
  let refreshes = 0;
  let refreshDelayMs = 0;

  const issuer = new OAuth2Issuer();
  await issuer.keys.generate('RS256');
  const service = new OAuth2Service(issuer, { authorize: '/choose' });
  service.on(Events.BeforeAuthorizeRedirect, ({ url }: MutableRedirectUri, req: IncomingMessage) => {
    const query = queryOf(req);
    const account = accounts.find(({ email }) => email === query.get('login_hint'));
    const code = url.searchParams.get('code');
    if (account && code) {
      const redirectUri = query.get('redirect_uri') ?? '';
      codes.set(code, { account, redirectUri, challenged: query.has('code_challenge') });
    } else {
      url.searchParams.delete('code');
      url.searchParams.set('error', 'access_denied');
    }
  });
  service.on(Events.BeforeTokenSigning, ({ payload }: MutableToken, req: TokenRequest) => {
    const { sub, email, isVerified = true } = req.account;
    Object.assign(payload, { sub, email, email_verified: isVerified, azp: clientId });
  });
  service.on(Events.BeforeResponse, ({ body }: MutableResponse, { account, isRefresh }: TokenRequest) => {
    if (body === '') return;
    // Google's access token is opaque to its holder, and a refresh returns no new refresh token.
    const accessToken = `ya29.${randomBytes(accessTokenBytes).toString('base64url')}`;
    accessTokens.set(accessToken, account);
    Object.assign(body, { access_token: accessToken, expires_in: 3599 });
    if (isRefresh) {
      delete body['refresh_token'];
    } else {
      const refreshToken = `1//${randomBytes(48).toString('base64url')}`;
      refreshTokens.set(refreshToken, account);
      body['refresh_token'] = refreshToken;
    }
  });

  /** A code works once, for the client address that asked, and only with the verifier if a challenge was given. */
  function takeCode(form: URLSearchParams): Account | undefined {
    const code = form.get('code') ?? '';
    const grant = codes.get(code);
    codes.delete(code);
    if (!grant || grant.redirectUri !== form.get('redirect_uri')) return undefined;
    return grant.challenged && !form.has('code_verifier') ? undefined : grant.account;
  }

  return {
    get origin() {
      return issuer.url ?? '';
    },
    set origin(url) {
      issuer.url = url;
    },
    choose: (req, res) => service.requestHandler(Object.assign(req, { url: `/choose?${queryOf(req)}` }), res),
    async redeem(req, res) {
      const raw = await buffer(req);
      const form = new URLSearchParams(raw.toString('utf8'));
      if (form.get('client_id') !== clientId || form.get('client_secret') !== clientSecret) {
        return sendJson(res, 401, { error: 'invalid_client' });
      }
      const isRefresh = form.get('grant_type') === 'refresh_token';
      if (isRefresh && refreshDelayMs > 0) await delay(refreshDelayMs);
      const account = isRefresh ? refreshTokens.get(form.get('refresh_token') ?? '') : takeCode(form);
      if (!account) return sendJson(res, 400, { error: 'invalid_grant', error_description: 'Bad Request' });
      if (isRefresh) refreshes++;
      // The body has already been read; the service gets it again, with the person it belongs to.
      const { headers, method, url } = req;
      const again = Object.assign(Readable.from([raw]), { headers, method, url, account, isRefresh });
      service.requestHandler(again as unknown as IncomingMessage, res);
    },
    holderOf: (accessToken) => accessTokens.get(accessToken),
    refreshCount: () => refreshes,
    delayRefresh(ms) {
      refreshDelayMs = ms;
    },
    revoke(email) {
      for (const tokens of [refreshTokens, accessTokens]) {
        for (const [value, account] of tokens) if (account.email === email) tokens.delete(value);
      }
    },
  };
}

export function queryOf(req: IncomingMessage): URLSearchParams {
  return new URL(req.url ?? '/', 'http://stand-in').searchParams;
}

export function sendJson(res: ServerResponse, status: number, body: object): void {
  res
    .writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
    .end(JSON.stringify(body));
}
