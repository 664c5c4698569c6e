// The vault on disk: one file, mode 0600, replaced as a whole under its lock, with a generation number. A file that cannot be opened is
// never overwritten.
import { randomBytes } from 'node:crypto';
import { constants, mkdirSync } from 'node:fs';
import { open as openFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { FileRefused, fileFaultOf } from '../files/file-refused.ts';
import { withLock } from '../store/file-lock.ts';
import { removeDeadTemporaries, replaceFile } from '../store/replace-file.ts';
import { type Entry, openEntry, sealEntry } from './entry.ts';
import { type Closed, closed, type VaultFault } from './faults.ts';
import { isSealedWith, readSealed, type Slot, writeSealed } from './sealed-file.ts';
import { createSlots, type SlotOptions } from './slots.ts';

/** The highest generation ever seen of a vault, kept away from the file so that an old file is detected. */
/** In DATA_DIR. */
export const vaultFileName = 'vault.json';

export interface GenerationSeen {
  /** 0: never seen. */
  read(vaultId: string): Promise<number>;
  write(vaultId: string, generation: number): Promise<void>;
}

export interface VaultFileOptions extends SlotOptions {
  readonly path: string;
  /** Absent: restoring an old file is not detected. */
  readonly seen?: GenerationSeen;
  /** Milliseconds. */
  readonly now: () => number;
}

/** A vault that is open. */
export interface Contents {
  readonly id: string;
  readonly generation: number;
  readonly dataKey: Buffer;
  readonly slots: readonly Slot[];
  /** The slot that opened it. */
  readonly slot: Slot;
  readonly entries: readonly Entry[];
}

/** What to change; the rest stays. */
export interface Draft {
  readonly entries?: readonly Entry[];
  readonly slots?: readonly Slot[];
  /** Create a new data key, under only the passphrase of this change. */
  readonly newDataKey?: true;
}

/** Decides under the lock what to change. Contents are undefined if there is no file yet. @returns undefined to change nothing */
export type Plan = (contents: Contents | undefined) => Promise<Draft | VaultFault | undefined>;

export interface VaultFile {
  /** Whether the binding of the slot that opened the vault differs from the setting. */
  needsRebinding(contents: Contents): boolean;
  makeSlot(passphrase: string, dataKey: Uint8Array): Promise<Slot | VaultFault>;
  /** Whether one of `slots` opens with `passphrase` on this machine. */
  opens(slots: readonly Slot[], passphrase: string): Promise<boolean>;
  open(passphrase: string): Promise<Contents | 'none' | Closed>;
  /** Resolves once the change is durable on disk; also rebuilds a slot whose binding differs from the setting. */
  change(
    passphrase: string,
    plan: Plan,
    options?: { readonly acceptRestored?: boolean },
  ): Promise<'changed' | 'unchanged' | Closed>;
}

const lockWaitMs = 5_000;
const maxBytes = 16 * 1024 * 1024;

export function createVaultFile({ path, seen, now, ...slotOptions }: VaultFileOptions): VaultFile {
  const { bindMachine } = slotOptions;
  const slotKeys = createSlots(slotOptions);
  const needsRebinding = ({ slot }: Contents) => slot.bound !== bindMachine;

  async function unseal(passphrase: string): Promise<Contents | 'none' | Closed> {
    const text = await readText(path);
    if (text === undefined) return 'none';
    if (typeof text !== 'string') return text;
    const file = readSealed(text);
    if (!file) return closed('damaged');
    const opened = await slotKeys.open(file.slots, passphrase);
    if (typeof opened === 'string') return closed(opened);
    const { dataKey, slot } = opened;
    if (!isSealedWith(file, dataKey)) return closed('damaged');
    const entries = file.entries.map((token) => openEntry(dataKey, token));
    if (entries.includes(undefined)) return closed('damaged');
    const { id, generation, slots } = file;
    return { id, generation, dataKey, slots, slot, entries: entries as Entry[] };
  }

  async function write(
    passphrase: string,
    contents: Contents | undefined,
    draft: Draft,
  ): Promise<VaultFault | Closed | undefined> {
    const renewed = draft.newDataKey || !contents;
    const dataKey = renewed ? randomBytes(32) : contents.dataKey;
    let slots = draft.slots ?? contents?.slots ?? [];
    const stale = renewed ? undefined : needsRebinding(contents) && contents.slot;
    if (renewed || (stale && slots.includes(stale))) {
      const slot = await slotKeys.make(passphrase, dataKey);
      if (typeof slot === 'string') return slot;
      slots = renewed ? [slot] : slots.map((one) => (one === stale ? slot : one));
    }
    const id = contents?.id ?? randomBytes(16).toString('base64url');
    const [highest, at] = [(await seen?.read(id)) ?? 0, now()];
    const generation = Math.max(contents?.generation ?? 0, highest) + 1;
    const entries = (draft.entries ?? contents?.entries ?? []).map((entry) => sealEntry(dataKey, entry, at));
    try {
      removeDeadTemporaries(path);
      replaceFile(path, Buffer.from(writeSealed({ id, generation, slots, entries }, dataKey)));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === undefined) throw error;
      return closed('unwritable', fileFaultOf(error));
    }
    await seen?.write(id, generation);
    return undefined;
  }

  /** Runs under the lock, so that the number never decreases. If another process is writing, it notes the generation itself. */
  async function noteGeneration(passphrase: string): Promise<void> {
    await withLock(path, 0, async () => {
      const found = await unseal(passphrase);
      if (found === 'none' || 'fault' in found) return;
      if (((await seen?.read(found.id)) ?? 0) < found.generation)
        await seen?.write(found.id, found.generation);
    }).catch((error: unknown) => {
      // A read-only file can be neither locked nor written.
      if (!isRefusedByDisk(error)) throw error;
    });
  }

  return {
    needsRebinding,
    makeSlot: slotKeys.make,
    opens: async (slots, passphrase) => typeof (await slotKeys.open(slots, passphrase)) !== 'string',
    async open(passphrase) {
      const found = await unseal(passphrase);
      if (found === 'none' || 'fault' in found) return found;
      const highest = (await seen?.read(found.id)) ?? found.generation;
      if (found.generation < highest) return closed('restored');
      if (found.generation > highest) await noteGeneration(passphrase);
      return found;
    },
    async change(passphrase, plan, { acceptRestored = false } = {}) {
      const work = async () => {
        const found = await unseal(passphrase);
        if (found !== 'none' && 'fault' in found) return found;
        const contents = found === 'none' ? undefined : found;
        const highest = contents ? ((await seen?.read(contents.id)) ?? 0) : 0;
        if (contents && contents.generation < highest && !acceptRestored) return closed('restored');
        const draft = await plan(contents);
        if (draft === undefined) return 'unchanged';
        const fault = typeof draft === 'string' ? draft : await write(passphrase, contents, draft);
        if (fault === undefined) return 'changed';
        return typeof fault === 'string' ? closed(fault) : fault;
      };
      try {
        mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
        const locked = await withLock(path, lockWaitMs, work);
        return 'value' in locked ? locked.value : closed('busy');
      } catch (error) {
        if (isRefusedByDisk(error)) return closed('unwritable', fileFaultOf(error));
        throw error;
      }
    },
  };
}

/** Errors from the lock and the folder; the caller must handle any other. */
function isRefusedByDisk(error: unknown): boolean {
  const { syscall } = error as NodeJS.ErrnoException;
  return error instanceof FileRefused || (syscall === 'mkdir' && fileFaultOf(error) !== undefined);
}

/** undefined if there is no file. */
async function readText(path: string): Promise<string | Closed | undefined> {
  try {
    const file = await openFile(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      const { size } = await file.stat();
      if (size > maxBytes) return closed('damaged');
      return await file.readFile('utf8');
    } finally {
      await file.close();
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    return code === 'ENOENT' ? undefined : closed('unreadable', fileFaultOf(error));
  }
}
