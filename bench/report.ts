// Renders the measurements as Markdown: tables, and the targets with what was reached. Pure.
import { type Growth, operations } from './growth.ts';
import type { Memory, Starts } from './lifetime.ts';
import { connectionCounts, type Sample, type Samples } from './requests.ts';
import type { ServerName } from './servers.ts';
import { medianOf, ratiosOf, type Spread, spreadOf } from './statistics.ts';

/** What was measured; a part that was not measured is absent. */
export interface Results {
  /** `/api/me`, the page of 30 devices and the dashboard. */
  readonly me?: readonly Samples[];
  readonly devices?: readonly Samples[];
  readonly dashboard?: readonly Samples[];
  /** oauth2-proxy's `/oauth2/auth` and Gatehouse's `/check`. */
  readonly check?: readonly Samples[];
  readonly growth?: readonly Growth[];
  readonly starts?: readonly Starts[];
  readonly memory?: readonly Memory[];
}

const markers = { start: '<!-- bench:start -->', end: '<!-- bench:end -->' } as const;

/** @param about a paragraph that says where and when it was measured */
export function reportOf(results: Results, about: string): string {
  const { me, devices, dashboard, check, growth, starts, memory } = results;
  const parts = [
    about,
    section('Targets', targetsTable(results)),
    me && section('`/api/me`', requestsTable(me)),
    devices && section('The page of 30 devices', requestsTable(devices)),
    dashboard && section('The dashboard', requestsTable(dashboard)),
    check && section('Checking a session for another app', requestsTable(check)),
    growth && section('Growth', growthTable(growth)),
    starts && section('Start', startsTable(starts)),
    memory && section('Memory after many requests', memoryTable(memory)),
  ];
  return `${parts.filter((part) => part !== undefined).join('\n\n')}\n`;
}

/** Puts the report between the markers of the page. @throws Error if the page does not have them */
export function placeReport(page: string, report: string): string {
  const start = page.indexOf(markers.start);
  const end = page.indexOf(markers.end, start);
  if (start < 0 || end < 0) throw new Error(`the page needs ${markers.start} and ${markers.end}`);
  return `${page.slice(0, start + markers.start.length)}\n${report}${page.slice(end)}`;
}

function section(title: string, table: string): string {
  return `## ${title}\n\n${table}`;
}

const [few, many] = connectionCounts;
type Figure = (sample: Sample) => number;
const cpuUs: Figure = (sample) => sample.cpuUs;
const p99Ms: Figure = (sample) => sample.p99Ms;

/** The server to compare with: stock, or for a check oauth2-proxy with its sessions in the same kind of store. */
function baselineOf(name: ServerName, all: readonly Samples[]): ServerName {
  if (all.some((samples) => samples.name === 'stock')) return 'stock';
  return name.endsWith('Redis') ? 'oauth2-proxy, Redis' : 'oauth2-proxy, cookies';
}

/** The figure of `other` divided by that of `its`, round by round; undefined if one of them was not measured. */
function compared(
  all: readonly Samples[] | undefined,
  other: ServerName,
  its: ServerName,
  figure: Figure,
  connections: (typeof connectionCounts)[number] = few,
): Spread | undefined {
  const valuesOf = (name: ServerName) =>
    all?.find((samples) => samples.name === name)?.at[connections].map(figure);
  const [those, these] = [valuesOf(other), valuesOf(its)];
  return those && these && ratiosOf(those, these);
}

