// What `gatehouse serve` does: opens the store, listens, and stops gracefully.
import type { Server } from 'node:http';
import { createApp } from '../app.ts';
import type { LoadResult } from '../config/load.ts';
import type { ListenAddress } from '../config/settings/guard.ts';
import { watchFile } from '../files/same-file.ts';
import { createLogger } from '../http/log.ts';
import { createHttpServer, drain, listen, listenOnSocket } from '../http/server.ts';
import { isRecording } from '../ops/gauges.ts';
import { shutDownGracefully } from '../ops/graceful-shutdown.ts';
import { createOpsServer } from '../ops/health.ts';
import { createOps } from '../ops/ops.ts';
import { createRetentionClock } from '../ops/retention-clock.ts';
import { createShutdownSignal } from '../ops/shutdown-signal.ts';
import { forgetAway } from '../privacy/retention.ts';
import type { RedisClient } from '../store/redis-client.ts';
import { openRecord } from '../wiring/audit-log.ts';
import { openApps } from '../wiring/guard.ts';
import { createExchange, createLiveSettings, type Loaded } from '../wiring/live-settings.ts';
import { openOutbound } from '../wiring/outbound.ts';
import { createPrivacy } from '../wiring/privacy.ts';
import { createSessionControl } from '../wiring/session-control.ts';
import { logReplacedFile, openGateRedis, openPendingRevocations, openStore } from '../wiring/store.ts';

export interface Running {
  /** Stops accepting requests, finishes those under way (at most 6 s), closes the store. Further calls wait for the same. */
  stop(): Promise<void>;
  /** Reads the settings again and applies the secrets. Never throws; settings with a fault change nothing. */
  reload(): Promise<void>;
}

const drainLimitMs = 6_000;
const purgeEveryMs = 3_600_000;
/** How often to check that the library's file is still there. */
const lookEveryMs = 1_000;

/**
 * @param load reads the settings again, for a reload
 * @param onListening called once, when both ports accept connections
 * @throws a plain sentence if a port is taken or the data folder cannot be used
 */
export async function serve(
  loaded: Loaded,
  load: () => LoadResult,
  onListening: () => void = () => {},
): Promise<Running> {
  const opened: Close[] = [];
  try {
    return await start(loaded, load, onListening, opened);
  } catch (error) {
    // Parts that stayed open would keep the process alive although it serves nobody.
    for (const close of opened.reverse()) await close().catch(() => undefined);
    throw error;
  }
}

type Close = () => Promise<unknown>;

