// Opens the store that the settings name, for the server and for terminal commands, but only if it belongs to this deployment.
import { join } from 'node:path';
import { enterPlace } from '../backup/enter.ts';
import type { FilePlace } from '../backup/place.ts';
import type { Config } from '../config/derive.ts';
import { auditKeyOf } from '../crypto/kdf.ts';
import { FileRefused } from '../files/file-refused.ts';
import { securePrivateFiles } from '../files/private-files.ts';
import type { Logger } from '../http/log.ts';
import { createPendingRevocations, type PendingRevocations } from '../sessions/revocation/pending.ts';
import { type Store, StoreUnavailable } from '../store/contract.ts';
import { type Fault, faultOf } from '../store/fault.ts';
import { UnfitStore } from '../store/migrations.ts';
import { createOwner, type Owner, ownerFact } from '../store/owner.ts';
import { type Deployment, judge, keyMarkOf, type Mark, readMark } from '../store/owner-mark.ts';
import type { Release } from '../store/place-lock.ts';
import { connectRedis, type RedisClient } from '../store/redis-client.ts';
import { reasonOf } from '../store/redis-guard.ts';
import type { RedisPlace } from '../store/redis-migrate.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import { readSqliteFact } from '../store/sqlite-facts.ts';
import { vaultFileName } from '../vault/vault-file.ts';
import { recordKeysOf } from './audit-log.ts';

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
      store: openSqliteStore(config.store.dataDir, { onReplaced: tellReplaced(logger) }),
    });
    return { store: owner.store, owner };
  }
  const { url, prefix } = config.store;
  // Imported here, so that nothing of it is loaded with SQLite.
  const { createRedisStore } = await import('../store/redis.ts');
  const redis = connectRedis(url, tellOutage(logger, 'REDIS_URL'));
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

/** @param text the mark that a store keeps. @returns why it is not this deployment's, in a sentence; undefined if it is */
export function whyForeign(config: Config, text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const mark = readMark(text);
  const isOwn = mark && judge(mark, deploymentOf(config), false).kind === 'own';
  return isOwn ? undefined : sentenceOf(refusalOf(config, mark));
}

function deploymentOf(config: Config): Deployment {
  const { secretKeys, isKeyMadeUp, publicOrigin } = config;
  const keys = isKeyMadeUp ? [] : secretKeys.map(auditKeyOf);
  const former = recordKeysOf(config).filter((key) => !keys.includes(key));
  return {
    keys: keys.map(keyMarkOf),
    formerKeys: isKeyMadeUp ? [] : former.map(keyMarkOf),
    publicUrl: publicOrigin,
  };
}

function refusalOf({ store, isKeyMadeUp }: Config, mark: Mark | undefined): Fault {
  const place =
    store.kind === 'redis'
      ? `the Redis database of REDIS_URL, under ${store.prefix}`
      : `the file gatehouse.db in ${store.dataDir} (DATA_DIR)`;
  const whose = mark
    ? `another deployment: ${mark.publicUrl}, since ${mark.since}`
    : 'another deployment, whose mark this version cannot read';
  const own =
    store.kind === 'redis'
      ? 'REDIS_PREFIX=desk2: or another database number at the end of REDIS_URL'
      : 'another DATA_DIR';
  const lost = isKeyMadeUp
    ? 'DEV_MODE without SECRET_KEY uses a new key at each start; to use this store, set its SECRET_KEY'
    : 'If the store is its own and SECRET_KEY was replaced: add the former key to SECRET_KEY_FALLBACKS; if that is lost, run `gatehouse store take-over --yes`';
  return {
    code: 'OTHER_DEPLOYMENT',
    meaning: `${place}, belongs to ${whose}. Two deployments in one store would end each other’s sessions`,
    mend: `Give this deployment its own: ${own}. ${lost}`,
  };
}

const sentenceOf = ({ meaning, mend }: Fault) => `${meaning}. ${mend}.`;

/** Keeps the revocations that the store does not accept. */
export function openPendingRevocations(
  { dataDir }: Config,
  { sessions }: Store,
  logger: Logger,
): PendingRevocations {
  return createPendingRevocations({ sessions, path: join(dataDir, 'endings.unfinished'), logger });
}

/** An error, because every request is refused while it lasts; its end is logged too. */
export function tellReplaced(logger: Logger): (fault: unknown) => void {
  return (fault) => {
    if (fault instanceof FileRefused)
      logger.error({ event: 'store.file_replaced', meaning: fault.message, fault: fault.fault });
    else logger.info({ event: 'store.file_back', meaning: 'the opened file is back in its place' });
  };
}

/** A separate connection: oauth2-proxy's Redis may be another one, and its outage is not ours. */
export function openGateRedis({ gate, devMode }: Config, logger: Logger): RedisClient | undefined {
  if (devMode || gate.sessions.kind !== 'redis') return undefined;
  return connectRedis(gate.sessions.url, tellOutage(logger, 'GATE_REDIS_URL'));
}

const tellAgainMs = 30_000;

/** Logs an outage every 30 seconds at most, not for each attempt to connect; another cause is logged separately. */
function tellOutage(logger: Logger, setting: string): (error: Error) => void {
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
