// What `gatehouse backup` works with: this deployment's data, held while it is copied.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RecordUnavailable } from '../audit/recorder.ts';
import { enterPlace } from '../backup/enter.ts';
import type { Config } from '../config/derive.ts';
import { openRecord, recordKeysOf } from '../wiring/audit-log.ts';
import { openStore, placeOf, redisOf } from '../wiring/store.ts';
import type { BackupParts } from './backup-run.ts';
import { envFile, logger } from './place.ts';
import { askSecret } from './question.ts';
import type { Say } from './terminal.ts';

const { version: program } = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'),
) as { version: string };

export function backupParts(config: Config): BackupParts {
  return {
    envFile,
    now: Date.now,
    ask: askSecret,
    output: process.stdout,
    async open(say) {
      const redis = redisOf(config)?.();
      const place = { ...placeOf(config), redis };
      try {
        await recordBackup(config, say);
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
}

/** The record, and the copy of it, show who copied everything. A backup is made even if the store accepts no entries. */
async function recordBackup(config: Config, say: Say): Promise<void> {
  const { store } = await openStore(config, logger);
  const recorder = openRecord({ config: () => config, store, logger, now: Date.now });
  try {
    await recorder.write({ event: 'backup.made', by: 'terminal' });
  } catch (error) {
    if (!(error instanceof RecordUnavailable)) throw error;
    say.note('The record cannot be written right now, so it has no entry for this backup.');
  } finally {
    await recorder.close();
    await store.close();
  }
}
