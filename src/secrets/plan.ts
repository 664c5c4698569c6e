// Decides what happens to each secret of a .env file. Pure. A real value is replaced only if its word is in `rotate`; a former one is
// removed only with `prune`, in an emergency, or if the list is full.
import { maxFallbacks } from '../config/schemas.ts';
import { editDates } from './date-edits.ts';
import { type Dates, dayToCome, putInOrder, readDates } from './dates.ts';
import type { Edit } from './env-file.ts';
import { type Former, itemsOf, planFormers } from './fallbacks.ts';
import { keptForMs } from './kept-for.ts';
import {
  faultOf,
  makeSecret,
  type RandomBytes,
  type RotateWord,
  type SecretKind,
  secretKinds,
} from './kinds.ts';
import { planRecordKeys } from './record-keys.ts';
import type { Step } from './report.ts';

export type Plan =
  | {
      readonly steps: readonly Step[];
      readonly edits: readonly Edit[];
      /** How many keys of the record do not fit in their list. */
      readonly recordKeysLost: number;
    }
  /** Asked to rotate a secret that is not in the file: the variables that name the files to edit instead. */
  | { readonly heldElsewhere: readonly string[] }
  /** Asked to prune, but this recorded day is still in the future. */
  | { readonly dayToCome: string };

type Values = Readonly<Record<string, string>>;

export interface PlanOptions {
  /** The current values, as the app reads them. */
  readonly values: Values;
  /** Whether the file existed already: people may be signed in with its secrets. */
  readonly inUse: boolean;
  readonly rotate: ReadonlySet<RotateWord>;
  /** Removes former secrets that nobody can need any more. */
  readonly prune: boolean;
  /** Removes all former secrets, because they are stolen. */
  readonly emergency: boolean;
  /** The day in UTC, `YYYY-MM-DD`. */
  readonly today: string;
  readonly bytes: RandomBytes;
}

export function planSecrets(options: PlanOptions): Plan {
  const { values, rotate, prune, today } = options;
  const noted = readDates(values['SECRET_DATES']);
  const ahead = prune ? dayToCome(noted, today) : undefined;
  if (ahead !== undefined) return { dayToCome: ahead };
  const dates = secretKinds.reduce(
    (known, kind) => putInOrder([values[kind.name]?.trim() ?? '', ...formersIn(kind, values)], known, today),
    noted,
  );
  const steps = secretKinds.map((kind) => planOne(kind, dates, options));
  const record = planRecordKeys(steps, values);
  const heldElsewhere = [
    ...secretKinds.filter(({ word }) => rotate.has(word)).flatMap(({ name, fallbacks }) => [name, fallbacks]),
    ...secretKinds.map(({ fallbacks }) => (prune ? fallbacks : undefined)),
    record.edits.length > 0 ? 'AUDIT_KEY_FALLBACKS' : undefined,
  ].filter((name) => name !== undefined && values[`${name}_FILE`]?.trim());
  if (heldElsewhere.length > 0) {
    return { heldElsewhere: [...new Set(heldElsewhere)].map((name) => `${name}_FILE`) };
  }
  const edits = [...steps.flatMap((step) => editsOf(step, values)), ...record.edits];
  // A run that changes nothing else leaves the dates unchanged too, unless it is pruning.
  if (edits.length > 0 || prune) edits.push(...editDates(steps, dates, values, today));
  return { steps, edits, recordKeysLost: record.lost };
}

function planOne(kind: SecretKind, dates: Dates, options: PlanOptions): Step {
  const { values, inUse, rotate, emergency, bytes } = options;
  const held = values[kind.name]?.trim() ?? '';
  const fault = faultOf(kind, held);
  const unchanged = { kind, formerKept: false, people: 'nothing changes', copies: [] };
  const isReplaced = fault === 'placeholder' || rotate.has(kind.word);
  const formersOf = (present: string, former?: string) =>
    kind.fallbacks
      ? planFormers({
          ...options,
          present,
          former,
          list: values[kind.fallbacks],
          dates,
          keptForMs: keptForMs(kind, values),
        })
      : [];
  if (values[`${kind.name}_FILE`]?.trim()) return { ...unchanged, action: 'elsewhere', formers: [] };
  if (!isReplaced) {
    const formers = formersOf(held);
    return fault
      ? { ...unchanged, action: 'unfit', formers }
      : { ...unchanged, action: 'kept', secret: held, formers };
  }
  const secret = makeSecret(kind, bytes);
  const former = fault === undefined ? held : undefined;
  const formers = formersOf(secret, former);
  const wasUsed = held !== '' && inUse;
  return {
    kind,
    action: fault === 'placeholder' ? 'made' : 'rotated',
    secret,
    ...(former !== undefined && { former }),
    formerKept: formers.some((one) => one.secret === former && one.fate === 'kept'),
    formers,
    people: wasUsed ? peopleOf(kind, formers, emergency) : 'nobody is signed out',
    copies: copyEdits(kind, values, held, secret).map(({ name }) => name),
  };
}

function peopleOf(kind: SecretKind, formers: readonly Former[], emergency: boolean): string {
  if (emergency) return kind.inEmergency;
  if (formers.length > maxFallbacks)
    return `only people who were last here ${maxFallbacks} rotations ago are signed out`;
  return kind.whenRotated;
}

function editsOf({ kind, action, secret = '', formers }: Step, values: Values): Edit[] {
  const isNew = action === 'made' || action === 'rotated';
  const own = isNew ? [{ name: kind.name, value: secret }] : [];
  const copies = isNew ? copyEdits(kind, values, values[kind.name]?.trim() ?? '', secret) : [];
  const kept = formers.filter(({ fate }) => fate === 'kept').map((one) => one.secret);
  const isChanged =
    kept.length < formers.length || (kept[0] !== undefined && !isListed(kind, values, kept[0]));
  const list =
    kind.fallbacks && isChanged ? [{ name: kind.fallbacks, value: kept.join(','), after: kind.name }] : [];
  return [...own, ...list, ...copies];
}

function isListed(kind: SecretKind, values: Values, secret: string): boolean {
  return formersIn(kind, values).includes(secret);
}

function formersIn({ fallbacks }: SecretKind, values: Values): string[] {
  return itemsOf(values[fallbacks ?? '']);
}

function copyEdits(kind: SecretKind, values: Values, former: string, secret: string): Edit[] {
  if (former === '') return [];
  return kind.copies.flatMap((name) => {
    const value = values[name] ?? '';
    const renewed = value === former ? secret : replacePassword(value, former, secret);
    return renewed === value ? [] : [{ name, value: renewed }];
  });
}

function replacePassword(url: string, former: string, secret: string): string {
  return [former, encodeURIComponent(former)].reduce(
    (text, password) => text.replace(`:${password}@`, () => `:${secret}@`),
    url,
  );
}
