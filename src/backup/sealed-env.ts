// `.env` inside a backup: sealed with a passphrase that only people know. Fernet with PBKDF2, so that a few lines in any language can open
// it without this program.
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { openFernet, sealFernet } from '../crypto/fernet.ts';
import { areSound, pbkdf2Rounds, saltBytes, stretch } from '../crypto/kdf.ts';

const schema = z.object({
  about: z.string(),
  kdf: z.literal('PBKDF2-HMAC-SHA256'),
  rounds: z.number().int(),
  salt: z.base64(),
  token: z.string(),
});

const about =
  'A Fernet token (github.com/fernet/spec); its key is PBKDF2-HMAC-SHA256 over the passphrase with this salt and these rounds, 32 bytes.';
export const shortestPassphrase = 12;

/** @param now milliseconds */
export async function sealEnv(text: string, passphrase: string, now: number): Promise<string> {
  const salt = randomBytes(saltBytes);
  const rounds = pbkdf2Rounds.usual;
  const token = sealFernet(await stretch(passphrase, salt, rounds), Buffer.from(text), now);
  const sealed = { about, kdf: 'PBKDF2-HMAC-SHA256', rounds, salt: salt.toString('base64'), token };
  return `${JSON.stringify(sealed, undefined, 2)}\n`;
}

/** @returns undefined if the passphrase is wrong, or it is damaged */
export async function openEnv(sealed: string, passphrase: string): Promise<string | undefined> {
  const parsed = schema.safeParse(parseJson(sealed));
  if (!parsed.success) return undefined;
  const { rounds, token } = parsed.data;
  const salt = Buffer.from(parsed.data.salt, 'base64');
  if (!areSound({ salt, rounds })) return undefined;
  return openFernet(await stretch(passphrase, salt, rounds), token)?.toString('utf8');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
