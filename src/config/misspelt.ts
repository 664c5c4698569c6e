// Finds names in `.env` that look like a misspelt setting: such a line has no effect, and nothing else would report it. Pure; reads no values.
import type { Problem } from './setting.ts';
import { type SettingName, settingNames } from './settings.ts';

export interface Misspelt {
  readonly name: string;
  readonly meant: SettingName | `${SettingName}_FILE`;
}

type Known = Misspelt['meant'];

const known: readonly Known[] = settingNames.flatMap((name): Known[] => [name, `${name}_FILE`]);
/** Variables that other programs read from the same file, and whose names are close to that of a setting. */
const ofOthers: ReadonlySet<string> = new Set(['COMPOSE_FILE']);

/** The `names` that are not a setting but close to one. A name that is close to no setting is assumed to be deliberate. */
export function findMisspelt(names: readonly string[]): Misspelt[] {
  return names.flatMap((name) => {
    if (ofOthers.has(name) || known.some((one) => one === name)) return [];
    const plain = name.toUpperCase().replace(/[.-]/g, '_');
    const near = known
      .map((meant) => ({ meant, edits: distance(plain, meant) }))
      .filter(({ meant, edits: count }) => count <= (meant.length < 8 ? 1 : 2))
      .sort((a, b) => a.edits - b.edits)[0];
    return near ? [{ name, meant: near.meant }] : [];
  });
}

export function misspeltProblems(names: readonly string[]): Problem[] {
  return findMisspelt(names).map(({ name, meant }) => ({
    name,
    message: `is not a setting, so its line in .env does nothing; did you mean ${meant}?`,
  }));
}

/** How many letters are missing, added, replaced or swapped with their neighbour (optimal string alignment distance); exact up to 2. */
function distance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 2) return 3;
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  const at = (i: number, j: number) => rows[i]?.[j] ?? Number.POSITIVE_INFINITY;
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1];
      const isSwapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row.push(
        Math.min(
          at(i - 1, j) + 1,
          at(i, j - 1) + 1,
          at(i - 1, j - 1) + (isSame ? 0 : 1),
          isSwapped ? at(i - 2, j - 2) + 1 : Number.POSITIVE_INFINITY,
        ),
      );
    }
  }
  return at(a.length, b.length);
}
