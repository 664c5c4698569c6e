// Compares versions.

/** Compares the first three numbers. */
export function isOlder(version: string, floor: string): boolean {
  const [a, b] = [version, floor].map((text) => (text.match(/\d+/g) ?? []).slice(0, 3).map(Number));
  for (let i = 0; i < 3; i++) {
    const difference = (a?.[i] ?? 0) - (b?.[i] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}
