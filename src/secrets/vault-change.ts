// The order in which the vault and .env learn of a new passphrase. Killed at any instant, the vault opens with the .env that
// is there (invariant 11): it opens with both before .env changes, and with the new one alone only after.
import type { VaultSteps } from './vault-steps.ts';

export interface VaultChange {
  /** Before .env is replaced; repeated after a kill it does no harm. */
  before(): Promise<void>;
  /** After it. */
  after(): Promise<void>;
  /** Instead of `after`, where .env was not replaced. */
  undo(): Promise<void>;
}

interface NewPassphrase {
  /** What the file holds; empty: none. */
  readonly former: string;
  readonly next: string;
  /** Also a new data key: what was sealed under a stolen one is sealed anew. */
  readonly emergency: boolean;
}

/** @returns `closed` where the vault does not open with `former`: then nothing may change; undefined where there is no vault */
export async function planVaultChange(
  vault: VaultSteps | undefined,
  { former, next, emergency }: NewPassphrase,
): Promise<VaultChange | 'closed' | undefined> {
  const state = vault && (await vault.look(former === '' ? next : former));
  if (!vault || state === 'none') return undefined;
  if (state === 'closed') return 'closed';
  return {
    before: () => vault.addPassphrase(former, next),
    after: () => (emergency ? vault.replaceDataKey(next) : vault.keepOnly(next)),
    undo: () => vault.keepOnly(former),
  };
}

/** Takes away the passphrase that a killed run left in the vault beside that of the file. */
export async function dropLeftover(vault: VaultSteps | undefined, present: string): Promise<void> {
  if (vault && present !== '' && (await vault.look(present)) === 'opens') await vault.keepOnly(present);
}
