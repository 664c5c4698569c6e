// The numbers of the dashboard's charts: everyone's from the daily counts, a member's own from the audit log.
import type { DayCount, EveryonesCharts } from '../../views/charts.ts';
import type { RecordReader } from '../audit/reader.ts';
import type { CounterTable } from '../store/contract.ts';
import { type DailyName, dayOf } from './daily.ts';

export interface ChartsOptions {
  readonly counters: CounterTable;
  readonly countLive: (now: number) => Promise<number>;
  readonly now: () => number;
}

const shownDays = 14;
const dayMs = 86_400_000;

/** From `2026-11-10` to today, for example, oldest first. */
export function lastDays(now: number): string[] {
  return Array.from({ length: shownDays }, (_, index) => dayOf(now - (shownDays - 1 - index) * dayMs));
}

const refusals = [
  ['rejected.proof', 'without the gate’s proof'],
  ['rejected.identity', 'unreadable identity'],
  ['rejected.csrf', 'a change from elsewhere'],
  ['rejected.ended', 'ended at the gate'],
  ['rejected.replay', 'a replaced cookie'],
  ['rejected.operator', 'not an operator'],
] as const satisfies readonly (readonly [DailyName, string])[];

const kinds = ['desktop', 'mobile', 'tablet', 'unknown'] as const;

/** Everyone's numbers, for operators. */
export async function readEveryonesCharts({
  counters,
  countLive,
  now,
}: ChartsOptions): Promise<EveryonesCharts> {
  const days = lastDays(now());
  const [counts, live] = await Promise.all([counters.read(days), countLive(now())]);
  const of = (index: number, name: DailyName) => counts[index]?.[name] ?? 0;
  const each = (name: DailyName): DayCount[] => days.map((day, index) => ({ day, n: of(index, name) }));
  const today = days.length - 1;
  return {
    signIns: each('sign-ins'),
    // More sessions may be live now than when the count was last raised.
    live: {
      now: live,
      highest: each('live').map((count, index) =>
        index === today ? { ...count, n: Math.max(count.n, live) } : count,
      ),
    },
    devices: kinds.map((kind) => ({
      kind,
      n: days.reduce((sum, _, index) => sum + of(index, `device.${kind}`), 0),
    })),
    refused: days.map((day, index) => {
      const reasons = refusals
        .map(([name, words]) => ({ name: words, n: of(index, name) }))
        .filter(({ n }) => n > 0);
      return { day, reasons, n: reasons.reduce((sum, { n }) => sum + n, 0) };
    }),
  };
}

export interface OwnSignInsOptions {
  readonly reader: Pick<RecordReader, 'page'>;
  readonly now: () => number;
}

/** A member's own sign-ins come from the audit log, which stores only pseudonyms; the daily counts do not name anybody. */
export interface OwnSignIns {
  read(person: { readonly id: string; readonly email: string }): Promise<readonly DayCount[]>;
}

const pageSize = 200;
const mostPages = 5;
const freshForMs = 60_000;
const mostKept = 500;

export function createOwnSignIns({ reader, now }: OwnSignInsOptions): OwnSignIns {
  // So that reloading the page does not walk through the audit log each time.
  const kept = new Map<string, { readonly at: number; readonly days: readonly DayCount[] }>();

  async function walk({ id, email }: { readonly id: string; readonly email: string }): Promise<DayCount[]> {
    const days = lastDays(now());
    const counts = new Map(days.map((day) => [day, 0]));
    const query = { person: { id, email }, event: 'session.created', limit: pageSize } as const;
    let cursor: string | undefined;
    for (let pages = 0; pages < mostPages; pages++) {
      const page = await reader.page({ ...query, from: Date.parse(days[0] ?? ''), cursor });
      for (const { entry } of page.items) {
        const day = entry?.at.slice(0, 10) ?? '';
        const before = counts.get(day);
        if (before !== undefined) counts.set(day, before + 1);
      }
      cursor = page.next;
      if (cursor === undefined) break;
    }
    return [...counts].map(([day, n]) => ({ day, n }));
  }

  return {
    async read(person) {
      const found = kept.get(person.id);
      if (found && Math.abs(now() - found.at) < freshForMs) return found.days;
      const days = await walk(person);
      if (kept.size >= mostKept) kept.clear();
      kept.set(person.id, { at: now(), days });
      return days;
    },
  };
}
