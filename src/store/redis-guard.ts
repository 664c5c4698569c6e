// Handles errors that ioredis ignores while it sets up a connection. After a refused SELECT it would work in database 0, among other
// programs' keys; after a refused AUTH without HELLO, as a different user. Such a connection is not used.
import type { Cluster, Redis } from 'ioredis';

type Send = (...args: unknown[]) => Promise<unknown>;

/** `hello` is not included: ioredis itself treats its refusal as final, unless the server is too old to know it. */
const setUpCommands = ['auth', 'select', 'client', 'readonly'] as const;

const reasons = new WeakMap<Redis | Cluster, Error>();

/** Why there is no connection now; undefined if there is one, or nothing is known yet. */
export function reasonOf(redis: Redis | Cluster): Error | undefined {
  return reasons.get(redis);
}

/**
 * Makes a refusal during connection setup final: the connection is closed, waiting commands fail with Redis's own message, and
 * the client reconnects.
 */
export function guardConnection(redis: Redis): void {
  rememberReasons(redis);
  const own = redis as unknown as Record<string, Send>;
  for (const name of setUpCommands) {
    const send = own[name]?.bind(redis) as Send;
    own[name] = async (...args) => {
      const isSettingUp = redis.status !== 'ready';
      try {
        return await send(...args);
      } catch (error) {
        if (isSettingUp && error instanceof Error) refuse(redis, error);
        throw error;
      }
    };
  }
  answerWithoutInfo(redis);
}

/** The same for every node of a cluster, including nodes discovered later. */
export function guardCluster(cluster: Cluster): void {
  rememberReasons(cluster);
  cluster.on('node error', (error: Error) => reasons.set(cluster, error));
  cluster.on('+node', (node: Redis) => guardConnection(node));
  for (const node of cluster.nodes()) guardConnection(node);
}

function refuse(redis: Redis, error: Error): void {
  // A broken connection is not a refusal; ioredis handles it. Neither is NOAUTH: everything is sent in one pipeline, and if the server
  // does not know HELLO, ioredis sends it again with AUTH; without a password the INFO that follows is refused for good.
  if (!/^[A-Z]{3,}\b/.test(error.message) || error.message.startsWith('NOAUTH')) return;
  redis.emit('error', error);
  redis.disconnect(true);
  (redis as unknown as { flushQueue(error: Error): void }).flushQueue(error);
}

function rememberReasons(redis: Redis | Cluster): void {
  redis.on('sentinelError', (error: Error) => reasons.set(redis, error));
  redis.on('error', (error: Error) => {
    // A summary of the errors already reported for each Sentinel, and less exact.
    const isSummary = error.message.startsWith('All sentinels') && reasons.has(redis);
    if (!isSummary) reasons.set(redis, error);
  });
  redis.on('ready', () => reasons.delete(redis));
}

/**
 * Before first use, ioredis sends INFO to see whether Redis has loaded its data. If the user lacks the permission, ioredis would write to
 * the console. It takes an empty reply as "unknown", and a Redis that is still loading says so at the first command.
 */
function answerWithoutInfo(redis: Redis): void {
  const own = redis as unknown as { info: Send };
  const send = own.info.bind(redis);
  own.info = (...args) => {
    const callback =
      typeof args.at(-1) === 'function' ? (args.pop() as (...result: unknown[]) => void) : undefined;
    const answer = send(...args).catch((error: unknown) => {
      if (error instanceof Error && error.message.startsWith('NOPERM')) return '';
      throw error;
    });
    if (callback) answer.then((text) => callback(null, text), callback);
    return answer;
  };
}
