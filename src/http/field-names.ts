// Names in a query or a form that no page here uses, and that some parser reads as a structure (ASVS 15.3.6, 15.3.7).

/** What would reach an object's own workings, where a parser makes objects of names. */
const reserved = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * Whether a name stands for a structure (`a[b]`, `a[]`), is reserved, holds control characters or cannot be decoded.
 * @param encoded as it was sent: `a=1&b=2`
 */
export function hasStrangeName(encoded: string): boolean {
  return namesIn(encoded).some(
    (name) => name === undefined || reserved.has(name) || /[[\]\p{Cc}]/u.test(name),
  );
}

/** Whether a name comes more than once: which value counts would depend on who reads it. */
export function hasDoubledName(encoded: string): boolean {
  const names = namesIn(encoded);
  return new Set(names).size < names.length;
}

/** Decoded; undefined for one that cannot be. Empty parts (`&&`) name nothing. */
function namesIn(encoded: string): (string | undefined)[] {
  return encoded
    .split('&')
    .filter((part) => part !== '')
    .map((part) => {
      try {
        return decodeURIComponent((part.split('=', 1)[0] ?? '').replaceAll('+', ' '));
      } catch {
        return undefined;
      }
    });
}
