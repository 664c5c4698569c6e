// What the error codes of Redis and of the network mean, and what to do. Fixed text, so it can contain no stored values.

/** The meaning, and what to do about it. */
export type Words = readonly [meaning: string, mend: string];

const redisRights = 'give the Redis user what docs/redis.md lists (ACL SETUSER)';
const redisAddress = 'check the host and the port of the Redis URL, and that Redis runs';
const redisLogin = 'put the user and the password of Redis into its URL (/ is %2F, @ is %40)';
const clusterUrl = 'use redis+cluster:// with its nodes';
const certificate = 'NODE_EXTRA_CA_CERTS=/path/to/ca.pem, or a certificate that names this host';

/** By the first word of Redis's error reply. */
export const redisWords: Readonly<Record<string, Words>> = {
  NOPERM: ['the Redis user has no right to do this', redisRights],
  WRONGPASS: ['Redis does not accept this user or password', redisLogin],
  NOAUTH: ['Redis asks for a password, and none was given', redisLogin],
  NOPROTO: ['Redis does not support the requested protocol', 'use Redis 7.0 or newer'],
  READONLY: ['this Redis is a read-only replica', 'point the URL at the primary, or use redis+sentinel://'],
  MISCONF: [
    'Redis refuses changes because it could not save its data',
    'free space on Redis’s disk or fix the permissions of its folder; `redis-cli INFO persistence` shows which',
  ],
  OOM: [
    'Redis has reached its memory limit and refuses changes',
    'raise maxmemory, or keep less (AUDIT_RETENTION_DAYS)',
  ],
  LOADING: ['Redis is still loading its data', 'wait: this resolves by itself'],
  BUSY: [
    'a script has been running in Redis for a long time',
    '`redis-cli SCRIPT KILL`, then find out who runs it',
  ],
  MASTERDOWN: ['this replica has lost its primary', 'start the primary, or use redis+sentinel://'],
  NOREPLICAS: [
    'too few replicas are connected, so Redis refuses changes',
    'start the replicas (min-replicas-to-write)',
  ],
  CLUSTERDOWN: ['the Redis Cluster is incomplete', '`redis-cli --cluster check`, then start what is missing'],
  MOVED: ['this Redis is part of a cluster, but the URL is for a single server', clusterUrl],
  ASK: ['this Redis is part of a cluster whose slots are being moved', clusterUrl],
  CROSSSLOT: ['keys of one command are on several nodes of a cluster', clusterUrl],
  TRYAGAIN: ['the cluster is moving keys', 'wait: this resolves by itself'],
  NOSCRIPT: ['Redis has forgotten a script', 'wait: it is sent again automatically'],
  UNKILLABLE: ['a script that has written cannot be stopped', 'wait for it, or restart Redis'],
  WRONGTYPE: [
    'a key of ours holds something else: another program uses the same names',
    'REDIS_PREFIX=desk2: for one of them, or another database',
  ],
  DENIED: ['Redis is in protected mode', 'set a password (requirepass), and put it into the URL'],
};

