// Connects to a single Redis, to a primary behind Sentinel, or to a Cluster, depending on the URL.
import { createRequire } from 'node:module';
import type { Cluster, Redis } from 'ioredis';
import { guardCluster, guardConnection } from './redis-guard.ts';

export type RedisClient = Redis | Cluster;

/** Checks a property, not the class, which is loaded only to connect. */
export function isCluster(redis: RedisClient): redis is Cluster {
  return redis.isCluster;
}

/** The longest a request waits for Redis; after that it is answered with 503, and the next request tries again. */
const commandTimeoutMs = 2000;

const backoffMs = (tries: number) => Math.min(100 * tries, 500);

const options = {
  maxRetriesPerRequest: 1,
  commandTimeout: commandTimeoutMs,
  connectTimeout: commandTimeoutMs,
  enableAutoPipelining: true,
  // Otherwise it sends CLIENT SETINFO, which needs a permission and has no use here.
  disableClientInfo: true,
};

/**
 * A client for `redis://`, `rediss://`, `redis+sentinel://h1:26379,h2:26379/mymaster/0` or `redis+cluster://h1:7000,h2:7001`,
 * each with an optional `user:password@`. Connects, and reconnects after an outage, by itself.
 * @param onError is called with connection errors; they are not thrown.
 */
export function connectRedis(url: string, onError: (error: Error) => void): RedisClient {
  const client = create(url);
  if (isCluster(client)) guardCluster(client);
  else guardConnection(client);
  client.on('error', onError);
  return client;
}

/** A separate connection to the same server, to subscribe to events. Its outages are those of `redis`, which reports them. */
export function connectListener(redis: Redis): Redis {
  const listener = redis.duplicate({ enableAutoPipelining: false });
  guardConnection(listener);
  listener.on('error', () => {});
  return listener;
}

// ioredis is loaded at the first connection: a deployment on SQLite never needs it.
const require = createRequire(import.meta.url);

function create(url: string): RedisClient {
  const { Cluster, Redis } = require('ioredis') as typeof import('ioredis');
  if (url.startsWith('redis+sentinel://')) {
    const { hosts, username, password, path } = splitMany(url, 26_379);
    const [name = 'mymaster', db = '0'] = path;
    return new Redis({
      ...options,
      sentinels: hosts,
      name,
      db: Number(db),
      ...credentials(username, password),
    });
  }
  if (url.startsWith('redis+cluster://')) {
    const { hosts, username, password } = splitMany(url, 6379);
    return new Cluster(hosts, {
      redisOptions: { ...options, ...credentials(username, password) },
      enableAutoPipelining: true,
      clusterRetryStrategy: backoffMs,
    });
  }
  return new Redis(url, { ...options, retryStrategy: backoffMs });
}

/** `scheme://[user:password@]h1:p1,h2:p2/a/b`: a standard URL has only one host, so this is parsed by hand. */
function splitMany(url: string, defaultPort: number) {
  const [, userInfo, hostList = '', rest = ''] = /^[a-z+]+:\/\/(?:([^@/]*)@)?([^/]*)(.*)$/.exec(url) ?? [];
  const [username, password] = (userInfo ?? '').split(':').map(decodeURIComponent);
  const hosts = hostList.split(',').map((part) => {
    const [, host = part, port] = /^(.*?)(?::(\d+))?$/.exec(part) ?? [];
    return { host: host.replace(/^\[|\]$/g, ''), port: port ? Number(port) : defaultPort };
  });
  return { hosts, username, password, path: rest.split('/').filter(Boolean) };
}

function credentials(username: string | undefined, password: string | undefined) {
  return { ...(username && { username }), ...(password && { password }) };
}
