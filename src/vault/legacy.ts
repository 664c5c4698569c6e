// Imports what the former Python pipeline sealed. Its 100,000 PBKDF2 iterations are used to open that file once, and for nothing else.
import { pbkdf2 } from 'node:crypto';
import { promisify } from 'node:util';
import { z } from 'zod';
import type { PasteRefusal } from '../../views/vault-words.ts';
import { openFernet } from '../crypto/fernet.ts';
import type { Exported } from './browser-export.ts';
import { checkCookies } from './strict-cookies.ts';

const derive = promisify(pbkdf2);
const former = { passphrase: 'ConfluenceDataPipeline', rounds: 100_000, saltBytes: 16 } as const;

export interface LegacyVault {
  /** The contents of `secure_cookies.enc` and of `.salt`. */
  readonly sealed: Buffer;
  readonly salt: Buffer;
  /** COMPUTERNAME and USERNAME on the Windows machine that sealed it. */
  readonly computer: string;
  readonly user: string;
}

export type LegacyFault =
  | { readonly kind: 'salt' | 'other_names' | 'content' | 'expired' }
  | { readonly kind: 'cookies'; readonly why: PasteRefusal };

const contentSchema = z.record(z.string(), z.union([z.string(), z.number()]));
const expiryName = '_expiration_time';

/** `other_names`: it does not open with these two names, or it is damaged; the two cases cannot be distinguished. */
export async function openLegacy(
  { sealed, salt, computer, user }: LegacyVault,
  now: number,
): Promise<Exported | LegacyFault> {
  if (salt.length !== former.saltBytes) return { kind: 'salt' };
  const key = await derive(`${former.passphrase}${computer}${user}`, salt, former.rounds, 32, 'sha256');
  const plaintext = openFernet(key, sealed.toString('latin1').trim());
  if (!plaintext) return { kind: 'other_names' };
  const content = contentOf(plaintext.toString('utf8'));
  if (!content) return { kind: 'content' };
  const { [expiryName]: end, ...rest } = content;
  const expiresAt = instantOf(end);
  if (end !== undefined && expiresAt === undefined) return { kind: 'content' };
  if (expiresAt !== undefined && expiresAt <= now) return { kind: 'expired' };
  const cookies = Object.entries(rest).map(([name, value]) => ({ name, value: String(value) }));
  const checked = checkCookies(cookies);
  return 'kind' in checked ? { kind: 'cookies', why: checked } : { cookies, expiresAt, leftOut: 0 };
}

function contentOf(text: string): Record<string, string | number> | undefined {
  try {
    const parsed = contentSchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

/** Seconds as from Python's `time.time()`, or a date as from its `isoformat()`; a date without a time zone is local time. */
function instantOf(end: string | number | undefined): number | undefined {
  const at = typeof end === 'string' && !/^\d+(\.\d+)?$/.test(end) ? Date.parse(end) : Number(end) * 1000;
  return Number.isNaN(at) ? undefined : at;
}
