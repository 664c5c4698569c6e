// Reports oauth2-proxy's sessions as they begin and end, where Redis publishes key events (`notify-keyspace-events`). The setting is not changed.
import type { Cluster } from 'ioredis';
import { connectListener, isCluster, type RedisClient } from '../store/redis-client.ts';
import { isGateKey } from './ticket.ts';

export interface KeyEvents {
  stop(): void;
}

/**
 * Subscribes on a separate connection, which `stop` closes.
 * @returns undefined where the server does not publish all the events needed, or does not allow asking.
 */
export async function listenToKeys(
  redis: RedisClient,
  cookieName: string,
  onChange: (key: string) => void,
): Promise<KeyEvents | undefined> {
  // Each node of a Cluster publishes the events of its own keys only.
  if (isCluster(redis) || !(await publishesEnough(redis))) return undefined;
  const subscriber = connectListener(redis);
  subscriber.on('pmessage', (_pattern: string, channel: string) => {
    const key = channel.slice(channel.indexOf(':') + 1);
    if (isGateKey(key, cookieName)) onChange(key);
  });
  try {
    await subscriber.psubscribe(`__keyspace@*__:${cookieName}-*`);
  } catch {
    subscriber.disconnect();
    return undefined;
  }
  return { stop: () => subscriber.disconnect() };
}

/** `K`: by key; `g`: deleted, `$`: written, `x`: expired; `A` includes these three and more. */
async function publishesEnough(redis: Exclude<RedisClient, Cluster>): Promise<boolean> {
  try {
    const [, flags = ''] = await redis.config('GET', 'notify-keyspace-events');
    return flags.includes('K') && (flags.includes('A') || [...'g$x'].every((flag) => flags.includes(flag)));
  } catch {
    // Hosted Redis often forbids CONFIG.
    return false;
  }
}
