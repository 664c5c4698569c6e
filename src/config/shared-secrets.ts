// Finds secrets that are used for two purposes: one leak would compromise both. Compares values, and never repeats one.
import { isPlaceholder } from './secret-strength.ts';
import type { SettingName, SettingValues } from './settings.ts';

export interface SharedSecret {
  /** The setting to change. */
  readonly name: SettingName;
  readonly with: SettingName;
}

/** Settings with the same purpose may hold the same value: a current and a former secret, a password and the URL that contains it. */
const purposes: readonly (readonly SettingName[])[] = [
  ['SECRET_KEY', 'SECRET_KEY_FALLBACKS'],
  ['GATE_SECRET', 'GATE_SECRET_FALLBACKS'],
  ['OAUTH2_PROXY_COOKIE_SECRET'],
  ['OAUTH2_PROXY_CLIENT_SECRET'],
  ['VAULT_PASSPHRASE'],
  ['REDIS_PASSWORD', 'REDIS_URL', 'GATE_REDIS_URL'],
  ['CONFLUENCE_API_TOKEN'],
  ['NOTIFY_WEBHOOK_SECRET'],
];

/** Each setting that holds the secret of another purpose listed above its own. */
export function findSharedSecrets(values: SettingValues): SharedSecret[] {
  const owners = new Map<string, { readonly name: SettingName; readonly purpose: number }>();
  const found: SharedSecret[] = [];
  for (const [purpose, names] of purposes.entries()) {
    for (const name of names) {
      for (const secret of secretsIn(values[name])) {
        const owner = owners.get(secret);
        if (owner === undefined) owners.set(secret, { name, purpose });
        else if (owner.purpose !== purpose) found.push({ name, with: owner.name });
      }
    }
  }
  return found;
}

function secretsIn(value: unknown): string[] {
  const texts = Array.isArray(value) ? value.map(String) : typeof value === 'string' ? [value] : [];
  return texts
    .map((text) => (text.includes('://') ? passwordIn(text) : text).trim())
    .filter((text) => text !== '' && !isPlaceholder(text));
}

/** Parsed by hand: `URL` does not accept Redis URLs that list several hosts. */
function passwordIn(url: string): string {
  const written = /^[a-z+]+:\/\/[^:@/]*:([^@/]*)@/.exec(url)?.[1] ?? '';
  try {
    return decodeURIComponent(written);
  } catch {
    return written;
  }
}
