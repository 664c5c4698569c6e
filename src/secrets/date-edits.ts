// Keeps SECRET_DATES in step with the secrets of the file. Pure.
import { type Dates, markOf, writeDates } from './dates.ts';
import type { Edit } from './env-file.ts';
import { secretKinds } from './kinds.ts';
import type { Step } from './report.ts';

/** A date for each secret that stays or is added; a secret without a date gets today's. */
export function editDates(
  steps: readonly Step[],
  dates: Dates,
  values: Readonly<Record<string, string>>,
  today: string,
): Edit[] {
  const name = 'SECRET_DATES';
  if (values[`${name}_FILE`]?.trim()) return [];
  const marks = steps.flatMap(({ secret, formers }) =>
    [secret ?? '', ...formers.filter(({ fate }) => fate === 'kept').map((one) => one.secret)].map(markOf),
  );
  // The contents of a NAME_FILE are not read here, so its date cannot be distinguished from that of a removed secret.
  const unseen = steps.some(({ action }) => action === 'elsewhere') ? [...dates.keys()] : [];
  const all = [...marks, ...unseen].filter((mark) => mark !== undefined);
  const value = writeDates(new Map(all.map((mark) => [mark, dates.get(mark) ?? today])));
  if (value === (values[name] ?? '').trim()) return [];
  const names = secretKinds.flatMap((kind) => [kind.name, kind.fallbacks]);
  const isWhole = steps.every(
    ({ kind, action }) => action === 'elsewhere' || values[kind.name] !== undefined,
  );
  const last = isWhole ? Object.keys(values).findLast((key) => names.some((one) => one === key)) : undefined;
  return [{ name, value, ...(last !== undefined && { after: last }) }];
}
