// How a new vault passphrase comes into use: the vault opens with both before `.env` changes, and with the new one alone after.
// Killed at any instant, the vault opens with the `.env` that is there (invariant 11).

/** What the generator needs of the vault; the command hands it in. Passphrases are texts as in `.env`. */
export interface VaultSteps {
  /** `none`: no vault yet, so that any passphrase will do; `closed`: it does not open with `passphrase`, so nothing may change. */
  look(passphrase: string): Promise<'none' | 'opens' | 'closed'>;
  /** Lets the vault open with `next` as well as with `present`; on disk for good when it resolves. Safe to repeat. */
  addPassphrase(present: string, next: string): Promise<void>;
  /** Takes away every passphrase but `kept`. Safe to repeat. */
  keepOnly(kept: string): Promise<void>;
  /** A new data key under `passphrase` alone, every entry sealed anew: after an emergency. */
  replaceDataKey(passphrase: string): Promise<void>;
}
