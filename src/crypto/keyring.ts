// The app's signing keys: one derived key a purpose and secret, so that a cookie of one kind never passes for another.
// They are exchanged while the server runs: what a listed secret signed stays valid through it.
import { createHmac, hkdfSync } from 'node:crypto';
import { equalInConstantTime } from './tokens.ts';

export type KeyPurpose = 'session cookie' | 'session id' | 'visitor cookie';

/** Newest first. */
export type Secrets = readonly [string, ...string[]];

/** Which key signed: one that is to stay, or one that is on its way out. */
export type SignedBy = 'current' | 'fallback';

export interface Keyring {
  /** Hex keys, the signing one first, for a library that signs itself. Always the same list: `replace` changes what is in it. */
  keys(purpose: KeyPurpose): string[];
  /** HMAC-SHA256 of `text` under the signing key, base64url. */
  mac(purpose: KeyPurpose, text: string): string;
  /** The same under every key, the signing one first: to arrive again at what another key made. */
  macs(purpose: KeyPurpose, text: string): string[];
  /** @returns which key made `mac`, or undefined where none did. A newer key than the signing one counts as current. */
  verify(purpose: KeyPurpose, text: string, mac: string): SignedBy | undefined;
  /** What it was made of, newest first. */
  secrets(): Secrets;
  /** The one of them that signs. */
  signs(): string;
  /** Whether there is a key on its way out. */
  hasFormer(): boolean;
  /** False while an older one signs. */
  newestSigns(): boolean;
  /** At once, for all who hold `keys`. @param signing index of the secret that signs, or the oldest; the newest where absent */
  replace(secrets: Secrets, signing?: number): void;
}

/**
 * Derives by HKDF-SHA256 (RFC 5869) from `secrets`.
 * @param noteUse told of each secret on its way out that still verified something
 */
export function createKeyring(secrets: Secrets, noteUse: (secret: string) => void = () => {}): Keyring {
  let present = secrets;
  let signing = 0;
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
    replace(next, index = 0) {
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
