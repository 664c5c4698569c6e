// Gives the vault a new passphrase or data key in steps, each of which replaces the whole file: at any instant it opens with the
// passphrase in `.env` (invariant 11).
import { type Closed, faultWords } from './faults.ts';
import { createVaultFile, type Plan, type VaultFile, type VaultFileOptions } from './vault-file.ts';

/**
 * The steps that the generator runs on the vault, in an order it chooses; passphrases are text as in `.env`. A step that cannot be
 * done throws an error in plain words.
 */
export interface PassphraseSteps {
  look(passphrase: string): Promise<'none' | 'opens' | 'closed'>;
  addPassphrase(present: string, next: string): Promise<void>;
  keepOnly(kept: string): Promise<void>;
  replaceDataKey(passphrase: string): Promise<void>;
}

export function createVaultSteps(options: VaultFileOptions): PassphraseSteps {
  const file = createVaultFile(options);
  const change = async (passphrase: string, plan: Plan) => orThrow(await file.change(passphrase, plan));
  return {
    async look(passphrase) {
      const found = await file.open(passphrase);
      if (found === 'none') return 'none';
      return 'fault' in found ? 'closed' : 'opens';
    },
    addPassphrase: (present, next) => change(present, planToAdd(file, next)),
    keepOnly: (kept) => change(kept, planToKeepOne),
    replaceDataKey: (passphrase) => change(passphrase, planToReplaceDataKey),
  };
}

/** Keeps the slot that opened the vault; the second slot, if any, is replaced by one for `next`. */
export function planToAdd(file: VaultFile, next: string): Plan {
  return async (contents) => {
    if (!contents || (await file.opens(contents.slots, next))) return undefined;
    const slot = await file.makeSlot(next, contents.dataKey);
    return typeof slot === 'string' ? slot : { slots: [contents.slot, slot] };
  };
}

/** Keeps only the slot that opened the vault. */
export const planToKeepOne: Plan = async (contents) =>
  contents && contents.slots.length > 1 ? { slots: [contents.slot] } : undefined;

export const planToReplaceDataKey: Plan = async (contents) => contents && { newDataKey: true };

function orThrow(outcome: 'changed' | 'unchanged' | Closed): void {
  if (typeof outcome === 'object') throw new Error(`The vault was not changed: ${faultWords[outcome.fault]}`);
}