/** Replies that start with ERR, and errors raised inside a script: matched by their text. */
export const redisSentences: readonly (readonly [pattern: RegExp, code: string, words: Words])[] = [
  [
    /DB index is out of range|invalid DB index/,
    'ERR',
    [
      'Redis has no database with the number in the URL',
      'use a lower number at the end of the URL, or raise `databases` in redis.conf',
    ],
  ],
  [/SELECT is not allowed in cluster mode/, 'ERR', ['a Redis Cluster has only database 0', clusterUrl]],
  [/executing the script can't|ACL failure in script/, 'NOPERM', redisWords['NOPERM'] ?? ['', '']],
  [/^NOPERM .*\bkeys?\b/, 'NOPERM', ['the Redis user has no right to these keys', redisRights]],
  [/^NOPERM .*\bchannels?\b/, 'NOPERM', ['the Redis user has no right to this channel', redisRights]],
  [/max number of clients/, 'ERR', ['Redis has no room for another connection', 'raise maxclients in Redis']],
  [
    /without any password configured|no password is set/,
    'ERR',
    ['the URL has a password, but this Redis has none', 'set a password in Redis (requirepass)'],
  ],
  [
    /^ERR unknown (?:sub)?command/,
    'ERR',
    [
      'Redis does not know this command: it is too old, or the command was renamed',
      'use Redis 7.0 or newer; remove its rename-command lines',
    ],
  ],
  [
    /^ERR.*wrong number of arguments/,
    'ERR',
    ['Redis does not accept this command as it was sent', 'use Redis 7.0 or newer'],
  ],
  [
    /^Command timed out/,
    'timeout',
    ['Redis did not answer in time', 'check its load: `redis-cli SLOWLOG GET`'],
  ],
  [
    /^Connection is closed|max retries per request/,
    'closed',
    ['there is no connection to Redis', redisAddress],
  ],
  [
    /invalid reply: null/,
    'SENTINEL',
    [
      'no Sentinel knows a primary with the name in the URL',
      'check the name after the hosts: redis+sentinel://h1:26379/mymaster/0',
    ],
  ],
  [
    /sentinels? .*(?:NOAUTH|WRONGPASS)/i,
    'SENTINEL',
    [
      'Sentinel asks for its own password, which the URL cannot contain',
      'let Sentinel answer without a password on this network',
    ],
  ],
  [
    /All sentinels are unreachable|failed to connect to sentinel/,
    'SENTINEL',
    ['no Sentinel answers', 'check the hosts of the URL, and that Sentinel runs'],
  ],
  [
    /None of startup nodes|Failed to refresh slots cache/,
    'CLUSTER',
    ['no cluster node answers', 'check the hosts of the URL, and `redis-cli --cluster check`'],
  ],
];

/** Names of SQLite's primary result codes (https://www.sqlite.org/rescode.html); their meaning is in files/file-fault.ts. */
export const sqliteNames: Readonly<Record<number, string>> = {
  5: 'SQLITE_BUSY',
  6: 'SQLITE_LOCKED',
  7: 'SQLITE_NOMEM',
  8: 'SQLITE_READONLY',
  10: 'SQLITE_IOERR',
  11: 'SQLITE_CORRUPT',
  13: 'SQLITE_FULL',
  14: 'SQLITE_CANTOPEN',
  15: 'SQLITE_PROTOCOL',
  26: 'SQLITE_NOTADB',
};

/** By network or TLS error code. */
export const networkWords: Readonly<Record<string, Words>> = {
  ECONNREFUSED: ['nothing listens at the address of Redis', redisAddress],
  ECONNRESET: ['Redis closed the connection', redisAddress],
  EPIPE: ['Redis closed the connection', redisAddress],
  ETIMEDOUT: ['the address of Redis does not answer', redisAddress],
  EHOSTUNREACH: ['there is no route to the address of Redis', redisAddress],
  ENETUNREACH: ['there is no route to the network of Redis', redisAddress],
  ENOTFOUND: ['the host name of Redis is not known', redisAddress],
  EAI_AGAIN: ['the host name of Redis could not be looked up', 'check the DNS of this machine'],
  EPROTO: ['Redis does not use TLS on this port', 'use its TLS port, or redis:// on this machine'],
  ERR_SSL_WRONG_VERSION_NUMBER: [
    'Redis does not use TLS on this port',
    'use its TLS port, or redis:// on this machine',
  ],
  DEPTH_ZERO_SELF_SIGNED_CERT: ['the certificate of Redis is not trusted', certificate],
  SELF_SIGNED_CERT_IN_CHAIN: ['the certificate of Redis is not trusted', certificate],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: ['the certificate of Redis is not trusted', certificate],
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: ['the certificate of Redis is not trusted', certificate],
  CERT_HAS_EXPIRED: ['the certificate of Redis has expired', 'renew it'],
  ERR_TLS_CERT_ALTNAME_INVALID: ['the certificate of Redis is for another name', certificate],
};
