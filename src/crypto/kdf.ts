// Derives keys: from passphrases slowly on purpose, with bounds on the parameters that a stored file may specify; from random secrets
// directly.
import { createHmac, hkdfSync, pbkdf2 } from 'node:crypto';
import { promisify } from 'node:util';

/** PBKDF2-HMAC-SHA256. OWASP recommends 600,000 rounds; more than the ceiling would only tie up the machine. */
export const pbkdf2Rounds = { usual: 600_000, floor: 600_000, ceiling: 10_000_000 } as const;
export const saltBytes = 16;

const derive = promisify(pbkdf2);

/** Whether parameters read from a file may be used: values too weak, or high enough to stall the machine, are refused. */
export function areSound({ salt, rounds }: { readonly salt: Uint8Array; readonly rounds: number }): boolean {
  const { floor, ceiling } = pbkdf2Rounds;
  return salt.length === saltBytes && Number.isInteger(rounds) && rounds >= floor && rounds <= ceiling;
}

/** 32 bytes, computed on a worker thread. `passphrase` is taken as its UTF-8 bytes, unchanged. */
export function stretch(passphrase: string, salt: Uint8Array, rounds: number): Promise<Buffer> {
  return derive(passphrase, salt, rounds, 32, 'sha256');
}

/** The machine id's contribution to a key: a digest, so that the id itself is stored nowhere. Everyone on the machine can compute it. */
export function machineKeyOf(machineId: string): Buffer {
  return createHmac('sha256', 'gatehouse vault machine v1').update(machineId).digest();
}

/** The key-encryption key: HKDF-SHA256 over the stretched passphrase and, if there is one, the machine's key. */
export function keyEncryptionKey(
  stretched: Uint8Array,
  salt: Uint8Array,
  machineKey: Uint8Array | undefined,
): Buffer {
  const material = machineKey ? Buffer.concat([stretched, machineKey]) : stretched;
  const info = `gatehouse vault key encryption v1 ${machineKey ? 'bound' : 'unbound'}`;
  return Buffer.from(hkdfSync('sha256', material, salt, info, 32));
}

/** Recognises the machine before any passphrase is entered; useless for deriving the key. */
export function machineCheckOf(machineKey: Uint8Array, salt: Uint8Array): Buffer {
  return Buffer.from(hkdfSync('sha256', machineKey, salt, 'gatehouse vault machine check v1', 16));
}

/** Derives independent keys from one key, separated by `purpose`. */
export function subkey(key: Uint8Array, purpose: string, bytes: number): Buffer {
  return Buffer.from(hkdfSync('sha256', key, '', `gatehouse vault ${purpose} v1`, bytes));
}

/**
 * The audit log's key: HKDF-SHA256 (RFC 5869) of a `SECRET_KEY` under its own label, so that neither can stand in for the other. 32 bytes
 * as hex. One-way, so it may outlive the key that it was derived from.
 */
export function auditKeyOf(secret: string): string {
  return Buffer.from(hkdfSync('sha256', secret, '', 'gatehouse record v1', 32)).toString('hex');
}
