// What a passphrase that somebody thinks up must be, so that `.env` gives it back as it was typed.
import { isPlaceholder } from '../config/secret-strength.ts';

/** @returns what is wrong with it, without it; undefined: nothing */
export function passphraseFault(passphrase: string): string | undefined {
  if (passphrase.length < 12) return 'is shorter than 12 characters';
  if (isPlaceholder(passphrase)) return 'reads like a placeholder';
  // Between single quotes every other letter stands for itself, in .env and in Docker Compose.
  if (/['\p{Cc}]/u.test(passphrase))
    return 'holds a single quote or a control character, which .env could not keep';
  return passphrase === passphrase.trim()
    ? undefined
    : 'begins or ends with a blank, which .env could not keep';
}
