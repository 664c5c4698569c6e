// Starts the real oauth2-proxy with the shipped oauth2-proxy.cfg; every difference comes from the environment.
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { type Child, freePort, startChild, waitUntilUp } from './child.ts';
import type { StandInForGoogle } from './google.ts';

export interface GateOptions {
  /** From `findOauth2Proxy` or `getOauth2Proxy`. */
  readonly binary: string;
  /** The app, like `http://127.0.0.1:3000`. */
  readonly upstream: string;
  readonly google: StandInForGoogle;
  readonly emailsFile: string;
  /** How it proves itself to the app: the app's GATE_SECRET. */
  readonly gateSecret: string;
  readonly port?: number;
  /** The URL that browsers see, if something is in front of it; else `http://localhost:PORT`. */
  readonly publicUrl?: string;
  /** A Redis URL; absent: sessions are kept in its cookie. */
  readonly redisUrl?: string;
  readonly cookieSecret?: string;
  readonly cookieName?: string;
  /** Durations as Go writes them: `24h`. */
  readonly refresh?: string;
  readonly expire?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface Gate {
  /** What browsers see. */
  readonly publicUrl: string;
  /** Where it listens. */
  readonly origin: string;
  readonly port: number;
  readonly cookieName: string;
  readonly cookieSecret: string;
  /** Its whole environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly child: Child;
  close(): Promise<void>;
}

const pagesFolder = join(import.meta.dirname, '..', 'gate-pages');

export const configFile = join(import.meta.dirname, '..', 'oauth2-proxy.cfg');

export async function startGate(options: GateOptions): Promise<Gate> {
  const { google, upstream, refresh, expire, redisUrl } = options;
  const port = options.port ?? (await freePort());
  const origin = `http://127.0.0.1:${port}`;
  const publicUrl = options.publicUrl ?? `http://localhost:${port}`;
  const secure = publicUrl.startsWith('https:');
  // Browsers drop a __Host- cookie set over plain http, on localhost too.
  const cookieName = options.cookieName ?? (secure ? '__Host-_oauth2_proxy' : '_oauth2_proxy');
  const cookieSecret = options.cookieSecret ?? randomBytes(32).toString('base64url');
  const settings = {
    HTTP_ADDRESS: `127.0.0.1:${port}`,
    UPSTREAMS: upstream,
    REDIRECT_URL: `${publicUrl}/oauth2/callback`,
    AUTHENTICATED_EMAILS_FILE: options.emailsFile,
    CUSTOM_TEMPLATES_DIR: pagesFolder,
    CLIENT_ID: google.clientId,
    CLIENT_SECRET: google.clientSecret,
    LOGIN_URL: google.loginUrl,
    REDEEM_URL: google.redeemUrl,
    VALIDATE_URL: google.validateUrl,
    COOKIE_NAME: cookieName,
    COOKIE_SECRET: cookieSecret,
    COOKIE_SECURE: String(secure),
    BASIC_AUTH_PASSWORD: options.gateSecret,
    ...(refresh === undefined ? {} : { COOKIE_REFRESH: refresh }),
    ...(expire === undefined ? {} : { COOKIE_EXPIRE: expire }),
    ...(redisUrl === undefined ? {} : { SESSION_STORE_TYPE: 'redis', REDIS_CONNECTION_URL: redisUrl }),
  };
  const env = {
    ...Object.fromEntries(Object.entries(settings).map(([name, value]) => [`OAUTH2_PROXY_${name}`, value])),
    ...options.env,
  };
  const child = await startChild({
    name: 'oauth2-proxy',
    command: options.binary,
    args: ['--config', configFile],
    env,
  });
  await waitUntilUp(child, `${origin}/ping`);
  return { publicUrl, origin, port, cookieName, cookieSecret, env, child, close: () => child.stop() };
}
