// What happens to each secret of a .env file: pure. A real value is replaced only when its word is in `rotate`.
import { maxFallbacks, type SettingName } from '../config/settings.ts';
import type { Edit } from './env-file.ts';
import {
  faultOf,
  makeSecret,
  type RandomBytes,
  type RotateWord,
  type SecretKind,
  secretKinds,
} from './kinds.ts';

export interface Step {
  readonly kind: SecretKind;
  /**
   * `made`: it was missing, empty or a placeholder; `unfit`: kept, though it cannot serve; `elsewhere`: a `NAME_FILE` holds it.
   */
  readonly action: 'made' | 'rotated' | 'kept' | 'unfit' | 'elsewhere';
  /** The secret after the plan; undefined for `unfit` and `elsewhere`. */
  readonly secret?: string;
  /** Whether the former secret still counts, as a fallback. */
  readonly formerKept: boolean;
  /** The list of fallbacks was full: its oldest entry is gone. */
  readonly oldestDropped: boolean;
  /** What people notice, without a full stop. */
  readonly people: string;
  /** Other variables that repeated the former secret and now repeat the new one. */
  readonly copies: readonly string[];
}

export type Plan =
  | { readonly steps: readonly Step[]; readonly edits: readonly Edit[] }
  /** Asked to rotate what the file does not hold: the variable that names the file to edit instead. */
  | { readonly heldElsewhere: readonly string[] };

type Values = Readonly<Record<string, string>>;

export interface PlanOptions {
  /** What the file holds now, as the app reads it. */
  readonly values: Values;
  /** Whether the file was there already: people may be signed in by what it holds. */
  readonly inUse: boolean;
  readonly rotate: ReadonlySet<RotateWord>;
  readonly bytes: RandomBytes;
}

export function planSecrets(options: PlanOptions): Plan {
  const { values, rotate } = options;
  const heldElsewhere = secretKinds
    .filter(({ word }) => rotate.has(word))
    .flatMap(({ name, fallbacks }) => [name, fallbacks])
    .filter((name) => name !== undefined && values[`${name}_FILE`]?.trim())
    .map((name) => `${name}_FILE`);
  if (heldElsewhere.length > 0) return { heldElsewhere };
  const planned = secretKinds.map((kind) => planOne(kind, options));
  return { steps: planned.map(({ step }) => step), edits: planned.flatMap(({ edits }) => edits) };
}

function planOne(
  kind: SecretKind,
  { values, inUse, rotate, bytes }: PlanOptions,
): { readonly step: Step; readonly edits: readonly Edit[] } {
  const former = values[kind.name]?.trim() ?? '';
  const fault = faultOf(kind, former);
  const unchanged = { kind, formerKept: false, oldestDropped: false, people: 'nothing changes', copies: [] };
  if (values[`${kind.name}_FILE`]?.trim()) return { step: { ...unchanged, action: 'elsewhere' }, edits: [] };
  if (fault !== 'placeholder' && !rotate.has(kind.word)) {
    const step: Step = fault
      ? { ...unchanged, action: 'unfit' }
      : { ...unchanged, action: 'kept', secret: former };
    return { step, edits: [] };
  }
  const secret = makeSecret(kind, bytes);
  const fallbacks =
    kind.fallbacks && fault === undefined ? withFallback(values[kind.fallbacks], former) : undefined;
  const copies = copyEdits(kind, values, former, secret);
  const step: Step = {
    kind,
    action: fault === 'placeholder' ? 'made' : 'rotated',
    secret,
    formerKept: fallbacks !== undefined,
    oldestDropped: fallbacks?.dropped ?? false,
    people: former === '' || !inUse ? 'nobody is signed out' : peopleOf(kind, fallbacks),
    copies: copies.map(({ name }) => name),
  };
  const own: Edit = { name: kind.name, value: secret };
  const list = kind.fallbacks && fallbacks ? fallbackEdit(kind.name, kind.fallbacks, fallbacks.list) : [];
  return { step, edits: [own, ...list, ...copies] };
}

function peopleOf(kind: SecretKind, fallbacks: Fallbacks | undefined): string {
  if (fallbacks?.dropped) return `only who was last here ${maxFallbacks} rotations ago is signed out`;
  return kind.whenRotated;
}

interface Fallbacks {
  readonly list: readonly string[];
  readonly dropped: boolean;
}

/** The former secret first, then the older ones; no more than the app takes. */
function withFallback(present: string | undefined, former: string): Fallbacks {
  const older = (present ?? '').split(',').map((item) => item.trim());
  const list = [former, ...older.filter((item) => item !== '' && item !== former)];
  return { list: list.slice(0, maxFallbacks), dropped: list.length > maxFallbacks };
}

function fallbackEdit(after: SettingName, name: SettingName, list: readonly string[]): Edit[] {
  return [{ name, value: list.join(','), after }];
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
