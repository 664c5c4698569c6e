// `npm run bench`: runs all measurements and writes docs/performance.md. `-- quick` and `-- smoke` take less time, and the names of parts
// run only those. Only the complete run writes that page; `--out FILE` writes the report of any run to a file.
import { readFileSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { getOauth2Proxy } from '../demo/oauth2-proxy.ts';
import { mustHave } from '../test/support/requirement.ts';
import { measureGrowth } from './growth.ts';
import { measureMemory, measureStarts } from './lifetime.ts';
import { aboutRun } from './machine.ts';
import { placeReport, type Results, reportOf } from './report.ts';
import { compare, type Question, type Samples } from './requests.ts';
import { type BenchServer, type Crowd, startOurs, startPeer, startProxy } from './servers.ts';

/** How much to measure. */
interface Extent {
  readonly rounds: number;
  /** Requests to each server in one round, for each number of connections. */
  readonly requests: Readonly<Record<'me' | 'devices' | 'dashboard' | 'check', number>>;
  readonly crowd: Crowd;
  readonly sizes: readonly number[];
  readonly starts: number;
  readonly memoryRequests: number;
}

const crowd = { people: 300, withDevices: 100 };
const extents = {
  whole: {
    rounds: 9,
    requests: { me: 4000, devices: 1500, dashboard: 2000, check: 3000 },
    crowd,
    sizes: [1000, 100_000, 1_000_000],
    starts: 9,
    memoryRequests: 200_000,
  },
  quick: {
    rounds: 3,
    requests: { me: 1000, devices: 500, dashboard: 500, check: 1000 },
    crowd,
    sizes: [1000, 100_000],
    starts: 2,
    memoryRequests: 20_000,
  },
  // Checks that everything runs; its figures mean nothing.
  smoke: {
    rounds: 1,
    requests: { me: 60, devices: 30, dashboard: 30, check: 60 },
    crowd: { people: 12, withDevices: 4 },
    sizes: [1000, 2000],
    starts: 1,
    memoryRequests: 400,
  },
} as const satisfies Record<string, Extent>;

const parts = ['me', 'devices', 'dashboard', 'check', 'growth', 'start', 'memory'] as const;
type Part = (typeof parts)[number];
const pathOf = { me: '/api/me', devices: '/devices', dashboard: '/dashboard' } as const;
const page = join(import.meta.dirname, '..', 'docs', 'performance.md');

const say = (line: string) => void process.stderr.write(`${line}\n`);

/** Runs `work` with servers that are started before it and stopped after it. */
async function withServers<T>(
  starts: readonly (() => Promise<BenchServer>)[],
  work: (servers: readonly BenchServer[]) => Promise<T>,
): Promise<T> {
  const servers: BenchServer[] = [];
  try {
    for (const start of starts) servers.push(await start());
    return await work(servers);
  } finally {
    for (const { close } of servers) await close();
  }
}

/** Adds each part to `results` when it is done, so that an error in a later one does not lose it. */
async function measure(
  results: { -readonly [K in keyof Results]: Results[K] },
  chosen: ReadonlySet<Part>,
  extent: Extent,
  proxy: string | undefined,
): Promise<void> {
  const { crowd, rounds } = extent;
  const peers = (['raw', 'bare', 'stock'] as const).map((kind) => () => startPeer(kind, crowd));
  const ours = (['sqlite', 'redis'] as const).map((store) => () => startOurs(store, crowd));
  const proxies = (['cookies', 'Redis'] as const).flatMap((sessions) =>
    proxy === undefined ? [] : [() => startProxy(proxy, sessions, crowd)],
  );
  const onPages = (['me', 'devices', 'dashboard'] as const).filter((part) => chosen.has(part));
  if (onPages.length > 0) {
    say('Starting the servers and signing people in …');
    await withServers([...peers, ...ours], async (servers) => {
      for (const part of onPages) {
        say(`Measuring ${pathOf[part]} …`);
        const requests = extent.requests[part];
        results[part] = await compare(
          servers.map((server) => ({ server, path: pathOf[part], requests })),
          rounds,
        );
      }
    });
  }
  if (chosen.has('check')) {
    say('Measuring the check of a session …');
    const samples = await withServers([...proxies, ...ours], (servers) =>
      compareChecks(servers, extent.requests.check, rounds),
    );
    if (samples.length > 0) results.check = samples;
  }
  if (chosen.has('growth')) {
    say('Measuring growth …');
    results.growth = await measureGrowth(extent.sizes);
  }
  if (chosen.has('start')) {
    say('Measuring the start …');
    results.starts = await measureStarts(extent.starts);
  }
  if (chosen.has('memory')) {
    say('Measuring memory …');
    const stock = () => startPeer('stock', crowd);
    results.memory = await withServers([stock, ...ours], (servers) =>
      measureMemory(servers, extent.memoryRequests),
    );
  }
}

function compareChecks(
  servers: readonly BenchServer[],
  requests: number,
  rounds: number,
): Promise<Samples[]> {
  const questions: Question[] = [];
  for (const server of servers) {
    const { check } = server;
    questions.push(
      check
        ? {
            server: { ...server, port: check.port, browsersFor: () => check.browsers },
            path: '/check',
            requests,
          }
        : { server, path: '/oauth2/auth', requests },
    );
  }
  return compare(questions, rounds);
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { out: { type: 'string' } },
  });
  const known: readonly string[] = [...parts, ...Object.keys(extents)];
  const unknown = positionals.find((word) => !known.includes(word));
  if (unknown !== undefined) throw new Error(`there is no "${unknown}"; there are ${known.join(', ')}`);
  const name = (['quick', 'smoke'] as const).find((word) => positionals.includes(word)) ?? 'whole';
  const named = parts.filter((part) => positionals.includes(part));
  const chosen = new Set(named.length > 0 ? named : parts);

  const [load = 0] = loadavg();
  await mustHave('redis-server');
  const proxy = chosen.has('check') ? await getOauth2Proxy(say) : undefined;
  const about = await aboutRun(name, proxy, load);
  const results: Results = {};
  try {
    await measure(results, chosen, extents[name], proxy);
  } finally {
    process.stdout.write(reportOf(results, about));
  }
  const report = reportOf(results, about);
  if (values.out !== undefined) writeFileSync(values.out, report);
  if (name !== 'whole' || named.length > 0) return;
  writeFileSync(page, placeReport(readFileSync(page, 'utf8'), report));
  say('Wrote docs/performance.md.');
}

try {
  await main();
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
