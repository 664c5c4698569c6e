// The overview of secrets for operators: ages, former secrets and what is due. Fingerprints only, never a secret (invariant 10).
import type { KeyRow } from '../../views/keys.ts';
import type { Config } from '../config/derive.ts';
import type { SettingValues } from '../config/settings.ts';
import type { KeyDates } from './dates.ts';
import { type KnownSecret, knownSecrets } from './inventory.ts';
import { dayOf, dueAt, endOfDay, goesAt, type KeyAge, type KeyState, stateOf } from './rules.ts';

export interface OverviewOptions {
  readonly config: () => Config;
  readonly values: () => SettingValues | undefined;
  readonly dates: KeyDates;
  /** Whether the newest `SECRET_KEY` signs; false while some server does not know it. */
  readonly newestSigns: () => boolean;
  readonly now: () => number;
}

export interface Overview {
  /** @throws StoreUnavailable */
  rows(): Promise<readonly KeyRow[]>;
  /** Names of secrets that are not in use. */
  unused(): readonly string[];
  /** Names of secrets due for rotation, cached for up to a minute. @throws StoreUnavailable */
  due(): Promise<readonly string[]>;
}

const freshForMs = 60_000;
/** Sort order: what needs action comes first. */
const urgency: readonly KeyState[] = ['due', 'due soon', 'unknown', 'fresh', 'outside'];

export function createOverview({ config, values, dates, newestSigns, now }: OverviewOptions): Overview {
  let last: { readonly at: number; readonly of: Config; readonly names: readonly string[] } | undefined;

  async function ageOf(print: string | undefined): Promise<KeyAge> {
    if (print === undefined) return { kind: 'unknown' };
    const made = dayOf(config().secretDates.get(print));
    return made === undefined ? { kind: 'seen', at: await dates.since(print) } : { kind: 'made', at: made };
  }

  /** Since when a key is in use: since Gatehouse first saw it, and not before the end of the day on which it was made. */
  async function inUseSince(print: string | undefined): Promise<number> {
    if (print === undefined) return now();
    const made = dayOf(config().secretDates.get(print));
    const met = await dates.since(print);
    return made === undefined ? met : Math.max(met, Math.min(endOfDay(made), now()));
  }

  async function formersOf(known: KnownSecret): Promise<KeyRow['formers']> {
    const { prints, datedAs = prints, formerNeededMs: neededMs, formerNeeded: needed, isUseNoted } = known;
    if (typeof prints === 'string' || typeof datedAs === 'string') return [];
    const formers: KeyRow['formers'][number][] = [];
    for (const [index, print] of prints.entries()) {
      if (index === 0 || print === undefined) continue;
      const outSince = await inUseSince(datedAs[index - 1]);
      const lastUsedAt = isUseNoted ? await dates.lastUse(print) : undefined;
      const freeAt = goesAt({ outSince, lastUsedAt, neededMs, needed });
      const lastUse = isUseNoted ? { lastUsedAt: lastUsedAt ?? ('not since' as const) } : {};
      formers.push({ fingerprint: print, outSince, ...lastUse, goesAt: freeAt });
    }
    return formers;
  }

  async function rowOf(known: KnownSecret): Promise<KeyRow> {
    const { name, protects, prints, datedAs = prints, command, byHand, takeOver, people } = known;
    const common = { name, protects, command, byHand, takeOver, people };
    if (typeof prints === 'string') {
      return { ...common, state: 'outside', age: { kind: 'unknown' }, formers: [], waits: false };
    }
    const waits = name === 'SECRET_KEY' && !newestSigns();
    // A key that waits for the other servers is not in use yet: its age counts from now.
    const age = waits ? ({ kind: 'seen', at: now() } as const) : await ageOf(datedAs[0]);
    const due = dueAt(age, config().secretMaxAgeMs);
    return {
      ...common,
      state: stateOf(due, now()),
      age,
      dueAt: due,
      fingerprint: prints[0],
      formers: waits ? [] : await formersOf(known),
      waits,
    };
  }

  const inUse = () => knownSecrets(config(), values()).filter(({ prints }) => prints.length > 0);
  const rows = async () => {
    const all = await Promise.all(inUse().map(rowOf));
    return all.toSorted((a, b) => urgency.indexOf(a.state) - urgency.indexOf(b.state));
  };

  return {
    rows,
    unused: () =>
      knownSecrets(config(), values())
        .filter(({ prints }) => prints.length === 0)
        .map(({ name }) => name),
    async due() {
      const of = config();
      if (last?.of !== of || now() - last.at > freshForMs) {
        const names = (await rows()).filter(({ state }) => state === 'due').map(({ name }) => name);
        last = { at: now(), of, names };
      }
      return last.names;
    },
  };
}
