// Why the vault does not open or cannot be written, for the operator's terminal. The web says only that it does not open (ASVS 11.2.5).
import type { FileFault } from '../files/file-fault.ts';

export type VaultFault =
  | 'wrong_passphrase'
  | 'other_machine'
  | 'no_machine_id'
  | 'damaged'
  | 'restored'
  | 'unreadable'
  | 'unwritable'
  | 'busy';

/** The vault could not be used as it is; the file was not touched. */
export interface Closed {
  readonly kind: 'closed';
  readonly fault: VaultFault;
  /** The file system's error, if known, for `unreadable` and `unwritable`. */
  readonly why?: FileFault;
}

export function closed(fault: VaultFault, why?: FileFault): Closed {
  return { kind: 'closed', fault, ...(why && { why }) };
}

/** What to do about each fault, in one line. */
export const faultWords: Record<VaultFault, string> = {
  wrong_passphrase:
    'it does not open with VAULT_PASSPHRASE: put the passphrase that sealed it back, or move vault.json in DATA_DIR away and load the cookies again',
  other_machine:
    'it was sealed on another machine: open it there with VAULT_BIND_MACHINE=false once (`gatehouse vault status` is enough) and bring it again, or load the cookies anew',
  no_machine_id:
    'this machine has no id to bind it to, as most containers have none: set VAULT_BIND_MACHINE=false',
  damaged:
    'its file is damaged or was edited, or a newer Gatehouse wrote it: put a whole copy back, or move it away and load the cookies again',
  restored:
    'its file is older than one that was seen before: if you restored it on purpose, `gatehouse vault rekey --data-key --accept-restored` takes it over',
  unreadable: 'its file cannot be read: check the owner and mode of DATA_DIR and of vault.json in it',
  unwritable:
    'its file cannot be written: check the owner and mode of DATA_DIR, and the space left on the disk',
  busy: 'another process is changing it: try again in a moment',
};
