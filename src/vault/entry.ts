// An entry: one owner's cookies for one host. Everything is inside the token, so that owner, host and expiry cannot be swapped.
import { z } from 'zod';
import { openFernet, sealFernet } from '../crypto/fernet.ts';

export interface Cookie {
  readonly name: string;
  readonly value: string;
}

const entrySchema = z.strictObject({
  /** Random; distinguishes an entry from the one that replaced it. */
  id: z.string(),
  /** A person's id, or a name chosen in the terminal. */
  owner: z.string(),
  /** The owner's display name. */
  ownerName: z.string(),
  /** As in `URL.host`. */
  host: z.string(),
  names: z.array(z.string()),
  /** Empty once the entry has expired: then only the cookie names are kept. */
  cookies: z.array(z.strictObject({ name: z.string(), value: z.string() })),
  source: z.enum(['page', 'file', 'terminal', 'former']),
  loadedAt: z.number(),
  expiresAt: z.number(),
  mark: z
    .strictObject({ state: z.enum(['refused', 'challenged']), at: z.number(), reason: z.string() })
    .optional(),
});
export type Entry = Readonly<z.infer<typeof entrySchema>>;

/** A response that makes the cookies useless: 401, 403 or a sign-in page (`refused`), or a CAPTCHA (`challenged`). */
export type ServiceMark = 'refused' | 'challenged';

export type EntryState = ServiceMark | 'fresh' | 'expiring' | 'expired';

const dayMs = 86_400_000;
const expiringMs = 2 * dayMs;
/** How long an expired entry stays listed, without its values. */
const listedMs = 14 * dayMs;

export function stateOf({ expiresAt, mark }: Entry, now: number): EntryState {
  if (expiresAt <= now) return 'expired';
  if (mark) return mark.state;
  return expiresAt - now <= expiringMs ? 'expiring' : 'fresh';
}

/** `a=1; b=2`, as in RFC 6265, section 4.2.1. */
export function headerOf(cookies: readonly Cookie[]): string {
  return cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
}

/**
 * Removes the values of expired entries, and drops entries that expired long ago.
 * @returns the entries that stay and those that just lost their values; undefined if nothing has to change
 */
export function tidy(
  entries: readonly Entry[],
  now: number,
): { readonly entries: Entry[]; readonly expired: readonly Entry[] } | undefined {
  const kept = entries.filter(({ expiresAt }) => expiresAt + listedMs > now);
  const expired = kept.filter(({ expiresAt, cookies }) => expiresAt <= now && cookies.length > 0);
  if (kept.length === entries.length && expired.length === 0) return undefined;
  return { entries: kept.map((one) => (expired.includes(one) ? { ...one, cookies: [] } : one)), expired };
}

export function sealEntry(dataKey: Uint8Array, entry: Entry, now: number): string {
  return sealFernet(dataKey, Buffer.from(JSON.stringify(entry)), now);
}

/**
 * The token's age is not checked: the entry holds its own expiry, and a clock that was set back must not lock the vault.
 * @returns undefined for a token sealed with another key, or one that does not hold an entry
 */
export function openEntry(dataKey: Uint8Array, token: string): Entry | undefined {
  const plaintext = openFernet(dataKey, token);
  if (!plaintext) return undefined;
  try {
    const parsed = entrySchema.safeParse(JSON.parse(plaintext.toString('utf8')));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
