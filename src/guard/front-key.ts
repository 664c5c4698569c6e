// The key by which the front proves which app it asks for: derived from SECRET_KEY, so nothing is stored and it rotates with it.
import type { Keyring, SignedBy } from '../crypto/keyring.ts';
import type { Apps, GuardedApp } from './contract.ts';

const purpose = 'guard front';

/** 43 characters of base64url: an HMAC of the app's name and key version under the key that signs. */
export function frontKey(
  keyring: Pick<Keyring, 'mac'>,
  app: Pick<GuardedApp, 'name' | 'keyVersion'>,
): string {
  return keyring.mac(purpose, signedText(app));
}

type Checker = Pick<Keyring, 'verify' | 'generation'>;

/**
 * The app whose key this is, under any listed SECRET_KEY; undefined if it is nobody's. Compared in constant time. A key that was accepted
 * is found again by its exact bytes until the keyring or the apps file changes; others are not kept, so that nobody can fill the memory.
 */
export function appOfKey(keyring: Checker, apps: Apps, key: string): GuardedApp | undefined {
  const known = acceptedFor(keyring, apps);
  const found = known.get(key);
  // Verified again under a former key, so that its use is noted: the keys page must not say that nobody needs it.
  if (found?.signedBy === 'fallback') keyring.verify(purpose, signedText(found.app), key);
  if (found) return found.app;
  for (const app of apps.apps.values()) {
    const signedBy = keyring.verify(purpose, signedText(app), key);
    if (signedBy === undefined) continue;
    known.set(key, { app, signedBy });
    return app;
  }
  return undefined;
}

interface Found {
  readonly app: GuardedApp;
  readonly signedBy: SignedBy;
}

interface Accepted {
  readonly keyring: Checker;
  readonly generation: number;
  readonly keys: Map<string, Found>;
}

/** By the apps file as it was read, which is another object after each change. */
const accepted = new WeakMap<Apps, Accepted>();

function acceptedFor(keyring: Checker, apps: Apps): Map<string, Found> {
  const generation = keyring.generation();
  const present = accepted.get(apps);
  if (present?.keyring === keyring && present.generation === generation) return present.keys;
  const keys = new Map<string, Found>();
  accepted.set(apps, { keyring, generation, keys });
  return keys;
}

function signedText({ name, keyVersion }: Pick<GuardedApp, 'name' | 'keyVersion'>): string {
  return `${name}\n${keyVersion}`;
}
