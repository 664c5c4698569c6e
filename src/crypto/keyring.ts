// The app's signing keys: one derived key per purpose and secret, so that a cookie of one kind is never accepted as another.
// They can be replaced while the server runs; what a listed secret signed stays valid.
import { createHmac, hkdfSync } from 'node:crypto';
import { equalInConstantTime } from './tokens.ts';

export type KeyPurpose =
  | 'session cookie'
  | 'session id'
  | 'visitor cookie'
  | 'guard front'
  | 'guard probe'
  | 'guard assertion';

/** Newest first. */
export type Secrets = readonly [string, ...string[]];

/** Which key signed: one that stays, or one that is being phased out. */
export type SignedBy = 'current' | 'fallback';

export interface Keyring {
  /** Hex keys, the signing one first, for a library that does its own signing. Always the same array: `replace` changes its contents. */
  keys(purpose: KeyPurpose): string[];
  /** HMAC-SHA256 of `text` under the signing key, base64url. */
  mac(purpose: KeyPurpose, text: string): string;
  /** The MAC under every key, the signing one first: to recompute what another key produced. */
  macs(purpose: KeyPurpose, text: string): string[];
  /** @returns which key made `mac`, or undefined if none did. A key newer than the signing one counts as current. */
  verify(purpose: KeyPurpose, text: string, mac: string): SignedBy | undefined;
  /** The secrets it was created from, newest first. */
  secrets(): Secrets;
  /** The secret that signs. */
  signs(): string;
  /** Whether a key is being phased out. */
  hasFormer(): boolean;
  /** False while an older secret signs. */
  newestSigns(): boolean;
  /** Changes with every `replace`: what was verified under another generation must be verified again. */
  generation(): number;
  /** Takes effect immediately for every holder of `keys`. @param signing index of the secret that signs, or the oldest; the newest if absent */
  replace(secrets: Secrets, signing?: number): void;
}

/**
 * Derives by HKDF-SHA256 (RFC 5869) from `secrets`.
 * @param noteUse called with each secret being phased out that still verified something
 */
export function createKeyring(secrets: Secrets, noteUse: (secret: string) => void = () => {}): Keyring {
  let present = secrets;
  let signing = 0;
  let generation = 0;
  const derived = new Map<KeyPurpose, readonly string[]>();
  const handedOut = new Map<KeyPurpose, string[]>();

  function byAge(purpose: KeyPurpose): readonly string[] {
    let found = derived.get(purpose);
    if (!found) {
      found = present.map((secret) => derive(secret, purpose));
      derived.set(purpose, found);
    }
    return found;
  }
  function signingFirst(purpose: KeyPurpose): string[] {
    const all = byAge(purpose);
    return [...all.slice(signing, signing + 1), ...all.filter((_, index) => index !== signing)];
  }
  function keys(purpose: KeyPurpose): string[] {
    let list = handedOut.get(purpose);
    if (!list) {
      list = signingFirst(purpose);
      handedOut.set(purpose, list);
    }
    return list;
  }

  return {
    keys,
    mac: (purpose, text) => hmac(byAge(purpose)[signing] ?? '', text),
    macs: (purpose, text) => keys(purpose).map((key) => hmac(key, text)),
    verify(purpose, text, mac) {
      const index = byAge(purpose).findIndex((key) => equalInConstantTime(hmac(key, text), mac));
      if (index < 0) return undefined;
      if (index <= signing) return 'current';
      const secret = present[index];
      if (secret !== undefined) noteUse(secret);
      return 'fallback';
    },
    secrets: () => present,
    signs: () => present[signing] ?? present[0],
    hasFormer: () => signing < present.length - 1,
    newestSigns: () => signing === 0,
    generation: () => generation,
    replace(next, index = 0) {
      generation += 1;
      present = next;
      signing = Math.max(0, Math.min(index, next.length - 1));
      derived.clear();
      for (const [purpose, list] of handedOut) list.splice(0, list.length, ...signingFirst(purpose));
    },
  };
}

function derive(secret: string, purpose: KeyPurpose): string {
  return Buffer.from(hkdfSync('sha256', secret, '', `gatehouse ${purpose} v1`, 32)).toString('hex');
}

function hmac(key: string, text: string): string {
  return createHmac('sha256', key).update(text).digest('base64url');
}
