// What belongs to a deployment besides its program and its `.env`, and where it is.
import { join } from 'node:path';
import type { RedisPlace } from '../store/redis-migrate.ts';

export interface FilePlace {
  readonly dataDir: string;
  /** oauth2-proxy's allow-list. */
  readonly emailsFile: string;
  /** The record's JSON lines file; undefined: none is written. */
  readonly logFile: string | undefined;
}

export interface Place extends FilePlace {
  /** Where sessions and the record are; undefined: in `gatehouse.db`. */
  readonly redis: RedisPlace | undefined;
}

export const storeFile = 'gatehouse.db';
export const journalFile = 'endings.journal';
/** Files of DATA_DIR whose writers take their own lock, and that have the same name in the archive. */
export const lockedFiles = ['vault.json', journalFile, 'endings.unfinished'] as const;
export const libraryFile = 'library.db';
/** In the archive and while a restore is pending; in DATA_DIR the files are in `library/attachments`. */
export const attachmentsName = 'library/';
export const attachmentName = /^[\da-f]{64}$/;

export const attachmentsFolder = (dataDir: string) => join(dataDir, 'library', 'attachments');

/** All files of one database: the write-ahead log of a former database would be taken for the new one's. */
export const withSidecars = (path: string) => [path, `${path}-wal`, `${path}-shm`];
