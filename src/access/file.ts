// The allow-list on disk: oauth2-proxy reads it, Gatehouse and people change it.
import { confirmChange } from '../audit/confirmed-change.ts';
import { createEditedFile, type EditedFile } from '../store/edited-file.ts';

export type AccessFile = EditedFile;

/** Readable by the group: oauth2-proxy may run as another user. */
const newMode = 0o640;

/** @param lockWaitMs how long to wait for another writer; default 3 s */
export function createAccessFile(path: string, lockWaitMs?: number): AccessFile {
  return createEditedFile({ path, newMode, lockWaitMs, confirm: confirmChange });
}
