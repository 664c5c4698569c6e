// A small vault in a file, for tests: a data key wrapped once for each passphrase, and entries sealed with it. Just real enough to show
// what a kill leaves behind.
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { replaceFile } from '../store/replace-file.ts';
import type { VaultSteps } from './vault-change.ts';

interface Content {
  /** The wrapped data key: one slot for each passphrase that opens the vault. */
  readonly slots: readonly string[];
  readonly entries: readonly string[];
}

export interface FileVault extends VaultSteps {
  /** Creates it, with one entry. */
  create(passphrase: string, entry: string): void;
  /** The entries; throws if `passphrase` does not open it. */
  read(passphrase: string): string[];
  slots(): number;
}

function seal(key: Buffer, plain: Buffer): string {
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, iv);
  return Buffer.concat([iv, cipher.update(plain), cipher.final(), cipher.getAuthTag()]).toString('base64url');
}

function unseal(key: Buffer, text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url');
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12));
  decipher.setAuthTag(bytes.subarray(-16));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]);
  } catch {
    return undefined;
  }
}

const keyOf = (passphrase: string) => createHash('sha256').update(passphrase).digest();

export function fileVault(path: string): FileVault {
  const load = () => JSON.parse(readFileSync(path, 'utf8')) as Content;
  const save = (content: Content) => void replaceFile(path, Buffer.from(JSON.stringify(content)));
  const open = (passphrase: string) =>
    load()
      .slots.map((slot) => unseal(keyOf(passphrase), slot))
      .find((dataKey) => dataKey !== undefined);

  function mustOpen(passphrase: string): Buffer {
    const dataKey = open(passphrase);
    if (!dataKey) throw new Error('the vault is closed');
    return dataKey;
  }

  function entriesOf(dataKey: Buffer): Buffer[] {
    return load().entries.map((entry) => {
      const plain = unseal(dataKey, entry);
      if (!plain) throw new Error('an entry is sealed with another data key');
      return plain;
    });
  }

  function make(passphrase: string, entries: readonly Buffer[]): void {
    const dataKey = randomBytes(32);
    save({
      slots: [seal(keyOf(passphrase), dataKey)],
      entries: entries.map((entry) => seal(dataKey, entry)),
    });
  }

  return {
    create: (passphrase, entry) => make(passphrase, [Buffer.from(entry)]),
    read: (passphrase) => entriesOf(mustOpen(passphrase)).map(String),
    slots: () => load().slots.length,
    async look(passphrase) {
      if (!existsSync(path)) return 'none';
      return open(passphrase) ? 'opens' : 'closed';
    },
    async addPassphrase(present, next) {
      const dataKey = mustOpen(present);
      if (open(next)) return;
      const { slots, entries } = load();
      save({ slots: [...slots, seal(keyOf(next), dataKey)], entries });
    },
    async keepOnly(kept) {
      mustOpen(kept);
      const { slots, entries } = load();
      const own = slots.filter((slot) => unseal(keyOf(kept), slot));
      if (own.length < slots.length) save({ slots: own, entries });
    },
    replaceDataKey: async (passphrase) => make(passphrase, entriesOf(mustOpen(passphrase))),
  };
}
