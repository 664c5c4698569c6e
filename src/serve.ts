// `gatehouse serve`: opens the store, listens, and stops in order.
import type { Server } from 'node:http';
import { createApp } from './app.ts';
import type { Config } from './config/derive.ts';
import { createDesk } from './desk.ts';
import { createLogger, type Logger } from './http/log.ts';
import { createHttpServer, drain, listen } from './http/server.ts';
import { createOpsServer } from './ops/health.ts';
import type { Store } from './store/contract.ts';
import { createRedisStore } from './store/redis.ts';
import { connectRedis, type RedisClient } from './store/redis-client.ts';
import { openSqliteStore } from './store/sqlite.ts';

export interface Running {
  /** Stops taking requests, lets those under way finish (at most 8 s), closes the store. Again: waits for the same. */
  stop(): Promise<void>;
}

const drainLimitMs = 8_000;
const purgeEveryMs = 3_600_000;

/** @throws a plain sentence where a port is taken or the data folder cannot be used. */
export async function serve(config: Config): Promise<Running> {
  const logger = createLogger(config.logLevel);
  const { store, redis } = openStore(config, logger);
  let stopping: Promise<void> | undefined;
  const gateRedis = openGateRedis(config, logger);
  const desk = createDesk({ config, store, logger, now: Date.now, gateRedis });
  const app = createHttpServer(createApp({ config, store, logger, desk, ...(redis && { redis }) }));
  const ops = createOpsServer({ ping: store.ping, isAccepting: () => stopping === undefined });
  const servers: Server[] = [app, ops];
  try {
    const port = await listen(app, config.port, config.host);
    const opsPort = await listen(ops, config.opsPort, config.host, 'OPS_PORT');
    logger.info({
      event: 'server.started',
      host: config.host,
      port,
      opsPort,
      publicUrl: config.publicOrigin,
      store: config.store.kind,
    });
  } catch (error) {
    await Promise.all(servers.map((server) => drain(server, 0)));
    gateRedis?.disconnect();
    await store.close();
    throw error;
  }
  if (config.devMode)
    logger.warn({ event: 'server.dev_mode', meaning: 'no gate: everyone is dev@localhost, an operator' });
  const purge = () =>
    store
      .purge(Date.now())
      .catch((error: unknown) => logger.error({ event: 'store.purge_failed', err: error }));
  void purge();
  const timer = setInterval(purge, purgeEveryMs).unref();

  const stopDesk = await desk.start();

  return {
    stop() {
      stopping ??= (async () => {
        clearInterval(timer);
        stopDesk();
        await Promise.all(servers.map((server) => drain(server, drainLimitMs)));
        gateRedis?.disconnect();
        await store.close();
        logger.info({ event: 'server.stopped' });
      })();
      return stopping;
    },
  };
}

export function openStore(config: Config, logger: Logger): { store: Store; redis?: RedisClient } {
  if (config.store.kind === 'sqlite') return { store: openSqliteStore(config.store.dataDir) };
  const redis = connectRedis(config.store.url, tellOutage(logger, 'REDIS_URL'));
  return { store: createRedisStore(redis), redis };
}

/** A connection of its own: the gate's Redis may be another one, and its outage is not ours. */
export function openGateRedis({ gate, devMode }: Config, logger: Logger): RedisClient | undefined {
  if (devMode || gate.sessions.kind !== 'redis') return undefined;
  return connectRedis(gate.sessions.url, tellOutage(logger, 'GATE_REDIS_URL'));
}

const tellAgainMs = 30_000;

/** An outage is one line now and then, not one for each try to connect. */
function tellOutage(logger: Logger, setting: string): (error: Error) => void {
  let toldAt = Number.NEGATIVE_INFINITY;
  return (error) => {
    if (Date.now() - toldAt < tellAgainMs) return;
    toldAt = Date.now();
    const code = (error as NodeJS.ErrnoException).code ?? error.name;
    logger.error({
      event: 'redis.unreachable',
      setting,
      code,
      meaning: 'Redis does not answer; trying again',
    });
  };
}
