// The app's signing keys: one derived key a purpose and secret, so that a cookie of one kind never passes for another.
import { createHmac, hkdfSync } from 'node:crypto';
import { equalInConstantTime } from './tokens.ts';

export type KeyPurpose = 'session cookie' | 'session id' | 'visitor cookie';

/** Which key signed: the newest, or one that is on its way out. */
export type SignedBy = 'current' | 'fallback';

export interface Keyring {
  /** Hex keys, newest first, for a library that signs itself. */
  keys(purpose: KeyPurpose): string[];
  /** HMAC-SHA256 of `text` under the newest key, base64url. */
  mac(purpose: KeyPurpose, text: string): string;
  /** The same under every key, newest first: to arrive again at what a former key made. */
  macs(purpose: KeyPurpose, text: string): string[];
  /** @returns which key made `mac`, or undefined where none did. */
  verify(purpose: KeyPurpose, text: string, mac: string): SignedBy | undefined;
}

/** Derives by HKDF-SHA256 (RFC 5869) from `secrets`, newest first. */
export function createKeyring(secrets: readonly [string, ...string[]]): Keyring {
  const derived = new Map<KeyPurpose, string[]>();
  const keys = (purpose: KeyPurpose): string[] => {
    let found = derived.get(purpose);
    if (!found) {
      found = secrets.map((secret) => derive(secret, purpose));
      derived.set(purpose, found);
    }
    return found;
  };
  return {
    keys,
    mac: (purpose, text) => hmac(keys(purpose)[0] ?? '', text),
    macs: (purpose, text) => keys(purpose).map((key) => hmac(key, text)),
    verify(purpose, text, mac) {
      const index = keys(purpose).findIndex((key) => equalInConstantTime(hmac(key, text), mac));
      if (index < 0) return undefined;
      return index === 0 ? 'current' : 'fallback';
    },
  };
}

function derive(secret: string, purpose: KeyPurpose): string {
  return Buffer.from(hkdfSync('sha256', secret, '', `gatehouse ${purpose} v1`, 32)).toString('hex');
}

function hmac(key: string, text: string): string {
  return createHmac('sha256', key).update(text).digest('base64url');
}
