// Rules for a passphrase chosen by a person, so that `.env` returns it exactly as typed.
import { isPlaceholder } from '../config/secret-strength.ts';

/** @returns what is wrong with it, without quoting it; undefined if nothing is */
export function passphraseFault(passphrase: string): string | undefined {
  if (passphrase.length < 12) return 'is shorter than 12 characters';
  if (isPlaceholder(passphrase)) return 'reads like a placeholder';
  // Between single quotes every other character is literal, in .env and in Docker Compose.
  if (/['\p{Cc}]/u.test(passphrase))
    return 'holds a single quote or a control character, which .env could not keep';
  return passphrase === passphrase.trim()
    ? undefined
    : 'begins or ends with a blank, which .env could not keep';
}
