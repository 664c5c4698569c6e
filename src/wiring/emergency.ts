// What `generate-secrets.ts` asks of the running deployment: how many people are signed in, and, after an emergency, to end every session
// here and at oauth2-proxy. It uses the settings in the file as it is; what cannot be reached is reported, never thrown.
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Config } from '../config/derive.ts';
import { loadConfig } from '../config/load.ts';
import { createGateKeys } from '../gate/gate-keys.ts';
import { createLogger } from '../http/log.ts';
import type { Ended } from '../secrets/report.ts';
import { endOf } from '../sessions/rules/session.ts';
import type { Store } from '../store/contract.ts';
import type { RedisClient } from '../store/redis-client.ts';
import { openRecord } from './audit-log.ts';
import { createSessionControl } from './session-control.ts';
import { openGateRedis, openPendingRevocations, openStore } from './store.ts';

const order = { reason: 'revoked_by_operator', by: 'terminal' } as const;
const pageSize = 100;
const countedAtMost = 20_000;
// An outage is one word in the report, not a log line for each attempt.
const logger = createLogger('silent', process.stderr);

/** @returns how many people have a live session of the app; undefined if the store cannot be reached, or holds very many */
export function countPeople(envFile: string): Promise<number | undefined> {
  return withStore(envFile, undefined, async (store, config) => {
    const people = new Set<string>();
    let cursor: string | undefined;
    for (let seen = 0; seen < countedAtMost; seen += pageSize) {
      const page = await store.sessions.page({
        sort: 'email',
        limit: pageSize,
        ...(cursor !== undefined && { cursor }),
      });
      for (const row of page.rows) if (!endOf(row, config.session, Date.now())) people.add(row.personId);
      cursor = page.next;
      if (cursor === undefined) return people.size;
    }
    return undefined;
  });
}

/** Ends all sessions, also those at oauth2-proxy whose people never opened the dashboard. */
export async function endEverything(envFile: string): Promise<Ended> {
  const config = configOf(envFile);
  const gateRedis = config && openGateRedis(config, logger);
  try {
    const atGate = config && gateRedis ? await deleteAll(config, gateRedis) : undefined;
    const sessions = await withStore<Ended['sessions']>(envFile, 'unreachable', async (store, settings) => {
      // If oauth2-proxy's Redis does not answer, nothing waits for it: those sessions are refused here.
      const reached = typeof atGate === 'number' ? gateRedis : undefined;
      const recorder = openRecord({ config: () => settings, store, logger, now: Date.now });
      const pendingRevocations = openPendingRevocations(settings, store, logger);
      const parts = { config: settings, store, logger, recorder, now: Date.now, pendingRevocations };
      try {
        return (
          await createSessionControl({ ...parts, gateRedis: reached }).revocation.everyone(order, undefined)
        ).count;
      } finally {
        await recorder.close();
      }
    });
    // A refresh in flight may have written one back.
    const again = config && gateRedis && atGate !== 'unreachable' ? await deleteAll(config, gateRedis) : 0;
    return { sessions, gate: sumUp(atGate, again, sessions) };
  } finally {
    gateRedis?.disconnect();
  }
}

/** Without the store's file the deployment is on another machine or in a container, and where its gate keeps sessions is not known. */
function sumUp(
  first: number | 'unreachable' | undefined,
  again: number | 'unreachable',
  sessions: Ended['sessions'],
): Ended['gate'] {
  if (first === undefined) return sessions === 'unreachable' ? 'unreachable' : 'in cookies';
  return first === 'unreachable' || again === 'unreachable' ? 'unreachable' : first + again;
}

async function deleteAll({ gate }: Config, redis: RedisClient): Promise<number | 'unreachable'> {
  const keys = createGateKeys(redis, gate.cookie.name);
  let count = 0;
  let cursor: string | undefined;
  try {
    do {
      const page = await keys.page(cursor);
      const deleted = await Promise.all(page.found.map(({ key }) => redis.del(key)));
      count += deleted.reduce((sum, one) => sum + one, 0);
      cursor = page.next;
    } while (cursor !== undefined);
    return count;
  } catch {
    return 'unreachable';
  }
}

async function withStore<T>(
  envFile: string,
  otherwise: T,
  work: (store: Store, config: Config) => Promise<T>,
): Promise<T> {
  const config = configOf(envFile);
  if (!config || !isHere(config)) return otherwise;
  try {
    const { store } = await openStore(config, logger);
    try {
      return await work(store, config);
    } finally {
      await store.close();
    }
  } catch {
    return otherwise;
  }
}

/** Opening a store that does not exist would create it, and it would always be empty. */
function isHere({ store }: Config): boolean {
  return store.kind === 'redis' || existsSync(join(store.dataDir, 'gatehouse.db'));
}

/** Its paths are relative to the folder of its `.env`, where the server runs: resolved from here they could lead to another deployment. */
function configOf(envFile: string): Config | undefined {
  const loaded = loadConfig({ env: process.env, envFile });
  if (!('config' in loaded)) return undefined;
  const { config } = loaded;
  const { store, audit } = config;
  const there = (path: string) => resolve(dirname(envFile), path);
  return {
    ...config,
    dataDir: there(config.dataDir),
    store: store.kind === 'sqlite' ? { ...store, dataDir: there(store.dataDir) } : store,
    audit: { ...audit, logFile: audit.logFile === undefined ? undefined : there(audit.logFile) },
  };
}
