// From a passphrase to a key that encrypts keys: slow on purpose, and with bounds on what a stored file may ask for.
import { createHmac, hkdfSync, pbkdf2 } from 'node:crypto';
import { promisify } from 'node:util';

/** PBKDF2-HMAC-SHA256. OWASP asks for 600,000 rounds; more than the ceiling would only keep the machine busy. */
export const pbkdf2Rounds = { usual: 600_000, floor: 600_000, ceiling: 10_000_000 } as const;
export const saltBytes = 16;

const derive = promisify(pbkdf2);

/** Whether parameters that were read from a file may be used: a weakened file is refused, and one that stalls as well. */
export function areSound({ salt, rounds }: { readonly salt: Uint8Array; readonly rounds: number }): boolean {
  const { floor, ceiling } = pbkdf2Rounds;
  return salt.length === saltBytes && Number.isInteger(rounds) && rounds >= floor && rounds <= ceiling;
}

/** 32 bytes, made on a thread of their own. `passphrase` counts as its UTF-8 bytes, unchanged. */
export function stretch(passphrase: string, salt: Uint8Array, rounds: number): Promise<Buffer> {
  return derive(passphrase, salt, rounds, 32, 'sha256');
}

/** What a machine's id adds to a key: a digest, so that the id itself stands nowhere. Everyone on the machine can make it. */
export function machineKeyOf(machineId: string): Buffer {
  return createHmac('sha256', 'gatehouse vault machine v1').update(machineId).digest();
}

/** The key-encryption key: HKDF-SHA256 over the stretched passphrase and, where there is one, the machine's key. */
export function keyEncryptionKey(
  stretched: Uint8Array,
  salt: Uint8Array,
  machineKey: Uint8Array | undefined,
): Buffer {
  const material = machineKey ? Buffer.concat([stretched, machineKey]) : stretched;
  const info = `gatehouse vault key encryption v1 ${machineKey ? 'bound' : 'unbound'}`;
  return Buffer.from(hkdfSync('sha256', material, salt, info, 32));
}

/** Tells the machine from another one, by itself and before any passphrase; of no use for the key. */
export function machineCheckOf(machineKey: Uint8Array, salt: Uint8Array): Buffer {
  return Buffer.from(hkdfSync('sha256', machineKey, salt, 'gatehouse vault machine check v1', 16));
}

/** Independent keys from one that encrypts: `purpose` keeps them apart. */
export function subkey(key: Uint8Array, purpose: string, bytes: number): Buffer {
  return Buffer.from(hkdfSync('sha256', key, '', `gatehouse vault ${purpose} v1`, bytes));
}
