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
