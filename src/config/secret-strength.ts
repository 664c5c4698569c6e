// What makes a secret unfit: too short, a placeholder, or visibly not random. Says why, never what it is.

// The shortest words stand at a word's edge, or one random base64url secret in 13,000 would be taken for a placeholder.
const placeholders =
  /change[-_ ]?me|placeholder|replace[-_ ]?(me|this|with)|\byour[-_ ]|example|insert|\btodo\b|\bdummy|default|secret[-_ ]?(key|here)|password|x{6}|<.*>|\.\.\./i;

/**
 * Why `value` cannot serve as a secret of at least `minLength` characters.
 * @returns undefined where nothing speaks against it.
 */
export function secretFault(value: string, minLength: number): string | undefined {
  if (isPlaceholder(value)) return 'is a placeholder';
  if (value.length < minLength) return `is too short (${value.length} characters, ${minLength} needed)`;
  if (new Set(value).size < 8) return 'is not random (the same few characters over and over)';
  return undefined;
}

/** Whether `value` only stands where a secret belongs, so that nothing is lost when it is replaced. */
export function isPlaceholder(value: string): boolean {
  return value === '' || placeholders.test(value);
}
