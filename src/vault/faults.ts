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
    'it does not open with VAULT_PASSPHRASE: put the right passphrase back, or move vault.json in DATA_DIR away and load the cookies again',
  other_machine:
    'it is bound to another machine: open it there once with VAULT_BIND_MACHINE=false (`gatehouse vault status` is enough) and copy it again, or load the cookies again',
  no_machine_id: 'this machine has no id to bind it to, like most containers: set VAULT_BIND_MACHINE=false',
  damaged:
    'its file is damaged, edited or from a newer Gatehouse: put an intact copy back, or move it away and load the cookies again',
  restored:
    'its file is older than one that was seen before: if you restored it on purpose, run `gatehouse vault rekey --data-key --accept-restored`',
  unreadable: 'its file cannot be read: check the owner and mode of DATA_DIR and of vault.json in it',
  unwritable:
    'its file cannot be written: check the owner and mode of DATA_DIR, and the free space on the disk',
  busy: 'another process is changing it: try again in a moment',
};
