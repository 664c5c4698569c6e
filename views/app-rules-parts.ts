// What the operators' pages of the apps share: an app and its entries, the file's faults, and what a form did.
import type { AppLook } from './app-tile.ts';
import { count } from './format.ts';
import { type Content, type Html, html } from './html.ts';
import { address, notice, prose } from './parts.ts';

/** An entry of an app's `who`. */
export interface RuleEntry {
  /** As forms name it: `everyone`, `group:family`, `person:ada@example.org`. */
  readonly who: string;
  readonly kind: 'everyone' | 'group' | 'person';
  /** A group's name or an address; empty for everyone. */
  readonly name: string;
  /** How many people are in the group. */
  readonly people?: number;
  /** The first instant at which it no longer applies; absent: it always applies. */
  readonly until?: number;
  /** Whether that instant has passed. */
  readonly ended: boolean;
}

export interface RuledApp extends AppLook {
  readonly origin: string;
  readonly host: string;
  readonly rules: readonly RuleEntry[];
  readonly publicPaths: readonly { readonly kind: 'exact' | 'below'; readonly path: string }[];
  /** Absent: only the session's own limits apply. */
  readonly idleMs?: number;
  readonly lifetimeMs?: number;
  /** What the app is told, and in which header. */
  readonly headers: readonly (readonly [what: string, header: string])[];
  readonly keyVersion: number;
  /** When every use was last ended, in milliseconds; absent: never. */
  readonly endedBefore?: number;
  /** When anybody last used it; absent: no use is known. */
  readonly usedAt?: number;
  /** Whether that is long ago. */
  readonly unused: boolean;
}

/** After how many days without use an app is marked. */
export const unusedDays = 90;

/** What the form that led to the page did. */
export type RuleDone =
  | 'allowed'
  | 'changed'
  | 'present'
  | 'removed'
  | 'absent'
  | 'created'
  | 'joined'
  | 'left'
  | 'deleted'
  | 'not-there';

const doneWords: Record<RuleDone, readonly [tone: 'good' | 'info', words: string]> = {
  allowed: ['good', 'Added. It holds from the next request on.'],
  changed: ['good', 'The last day is changed. It holds from the next request on.'],
  present: ['info', 'It was so already. Nothing was changed.'],
  removed: ['good', 'Taken away. The next request is refused, on every device.'],
  created: ['good', 'The group is made. Add its people below.'],
  joined: ['good', 'Added to the group. It holds from the next request on.'],
  left: ['good', 'Taken out of the group. The next request is refused where no other entry admits them.'],
  deleted: ['good', 'The group is deleted.'],
  'not-there': ['info', 'They were not in the group any more. Nothing was changed.'],
  absent: ['info', 'It was taken away already. Nothing was changed.'],
};

export function doneNotice(assets: Assets, done: RuleDone): Html {
  const [tone, words] = doneWords[done];
  return html`<div role="status">${notice(assets, tone, words)}</div>`;
}

interface Assets {
  readonly asset: (name: string) => string;
}

/** How many faults are shown; the first is the one to begin with. */
const shown = 10;

/** Says that the former rules apply, and what to correct. undefined: the file has no faults. */
export function appRulesFaults(
  assets: Assets,
  faults: readonly { readonly line?: number; readonly message: string }[],
): Content {
  if (faults.length === 0) return undefined;
  const rest = faults.length - shown;
  return html`<div role="alert">${notice(
    assets,
    'bad',
    faults.length === 1
      ? 'The apps file has a mistake, so the former rules still apply.'
      : `The apps file has ${count(faults.length)} mistakes, so the former rules still apply.`,
    html`<ul class="rule-faults">${faults.slice(0, shown).map(({ line, message }) => html`<li>${line !== undefined && html`<strong>Line ${line}:</strong> `}${prose(message)}</li>`)}${rest > 0 && html`<li>and ${count(rest)} more</li>`}</ul><p>Correct the file; it is read again as soon as it is saved. Until then nothing can be changed here.</p>`,
  )}</div>`;
}

/** "Everyone who may sign in", "Group family (3 people)", "ada@example.org". @param inside a sentence, so not capitalised */
export function whoName(
  { kind, name, people }: Pick<RuleEntry, 'kind' | 'name' | 'people'>,
  inside = false,
): Content {
  if (kind === 'everyone') return inside ? 'everyone who may sign in' : 'Everyone who may sign in';
  if (kind === 'person') return address(name);
  return html`${inside ? 'group' : 'Group'} ${name}${people !== undefined && html` <span class="muted">(${peopleWords(people)})</span>`}`;
}

function peopleWords(people: number): string {
  if (people === 0) return 'nobody in it';
  return people === 1 ? 'one person' : `${count(people)} people`;
}