function requestsTable(all: readonly Samples[]): string {
  const rows = all.map(({ name, path, at }) => {
    const median = (figure: Figure, connections = few as keyof typeof at) =>
      medianOf(at[connections].map(figure));
    const cost = spreadOf(at[few].map(cpuUs));
    const times = compared(all, baselineOf(name, all), name, cpuUs);
    const redis = at[few].every((sample) => sample.redis)
      ? [median(({ redis }) => redis?.cpuUs ?? 0), median(({ redis }) => redis?.commands ?? 0)]
      : [];
    return [
      all[0]?.path === path && all.every((samples) => samples.path === path) ? name : `${name}, \`${path}\``,
      `${short(cost.median)} (${short(cost.lowest)} to ${short(cost.highest)})`,
      times ? spreadText(times) : '',
      connectionCounts.map((count) => short(median(({ p50Ms }) => p50Ms, count))).join(' / '),
      connectionCounts.map((count) => short(median(p99Ms, count))).join(' / '),
      redis[0] === undefined ? '' : short(redis[0]),
      redis[1] === undefined ? '' : short(redis[1]),
      short(median(({ memoryMb }) => memoryMb)),
      short(median(({ bytes }) => bytes)),
    ];
  });
  const baseline = baselineOf(all[0]?.name ?? 'stock', all) === 'stock' ? 'stock' : 'oauth2-proxy';
  const head = [
    '',
    'CPU µs',
    `× ${baseline}`,
    `p50 ms, ${few} / ${many}`,
    `p99 ms, ${few} / ${many}`,
    'Redis CPU µs',
    'Redis commands',
    'memory MB',
    'bytes',
  ];
  return table(head, rows);
}

function growthTable(all: readonly Growth[]): string {
  const sizes = all[0]?.us.map(({ size }) => size) ?? [];
  const rows = operations.flatMap((operation) =>
    all
      .filter((growth) => growth.operation === operation)
      .map(({ store, us, times }) => [
        `${operation}, ${store}`,
        ...us.map((cost) => short(cost.us)),
        spreadText(times),
      ]),
  );
  return table(['µs, sessions', ...sizes.map(counted), 'last × first'], rows);
}

function startsTable(all: readonly Starts[]): string {
  const head = ['', 'first start ms', 'later starts ms', 'memory at rest MB'];
  return table(
    head,
    all.map(({ name, firstMs, laterMs, restMb }) => [
      name,
      short(firstMs),
      wholeText(spreadOf(laterMs)),
      wholeText(spreadOf(restMb)),
    ]),
  );
}

function memoryTable(all: readonly Memory[]): string {
  const head = ['MB', 'before', ...(all[0]?.after.map(({ requests }) => `after ${counted(requests)}`) ?? [])];
  return table(
    head,
    all.map(({ name, beforeMb, after }) => [name, short(beforeMb), ...after.map(({ mb }) => short(mb))]),
  );
}

interface Target {
  readonly what: string;
  readonly needs: string;
  readonly reached: Spread | undefined;
  isMet(median: number): boolean;
}

const grownOperations = ['load', 'list own', 'end one'] as const;
const stores = ['Gatehouse, SQLite', 'Gatehouse, Redis'] as const;

