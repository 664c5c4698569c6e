// The order in which the vault and .env get a new passphrase. If killed at any instant, the vault opens with the current .env (invariant

/** What the generator needs from the vault; passed in by the command. Passphrases are text as in `.env`. */
export interface VaultSteps {
  /** `none`: no vault yet, so any passphrase is fine; `closed`: it does not open with `passphrase`, so nothing may change. */
  look(passphrase: string): Promise<'none' | 'opens' | 'closed'>;
  /** Lets the vault open with `next` as well as with `present`; durable on disk when it resolves. Safe to repeat. */
  addPassphrase(present: string, next: string): Promise<void>;
  /** Removes every passphrase except `kept`. Safe to repeat. */
  keepOnly(kept: string): Promise<void>;
  /** After an emergency: creates a new data key under only `passphrase`, and reseals every entry. */
  replaceDataKey(passphrase: string): Promise<void>;
}

// 11): it opens with both passphrases before .env changes, and with only the new one afterwards.

export interface VaultChange {
  /** Runs before .env is replaced; safe to repeat after a kill. */
  before(): Promise<void>;
  /** Runs after .env was replaced. */
  after(): Promise<void>;
  /** Runs instead of `after` if .env was not replaced. */
  undo(): Promise<void>;
}

interface NewPassphrase {
  /** The passphrase in the file; empty if there is none. */
  readonly former: string;
  readonly next: string;
  /** Also creates a new data key: what was sealed with a stolen one is resealed. */
  readonly emergency: boolean;
}

/** @returns `closed` if the vault does not open with `former`, and then nothing may change; undefined if there is no vault */
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

/** Removes the second passphrase that a killed run left in the vault. */
export async function dropLeftover(vault: VaultSteps | undefined, present: string): Promise<void> {
  if (vault && present !== '' && (await vault.look(present)) === 'opens') await vault.keepOnly(present);
}
