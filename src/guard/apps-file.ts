// The apps file on disk. A rule that is changed by hand counts on the next request; a file with a mistake keeps the former rules, loudly.
import { type BigIntStats, statSync } from 'node:fs';
import type { Document } from 'yaml';
import { confirmChange } from '../audit/confirmed-change.ts';
import type { Logger } from '../http/log.ts';
import { createEditedFile, type Decision, type EditedText } from '../store/edited-file.ts';
import { readApps } from './apps-document.ts';
import { appsText, editableApps, newAppsFile } from './apps-edit.ts';
import { appsFileFaults } from './apps-file-words.ts';
import type { Apps, AppsFault } from './contract.ts';

export interface AppsFileOptions {
  readonly path: string;
  /** The desk's own, like `https://desk.example.org`. */
  readonly deskOrigin: string;
  readonly logger: Pick<Logger, 'error' | 'info'>;
  readonly now?: () => number;
  /** How long a change waits for another writer; default 3 s. */
  readonly lockWaitMs?: number;
  /** Called when other rules are in force than before, but not for those at the start. */
  readonly onChange?: (apps: Apps) => void;
}

export interface AppsState {
  /** Why the file that is there now is not in force; empty: it is, or there never was one. */
  readonly faults: readonly AppsFault[];
  /** When the rules in force were read, in milliseconds; undefined: there never was a valid file. */
  readonly readAt: number | undefined;
}

/** `isChanged` false: nothing is written. */
export interface AppsDecision<T> {
  readonly isChanged: boolean;
  readonly value: T;
}

/** `faults`: nothing was written, because the file has a mistake, would have one, or cannot be written. */
export type AppsChanged<T> = { readonly value: T } | { readonly faults: readonly AppsFault[] };

export interface AppsFile {
  readonly path: string;
  /** The rules in force. Looks whether the file changed, which costs one `stat`. Never throws. */
  current(): Apps;
  /** Looks at the file, too. */
  state(): AppsState;
  /**
   * Edits the document, and replaces the file if the result is valid. `decide` is called again, with the new document, if somebody else
   * saved meanwhile. A file that does not exist begins empty.
   */
  change<T>(decide: Decide<T>): Promise<AppsChanged<T>>;
}

/** Changes the document. @param apps the same as rules */
type Decide<T> = (document: Document, apps: Apps) => AppsDecision<T>;

/** Readable by the group: what writes the reverse proxy's configuration may run as another user. */
const newMode = 0o640;
/** The coarsest time stamps of a file system: within them, a file can change twice and look the same. */
const stampMs = 2000;
/** How long a text whose last line has no end is taken for one that is still being written: half a line could say something else. */
const writingMs = 1000;

export function createAppsFile(options: AppsFileOptions): AppsFile {
  const { path, deskOrigin, logger, now = Date.now, lockWaitMs, onChange } = options;
  const file = createEditedFile({ path, newMode, lockWaitMs, confirm: confirmChange });
  let inForce: { readonly text?: string; readonly apps: Apps; readonly readAt?: number } = {
    apps: { apps: new Map(), groups: new Map() },
  };
  let faults: readonly AppsFault[] = [];
  /** The file at the last look, and when that was. */
  let looked: { readonly stat: BigIntStats; readonly at: number } | undefined;
  /** What was read then; undefined: that failed. */
  let last: EditedText | undefined;
  let isStarting = true;

  function look(): void {
    const at = now();
    const stat = statOf(path);
    const isSettled = stat && looked && isSame(stat, looked.stat) && looked.at - changedAt(stat) >= stampMs;
    if (isSettled && last && 'text' in last) return;
    const found = file.read();
    looked = stat && { stat, at };
    const isWriting = 'text' in found && !found.text.endsWith('\n') && isRecent(stat, at);
    if ((isWriting && !isStarting) || (last && isSameText(found, last))) return;
    last = found;
    if ('text' in found) take(found.text, at);
    // Without a file there are no apps; a file that vanishes is a mistake.
    else if (found.fault !== 'missing' || inForce.text !== undefined) refuse(appsFileFaults(found.fault));
  }

  function take(text: string, at: number): void {
    const read = readApps(text, deskOrigin);
    if ('faults' in read) {
      refuse(read.faults);
      return;
    }
    faults = [];
    const isOther = text !== inForce.text;
    inForce = { text, apps: isOther ? read.apps : inForce.apps, readAt: at };
    logger.info({ event: 'guard.apps_read', path, apps: read.apps.apps.size, groups: read.apps.groups.size });
    if (isOther && !isStarting) tellOfChange(read.apps);
  }

  function tellOfChange(apps: Apps): void {
    try {
      onChange?.(apps);
    } catch (error) {
      logger.error({ event: 'guard.apps_listener', err: error });
    }
  }

  function refuse(found: readonly AppsFault[]): void {
    faults = found;
    const rules = inForce.text === undefined ? 'none' : 'the former ones';
    logger.error({ event: 'guard.apps_invalid', path, rules, faults });
  }

  /** Whatever goes wrong, the rules in force stay, and `/check` is answered. */
  function lookSafely(): void {
    try {
      look();
    } catch (error) {
      last = undefined;
      const message = `The file cannot be read: ${(error as Error).message}`;
      if (faults[0]?.message === message) return;
      faults = [{ message }];
      logger.error({ event: 'guard.apps_unreadable', path, err: error });
    }
  }

  function edit<T>(old: string | undefined, decide: Decide<T>): Decision<AppsChanged<T>> {
    // A new file would end the rules in force.
    if (old === undefined && inForce.text !== undefined)
      return { value: { faults: appsFileFaults('missing') } };
    const text = old ?? newAppsFile;
    const read = readApps(text, deskOrigin);
    if ('faults' in read) return { value: read };
    const document = editableApps(text);
    const { isChanged, value } = decide(document, read.apps);
    if (!isChanged) return { value: { value } };
    const next = appsText(document, text);
    const checked = readApps(next, deskOrigin);
    return 'faults' in checked ? { value: checked } : { text: next, value: { value } };
  }

  lookSafely();
  isStarting = false;
  return {
    path,
    current() {
      lookSafely();
      return inForce.apps;
    },
    state() {
      lookSafely();
      return { faults, readAt: inForce.readAt };
    },
    async change(decide) {
      const done = await file.change((old) => edit(old, decide));
      lookSafely();
      return 'fault' in done ? { faults: appsFileFaults(done.fault) } : done.value;
    },
  };
}

function statOf(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true, throwIfNoEntry: false });
  } catch {
    // Reading it says why.
    return undefined;
  }
}

function isSame(a: BigIntStats, b: BigIntStats): boolean {
  return (
    a.ino === b.ino &&
    a.size === b.size &&
    a.mtimeNs === b.mtimeNs &&
    a.ctimeNs === b.ctimeNs &&
    a.dev === b.dev
  );
}

/** When the file changed last, in milliseconds. Nobody can set this time, unlike `mtime`. */
function changedAt(stat: BigIntStats): number {
  return Number(stat.ctimeMs);
}

function isRecent(stat: BigIntStats | undefined, at: number): boolean {
  return stat !== undefined && Math.abs(at - changedAt(stat)) < writingMs;
}

function isSameText(a: EditedText, b: EditedText): boolean {
  return 'text' in a && 'text' in b ? a.text === b.text : 'fault' in a && 'fault' in b && a.fault === b.fault;
}
