// Names in `.env` that look like a setting misspelt: nobody reads such a line, and nobody would say so. Pure; no value is looked at.
import type { Problem } from './problem.ts';
import { type SettingName, settingNames } from './settings.ts';

export interface Misspelt {
  readonly name: string;
  readonly meant: SettingName | `${SettingName}_FILE`;
}

type Known = Misspelt['meant'];

const known: readonly Known[] = settingNames.flatMap((name): Known[] => [name, `${name}_FILE`]);
/** Read by others from the same file, and near enough to one of ours. */
const foreign: ReadonlySet<string> = new Set(['COMPOSE_FILE']);

/** Of `names`, those that are no setting and nearly one. Whatever is far from all of them is somebody's own. */
export function findMisspelt(names: readonly string[]): Misspelt[] {
  return names.flatMap((name) => {
    if (foreign.has(name) || known.some((one) => one === name)) return [];
    const plain = name.toUpperCase().replace(/[.-]/g, '_');
    const near = known
      .map((meant) => ({ meant, slips: slips(plain, meant) }))
      .filter(({ meant, slips: count }) => count <= (meant.length < 8 ? 1 : 2))
      .sort((a, b) => a.slips - b.slips)[0];
    return near ? [{ name, meant: near.meant }] : [];
  });
}

export function misspeltProblems(names: readonly string[]): Problem[] {
  return findMisspelt(names).map(({ name, meant }) => ({
    name,
    message: `is no setting, so its line in .env does nothing; did you mean ${meant}?`,
  }));
}

/** How many letters were left out, added, replaced or swapped with their neighbour (optimal string alignment); past 2 it only says more. */
function slips(a: string, b: string): number {
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
