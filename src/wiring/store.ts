// Opens the store that the settings name, for the server and for terminal commands, but only if it belongs to this deployment.
import { join } from 'node:path';
import { enterPlace } from '../backup/enter.ts';
import type { FilePlace } from '../backup/place.ts';
import type { Config } from '../config/derive.ts';
import { FileRefused } from '../files/file-refused.ts';
import { securePrivateFiles } from '../files/private-files.ts';
import type { Logger } from '../http/log.ts';
import { createPendingRevocations, type PendingRevocations } from '../sessions/revocation/pending.ts';
import { type Store, StoreUnavailable } from '../store/contract.ts';
import { faultOf } from '../store/fault.ts';
import { UnfitStore } from '../store/migrations.ts';
import { createOwner, type Owner, ownerFact } from '../store/owner.ts';
import type { Mark } from '../store/owner-mark.ts';
import type { Release } from '../store/place-lock.ts';
import { connectRedis, type RedisClient } from '../store/redis-client.ts';
import { reasonOf } from '../store/redis-guard.ts';
import type { RedisPlace } from '../store/redis-migrate.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import { readSqliteFact } from '../store/sqlite-facts.ts';
import { vaultFileName } from '../vault/vault-file.ts';
import { deploymentOf, refusalOf, sentenceOf, whyForeign } from './store-owner.ts';

export interface OpenedStore {
  /** Refuses every operation while it belongs to another deployment. */
  readonly store: Store;
  readonly owner: Owner;
  readonly redis?: RedisClient;
}

export interface OpenOptions {
  /** Called at each check of the store's mark; absent: `config` as it is. */
  readonly live?: () => Config;
  /** Only the server writes the owner mark. A command can be run with other settings than the server has. */
  readonly role?: 'server' | 'command';
}

/**
 * Locks the data folder until the store is closed; an interrupted restore is finished first.
 * @throws UnfitStore, FileRefused, and a plain sentence if the store belongs to another deployment. An outage does not throw here: the
 * first operation meets it, and by then it may be over.
 */
export async function openStore(
  config: Config,
  logger: Logger,
  options: OpenOptions = {},
): Promise<OpenedStore> {
  const mended = securePrivateFiles(config.dataDir, [vaultFileName]);
  if (mended.length > 0)
    logger.warn({
      event: 'files.mended',
      files: mended,
      meaning: 'other users could open these; the permissions were corrected',
    });
  refuseForeignFile(config);
  const release = await enterPlace(placeOf(config), redisOf(config));
  const opened = await openHeld(config, logger, options, release);
  try {
    const fault = await opened.owner.look();
    if (fault) throw new Error(sentenceOf(fault));
    await opened.store.prepare();
  } catch (error) {
    if (error instanceof StoreUnavailable && !(error instanceof UnfitStore)) return opened;
    await opened.store.close();
    throw error;
  }
  return opened;
}

async function openHeld(
  config: Config,
  logger: Logger,
  options: OpenOptions,
  release: Release,
): Promise<OpenedStore> {
  try {
    const opened = await openAnyStore(config, logger, options);
    const close = async () => {
      await opened.store.close();
      release();
    };
    return { ...opened, store: { ...opened.store, close } };
  } catch (error) {
    release();
    throw error;
  }
}

/** The files that a backup holds and a restore puts back. A store in Redis is not among them. */
export function placeOf({ dataDir, access, audit }: Config): FilePlace {
  return { dataDir, emailsFile: access.emailsFile, logFile: audit.logFile };
}

/** Connects to the Redis that holds the sessions; undefined: they are in a file. */
export function redisOf({ store }: Config): (() => RedisPlace) | undefined {
  if (store.kind === 'sqlite') return undefined;
  const { url, prefix } = store;
  return () => ({ redis: connectRedis(url, () => undefined), prefix });
}

/** Opens the store whoever owns it, to look at its mark or to take it over. */
export async function openAnyStore(
  config: Config,
  logger: Logger,
  options: OpenOptions = {},
): Promise<OpenedStore> {
  const { live = () => config, role = 'command' } = options;
  const parts = {
    deployment: () => deploymentOf(live()),
    refusal: (mark: Mark | undefined) => refusalOf(config, mark),
    writes: role === 'server',
    logger,
    now: Date.now,
  };
  if (config.store.kind === 'sqlite') {
    const owner = createOwner({
      ...parts,
      store: openSqliteStore(config.store.dataDir, { onReplaced: logReplacedFile(logger) }),
    });
    return { store: owner.store, owner };
  }
  const { url, prefix } = config.store;
  // Imported here, so that nothing of it is loaded with SQLite.
  const { createRedisStore } = await import('../store/redis.ts');
  const redis = connectRedis(url, logOutage(logger, 'REDIS_URL'));
  const store = createRedisStore(redis, { prefix });
  const owner = createOwner({ ...parts, store, reason: () => reasonOf(redis) });
  return { store: owner.store, owner, redis };
}

/** Runs before the file is opened for writing, which would migrate its layout: another deployment's file is left as it is. */
function refuseForeignFile(config: Config): void {
  if (config.store.kind !== 'sqlite') return;
  const why = whyForeign(config, readSqliteFact(join(config.store.dataDir, 'gatehouse.db'), ownerFact));
  if (why !== undefined) throw new Error(why);
}

/** Keeps the revocations that the store does not accept. */
export function openPendingRevocations(
  { dataDir }: Config,
  { sessions }: Store,
  logger: Logger,
): PendingRevocations {
  return createPendingRevocations({ sessions, path: join(dataDir, 'endings.unfinished'), logger });
}

/** An error, because every request is refused while it lasts; its end is logged too. */
export function logReplacedFile(logger: Logger): (fault: unknown) => void {
  return (fault) => {
    if (fault instanceof FileRefused)
      logger.error({ event: 'store.file_replaced', meaning: fault.message, fault: fault.fault });
    else logger.info({ event: 'store.file_back', meaning: 'the opened file is back in its place' });
  };
}

/** A separate connection: oauth2-proxy's Redis may be another one, and its outage is not ours. */
export function openGateRedis({ gate, devMode }: Config, logger: Logger): RedisClient | undefined {
  if (devMode || gate.sessions.kind !== 'redis') return undefined;
  return connectRedis(gate.sessions.url, logOutage(logger, 'GATE_REDIS_URL'));
}

const tellAgainMs = 30_000;

/** Logs an outage every 30 seconds at most, not for each attempt to connect; another cause is logged separately. */
function logOutage(logger: Logger, setting: string): (error: Error) => void {
  const toldAt = new Map<string, number>();
  return (error) => {
    const fault = faultOf(error);
    const code = fault?.code ?? (error as NodeJS.ErrnoException).code ?? error.name;
    const last = toldAt.get(code);
    if (last !== undefined && performance.now() - last < tellAgainMs) return;
    toldAt.set(code, performance.now());
    const meaning = 'Redis does not answer; trying again';
    logger.error({ event: 'redis.unreachable', setting, meaning, ...fault, code });
  };
}