/** @param opened collects how to close each part, in the order in which they were opened */
async function start(
  loaded: Loaded,
  load: () => LoadResult,
  onListening: () => void,
  opened: Close[],
): Promise<Running> {
  const { config } = loaded;
  const logger = createLogger(config.logLevel);
  let currentConfig = () => config;
  const {
    store: plainStore,
    owner,
    redis,
  } = await openStore(config, logger, { role: 'server', live: () => currentConfig() });
  opened.push(() => plainStore.close());
  const stopping = createShutdownSignal();
  let stopped: Promise<void> | undefined;
  const gateRedis = openGateRedis(config, logger);
  opened.push(async () => gateRedis?.disconnect());
  const watch = createOps({
    store: plainStore,
    redis: {
      ...(redis && { store: () => redis.ping() }),
      ...(gateRedis && { gate: () => gateRedis.ping() }),
    },
    logger,
    now: Date.now,
  });
  const { metrics } = watch;
  const pendingRevocations = openPendingRevocations(config, watch.store, logger);
  const store = { ...watch.store, sessions: pendingRevocations.sessions };
  const clock = createRetentionClock({
    facts: store.facts,
    record: store.record,
    now: Date.now,
    elapsed: () => performance.now(),
    ...(redis && { reference: () => timeOf(redis) }),
    logger,
  });
  await clock.look();
  const liveSettings = createLiveSettings({ loaded, notes: store.notes, logger, now: Date.now });
  currentConfig = liveSettings.config;
  const recorder = watch.count(
    openRecord({ config: liveSettings.config, store, logger, now: Date.now, catchesUp: true }),
  );
  opened.push(() => recorder.close());
  const { warnings } = loaded;
  const exchange = createExchange({ liveSettings, load, warnings, store, recorder, logger, now: Date.now });
  const outbound = openOutbound({
    config: liveSettings.config,
    notes: store.notes,
    recorder,
    logger,
    removesUntil: clock.at,
  });
  opened.push(() => outbound.stop());
  const { vault, library } = outbound;
  const sessionControl = createSessionControl({
    config,
    store,
    logger,
    recorder,
    now: Date.now,
    gateRedis,
    pendingRevocations,
    isClockDoubted: () => clock.doubt() !== undefined,
  });
  const { listen: guardAt } = config.guard;
  const handlers = createApp({
    config,
    liveSettings,
    store,
    logger,
    recorder,
    sessionControl,
    metrics,
    onStop: stopping.onStop,
    vault,
    library,
    retention() {
      const doubt = clock.doubt();
      return doubt === undefined ? {} : { doubt };
    },
    privacy: outbound.privacy,
    ...(redis && { redis }),
    ...(guardAt && openApps(config, { logger, recorder })),
  });
  const app = createHttpServer(handlers.listener, logger);
  const guard = handlers.guard && createHttpServer(handlers.guard, logger);
  const ops = createOpsServer({
    async ping() {
      await store.ping();
      outbound.check();
    },
    tryWrite: watch.tryWrite,
    isAccepting: () => !stopping.isStopping(),
    isRecording: () => isRecording(recorder.state()),
    metrics,
  });
  const drainApp = shutDownGracefully(app, stopping);
  const drainGuard = guard && shutDownGracefully(guard, stopping);
  const servers: readonly Server[] = [app, ops, ...(guard ? [guard] : [])];
  // Before listening: what an earlier process could not end is refused from the first request on.
  const stopSessionControl = await sessionControl.start();
  opened.push(stopSessionControl);
  opened.push(() => exchange.stop());
  await exchange.start();
  opened.push(() => Promise.all(servers.map((server) => drain(server, 0))));
  const port = await listen(app, config.port, config.host);
  const opsPort = await listen(ops, config.opsPort, config.host, 'OPS_PORT');
  if (guard && guardAt) await listenForFront(guard, guardAt);
  onListening();
  recorder.note({ event: 'server.started' });
  logger.info({
    event: 'server.listening',
    host: config.host,
    port,
    opsPort,
    publicUrl: config.publicOrigin,
    store: config.store.kind,
  });
  if (config.devMode)
    logger.warn({ event: 'server.dev_mode', meaning: 'no gate: everyone is dev@localhost, an operator' });
  const { revocation } = sessionControl;
  const { erase } = createPrivacy({
    config,
    store,
    recorder,
    revocation,
    now: Date.now,
    ...outbound.privacy,
  });
  const purge = async () => {
    try {
      await clock.look();
      const forgotten = await store.purge(clock.at());
      await recorder.prune(clock.at());
      await outbound.sweep();
      await forgetAway({ store, erase, retentionMs: config.personRetentionMs, now: clock.at });
      logger.debug({ event: 'store.purged', forgotten, until: new Date(clock.at()).toISOString() });
    } catch (error) {
      logger.error({ event: 'store.purge_failed', err: error });
    }
  };
  void purge();
  const timer = setInterval(purge, purgeEveryMs).unref();
  const stopClock = clock.start();

  const stopWatching = watch.start(recorder.state);
  const stopLookingAtFile = watchFile(outbound, lookEveryMs, logReplacedFile(logger));
  const stopLooking = owner.watch();

  return {
    async reload() {
      await exchange.reload();
      // The store must know the new key before its predecessor may be removed from the settings.
      await owner.look().catch(() => undefined);
    },
    stop() {
      stopped ??= (async () => {
        stopping.begin();
        clearInterval(timer);
        stopLookingAtFile();
        stopLooking();
        stopClock();
        await Promise.all([drainApp(drainLimitMs), drainGuard?.(drainLimitMs)]);
        await stopSessionControl();
        await exchange.stop();
        await stopWatching();
        // Until now the ops port has answered that no new work is to be sent.
        await drain(ops, 100);
        await outbound.stop();
        recorder.note({ event: 'server.stopped' });
        await recorder.close();
        gateRedis?.disconnect();
        await store.close();
      })();
      return stopped;
    },
  };
}

/** The guard's own socket or port. */
async function listenForFront(guard: Server, at: ListenAddress): Promise<void> {
  if (at.kind === 'socket') await listenOnSocket(guard, at.path, 'GUARD_LISTEN');
  else await listen(guard, at.port, at.host, 'GUARD_LISTEN');
}

/** The time according to Redis, in milliseconds. */
async function timeOf(redis: RedisClient): Promise<number> {
  const [seconds, micros] = await redis.time();
  return Number(seconds) * 1000 + Number(micros) / 1000;
}
