// When anybody last used an app. Kept as one fact for each app, because sessions are deleted long before 90 days have passed.
import type { FactTable } from '../store/contract.ts';

export interface LastUsed {
  /** Notes a use; written at most once an hour. @throws StoreUnavailable */
  note(app: string): Promise<void>;
  /** Milliseconds for each app whose use is known. @throws StoreUnavailable */
  read(apps: Iterable<string>): Promise<ReadonlyMap<string, number>>;
}

export interface LastUsedOptions {
  readonly facts: FactTable;
  readonly now: () => number;
}

const hour = 3_600_000;
const nameOf = (app: string) => `guard:used:${app}`;

export function createLastUsed({ facts, now }: LastUsedOptions): LastUsed {
  /** By app: when this process last looked. */
  const lookedAt = new Map<string, number>();
  return {
    async note(app) {
      const at = now();
      const before = lookedAt.get(app);
      if (before !== undefined && Math.abs(at - before) < hour) return;
      const stored = await facts.create(nameOf(app), String(at));
      // If another replica replaces it first, its time is as good.
      if (at - Number(stored) >= hour) await facts.replace(nameOf(app), stored, String(at));
      lookedAt.set(app, at);
    },
    async read(apps) {
      const found = await Promise.all(
        [...apps].map(async (app) => [app, Number((await facts.read(nameOf(app))) ?? Number.NaN)] as const),
      );
      return new Map(found.filter(([, at]) => Number.isFinite(at)));
    },
  };
}
