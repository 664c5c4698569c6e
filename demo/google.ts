// A stand-in for Google, so that the real oauth2-proxy can be tried and tested without an account. Loopback only; forgets
// everything when it ends.
import { randomBytes } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import { chooserPage, refusalPage } from './google-page.ts';
import { type Account, createTokens, queryOf, sendJson } from './google-tokens.ts';

export const accounts: readonly Account[] = [
  { sub: '108204268033311374519', email: 'ada@example.org', name: 'Ada', about: 'Operator: sees everyone' },
  {
    sub: '113774186520719063822',
    email: 'grace@example.org',
    name: 'Grace',
    about: 'Member: sees her own devices',
  },
  {
    sub: '117336902145580269731',
    email: 'mallory@example.net',
    name: 'Mallory',
    about: 'Not on the list: is refused',
  },
];

export interface StandInForGoogle {
  readonly origin: string;
  readonly loginUrl: string;
  readonly redeemUrl: string;
  readonly validateUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** How often a refresh was granted. */
  refreshCount(): number;
  /** Every refresh from now on takes this long. */
  delayRefresh(ms: number): void;
  /** Google's "remove access": existing tokens are invalid, and the next refresh fails. */
  revoke(email: string): void;
  close(): Promise<void>;
}

export interface GoogleOptions {
  readonly port?: number;
  /** Who can sign in; absent: `accounts`. */
  readonly people?: readonly Account[];
  /** Before encoding. Large values make oauth2-proxy split its session cookie into several parts. */
  readonly accessTokenBytes?: number;
  /** Another name of this machine to which people are sent back. */
  readonly callbackHost?: string;
}

export async function startGoogle({
  port = 0,
  people = accounts,
  accessTokenBytes,
  callbackHost,
}: GoogleOptions = {}): Promise<StandInForGoogle> {
  const clientId = 'stand-in.apps.googleusercontent.example';
  const clientSecret = randomBytes(16).toString('hex');
  const tokens = await createTokens(people, clientId, clientSecret, accessTokenBytes);

  // oauth2-proxy puts the access token into the URL when it validates it, however long it is.
  const server = createServer({ maxHeaderSize: 262_144 }, (req, res) => {
    const query = queryOf(req);
    switch (`${req.method} ${req.url?.replace(/\?.*$/s, '')}`) {
      case 'GET /auth':
      case 'GET /choose': {
        const fault = requestFault(query, clientId, callbackHost);
        if (fault) sendPage(res, 400, refusalPage(fault));
        // As Google does: no account chooser if the request already names the account.
        else if (query.has('login_hint')) tokens.choose(req, res);
        else sendPage(res, 200, chooserPage(query, people));
        return;
      }
      case 'POST /token':
        tokens.redeem(req, res).catch(() => res.destroy());
        return;
      case 'GET /tokeninfo': {
        const holder = tokens.holderOf(query.get('access_token') ?? '');
        if (holder) sendJson(res, 200, { audience: clientId, user_id: holder.sub, expires_in: 3599 });
        else sendJson(res, 400, { error: 'invalid_token' });
        return;
      }
      default:
        sendPage(res, 404, refusalPage('Begin at the dashboard: it sends you here to sign in.'));
    }
  });
  await new Promise<void>((resolve, reject) =>
    server.once('error', reject).listen(port, '127.0.0.1', resolve),
  );
  const address = server.address();
  // Not `localhost`: to a browser this must be another site than the dashboard, as Google is.
  const origin = `http://127.0.0.1:${typeof address === 'object' ? address?.port : port}`;
  tokens.origin = origin;

  return {
    origin,
    loginUrl: `${origin}/auth?access_type=offline`,
    redeemUrl: `${origin}/token`,
    validateUrl: `${origin}/tokeninfo`,
    clientId,
    clientSecret,
    refreshCount: tokens.refreshCount,
    delayRefresh: tokens.delayRefresh,
    revoke: tokens.revoke,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** It redirects only to this machine, whoever sent the request. */
function requestFault(
  query: URLSearchParams,
  clientId: string,
  callbackHost: string | undefined,
): string | undefined {
  const back = URL.parse(query.get('redirect_uri') ?? '');
  if (query.get('client_id') !== clientId) return 'The client is unknown here (client_id).';
  if (!back || !['localhost', '127.0.0.1', callbackHost].includes(back.hostname)) {
    return 'It sends people back to this machine only (redirect_uri).';
  }
  return back.pathname === '/oauth2/callback' ? undefined : 'The redirect URI must end in /oauth2/callback.';
}

function sendPage(res: ServerResponse, status: number, markup: string): void {
  res
    .writeHead(status, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' })
    .end(markup);
}
