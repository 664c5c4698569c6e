// What belongs to a deployment outside of its program and its `.env`, and where it lies.
import { join } from 'node:path';
import type { RedisPlace } from '../store/redis-migrate.ts';

export interface FilePlace {
  readonly dataDir: string;
  /** oauth2-proxy's allow-list. */
  readonly emailsFile: string;
  /** The record's JSON lines; undefined: none are written. */
  readonly logFile: string | undefined;
}

export interface Place extends FilePlace {
  /** Where sessions and the record are; undefined: in `gatehouse.db`. */
  readonly redis: RedisPlace | undefined;
}

export const storeFile = 'gatehouse.db';
export const journalFile = 'endings.journal';
/** Files of DATA_DIR whose writers take a lock of their own, and that lie under the same name in the archive. */
export const lockedFiles = ['vault.json', journalFile, 'endings.unfinished'] as const;
export const libraryFile = 'library.db';
/** In the archive and while a restore waits; in DATA_DIR the bytes lie in `library/attachments`. */
export const attachmentsName = 'library/';
export const attachmentName = /^[\da-f]{64}$/;

export const attachmentsFolder = (dataDir: string) => join(dataDir, 'library', 'attachments');

/** Files of one database: the log of a former one would be taken for the new one's. */
export const withSidecars = (path: string) => [path, `${path}-wal`, `${path}-shm`];
