// Sends a request to an app exactly as it is given: header lines in their order and spelling, the path unchanged. Reads what an answer says.
import { type IncomingMessage, request as plainRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';
import type { TLSSocket } from 'node:tls';
import type { AppAnswer } from '../deployment.ts';
import { readCookie } from './from-outside.ts';

export interface Sent {
  /** In words. */
  readonly asked: string;
  readonly path: string;
  readonly method?: string;
  /** Names and values in turn, besides Host. */
  readonly headers?: readonly string[];
}

export interface Place {
  /** Where to connect. */
  readonly at: string;
  /** Whose host is asked for. */
  readonly origin: string;
  /** A certificate to trust in place of the usual ones. */
  readonly ca?: string | undefined;
}

export interface Got {
  readonly message: Pick<IncomingMessage, 'headers' | 'rawHeaders'> & { readonly statusCode: number };
  readonly text: string;
  readonly certificateFault: string | undefined;
}

const patienceMs = 5_000;
const longestBody = 262_144;

/** An untrusted certificate is reported, and the answer read all the same. */
export function send({ at, origin, ca }: Place, sent: Sent): Promise<Got> {
  const url = new URL(at);
  const { host, hostname } = new URL(origin);
  const isTls = url.protocol === 'https:';
  return new Promise((resolve, reject) => {
    const options = {
      agent: false as const,
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port || (isTls ? 443 : 80),
      path: sent.path,
      method: sent.method ?? 'GET',
      headers: ['Host', host, 'User-Agent', 'gatehouse-doctor', ...(sent.headers ?? [])],
      signal: AbortSignal.timeout(patienceMs),
      ...(isTls && { rejectUnauthorized: false, servername: hostname, ...(ca !== undefined && { ca }) }),
    };
    const asked = (isTls ? tlsRequest : plainRequest)(options);
    let certificateFault: string | undefined;
    const done = ({ headers, rawHeaders, statusCode = 0 }: IncomingMessage, text: string) =>
      resolve({ message: { headers, rawHeaders, statusCode }, text, certificateFault });
    asked.on('response', (message) => {
      const fault = isTls ? (message.socket as TLSSocket).authorizationError : undefined;
      certificateFault = fault ? String(fault) : undefined;
      let text = '';
      message.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
        if (text.length <= longestBody) return;
        done(message, text);
        asked.destroy();
      });
      message.on('end', () => done(message, text)).on('error', reject);
    });
    asked.on('upgrade', (message, socket) => {
      done(message, '');
      socket.on('error', () => undefined).destroy();
    });
    asked.on('error', reject).end();
  });
}

/** Names that only the front may see. */
const ofTheFront = ['x-guard-reason', 'x-guard-redirect', 'x-guard-key', 'x-guard-assertion'];

/** @param desk where the desk is, and the app that it should lead back to */
export function readAnswer(
  { asked }: Sent,
  { message, text }: Got,
  { deskOrigin, app }: { readonly deskOrigin: string; readonly app: string },
): AppAnswer {
  const { statusCode, headers } = message;
  const location =
    headers.location === undefined ? undefined : URL.parse(headers.location, 'http://same.invalid');
  const isDesk =
    location?.origin === deskOrigin &&
    location.pathname === '/open' &&
    location.searchParams.get('app') === app;
  const back = isDesk ? (location.searchParams.get('to') ?? undefined) : undefined;
  return {
    asked,
    status: statusCode,
    leads: headers.location === undefined ? undefined : isDesk ? 'desk' : 'away',
    back,
    noStore: /\bno-store\b/i.test(headers['cache-control'] ?? ''),
    tells: ofTheFront.filter((name) => headers[name] !== undefined),
    fromDesk:
      /'nonce-[^']+'/.test(String(headers['content-security-policy'] ?? '')) ||
      /\/oauth2\/(?:start|sign_in|callback)/.test(text) ||
      location?.pathname.startsWith('/oauth2/') ||
      // What oauth2-proxy answers at /oauth2/auth.
      text.trim() === 'Unauthorized',
    cookies: (headers['set-cookie'] ?? []).map(readCookie),
  };
}

/** Codes of errors after which nobody was reached. */
const closed =
  /^(?:ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|ETIMEDOUT|ABORT_ERR|TimeoutError|AbortError)$/;

export function codeOf(error: unknown): string {
  const { code, name } = error as Error & { code?: unknown };
  return typeof code === 'string' ? code : name;
}

/** Whether an error says that nothing listens there, or that a firewall is in between. */
export const isClosed = (error: unknown): boolean => closed.test(codeOf(error));

/** Works on at most `most` things at the same time. The results are in their order. */
export async function inTurn<T, R>(
  things: readonly T[],
  most: number,
  work: (thing: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async () => {
    while (next < things.length) {
      const i = next++;
      results[i] = await work(things[i] as T);
    }
  };
  await Promise.all(Array.from({ length: most }, worker));
  return results;
}
