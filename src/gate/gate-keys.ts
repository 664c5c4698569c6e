// Reads the keys of gate sessions without affecting their idle time: SCAN, PTTL and OBJECT IDLETIME leave it alone, GET and STRLEN would
// reset it.
import type { Redis } from 'ioredis';
import { isCluster, type RedisClient } from '../store/redis-client.ts';
import { isGateKey } from './ticket.ts';

/** One gate session, as far as its key shows. */
export interface KeyFacts {
  readonly key: string;
  /**
   * Milliseconds since oauth2-proxy last read or wrote it, or Gatehouse did so for a request of that session; undefined if Redis does
   * not say.
   */
  readonly idleMs: number | undefined;
  /** Milliseconds until Redis deletes it; undefined: never. */
  readonly leftMs: number | undefined;
}

export interface KeyPage {
  readonly found: readonly KeyFacts[];
  /** undefined after the last page. */
  readonly next: string | undefined;
}

export interface GateKeys {
  /** One SCAN call. @param cursor from the previous page; undefined: from the beginning */
  page(cursor: string | undefined): Promise<KeyPage>;
  /** undefined if there is no such session. */
  look(key: string): Promise<KeyFacts | undefined>;
}

const scanCount = 500;

export function createGateKeys(redis: RedisClient, cookieName: string): GateKeys {
  // Only letters, digits, `_`, `.` and `-` (config/settings/gate.ts), so the pattern contains no wildcard by accident.
  const pattern = `${cookieName}-*`;

  async function lookAll(node: Redis, keys: readonly string[]): Promise<KeyFacts[]> {
    if (keys.length === 0) return [];
    const pipeline = node.pipeline();
    for (const key of keys) pipeline.pttl(key).object('IDLETIME', key);
    const answers = (await pipeline.exec()) ?? [];
    return keys.flatMap((key, index) => {
      const [ttlError, ttl] = answers[2 * index] ?? [];
      const [idleError, idle] = answers[2 * index + 1] ?? [];
      if (ttlError) throw ttlError;
      if (typeof ttl !== 'number' || ttl === -2) return [];
      return {
        key,
        // An error under an LFU eviction policy, which does not keep the time of the last use.
        idleMs: idleError || typeof idle !== 'number' ? undefined : idle * 1000,
        leftMs: ttl === -1 ? undefined : ttl,
      };
    });
  }

  return {
    async page(cursor) {
      const [nodeIndex, nodeCursor] = parseCursor(cursor);
      const all = nodesOf(redis);
      const node = all[nodeIndex];
      if (!node) return { found: [], next: undefined };
      const [next, keys] = await node.scan(nodeCursor, 'MATCH', pattern, 'COUNT', scanCount);
      const found = await lookAll(
        node,
        keys.filter((key) => isGateKey(key, cookieName)),
      );
      if (next !== '0') return { found, next: `${nodeIndex}:${next}` };
      return { found, next: nodeIndex + 1 < all.length ? `${nodeIndex + 1}:0` : undefined };
    },
    async look(key) {
      if (!isGateKey(key, cookieName)) return undefined;
      // Not pipelined: in a cluster, a pipeline has to go to one node, and these keys may be on several.
      const [ttl, idle] = await Promise.all([
        redis.pttl(key),
        redis.object('IDLETIME', key).catch(() => undefined),
      ]);
      if (ttl === -2) return undefined;
      return {
        key,
        idleMs: typeof idle === 'number' ? idle * 1000 : undefined,
        leftMs: ttl === -1 ? undefined : ttl,
      };
    },
  };
}

/** SCAN only covers the keys of one server. */
function nodesOf(redis: RedisClient): readonly Redis[] {
  return isCluster(redis) ? redis.nodes('master') : [redis];
}

function parseCursor(cursor = '0:0'): readonly [number, string] {
  const [node = '0', rest = '0'] = cursor.split(':');
  return [Number(node), rest];
}
