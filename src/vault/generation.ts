// The highest generation seen of each vault. It is kept in the store, away from the vault's file, so that restoring an old copy is
// detected.
import type { NoteTable } from '../store/contract.ts';
import type { GenerationSeen } from './vault-file.ts';

/** Longer than any vault goes without a change; renewed at every change. */
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
