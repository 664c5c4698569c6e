// The highest generation of each vault, in the store and so away from the vault's file: an old copy that is put back is noticed.
import type { NoteTable } from '../store/contract.ts';
import type { GenerationSeen } from './vault-file.ts';

/** Longer than a vault is left alone; written anew at every change. */
const keptMs = 3650 * 86_400_000;

export function createGenerationSeen(
  notes: Pick<NoteTable, 'read' | 'write'>,
  now: () => number,
): GenerationSeen {
  return {
    async read(vaultId) {
      const seen = await notes.read(`vault:${vaultId}`, now());
      return typeof seen === 'number' ? seen : 0;
    },
    write: (vaultId, generation) => notes.write(`vault:${vaultId}`, generation, now() + keptMs),
  };
}
