// Reads what the front says about a request to an app. Each header must arrive once: a front that was told to set a header sets it once,
// so a second one came from the client.
import type { IncomingMessage } from 'node:http';

/** What the front's own headers say. Its key proves it; everything else is believed only because of the key. */
export interface FrontRequest {
  readonly key: string;
  /** `traefik` can only pass an answer on as it is (`front/traefik.ts`); `other` can act on headers. */
  readonly kind: 'traefik' | 'other';
  /** The client's method, in upper case. */
  readonly method: string;
  /** The request target as the client sent it: path and query. */
  readonly uri: string;
  /** The host that the client asked for, in lower case, with its port. */
  readonly host: string;
  /** The client's address, as the front saw it. */
  readonly ip: string;
  readonly userAgent: string | undefined;
  /** Whether a person opens a page in a window, so that the browser can be sent elsewhere. */
  readonly isNavigation: boolean;
}

const wanted = [
  'x-guard-key',
  'x-forwarded-method',
  'x-forwarded-uri',
  'x-forwarded-host',
  'x-forwarded-for',
  'cookie',
  'user-agent',
  'accept',
  'sec-fetch-mode',
  'sec-fetch-dest',
  'upgrade',
  'x-guard-front',
] as const;

const places = new Map<string, number>(wanted.map((name, i) => [name, i]));

/** @returns undefined if a header that is read here is missing, doubled or not of its form */
export function readFrontRequest({
  rawHeaders,
  method: ownMethod,
  url: ownUri = '',
}: Pick<IncomingMessage, 'rawHeaders' | 'method' | 'url'>): FrontRequest | undefined {
  const values: (string | undefined)[] = [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const place = places.get((rawHeaders[i] ?? '').toLowerCase());
    if (place === undefined) continue;
    if (values[place] !== undefined) return undefined;
    values[place] = rawHeaders[i + 1];
  }
  const [key, named, target, host, forwardedFor, , userAgent, accept, mode, destination, upgrade, kind] =
    values;
  // A check is about another request. Below `/.gatehouse/` it is this one, and Traefik does not repeat it in headers.
  const isCheck = /^\/check(?:\?|$)/.test(ownUri);
  const method = named ?? (isCheck ? undefined : ownMethod);
  const uri = target ?? (isCheck ? undefined : ownUri);
  if (key === undefined || method === undefined || uri === undefined || host === undefined) return undefined;
  if (!isRequestTarget(uri)) return undefined;
  const isPage =
    upgrade === undefined &&
    (mode === undefined || mode === 'navigate') &&
    (destination === undefined || destination === 'document') &&
    accepts(accept ?? '');
  return {
    key,
    kind: kind === 'traefik' ? 'traefik' : 'other',
    method,
    uri,
    host: host.toLowerCase(),
    // The front adds the address that it saw at the end of what the client claimed.
    ip: forwardedFor?.split(',').at(-1)?.trim() ?? '',
    userAgent,
    isNavigation: method === 'GET' && isPage,
  };
}

const longestUri = 8_192;

/** A path on this site: `/x?y`. Anything that a browser could read as another site is refused. */
function isRequestTarget(uri: string): boolean {
  return uri.length <= longestUri && /^\/[\u0021-\u007e\u0080-\u{10ffff}]*$/u.test(uri);
}

/** A browser that opens a page names HTML itself; a script sends nothing or accepts everything. */
function accepts(accept: string): boolean {
  return /(?:^|,)\s*text\/html\s*(?:;|,|$)/i.test(accept);
}
