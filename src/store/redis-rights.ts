// The permissions that this program's Redis user needs. docs/redis.md is generated from this table, and the tests run as that user.

export interface RedisRight {
  /** As in ACL SETUSER, without the sign: `hget`, `script|load`. */
  readonly command: string;
  /** `needed`: nothing works without it. `cluster`: only with redis+cluster://. `optional`: its purpose is skipped, or not checked, without it. */
  readonly need: 'needed' | 'gate' | 'cluster' | 'optional';
  /** What an optional permission is for. */
  readonly about?: string;
}

const needed = [
  ...['hello', 'auth', 'select', 'ping', 'time'],
  ...[
    'get',
    'mget',
    'set',
    'del',
    'exists',
    'type',
    'pttl',
    'pexpire',
    'pexpireat',
    'pexpiretime',
    'incr',
    'decr',
  ],
  ...['hget', 'hset', 'hsetnx', 'hdel', 'hgetall', 'hexists', 'hincrby'],
  ...['sadd', 'srem', 'smembers'],
  ...[
    'zadd',
    'zrem',
    'zcount',
    'zrange',
    'zrangebylex',
    'zrangebyscore',
    'zrevrangebyscore',
    'zremrangebyscore',
  ],
  ...['rpush', 'rpop', 'llen', 'lindex', 'lrange', 'ltrim'],
  ...['xadd', 'xrange', 'xrevrange', 'xtrim'],
  ...['eval', 'evalsha', 'script|load', 'multi', 'exec'],
] as const;

export const redisRights: readonly RedisRight[] = [
  ...needed.map((command) => ({ command, need: 'needed' as const })),
  { command: 'scan', need: 'gate' },
  { command: 'object|idletime', need: 'gate' },
  { command: 'psubscribe', need: 'gate' },
  { command: 'cluster|slots', need: 'cluster' },
  { command: 'cluster|info', need: 'cluster' },
  {
    command: 'info',
    need: 'optional',
    about: 'the check-up: version, memory, persistence; waiting while Redis loads its data',
  },
  {
    command: 'config|get',
    need: 'optional',
    about: 'the check-up; whether the radar is notified of changes immediately',
  },
  {
    command: 'bgrewriteaof',
    need: 'optional',
    about: 'erased data is removed from the append-only file immediately',
  },
  { command: 'bgsave', need: 'optional', about: 'erased data is removed from the snapshot immediately' },
];

/** The ACL SETUSER rules for a user with all permissions that the program needs, and no others. */
export function aclRules(
  prefix: string,
  gateCookie: string | undefined,
  needs: readonly RedisRight['need'][] = ['needed', 'gate'],
): readonly string[] {
  const commands = redisRights.filter(({ need }) => needs.includes(need)).map(({ command }) => `+${command}`);
  const gate = gateCookie === undefined ? [] : [`~${gateCookie}-*`, `&__keyspace@*__:${gateCookie}-*`];
  return ['resetkeys', 'resetchannels', `~${prefix}*`, ...gate, '-@all', ...commands];
}
