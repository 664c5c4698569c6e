// Checks of Redis: its answers, and how oauth2-proxy connects to it.

import { isNear } from '../../config/local-addresses.ts';
import type { RedisFact } from '../deployment.ts';
import { type Check, notChecked, of, ofGate, quote, quoteAll, seenIf } from './check.ts';

/** The first version with PXAT, EXAT and the conditions of PEXPIREAT. */
const oldestVersion = [7, 0] as const;

const writeFaults = {
  'a replica': 'a read-only replica',
  'its snapshot failed': 'refusing changes because its last snapshot failed (MISCONF)',
  'its append file failed': 'refusing changes because it cannot write its append-only file (MISCONF)',
} as const;

const cannotAsk =
  'the Redis user may not run INFO, CONFIG or SCAN, which this needs; look at Redis itself (docs/redis.md)';

/**
 * A check of each Redis that answers; redis.reachable reports those that do not.
 * @param known undefined if Redis does not tell
 */
function ofAnswering(
  fault: (fact: RedisFact) => string | false | undefined,
  known: (fact: RedisFact) => unknown = () => true,
): Check['judge'] {
  return of(
    (d) => d.redis,
    (facts) => {
      const answering = facts.filter(({ unreachable }) => unreachable === undefined);
      if (answering.length === 0) return notChecked('Redis does not answer');
      const texts = answering.flatMap((fact) => {
        const text = fault(fact);
        return text ? [`${fact.setting}: ${text}`] : [];
      });
      if (texts.length === 0 && answering.some((fact) => known(fact) === undefined))
        return notChecked(cannotAsk);
      return seenIf(texts.join(' '));
    },
  );
}

/** Why it refuses writes. What it reports about itself comes first: on a replica, a refused trial write would only repeat it. */
function refusal({ refusesWrites, refused, mode, isClusterUrl }: RedisFact): string | false {
  if (refusesWrites) return `is ${writeFaults[refusesWrites]}.`;
  if (mode !== undefined && isClusterUrl !== undefined && (mode === 'cluster') !== isClusterUrl) {
    return isClusterUrl
      ? `is ${quote(mode)}, but its URL is that of a cluster; use redis://.`
      : `is in mode ${quote(mode)}, but its URL is that of a single server; use redis+cluster://.`;
  }
  return refused !== undefined && `refuses what the app does: ${refused}.`;
}

