// One connection with its credentials, for one sync or one test; also detects which kind of Confluence is at the other end.
import { z } from 'zod';
import type { Api, Kind } from './api.ts';
import { createCloudApi } from './api-cloud.ts';
import { createDataCenterApi } from './api-data-center.ts';
import { unlessMissing } from './api-v1.ts';
import { type Client, createClient } from './client.ts';
import type { Resolve } from './connect.ts';
import { type Account, type CookieSource, type Credentials, credentialsFor } from './credentials.ts';
import { isRefusal, Unanswered } from './outcomes.ts';

export interface SiteOptions extends Account {
  /** The configured address, without a trailing slash. */
  readonly url: string;
  readonly allowPrivate: boolean;
  readonly cookies: CookieSource;
  readonly now: () => number;
  /** Resolves after this many ms; settles early, either way, if `signal` aborts. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<unknown>;
  /** Detected if absent. */
  readonly kind?: Kind;
  /** Hosts besides Cloud's own that may serve the bytes of attachments. */
  readonly mediaHosts?: readonly string[];
  readonly resolve?: Resolve;
  readonly random?: () => number;
  /** Concurrent requests; 4 by default. */
  readonly concurrency?: number;
  /** Per request. */
  readonly timeoutMs?: number;
  /** How often a request is tried; 5 by default. */
  readonly tries?: number;
}

export interface Site {
  readonly client: Client;
  readonly api: Api;
  readonly credentials: Credentials;
}

/** Cloud answers a download with a short-lived address there, which carries its own authorisation. */
const cloudMedia = 'api.media.atlassian.com';

/**
 * @param onClient called before the first request, so that the client can be stopped
 * @throws Unanswered, also if there are no credentials
 */
export async function openSite(
  options: SiteOptions,
  onClient: (client: Client) => void = () => {},
): Promise<Site> {
  const {
    url,
    allowPrivate,
    now,
    wait,
    random = Math.random,
    resolve,
    concurrency,
    timeoutMs,
    tries,
  } = options;
  const { host, hostname } = new URL(url);
  const isAtlassian = hostname.endsWith('.atlassian.net') || hostname === 'api.atlassian.com';
  const mediaHosts = [...(options.mediaHosts ?? []), ...(isAtlassian ? [cloudMedia] : [])];
  const found = await credentialsFor(options, options.cookies, host);
  if ('reason' in found) throw new Unanswered(found.reason);
  const client = createClient({
    base: url,
    allowPrivate,
    credentials: found,
    now,
    wait,
    random,
    mediaHosts,
    resolve,
    concurrency,
    timeoutMs,
    tries,
  });
  onClient(client);
  try {
    const kind = options.kind ?? (isAtlassian ? 'cloud' : await askKind(client));
    return {
      client,
      credentials: found,
      api: kind === 'cloud' ? createCloudApi(client) : createDataCenterApi(client),
    };
  } catch (error) {
    if (error instanceof Unanswered && isRefusal(error.reason)) await found.refused(error.reason);
    client.close();
    throw error;
  }
}

/** Only Cloud is at `/wiki` and has the newer API; a Data Center may use that path too. */
async function askKind(client: Client): Promise<Kind> {
  if (client.context !== '/wiki') return 'data-center';
  const answer = await unlessMissing(
    client.json('/api/v2/spaces?limit=1', z.object({ results: z.array(z.unknown()) })),
  );
  return answer === undefined ? 'data-center' : 'cloud';
}
