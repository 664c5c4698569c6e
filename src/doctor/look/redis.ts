// Gathers facts about Redis. Reads no value, changes only keys of its own, and disconnects after a few seconds. What the
// Redis user has no permission to ask stays unknown.
import type { Redis } from 'ioredis';
import { type Fault, faultOf, isExact } from '../../store/fault.ts';
import { connectRedis, isCluster, type RedisClient } from '../../store/redis-client.ts';
import { reasonOf } from '../../store/redis-guard.ts';
import type { RedisFact } from '../deployment.ts';
import { withoutUser } from '../read/gate-settings.ts';
import { tryRedis } from './try-redis.ts';

export interface RedisToAsk {
  readonly setting: RedisFact['setting'];
  readonly url: string;
  /** The prefix of the app's keys there; absent: the app writes none. */
  readonly prefix?: string;
  /** Keys that must have an expiry, as patterns for SCAN. */
  readonly mustEnd: readonly { readonly kind: string; readonly pattern: string }[];
}

/** Commands that only the check-up uses. */
const asking: ReadonlySet<string> = new Set(['TIME', 'SCAN', 'PTTL']);

/** Enough to see a pattern; a large Redis is not scanned completely. */
const scannedKeys = 5_000;

/** @param now milliseconds */
export async function lookAtRedis(
  { setting, url, prefix, mustEnd }: RedisToAsk,
  now: () => number,
): Promise<RedisFact> {
  let lastError: Error | undefined;
  const redis = connectRedis(url, (error) => {
    lastError = error;
  });
  try {
    const askedAt = now();
    const answer = await ifAllowed(redis.time());
    const halfWay = (askedAt + now()) / 2;
    const [seconds = 0, micros = 0] = (answer ?? []).map(Number);
    const [info, saves, stops, withoutExpiry, isOpen, refused] = await Promise.all([
      redis.info(),
      savesOf(redis),
      stopsOf(redis),
      ifAllowed(keysWithoutExpiry(redis, mustEnd)),
      answersWithoutPassword(url),
      prefix === undefined ? undefined : tryRedis(redis, prefix),
    ]);
    const facts = readInfo(info);
    return {
      setting,
      isOpen,
      isClusterUrl: isCluster(redis),
      ...(withoutExpiry && { withoutExpiry }),
      ...(answer && { clockAheadMs: seconds * 1000 + micros / 1000 - halfWay }),
      ...(refused && { refused: `${nameOf(refused)}: ${refused.meaning}; ${refused.mend}` }),
      ...(facts.has('redis_mode') && { mode: facts.get('redis_mode') ?? '' }),
      ...(facts.has('redis_version') && { version: facts.get('redis_version') ?? '' }),
      ...release(facts),
      ...persistence(facts, saves),
      ...writing(facts, saves, stops),
      ...(facts.has('maxmemory') && { maxMemory: Number(facts.get('maxmemory')) }),
      ...(facts.has('used_memory') && { usedMemory: Number(facts.get('used_memory')) }),
      ...(facts.has('maxmemory_policy') && { evictionPolicy: facts.get('maxmemory_policy') ?? '' }),
    };
  } catch (error) {
    const own = faultOf(error);
    const fault = isExact(own) ? own : (faultOf(reasonOf(redis) ?? lastError) ?? own);
    if (!fault) return { setting, unreachable: codeOf(lastError ?? error) };
    return { setting, unreachable: nameOf(fault), why: `${fault.meaning}; ${fault.mend}` };
  } finally {
    redis.disconnect();
  }
}

/** Undefined if the Redis user has no permission for that command; other errors, such as a refused connection, are thrown. */
async function ifAllowed<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    const fault = faultOf(error);
    if (fault?.code === 'NOPERM' && asking.has(fault.command ?? '')) return undefined;
    throw error;
  }
}

/** `NOPERM (EVAL)`. */
const nameOf = ({ code, command }: Fault) => (command === undefined ? code : `${code} (${command})`);

