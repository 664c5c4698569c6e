// Every secret of this deployment that a server can know of: what it protects, how to replace it, and its fingerprints. The secrets
// themselves do not leave this file.
import type { Config } from '../config/derive.ts';
import type { SettingValues } from '../config/settings.ts';
import { auditKeyOf } from '../crypto/kdf.ts';
import { fingerprint } from '../crypto/tokens.ts';

/** `reload`: SIGHUP is enough. `gate`: oauth2-proxy must restart. `reload and gate`: both. `restart`: Gatehouse must restart. `all`: everything must restart. */
export type TakeOver = 'reload' | 'reload and gate' | 'gate' | 'restart' | 'all';

export interface KnownSecret {
  readonly name: string;
  readonly protects: string;
  /** Newest first, then former ones; undefined for a secret too short for a fingerprint. Empty: not in use. */
  readonly prints: readonly (string | undefined)[] | 'not known to the app';
  /** For a secret derived from another one: the fingerprints whose dates apply, in the same order. */
  readonly datedAs?: readonly (string | undefined)[];
  /** The command to paste. */
  readonly command: string;
  /** Manual steps, if the command alone is not enough. */
  readonly byHand?: string;
  readonly takeOver: TakeOver;
  /** What people notice, if anything. */
  readonly people?: string;
  /** How long a former secret is needed, milliseconds. */
  readonly formerNeededMs: number;
  /** When that time starts: when its successor came into use, or when the secret itself was last used. */
  readonly formerNeeded: 'after its successor' | 'after its last use';
  /** Whether the use of a former secret is recorded. */
  readonly isUseNoted: boolean;
}

const dayMs = 86_400_000;
const generate = (word: string) => `node generate-secrets.ts --rotate ${word}`;
const makeOne = `node -e "console.log(require('node:crypto').randomBytes(32).toString('base64url'))"`;

/**
 * Only secrets long enough to be random get a fingerprint: 8 digits of the hash of a chosen password would help to guess it.
 * @returns undefined for shorter ones
 */
export function printOf(secret: string): string | undefined {
  return secret.length >= 32 ? fingerprint(secret) : undefined;
}

/** @param values the settings as set, if known: they include secrets that the app itself does not use */
export function knownSecrets(config: Config, values: SettingValues | undefined): readonly KnownSecret[] {
  const one = (secret: string | undefined) => (secret ? [printOf(secret)] : []);
  const elsewhere = (secret: string | undefined) =>
    secret && secret.length > 0 ? one(secret) : ('not known to the app' as const);
  const common = { formerNeededMs: 0, formerNeeded: 'after its successor', isUseNoted: false } as const;
  const redisPassword = config.store.kind === 'redis' ? passwordOf(config.store.url) : undefined;
  // A day more than the longest-lived cookie: servers do not start to use a key at exactly the same time.
  const cookiesMs = Math.max(config.session.lifetimeMs, config.visitor.ttlMs) + dayMs;
  return [
    {
      name: 'SECRET_KEY',
      protects: 'Signs the session cookie and the visitor cookie.',
      prints: config.secretKeys.map(printOf),
      command: generate('session'),
      takeOver: 'reload',
      formerNeededMs: cookiesMs,
      formerNeeded: 'after its successor',
      isUseNoted: true,
    },
    {
      name: 'GATE_SECRET',
      protects: 'Proves to the app that a request came through the gate.',
      prints: config.gate.secrets.map(printOf),
      command: generate('gate'),
      takeOver: 'reload and gate',
      formerNeededMs: dayMs,
      formerNeeded: 'after its last use',
      isUseNoted: true,
    },
    {
      ...common,
      name: 'OAUTH2_PROXY_COOKIE_SECRET',
      protects: 'Encrypts the gate’s own cookie.',
      prints: elsewhere(values?.OAUTH2_PROXY_COOKIE_SECRET),
      command: generate('oauth2'),
      takeOver: 'gate',
      people: 'Everyone signs in to Google again; no session here ends.',
    },
    {
      ...common,
      name: 'OAUTH2_PROXY_CLIENT_SECRET',
      protects: 'Proves to Google that a sign-in comes from this site.',
      prints: elsewhere(values?.OAUTH2_PROXY_CLIENT_SECRET),
      command: 'docker compose up -d --wait',
      byHand:
        'In the Google Cloud console, under Credentials, add a second secret to the OAuth client and enter it in .env. Disable the old one there once a sign-in has worked.',
      takeOver: 'gate',
    },
    {
      ...common,
      name: 'VAULT_PASSPHRASE',
      protects: 'Opens the vault of outbound cookies.',
      prints: one(config.vault.passphrase),
      command: generate('vault'),
      takeOver: 'reload',
    },
    {
      ...common,
      name: 'REDIS_PASSWORD',
      protects: 'Keeps others out of the Redis that holds the sessions.',
      prints: one(redisPassword),
      command: generate('redis'),
      takeOver: 'all',
      people: 'People who are active while Redis restarts sign in to Google again.',
    },
    {
      ...common,
      name: 'NOTIFY_WEBHOOK_SECRET',
      protects: 'Signs the notices to the webhook.',
      prints: one(config.webhook?.secret),
      command: makeOne,
      byHand: 'Enter what the command prints in .env and at the receiver of the notices.',
      takeOver: 'restart',
    },
    {
      ...common,
      name: 'CONFLUENCE_API_TOKEN',
      protects: 'Reads Confluence.',
      prints: one(config.confluence.apiToken),
      command: 'docker compose up -d --wait',
      byHand: 'Make a new token in the Atlassian account, enter it in .env, and revoke the old one.',
      takeOver: 'restart',
    },
    {
      ...common,
      name: 'The record’s key',
      protects: 'Seals the entries of the record. It is derived from SECRET_KEY and changes with it.',
      prints: [...config.secretKeys.map(auditKeyOf), ...config.audit.formerKeys].map(printOf),
      datedAs: config.secretKeys.map(printOf),
      command: generate('session'),
      takeOver: 'reload',
      formerNeededMs: config.audit.retentionMs,
    },
  ];
}

function passwordOf(url: string): string | undefined {
  const password = /^[^:]+:\/\/[^:@/]*:([^@/]*)@/.exec(url)?.[1];
  return password ? decodeURIComponent(password) : undefined;
}
