// Reads what the fast lane needs of a request in one pass over its raw header lines. Whatever is doubled or unusual makes the request one
// for the ordinary handlers, which know what to answer.
import type { IncomingMessage } from 'node:http';
import proxyaddr from 'proxy-addr';
import { isLocalHost } from './public-name.ts';

/** A GET whose headers are all as an ordinary browser behind oauth2-proxy sends them. */
export interface PlainRequest {
  /** For readers of further headers, when nothing about them is cached. */
  readonly raw: IncomingMessage;
  /** Empty where the header is missing, like the three after it. */
  readonly authorization: string;
  readonly forwardedUser: string;
  readonly forwardedEmail: string;
  readonly cookie: string;
  readonly userAgent: string | undefined;
  /** The client's address, as Express would give it as `req.ip`. */
  readonly ip: string;
}

export interface PlainRequestOptions {
  readonly publicOrigin: string;
  /** Number of proxies in front whose word about the client's address is trusted. */
  readonly trustedHops: number;
}

/** Headers that are read, each at most once. */
const wanted = [
  'host',
  'authorization',
  'x-forwarded-user',
  'x-forwarded-email',
  'cookie',
  'user-agent',
  'x-forwarded-for',
  'sec-fetch-site',
  'sec-fetch-dest',
] as const;

/** Headers with which a response could be another one: conditional requests, bodies, upgrades. */
const unusual: ReadonlySet<string> = new Set([
  'if-none-match',
  'if-modified-since',
  'if-match',
  'if-unmodified-since',
  'if-range',
  'range',
  'content-length',
  'content-type',
  'content-encoding',
  'transfer-encoding',
  'expect',
  'upgrade',
  'trailer',
  'te',
]);

const ignored = -1;
const refused = -2;
const spellingsAtMost = 500;
/** The place in `wanted` of each spelling seen so far; clients use few, so hardly any name has to be lower-cased. */
const spellings = new Map<string, number>();

function placeOf(name: string): number {
  const known = spellings.get(name);
  if (known !== undefined) return known;
  const lower = name.toLowerCase();
  const place = unusual.has(lower) ? refused : (wanted as readonly string[]).indexOf(lower);
  if (spellings.size < spellingsAtMost) spellings.set(name, place);
  return place;
}

/** @returns a function that reads a request; undefined: leave it to the ordinary handlers */
export function createPlainReader({ publicOrigin, trustedHops }: PlainRequestOptions) {
  const publicHost = new URL(publicOrigin).host;
  const isTrusted = (_address: string, hop: number) => hop < trustedHops;

  return (raw: IncomingMessage): PlainRequest | undefined => {
    if (raw.method !== 'GET' || raw.httpVersion !== '1.1') return undefined;
    const values: (string | undefined)[] = [];
    const { rawHeaders } = raw;
    for (let i = 0; i < rawHeaders.length; i += 2) {
      const place = placeOf(rawHeaders[i] ?? '');
      if (place === ignored) continue;
      if (place === refused || values[place] !== undefined) return undefined;
      values[place] = rawHeaders[i + 1];
    }
    const [host, authorization, user, email, cookie, userAgent, forwardedFor, site, destination] = values;
    if (host !== publicHost && !isLocalHost(raw, host)) return undefined;
    // What is not a page is refused to other sites, and offered as a file to download where it is opened like one.
    if (raw.url?.startsWith('/api/') && (site === 'cross-site' || destination === 'document'))
      return undefined;
    const asSent = {
      headers: forwardedFor === undefined ? {} : { 'x-forwarded-for': forwardedFor },
      socket: raw.socket,
    } as unknown as IncomingMessage;
    const ip: string | undefined = proxyaddr(asSent, isTrusted);
    // A client that has gone already has no address.
    if (ip === undefined) return undefined;
    return {
      raw,
      authorization: authorization ?? '',
      forwardedUser: user ?? '',
      forwardedEmail: email ?? '',
      cookie: cookie ?? '',
      userAgent,
      ip,
    };
  };
}
