// What `gatehouse restore` works with: where a backup goes, according to the current settings or those sealed into the backup.
import { existsSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse } from 'dotenv';
import { finishPending } from '../backup/enter.ts';
import { storeFile } from '../backup/place.ts';
import { isPending } from '../backup/put-in-place.ts';
import type { Config } from '../config/derive.ts';
import { formatProblems, type LoadResult, loadConfig } from '../config/load.ts';
import { createRevocationMarks } from '../gate/revocation-marks.ts';
import type { Store } from '../store/contract.ts';
import { lockPlace } from '../store/place-lock.ts';
import { openRecord, recordKeysOf } from '../wiring/audit-log.ts';
import { placeOf, redisOf } from '../wiring/store.ts';
import { whyForeign } from '../wiring/store-owner.ts';
import { envFile, inUse, lockWaitMs, logger, markIn, whoUsesRedis } from './place.ts';
import { askSecret, askWord } from './question.ts';
import type { Destination, RestoreParts } from './restore-run.ts';

export function restoreParts(loaded: LoadResult): RestoreParts {
  const here = 'config' in loaded ? loaded.config : undefined;
  const dataDir = here?.dataDir ?? process.env['DATA_DIR'] ?? 'data';
  return {
    ask: askSecret,
    askWord,
    input: process.stdin,
    async lock() {
      const release = await lockPlace(dataDir, 'alone', lockWaitMs);
      if (!release) return { wrong: inUse(dataDir) };
      if (!isPending(dataDir)) return { dataDir, release };
      try {
        await finishOf(here);
        return { dataDir, release };
      } catch (error) {
        release();
        throw error;
      }
    },
    destination(env) {
      const found = env === undefined || here ? loaded : settingsFrom(env);
      if ('problems' in found)
        return {
          wrong: `the settings are not valid, and a restore needs the .env of this deployment:\n${formatProblems(found.problems)}`,
        };
      if (resolve(found.config.dataDir) !== resolve(dataDir))
        return {
          wrong: `the .env in it has DATA_DIR=${found.config.dataDir}: run this command with that in the environment`,
        };
      return destinationOf(found.config);
    },
    writeEnv(text) {
      if (existsSync(envFile)) return false;
      writeFileSync(envFile, text, { mode: 0o600, flag: 'wx', flush: true });
      return true;
    },
  };
}

/** Finishes an interrupted restore before another one starts. */
async function finishOf(config: Config | undefined): Promise<void> {
  if (!config)
    throw new Error('a restore was interrupted here; finishing it needs the .env of this deployment');
  await finishPending(placeOf(config), redisOf(config));
}

/**
 * The sealed settings are not in a file yet: they are written only when needed. The environment overrides them, as it overrides
 * `.env`.
 */
function settingsFrom(text: string): LoadResult {
  const set = Object.entries(process.env).filter(([, value]) => value?.trim());
  return loadConfig({ env: { ...parse(text), ...Object.fromEntries(set) } });
}

function destinationOf(config: Config): Destination {
  const redis = redisOf(config)?.();
  const { expireMs } = config.gate.cookie;
  return {
    place: { ...placeOf(config), redis },
    keys: recordKeysOf(config),
    async endEveryone(store) {
      const ended = await endSessions(store);
      await createRevocationMarks(store.notes, Date.now, expireMs).endEveryone();
      return ended;
    },
    async record(store, folder, facts) {
      // Next to the restored store, not next to the one it replaces, which has a journal of its own.
      const apart: Config = { ...config, dataDir: folder, audit: { ...config.audit, logFile: undefined } };
      const recorder = openRecord({ config: () => apart, store, logger, now: Date.now });
      try {
        await recorder.write({ event: 'backup.restored', by: 'terminal', facts });
      } finally {
        await recorder.close();
      }
    },
    whoUsesIt: async () =>
      whyForeign(config, await markIn(redis ?? join(config.dataDir, storeFile))) ??
      (redis && (await whoUsesRedis(redis))),
    close: () => void redis?.redis.disconnect(),
  };
}

async function endSessions({ sessions }: Store): Promise<number> {
  let count = 0;
  for (let cursor: string | undefined, more = true; more; more = cursor !== undefined) {
    const page = await sessions.page({ sort: 'email', limit: 100, ...(cursor !== undefined && { cursor }) });
    for (const { key, data } of page.rows) {
      const gateLink = data['gate'];
      const end = { at: Date.now(), reason: 'revoked_by_operator', by: 'terminal' } as const;
      if (await sessions.end(key, { ...end, ...(gateLink !== undefined && { gate: gateLink }) })) count += 1;
    }
    cursor = page.next;
  }
  return count;
}
