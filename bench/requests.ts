// What a signed-in request costs, compared with Express without sessions, the usual session stack, and plain Node.js. The figure is the
// server's processor time per request, because a busy machine distorts it least: all servers run at once, each round measures each of them
// in turn, and the median of the rounds counts.
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { type Child, freePort, startChild, waitFor } from '../demo/child.ts';
import { type PrivateRedis, startRedis } from '../test/support/redis.ts';
import { startServer } from '../test/support/server.ts';
import { type Asked, ask, connections, cookiesOf } from './load.ts';

interface Server {
  readonly name: string;
  readonly child: Child;
  readonly port: number;
  close(): Promise<void>;
  /** By path: the JSON and the page. */
  readonly headers: Record<Path, Record<string, string>[]>;
}

interface Sample extends Asked {
  readonly cpuUs: number;
  readonly rssMb: number;
}

const paths = ['/api/me', '/devices'] as const;
type Path = (typeof paths)[number];

const people = 1000;
/** How many people have 30 devices each and open the page. */
const withDevices = 100;
const requestsOf: Record<Path, number> = { '/api/me': 4000, '/devices': 2000 };

const reportCpu = join(import.meta.dirname, 'report-cpu.ts');
const browser = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';

/** Measures for `rounds` rounds and writes a table. */
export async function compareRequests(rounds: number): Promise<void> {
  const redis = await startRedis();
  const servers: Server[] = [];
  try {
    for (const kind of ['raw', 'bare', 'stock'] as const) servers.push(await startPeer(kind, redis));
    servers.push(await startOurs('Gatehouse, SQLite', 'sqlite'));
    servers.push(await startOurs('Gatehouse, Redis', 'redis'));
    for (const path of paths) await compare(path, servers, rounds);
  } finally {
    for (const { close } of servers) await close();
    await redis.close();
  }
}

async function compare(path: Path, servers: readonly Server[], rounds: number): Promise<void> {
  const samples = new Map(servers.map((server) => [server, [] as Sample[]]));
  for (let round = -1; round < rounds; round++) {
    for (const server of servers) {
      const sample = await measure(server, path);
      // The first round is a warm-up.
      if (round >= 0) samples.get(server)?.push(sample);
    }
  }
  const typical = new Map([...samples].map(([server, all]) => [server.name, medianOf(all)]));
  const stock = typical.get('stock')?.cpuUs ?? Number.NaN;
  const bare = typical.get('bare')?.cpuUs ?? Number.NaN;
  const write = (cells: readonly string[]) =>
    process.stdout.write(
      `${cells.map((cell, i) => (i === 0 ? cell.padEnd(20) : cell.padStart(11))).join('')}\n`,
    );
  process.stdout.write(`\n${path}, ${connections} connections, median of ${rounds} rounds\n`);
  write(['', 'CPU µs', 'x stock', 'x bare', 'answers/s', 'p50 ms', 'p99 ms', 'bytes', 'memory MB']);
  for (const [name, { cpuUs, seconds, medianMs, p99Ms, bytes, rssMb }] of typical) {
    write([
      name,
      cpuUs.toFixed(0),
      (stock / cpuUs).toFixed(2),
      (bare / cpuUs).toFixed(2),
      (requestsOf[path] / seconds).toFixed(0),
      medianMs.toFixed(1),
      p99Ms.toFixed(1),
      String(bytes),
      rssMb.toFixed(0),
    ]);
  }
}

async function measure({ port, child, headers }: Server, path: Path): Promise<Sample> {
  const requests = requestsOf[path];
  const before = await usageOf(child);
  const asked = await ask({ port, path, headers: headers[path], requests });
  const after = await usageOf(child);
  return { ...asked, cpuUs: (after.cpuUs - before.cpuUs) / requests, rssMb: after.rss / 1024 ** 2 };
}

async function usageOf(child: Child): Promise<{ cpuUs: number; rss: number }> {
  const reports = () => child.lines.filter((line) => line.startsWith('cpu '));
  const known = reports().length;
  process.kill(child.pid, 'SIGUSR2');
  const report = await waitFor('the processor time', () => reports()[known]);
  const [cpuUs = Number.NaN, rss = Number.NaN] = (report.match(/\d+/g) ?? []).map(Number);
  return { cpuUs, rss };
}

function medianOf(samples: readonly Sample[]): Sample {
  const sorted = samples.toSorted((a, b) => a.cpuUs - b.cpuUs);
  const middle = sorted[samples.length >> 1];
  if (!middle) throw new RangeError('nothing was measured');
  return middle;
}

async function startPeer(kind: 'raw' | 'bare' | 'stock', redis: PrivateRedis): Promise<Server> {
  const port = await freePort();
  const child = await startChild({
    name: kind,
    command: process.execPath,
    args: ['--import', reportCpu, join(import.meta.dirname, 'peers.ts'), kind],
    env: { NODE_ENV: 'production', PORT: String(port), REDIS_URL: redis.url },
  });
  const origin = `http://127.0.0.1:${port}`;
  const path = kind === 'stock' ? '/sign-in' : '/api/me';
  await waitFor(kind, async () => (await fetch(origin + path)).ok);
  const own: Record<string, string>[] = [];
  for (let i = 0; i < people; i++) {
    const headers = { 'user-agent': browser };
    own.push({ ...headers, ...(kind === 'stock' && { cookie: await cookiesOf(port, path, headers) }) });
  }
  return { name: kind, child, port, close: child.stop, headers: { '/api/me': own, '/devices': own } };
}

/** The real program with everything on: rate limits, record, metrics, checking the gate's cookie. */
async function startOurs(name: string, store: 'sqlite' | 'redis'): Promise<Server> {
  const server = await startServer({
    store,
    before: `import ${JSON.stringify(reportCpu)};`,
    // Each person comes from a separate network, as reported by a reverse proxy.
    settings: { NODE_ENV: 'production', RATE_LIMIT: 'on', TRUSTED_HOPS: '1', SESSION_MAX_PER_USER: '0' },
  });
  const { child, port, close } = server;

  const signIn = async (person: number, device: number) => {
    const gateCookie = `_oauth2_proxy=${randomBytes(300).toString('base64url')}|${Math.floor(Date.now() / 1000)}|${randomBytes(32).toString('base64url')}`;
    const headers = {
      ...server.gateHeaders({
        id: `10000000000000${person + 100_000}`,
        email: `person${person}@example.org`,
      }),
      host: `localhost:${port}`,
      'user-agent': browser,
      'x-forwarded-for': `10.${device}.${person >> 8}.${person & 255}`,
    };
    const navigation = { accept: 'text/html', 'sec-fetch-mode': 'navigate', cookie: gateCookie };
    const own = await cookiesOf(port, '/dashboard', { ...headers, ...navigation });
    return { ...headers, cookie: `${gateCookie}; ${own}` };
  };
  const own: Record<string, string>[] = [];
  for (let person = 0; person < people; person++) own.push(await signIn(person, 0));
  const manyDevices = own.slice(0, withDevices);
  for (let device = 1; device < 30; device++)
    for (let person = 0; person < withDevices; person++) await signIn(person, device);
  return { name, child, port, close, headers: { '/api/me': own, '/devices': manyDevices } };
}
