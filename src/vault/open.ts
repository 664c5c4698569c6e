// The vault of this deployment, from its settings: one file in DATA_DIR.
import { join } from 'node:path';
import type { Recorder } from '../audit/recorder.ts';
import type { Config } from '../config/derive.ts';
import type { NoteTable } from '../store/contract.ts';
import type { Vault } from './contract.ts';
import { readMachineId } from './machine.ts';
import { createVault } from './vault.ts';
import { createVaultFile, type GenerationSeen, type VaultFileOptions, vaultFileName } from './vault-file.ts';

export interface VaultParts {
  /** Called each time, but only for the passphrase. */
  readonly config: () => Pick<Config, 'dataDir' | 'vault'>;
  readonly notes: Pick<NoteTable, 'read' | 'write'>;
  readonly recorder: Recorder;
  /** Milliseconds. */
  readonly now: () => number;
  readonly machineId?: () => Promise<string | undefined>;
  /** As in `VaultFileOptions`. */
  readonly stretch?: VaultFileOptions['stretch'];
  /** Expired values are removed only if they expired before this time; absent: the current time. */
  readonly removesUntil?: () => number | Promise<number>;
}

/** Reads nothing until the vault is used. */
export function openVault(parts: VaultParts): Vault {
  const { config, notes, recorder, now, machineId = readMachineId, stretch, removesUntil } = parts;
  const { dataDir, vault } = config();
  const { ttlMs, bindMachine } = vault;
  const seen = createGenerationSeen(notes, now);
  const path = vaultPath(dataDir);
  const file = createVaultFile({ path, bindMachine, machineId, seen, now, ...(stretch && { stretch }) });
  const passphrase = () => config().vault.passphrase;
  return createVault({ file, passphrase, ttlMs, recorder, now, ...(removesUntil && { removesUntil }) });
}

/** The path of the vault in a data folder. */
export function vaultPath(dataDir: string): string {
  return join(dataDir, vaultFileName);
}

/** Longer than any vault goes without a change; renewed at every change. */
const keptMs = 3650 * 86_400_000;

/** The highest generation seen of each vault, kept in the store, away from the vault's file, so that restoring an old copy is detected. */
function createGenerationSeen(notes: Pick<NoteTable, 'read' | 'write'>, now: () => number): GenerationSeen {
  return {
    async read(vaultId) {
      const seen = await notes.read(`vault:${vaultId}`, now());
      return typeof seen === 'number' ? seen : 0;
    },
    write: (vaultId, generation) => notes.write(`vault:${vaultId}`, generation, now() + keptMs),
  };
}