/** Valkey reports its own name and version in addition to the version of Redis that it is compatible with. */
function release(facts: ReadonlyMap<string, string>): Pick<RedisFact, 'release'> {
  const isValkey = facts.get('server_name') === 'valkey' || facts.has('valkey_version');
  const version = facts.get(isValkey ? 'valkey_version' : 'redis_version');
  return version === undefined ? {} : { release: { software: isValkey ? 'Valkey' : 'Redis', version } };
}

function persistence(facts: ReadonlyMap<string, string>, saves: boolean | undefined): { persists?: boolean } {
  if (facts.get('aof_enabled') === '1') return { persists: true };
  return saves === undefined ? {} : { persists: saves };
}

/** Why it refuses writes, according to INFO and CONFIG. */
function writing(
  facts: ReadonlyMap<string, string>,
  saves: boolean | undefined,
  stops: boolean | undefined,
): Pick<RedisFact, 'refusesWrites'> {
  const failed = (name: string) => facts.get(name) === 'err';
  if (facts.get('role') === 'slave') return { refusesWrites: 'a replica' };
  if (facts.get('aof_enabled') === '1' && failed('aof_last_write_status'))
    return { refusesWrites: 'its append file failed' };
  if (saves && stops !== false && failed('rdb_last_bgsave_status'))
    return { refusesWrites: 'its snapshot failed' };
  return {};
}

/** Whether it saves snapshots; undefined if CONFIG is not allowed. */
async function savesOf(redis: RedisClient): Promise<boolean | undefined> {
  const save = await settingOf(redis, 'save');
  return save === undefined ? undefined : save !== '';
}

/** Whether it refuses writes after a failed snapshot; undefined if CONFIG is not allowed. */
async function stopsOf(redis: RedisClient): Promise<boolean | undefined> {
  const stop = await settingOf(redis, 'stop-writes-on-bgsave-error');
  return stop === undefined ? undefined : stop === 'yes';
}

async function settingOf(redis: RedisClient, name: string): Promise<string | undefined> {
  try {
    const [, value] = await redis.config('GET', name);
    return value;
  } catch {
    return undefined;
  }
}

async function answersWithoutPassword(url: string): Promise<boolean> {
  const stranger = connectRedis(withoutUser(url), () => {});
  try {
    return (await stranger.ping()) === 'PONG';
  } catch {
    return false;
  } finally {
    stranger.disconnect();
  }
}

async function keysWithoutExpiry(
  redis: RedisClient,
  mustEnd: RedisToAsk['mustEnd'],
): Promise<NonNullable<RedisFact['withoutExpiry']>> {
  const nodes = isCluster(redis) ? redis.nodes('master') : [redis];
  const counts = await Promise.all(
    mustEnd.map(async ({ kind, pattern }) => {
      const found = await Promise.all(nodes.map((node) => countEndless(node, pattern)));
      return { kind, count: found.reduce((sum, count) => sum + count, 0) };
    }),
  );
  return counts.filter(({ count }) => count > 0);
}

async function countEndless(node: Redis, pattern: string): Promise<number> {
  let endless = 0;
  let cursor = '0';
  for (let seen = 0; seen < scannedKeys; ) {
    const [next, keys] = await node.scan(cursor, 'MATCH', pattern, 'COUNT', 500);
    const ends = await Promise.all(keys.map((key) => node.pttl(key)));
    endless += ends.filter((end) => end === -1).length;
    seen += 500;
    cursor = next;
    if (cursor === '0') break;
  }
  return endless;
}

function readInfo(text: string): ReadonlyMap<string, string> {
  return new Map(
    text.split(/\r?\n/).flatMap((line) => {
      const colon = line.indexOf(':');
      return colon > 0 ? [[line.slice(0, colon), line.slice(colon + 1)] as const] : [];
    }),
  );
}

/** The error's code, or the first word of Redis's answer: the full message could quote its input. */
function codeOf(error: unknown): string {
  const { code, message = '', name } = error as Error & { code?: string };
  return code ?? /^[A-Z]{4,}\b/.exec(message)?.[0] ?? name;
}
