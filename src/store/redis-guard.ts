// What ioredis passes over while it sets up a connection. A refused SELECT would leave it in database 0, among the keys of
// others; a refused AUTH on a connection without HELLO would leave it somebody else. Here such a connection is not used.
import type { Cluster, Redis } from 'ioredis';

type Send = (...args: unknown[]) => Promise<unknown>;

/** `hello` is not among them: the client itself treats its refusal as final, unless the server is too old to know it. */
const setUpCommands = ['auth', 'select', 'client', 'readonly'] as const;

const reasons = new WeakMap<Redis | Cluster, Error>();

/** Why there is no connection now; undefined where there is one, or nothing is known yet. */
export function reasonOf(redis: Redis | Cluster): Error | undefined {
  return reasons.get(redis);
}

/**
 * Makes a refusal during the setup of a connection final: the connection is closed, what waits for it fails with Redis's own
 * words, and it is tried again.
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

/** The same for every node of a cluster, also those that are found later. */
export function guardCluster(cluster: Cluster): void {
  rememberReasons(cluster);
  cluster.on('node error', (error: Error) => reasons.set(cluster, error));
  cluster.on('+node', (node: Redis) => guardConnection(node));
  for (const node of cluster.nodes()) guardConnection(node);
}

function refuse(redis: Redis, error: Error): void {
  // A connection that broke off is no refusal; the client sees to it. Nor is NOAUTH: everything is sent at once, and where the
  // server does not know HELLO the client sends it anew with AUTH; without a password INFO, asked next, is refused for good.
  if (!/^[A-Z]{3,}\b/.test(error.message) || error.message.startsWith('NOAUTH')) return;
  redis.emit('error', error);
  redis.disconnect(true);
  (redis as unknown as { flushQueue(error: Error): void }).flushQueue(error);
}

function rememberReasons(redis: Redis | Cluster): void {
  redis.on('sentinelError', (error: Error) => reasons.set(redis, error));
  redis.on('error', (error: Error) => {
    // The summary of what each Sentinel was told of already, and less exact.
    const isSummary = error.message.startsWith('All sentinels') && reasons.has(redis);
    if (!isSummary) reasons.set(redis, error);
  });
  redis.on('ready', () => reasons.delete(redis));
}

/**
 * Before it is used, the client asks INFO whether Redis has read its data. A user who may not ask would make it write to the
 * console; an empty answer is taken for "nothing known", and a Redis that still loads says so at the first command.
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
