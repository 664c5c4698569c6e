// The secrets that the generator creates, one row each: how each is made, and what replacing it means for people. Randomness comes only
// from `bytes`.
import { isPlaceholder, secretFault } from '../config/secret-strength.ts';
import { type SettingName, settingOf } from '../config/settings.ts';

export const rotateWords = ['session', 'gate', 'oauth2', 'vault', 'redis'] as const;
export type RotateWord = (typeof rotateWords)[number];

/** Returns this many random bytes; crypto.randomBytes outside tests. */
export type RandomBytes = (size: number) => Buffer;

export interface SecretKind {
  readonly name: SettingName;
  readonly word: RotateWord;
  readonly encoding: 'hex' | 'base64url';
  /** In characters; shorter secrets are unfit. */
  readonly minLength: number;
  /** The list that keeps the former secret, so that what it protects stays valid. */
  readonly fallbacks?: SettingName;
  /** Variables that may repeat the secret, alone or as the password in a URL. */
  readonly copies: readonly string[];
  /** What replacing it means for people, if a real one was in use. */
  readonly whenRotated: string;
  /** The same after an emergency, when no former secret is accepted any more. */
  readonly inEmergency: string;
  /** What makes the running parts use it. */
  readonly uses: readonly Use[];
}

/**
 * In this order no request is refused: the app accepts the former gate secret as well as the new one, so it must know the new one
 * before oauth2-proxy sends it. Restarting the app includes what SIGHUP does.
 */
export const uses = [
  'restart Redis',
  'restart the app',
  'send the app SIGHUP',
  'restart oauth2-proxy',
] as const;
export type Use = (typeof uses)[number];

export const secretKinds: readonly SecretKind[] = [
  {
    name: 'SECRET_KEY',
    word: 'session',
    encoding: 'hex',
    minLength: 64,
    fallbacks: 'SECRET_KEY_FALLBACKS',
    copies: [],
    whenRotated: 'nobody is signed out',
    inEmergency: 'everyone is signed out',
    uses: ['send the app SIGHUP'],
  },
  {
    name: 'GATE_SECRET',
    word: 'gate',
    encoding: 'base64url',
    minLength: 32,
    fallbacks: 'GATE_SECRET_FALLBACKS',
    copies: ['OAUTH2_PROXY_BASIC_AUTH_PASSWORD'],
    whenRotated: 'nobody is signed out',
    inEmergency: 'every page is refused until the app and oauth2-proxy both have it',
    uses: ['send the app SIGHUP', 'restart oauth2-proxy'],
  },
  {
    name: 'OAUTH2_PROXY_COOKIE_SECRET',
    word: 'oauth2',
    // 43 characters without padding: oauth2-proxy's SecretBytes reads them as 32 bytes, and no reader stumbles over a `=`.
    encoding: 'base64url',
    minLength: 16,
    copies: [],
    whenRotated: 'everyone signs in to Google again; choose a quiet hour',
    inEmergency: 'everyone signs in to Google again',
    uses: ['restart oauth2-proxy'],
  },
  {
    name: 'VAULT_PASSPHRASE',
    word: 'vault',
    encoding: 'base64url',
    minLength: 12,
    copies: [],
    whenRotated: 'nobody is signed out',
    inEmergency: 'the vault is encrypted again with a new data key',
    uses: ['send the app SIGHUP'],
  },
  {
    name: 'REDIS_PASSWORD',
    word: 'redis',
    encoding: 'base64url',
    minLength: 32,
    copies: [
      'REDIS_URL',
      'GATE_REDIS_URL',
      'OAUTH2_PROXY_REDIS_CONNECTION_URL',
      'OAUTH2_PROXY_REDIS_PASSWORD',
    ],
    whenRotated: 'people who are active while Redis restarts sign in to Google again',
    inEmergency: 'people who are active while Redis restarts sign in to Google again',
    uses: ['restart Redis', 'restart the app', 'restart oauth2-proxy'],
  },
];

/** A new secret of 32 random bytes: fit, and without a leading `-` that a command line would read as an option. */
export function makeSecret(kind: SecretKind, bytes: RandomBytes): string {
  for (;;) {
    const secret = bytes(32).toString(kind.encoding);
    if (/^[A-Za-z0-9]/.test(secret) && faultOf(kind, secret) === undefined) return secret;
  }
}

/** Why `value` cannot be used as this secret; undefined if it can. Never contains the value. */
export function faultOf(
  kind: SecretKind,
  value: string,
): 'placeholder' | 'too short or not random' | 'wrong form' | undefined {
  if (isPlaceholder(value)) return 'placeholder';
  if (secretFault(value, kind.minLength)) return 'too short or not random';
  if (!settingOf(kind.name).schema.safeParse(value).success) return 'wrong form';
  return kind.word === 'oauth2' && !fitsOauth2Proxy(value) ? 'wrong form' : undefined;
}

/**
 * As oauth2-proxy 7.15.3 reads it (pkg/encryption SecretBytes): base64url of 16, 24 or 32 bytes, or raw text of that length in bytes.
 */
function fitsOauth2Proxy(value: string): boolean {
  const bare = value.replace(/=+$/, '');
  const isAesLength = (length: number) => [16, 24, 32].includes(length);
  const decodes = /^[\w-]*$/.test(bare) && bare.length % 4 !== 1;
  return (decodes && isAesLength(Math.floor((bare.length * 3) / 4))) || isAesLength(Buffer.byteLength(value));
}
