// Passphrase slots: derive the data key from a passphrase and, for a bound slot, this machine. The slow derivation runs once; the result
// is cached in this process.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import {
  areSound,
  keyEncryptionKey,
  machineCheckOf,
  machineKeyOf,
  pbkdf2Rounds,
  stretch as pbkdf2Stretch,
  saltBytes,
} from '../crypto/kdf.ts';
import { unwrapKey, wrapKey } from '../crypto/key-wrap.ts';
import type { VaultFault } from './faults.ts';
import type { Slot } from './sealed-file.ts';

export interface SlotOptions {
  /** Whether new slots are bound to this machine. */
  readonly bindMachine: boolean;
  readonly machineId: () => Promise<string | undefined>;
  /** Derives 32 bytes from a passphrase. Absent: PBKDF2, which takes a third of a second of CPU. */
  readonly stretch?: typeof pbkdf2Stretch;
}

export interface Slots {
  /**
   * A slot that opens with `passphrase`; a fault if it must be bound and the machine has no id: a slot is never silently left unbound.
   */
  make(passphrase: string, dataKey: Uint8Array): Promise<Slot | 'no_machine_id'>;
  /** The data key and the slot that yielded it; slots are tried in order. */
  open(
    slots: readonly Slot[],
    passphrase: string,
  ): Promise<{ readonly dataKey: Buffer; readonly slot: Slot } | VaultFault>;
}

const remembered = 8;

export function createSlots({ bindMachine, machineId, stretch = pbkdf2Stretch }: SlotOptions): Slots {
  const stretched = new Map<string, Promise<Buffer>>();
  let machineKey: Promise<Buffer | undefined> | undefined;

  function thisMachine(): Promise<Buffer | undefined> {
    machineKey ??= machineId().then((id) => (id === undefined ? undefined : machineKeyOf(id)));
    return machineKey;
  }

  function stretchOnce(passphrase: string, salt: Buffer, rounds: number): Promise<Buffer> {
    const name = createHash('sha256').update(salt).update(`${rounds}:`).update(passphrase).digest('base64');
    let made = stretched.get(name);
    if (!made) {
      const [oldest] = stretched.keys();
      if (stretched.size >= remembered && oldest !== undefined) stretched.delete(oldest);
      made = stretch(passphrase, salt, rounds);
      stretched.set(name, made);
    }
    return made;
  }

  async function tryOne(slot: Slot, passphrase: string): Promise<Buffer | VaultFault> {
    const salt = Buffer.from(slot.salt, 'base64url');
    if (!areSound({ salt, rounds: slot.rounds })) return 'damaged';
    const key = slot.bound ? await thisMachine() : undefined;
    if (slot.bound && !(key && isHere(slot, key, salt))) return 'other_machine';
    const kek = keyEncryptionKey(await stretchOnce(passphrase, salt, slot.rounds), salt, key);
    const dataKey = unwrapKey(kek, Buffer.from(slot.wrapped, 'base64url'));
    if (dataKey) return dataKey.length === 32 ? dataKey : 'damaged';
    return 'wrong_passphrase';
  }

  return {
    async make(passphrase, dataKey) {
      const key = bindMachine ? await thisMachine() : undefined;
      if (bindMachine && !key) return 'no_machine_id';
      const salt = randomBytes(saltBytes);
      const rounds = pbkdf2Rounds.usual;
      const kek = keyEncryptionKey(await stretchOnce(passphrase, salt, rounds), salt, key);
      return {
        salt: salt.toString('base64url'),
        rounds,
        bound: bindMachine,
        machine: key ? machineCheckOf(key, salt).toString('base64url') : '',
        wrapped: wrapKey(kek, dataKey).toString('base64url'),
      };
    },
    async open(slots, passphrase) {
      if (bindMachine && !(await thisMachine())) return 'no_machine_id';
      const faults = new Set<VaultFault>();
      for (const slot of slots) {
        const found = await tryOne(slot, passphrase);
        if (typeof found !== 'string') return { dataKey: found, slot };
        faults.add(found);
      }
      const order = ['wrong_passphrase', 'other_machine'] as const;
      return order.find((fault) => faults.has(fault)) ?? 'damaged';
    },
  };
}

function isHere({ machine }: Slot, key: Buffer, salt: Buffer): boolean {
  const [expected, found] = [machineCheckOf(key, salt), Buffer.from(machine, 'base64url')];
  return found.length === expected.length && timingSafeEqual(found, expected);
}
