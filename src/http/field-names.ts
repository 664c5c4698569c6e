// Names in a query or a form that no page here uses, and that some parser reads as a structure (ASVS 15.3.6, 15.3.7).

/** Names that would reach an object's prototype in a parser that makes objects of names. */
const reserved = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * Whether a name stands for a structure (`a[b]`, `a[]`), is reserved, contains control characters or cannot be decoded.
 * @param encoded as it was sent: `a=1&b=2`
 */
export function hasStrangeName(encoded: string): boolean {
  return namesIn(encoded).some(
    (name) => name === undefined || reserved.has(name) || /[[\]\p{Cc}]/u.test(name),
  );
}

/** Whether a name is repeated: which value counts would depend on the parser. */
export function hasDoubledName(encoded: string): boolean {
  const names = namesIn(encoded);
  return new Set(names).size < names.length;
}

/** Decoded; undefined for a name that cannot be decoded. Empty parts (`&&`) are skipped. */
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
