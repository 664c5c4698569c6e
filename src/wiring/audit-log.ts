// The audit log of a running program: over the store's tables, sealed with the keys that are current at the time.
import { join } from 'node:path';
import { endAndConfirm, writeAndConfirm } from '../audit/confirmed-change.ts';
import type { RecordKeeper } from '../audit/recorder.ts';
import { createRecorder } from '../audit/writer.ts';
import type { Config } from '../config/derive.ts';
import { auditKeyOf } from '../crypto/kdf.ts';
import type { Logger } from '../http/log.ts';
import type { Store } from '../store/contract.ts';

export interface RecordParts {
  /** Called each time: a reload changes the keys. */
  readonly config: () => Config;
  readonly store: Pick<Store, 'record' | 'aliases'>;
  readonly logger: Logger;
  readonly now: () => number;
  /** For the server: the file first gets what a killed process had not appended. */
  readonly catchesUp?: boolean;
}

/** Close it before the store. */
export function openRecord({ config, store, logger, now, catchesUp = false }: RecordParts): RecordKeeper {
  const { audit, dataDir } = config();
  const { logFile, retentionMs } = audit;
  const keeper = createRecorder({
    record: store.record,
    aliases: store.aliases,
    keys: () => recordKeysOf(config()),
    logger,
    now,
    retentionMs,
    file: logFile,
    journal: join(dataDir, 'endings.journal'),
    catchesUp,
  });
  return { ...keeper, write: writeAndConfirm(keeper), writeEnding: endAndConfirm(keeper) };
}

/** Hex; the first one seals. */
export function recordKeysOf({ secretKeys, audit }: Config): string[] {
  return [...new Set([...secretKeys.map(auditKeyOf), ...audit.formerKeys])];
}
