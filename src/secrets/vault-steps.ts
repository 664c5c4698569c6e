// How a new vault passphrase takes effect: the vault opens with both before `.env` changes, and with only the new one afterwards. If
// killed at any instant, the vault opens with the current `.env` (invariant 11).

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
