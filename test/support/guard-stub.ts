// A stand-in for Gatehouse's guard listener: records what the front asks, and answers what the test says.
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { withoutSecretCookies } from '../../src/guard/front/cookies.ts';
import { wantedHeaders } from '../../src/guard/front/input.ts';
import type { Arrival } from './echo.ts';
import { appHeaders, cookieNames } from './guarded-wiki.ts';

export interface GuardAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string;
}

export interface GuardArrival extends Arrival {
  /** How many bytes of body came with it. */
  readonly bytes: number;
}

export interface GuardStub {
  /** As GUARD_LISTEN has it. */
  readonly listen: string;
  readonly arrivals: GuardArrival[];
  /** Decides every request until the next call; `check`: whether it asks `/check`. */
  answer(decide: (asked: GuardArrival) => GuardAnswer | Promise<GuardAnswer>): void;
  /** Ends it as a restart does: connections are closed, and new ones are refused. */
  stop(): Promise<void>;
  /** Listens again, at the same address. */
  start(): Promise<void>;
}

/** Until a test says something else: everybody is let through as ada. */
export const letThrough = (): GuardAnswer => ({
  status: 204,
  headers: {
    'X-Auth-User': 'ada',
    'X-Auth-Email': 'ada@example.org',
    'X-Auth-Groups': 'staff',
    'X-Guard-Assertion': 'a.signed.assertion',
  },
});

/** @param listen `unix:/path` or `127.0.0.1:port` */
export async function startGuardStub(listen: string): Promise<GuardStub> {
  const arrivals: GuardArrival[] = [];
  let decide: (asked: GuardArrival) => GuardAnswer | Promise<GuardAnswer> = letThrough;
  let server: Server;
  const start = () =>
    new Promise<void>((resolve, reject) => {
      server = createServer((req, res) => {
        let bytes = 0;
        req.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
        });
        req.on('end', async () => {
          const asked = { ...arrivalOf(req), bytes };
          arrivals.push(asked);
          const decided = await decide(asked);
          const isForTraefik = asked.header('x-guard-front') === 'traefik' && asked.path === '/check';
          const { status, headers = {}, body = '' } = isForTraefik ? passedOnAsItIs(decided, asked) : decided;
          res.writeHead(status, headers as Record<string, string | string[]>).end(body);
        });
      }).on('error', reject);
      const [, path, port] = /^unix:(.*)$|:(\d+)$/.exec(listen) ?? [];
      if (path !== undefined) server.listen(path, resolve);
      else server.listen(Number(port), '127.0.0.1', resolve);
    });
  await start();
  return {
    listen,
    arrivals,
    answer: (next) => {
      decide = next;
    },
    start,
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** The guard's answer to a front that passes it on unchanged: see src/guard/front/traefik.ts. */
function passedOnAsItIs({ status, headers = {} }: GuardAnswer, asked: Arrival): GuardAnswer {
  if (status === 204) {
    const cookie = withoutSecretCookies(asked.all('cookie').join('; '), cookieNames);
    const renamed = wantedHeaders(appHeaders).flatMap(({ from, to }) => {
      const value = headers[from];
      return value === undefined ? [] : [[to, value] as const];
    });
    return { status, headers: { ...Object.fromEntries(renamed), ...(cookie && { Cookie: cookie }) } };
  }
  const { 'X-Guard-Redirect': to, 'X-Guard-Reason': _, ...rest } = headers;
  const noStore = { 'Cache-Control': 'no-store' };
  if ((status === 401 || status === 403) && to !== undefined)
    return { status: 302, headers: { ...rest, ...noStore, Location: to } };
  if (status !== 401 && status !== 403)
    return {
      status: 503,
      headers: { ...noStore, 'Retry-After': '5', 'Content-Type': 'text/plain' },
      body: 'later',
    };
  return { status, headers: { ...rest, ...noStore } };
}

/** What arrived, with its header lines as they came. */
export function arrivalOf(req: IncomingMessage): Arrival {
  const headers: [string, string][] = [];
  for (let i = 0; i < req.rawHeaders.length; i += 2) {
    headers.push([req.rawHeaders[i]?.toLowerCase() ?? '', req.rawHeaders[i + 1] ?? '']);
  }
  const all = (name: string) =>
    headers.filter(([key]) => key === name.toLowerCase()).map(([, value]) => value);
  return { method: req.method ?? '', path: req.url ?? '', headers, all, header: (name) => all(name)[0] };
}
