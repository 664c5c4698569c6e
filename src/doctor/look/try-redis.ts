// Tries every Redis operation that the app needs on keys of its own, so that a refusal is known before it affects a person.
import { randomToken } from '../../crypto/tokens.ts';
import { type Fault, faultOf } from '../../store/fault.ts';
import type { RedisClient } from '../../store/redis-client.ts';

/** Expiry of the keys, in case the check-up is killed before it deletes them. */
const livesMs = 60_000;

const script = `
  redis.call('HSET', KEYS[1], 'a', '1')
  redis.call('HINCRBY', KEYS[1], 'a', 1)
  redis.call('PEXPIREAT', KEYS[1], ARGV[1])
  return redis.call('HGET', KEYS[1], 'a')`;

const streamScript = `
  redis.call('XADD', KEYS[1], '1-0', 't', 'x')
  redis.call('PEXPIREAT', KEYS[1], ARGV[1])
  return redis.call('XTRIM', KEYS[1], 'MINID', '1-0')`;

/** @returns the first refusal, as Redis reported it; undefined: nothing was refused */
export async function tryRedis(redis: RedisClient, prefix: string): Promise<Fault | undefined> {
  // All keys share one cluster slot, so that one node handles them.
  const base = `${prefix}{check}:${randomToken(9)}`;
  const keys = ['text', 'hash', 'stream', 'list', 'set'].map((kind) => `${base}:${kind}`);
  const [text = '', hash = '', stream = '', list = '', set = ''] = keys;
  const until = Date.now() + livesMs;
  const steps: readonly (() => Promise<unknown>)[] = [
    () => redis.set(text, '1', 'PXAT', until, 'NX'),
    () => redis.get(text),
    () => redis.pexpireat(text, until, 'GT'),
    () => redis.eval(script, 1, hash, until),
    () => redis.hgetall(hash),
    () => redis.eval(streamScript, 1, stream, until),
    () => redis.xrevrange(stream, '+', '-', 'COUNT', 1),
    () => redis.multi().zadd(list, 1, 'a').pexpireat(list, until).exec(),
    () => redis.zrangebyscore(list, '-inf', '+inf', 'LIMIT', 0, 1),
    () => redis.multi().sadd(set, 'a').pexpireat(set, until).exec(),
    () => redis.smembers(set),
  ];
  try {
    for (const step of steps) await step();
    return undefined;
  } catch (error) {
    return faultOf(error);
  } finally {
    await redis.del(...keys).catch(() => undefined);
  }
}
