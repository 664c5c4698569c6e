// Tells whether a secret is too short, a placeholder or obviously not random. Gives the reason, never the value.

// The shortest words need a word boundary: otherwise one random base64url secret in 13,000 would count as a placeholder.
const placeholders =
  /change[-_ ]?me|placeholder|replace[-_ ]?(me|this|with)|\byour[-_ ]|example|insert|\btodo\b|\bdummy|default|secret[-_ ]?(key|here)|password|x{6}|<.*>|\.\.\./i;

/**
 * Why `value` cannot be used as a secret of at least `minLength` characters.
 * @returns undefined if it can
 */
export function secretFault(value: string, minLength: number): string | undefined {
  if (isPlaceholder(value)) return 'is a placeholder';
  if (value.length < minLength) return `is too short (${value.length} characters, ${minLength} needed)`;
  if (new Set(value).size < 8) return 'is not random (the same few characters over and over)';
  return undefined;
}

/** Whether `value` is a placeholder for a secret: nothing is lost when it is replaced. */
export function isPlaceholder(value: string): boolean {
  return value === '' || placeholders.test(value);
}

/** Checks a passphrase chosen by a person, also that `.env` returns it exactly as typed. @returns what is wrong with it, without quoting it; undefined if nothing is */
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
