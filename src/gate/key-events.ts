// Hears of the gate's sessions as they begin and end, where Redis tells (`notify-keyspace-events`). The setting is not touched.
import type { Cluster } from 'ioredis';
import { connectListener, isCluster, type RedisClient } from '../store/redis-client.ts';
import { isGateKey } from './ticket.ts';

export interface KeyEvents {
  stop(): void;
}

/**
 * Listens on a connection of its own, which it closes with `stop`.
 * @returns undefined where the server does not tell, or not of everything that counts, or will not say.
 */
export async function listenToKeys(
  redis: RedisClient,
  cookieName: string,
  onChange: (key: string) => void,
): Promise<KeyEvents | undefined> {
  // Each node of a Cluster tells of its own keys only.
  if (isCluster(redis) || !(await tellsEnough(redis))) return undefined;
  const ear = connectListener(redis);
  ear.on('pmessage', (_pattern: string, channel: string) => {
    const key = channel.slice(channel.indexOf(':') + 1);
    if (isGateKey(key, cookieName)) onChange(key);
  });
  try {
    await ear.psubscribe(`__keyspace@*__:${cookieName}-*`);
  } catch {
    ear.disconnect();
    return undefined;
  }
  return { stop: () => ear.disconnect() };
}

/** `K`: by key; `g`: deleted, `$`: written, `x`: expired; `A` stands for those three and more. */
async function tellsEnough(redis: Exclude<RedisClient, Cluster>): Promise<boolean> {
  try {
    const [, flags = ''] = await redis.config('GET', 'notify-keyspace-events');
    return flags.includes('K') && (flags.includes('A') || [...'g$x'].every((flag) => flags.includes(flag)));
  } catch {
    // Hosted Redis often forbids CONFIG.
    return false;
  }
}