export const redisChecks: readonly Check[] = [
  {
    id: 'redis.reachable',
    subject: 'Redis',
    severity: 'high',
    good: 'Redis answers',
    why: 'Without it, nobody can sign in, and every page answers that the service is temporarily down.',
    mend: 'docker compose up -d redis',
    judge: of(
      (d) => d.redis,
      (facts) =>
        seenIf(
          facts
            .filter(({ unreachable }) => unreachable !== undefined)
            .map(
              ({ setting, unreachable, why }) =>
                `${setting} does not answer (${unreachable})${why === undefined ? '' : `: ${why}`}.`,
            )
            .join(' '),
        ),
    ),
  },
  {
    id: 'redis.writable',
    subject: 'Redis',
    severity: 'high',
    good: 'Redis accepts writes',
    why: 'If it is read-only, it answers but nobody can sign in. If it cannot save, it refuses every change; if its user lacks permissions, it refuses some of them.',
    mend: 'redis-cli INFO replication persistence',
    judge: ofAnswering(refusal),
  },
  {
    id: 'redis.password',
    subject: 'Redis',
    severity: 'high',
    good: 'Redis asks for a password',
    why: 'Anyone who can reach it can end every session and change whom a session belongs to.',
    mend: 'requirepass (a long random text), and the same in REDIS_URL',
    judge: ofAnswering(({ isOpen }) => isOpen && 'answers without a password.'),
  },
  {
    id: 'redis.tls',
    subject: 'Redis',
    severity: 'high',
    good: 'oauth2-proxy’s Redis is on this machine or uses TLS',
    why: 'The password and every ticket would be sent unencrypted.',
    mend: 'OAUTH2_PROXY_REDIS_CONNECTION_URL=rediss://…',
    judge: ofGate((gate) => {
      if (gate.text('session_store_type') !== 'redis') return 'passed';
      const urls = [
        ...[gate.text('redis_connection_url') ?? ''],
        ...(gate.flag('redis_use_sentinel', false) ? gate.list('redis_sentinel_connection_urls') : []),
        ...(gate.flag('redis_use_cluster', false) ? gate.list('redis_cluster_connection_urls') : []),
      ];
      const far = urls
        .filter((url) => url.startsWith('redis:'))
        .map((url) => URL.parse(url)?.hostname ?? '')
        .filter((host) => host !== '' && !isNear(host));
      return seenIf(far.length > 0 && `It connects to ${quoteAll(far)} without TLS.`);
    }),
  },
  {
    id: 'redis.persistence',
    subject: 'Redis',
    severity: 'medium',
    good: 'Redis stores its data on disk',
    why: 'Otherwise, after a restart, everyone is signed out, and sign-outs that were still being verified are forgotten.',
    mend: 'appendonly yes',
    judge: ofAnswering(
      ({ persists }) => persists === false && 'uses neither an append-only file nor snapshots.',
      ({ persists }) => persists,
    ),
  },
  {
    id: 'redis.eviction',
    subject: 'Redis',
    severity: 'medium',
    good: 'A full Redis refuses writes instead of evicting keys',
    why: 'With eviction, people are signed out at random, and sign-outs are undone.',
    mend: 'maxmemory-policy noeviction',
    judge: ofAnswering(
      ({ evictionPolicy }) =>
        evictionPolicy !== undefined &&
        evictionPolicy !== 'noeviction' &&
        `maxmemory-policy is ${quote(evictionPolicy)}.`,
      ({ evictionPolicy }) => evictionPolicy,
    ),
  },
  {
    id: 'redis.memory',
    subject: 'Redis',
    severity: 'medium',
    good: 'Redis has memory left',
    why: 'Once it is full, nobody can sign in any more.',
    mend: 'maxmemory 256mb',
    judge: ofAnswering(
      ({ usedMemory = 0, maxMemory = 0 }) => {
        const share = maxMemory > 0 ? usedMemory / maxMemory : 0;
        return share > 0.8 && `${Math.round(share * 100)} % of its memory is used.`;
      },
      ({ maxMemory }) => maxMemory,
    ),
  },
  {
    id: 'redis.no-expiry',
    subject: 'Redis',
    severity: 'low',
    good: 'Keys in Redis that must expire have an expiry',
    why: 'A session without an expiry fills the memory, and a ticket without one outlives the person’s access.',
    mend: 'gatehouse sessions revoke --all --yes',
    judge: ofAnswering(
      ({ withoutExpiry = [] }) =>
        withoutExpiry
          .map(
            ({ kind, count }) =>
              `${count} ${count === 1 ? 'key' : 'keys'} of ${quote(kind)} without an expiry.`,
          )
          .join(' '),
      ({ withoutExpiry }) => withoutExpiry,
    ),
  },
  {
    id: 'redis.version',
    subject: 'Redis',
    severity: 'high',
    good: 'Redis is new enough',
    why: 'Older versions lack commands that the session store needs.',
    mend: 'image: redis:8-alpine',
    judge: ofAnswering(
      ({ version }) => {
        const [major = 0, minor = 0] = (version ?? '').split('.').map(Number);
        const isOld = major < oldestVersion[0] || (major === oldestVersion[0] && minor < oldestVersion[1]);
        return (
          version !== undefined && isOld && `is ${quote(version)}; ${oldestVersion.join('.')} is needed.`
        );
      },
      ({ version }) => version,
    ),
  },
];