function targetsOf(results: Results): Target[] {
  const { me, devices, dashboard, check, growth, starts } = results;
  const atLeast = (least: number) => ({
    needs: `at least ${least}`,
    isMet: (median: number) => median >= least,
  });
  const atMost = (most: number, unit = '') => ({
    needs: `at most ${most}${unit}`,
    isMet: (median: number) => median <= most,
  });
  const named = { '`/api/me`': me, 'page of 30 devices': devices, dashboard };
  const leastOf = [
    { page: '`/api/me`', least: { 'Gatehouse, SQLite': 2.4, 'Gatehouse, Redis': 2.8 } },
    { page: 'page of 30 devices', least: { 'Gatehouse, SQLite': 1.5, 'Gatehouse, Redis': 1.5 } },
    { page: 'dashboard', least: { 'Gatehouse, SQLite': 1.2, 'Gatehouse, Redis': 1.2 } },
  ] as const;
  const storeOf = (name: ServerName) => name.slice('Gatehouse, '.length);
  const withStores = <T>(each: (name: (typeof stores)[number]) => T) => stores.map(each);
  return [
    ...leastOf.flatMap(({ page, least }) =>
      withStores((name) => ({
        what: `${page}, ${storeOf(name)}: requests per CPU second, times stock`,
        reached: compared(named[page], 'stock', name, cpuUs),
        ...atLeast(least[name]),
      })),
    ),
    ...withStores((name) => ({
      what: `\`/api/me\`, ${storeOf(name)}: requests per CPU second, times bare Express`,
      reached: compared(me, 'bare Express', name, cpuUs),
      ...atLeast(0.5),
    })),
    ...leastOf.flatMap(({ page }) =>
      withStores((name) =>
        connectionCounts.map((count) => ({
          what: `${page}, ${storeOf(name)}: p99 at ${count} connections, times stock’s`,
          reached: compared(named[page], name, 'stock', p99Ms, count),
          ...atMost(1),
        })),
      ).flat(),
    ),
    ...withStores((name) => ({
      what: `\`/check\`, ${storeOf(name)}: CPU a request, times oauth2-proxy’s`,
      reached: compared(check, name, baselineOf(name, check ?? []), cpuUs),
      ...atMost(name === 'Gatehouse, Redis' ? 1 : 1.3),
    })),
    ...withStores((name) => ({
      what: `\`/check\`, ${storeOf(name)}: p99 at 256 connections`,
      reached: msOf(check, name),
      ...atMost(25, ' ms'),
    })),
    ...grownOperations.flatMap((operation) =>
      (['SQLite', 'Redis'] as const).map((store) => {
        const found = growth?.find((one) => one.operation === operation && one.store === store);
        const sizes = found?.us.map(({ size }) => counted(size)) ?? [];
        return {
          what: `${operation}, ${store}: at ${sizes.at(-1)} sessions, times its cost at ${sizes[0]}`,
          reached: found?.times,
          ...atMost(1.5),
        };
      }),
    ),
    ...withStores((name) => ({
      what: `${storeOf(name)}: listening`,
      reached: valuesOf(starts, name, ({ laterMs }) => laterMs),
      ...atMost(1000, ' ms'),
    })),
    ...withStores((name) => ({
      what: `${storeOf(name)}: memory at rest`,
      reached: valuesOf(starts, name, ({ restMb }) => restMb),
      ...atMost(120, ' MB'),
    })),
  ];
}

/** p99 at the larger number of connections. */
function msOf(all: readonly Samples[] | undefined, name: ServerName): Spread | undefined {
  const found = all?.find((samples) => samples.name === name);
  return found && spreadOf(found.at[many].map(p99Ms));
}

function valuesOf(
  starts: readonly Starts[] | undefined,
  name: ServerName,
  values: (one: Starts) => readonly number[],
): Spread | undefined {
  const found = starts?.find((one) => one.name === name);
  return found && spreadOf(values(found));
}

/** Leaves out targets of parts that were not measured. */
function targetsTable(results: Results): string {
  const rows = targetsOf(results).flatMap(({ what, needs, reached, isMet }) =>
    reached
      ? [
          [
            what,
            needs,
            reached.median < 20 ? spreadText(reached) : wholeText(reached),
            isMet(reached.median) ? 'yes' : '**no**',
          ],
        ]
      : [],
  );
  return rows.length > 0 ? table(['', 'target', 'reached', 'met'], rows) : 'None of these parts has one.';
}

/** "2.41 (2.35 to 2.50)": the median, the lowest and the highest. */
function spreadText({ median, lowest, highest }: Spread): string {
  return `${median.toFixed(2)} (${lowest.toFixed(2)} to ${highest.toFixed(2)})`;
}

function wholeText({ median, lowest, highest }: Spread): string {
  return `${median.toFixed(0)} (${lowest.toFixed(0)} to ${highest.toFixed(0)})`;
}

/** "8.3", "1,240". */
function short(value: number): string {
  return value < 10 ? String(Number(value.toFixed(1))) : counted(Math.round(value));
}

/** "200,000". */
function counted(value: number): string {
  return value.toLocaleString('en-US');
}

/** Aligns the columns, so that the table is readable in a terminal too. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((cell, i) => Math.max(3, cell.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join(' | ')} |`;
  const rule = `|${widths.map((width, i) => (i === 0 ? `:${'-'.repeat(width + 1)}` : `${'-'.repeat(width + 1)}:`)).join('|')}|`;
  return [line(head), rule, ...rows.map(line)].join('\n');
}
