// `gatehouse backup`: what it copies, by the settings of this deployment.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RecordUnavailable } from './audit/recorder.ts';
import { type BackupCommand, runBackup } from './backup/backup-cli.ts';
import { enterPlace } from './backup/enter.ts';
import type { Config } from './config/derive.ts';
import { askSecret } from './vault-command.ts';
import { openRecord, recordKeysOf } from './wiring/audit-log.ts';
import { envFile, err, logger } from './wiring/backup.ts';
import { openStore, placeOf, redisOf } from './wiring/store.ts';

const { version: program } = JSON.parse(
  readFileSync(join(import.meta.dirname, '../package.json'), 'utf8'),
) as { version: string };

/** @returns the exit code. */
export function backupCommand(args: readonly string[], config: Config): Promise<number> {
  const command: BackupCommand = {
    envFile,
    now: Date.now,
    ask: askSecret,
    output: process.stdout,
    err,
    async open() {
      const redis = redisOf(config)?.();
      const place = { ...placeOf(config), redis };
      try {
        await noteBackup(config);
        const release = await enterPlace(place, redisOf(config));
        return {
          place,
          keys: recordKeysOf(config),
          program,
          address: config.publicOrigin,
          close() {
            redis?.redis.disconnect();
            release();
          },
        };
      } catch (error) {
        redis?.redis.disconnect();
        throw error;
      }
    },
  };
  return runBackup(args, command);
}

/** Who took a copy of everything is in the record, and in the copy. A backup of a store that takes no entry is wanted all the same. */
async function noteBackup(config: Config): Promise<void> {
  const { store } = await openStore(config, logger);
  const recorder = openRecord({ config: () => config, store, logger, now: Date.now });
  try {
    await recorder.write({ event: 'backup.made', by: 'terminal' });
  } catch (error) {
    if (!(error instanceof RecordUnavailable)) throw error;
    err('The record takes no entry at the moment, so this backup is not in it.');
  } finally {
    await recorder.close();
    await store.close();
  }
}
