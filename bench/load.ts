// Sends requests over keep-alive connections, one at a time on each. Implements HTTP/1.1 itself, because Node's client costs more than
// some of the measured servers.
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { keepCookies } from '../test/support/client.ts';

/** A signed-in person's browser. */
export interface Browser {
  /** The bytes of a GET request with this browser's headers and cookies. */
  requestFor(path: string): Buffer;
  /** Stores the cookies that a response sets. @param head the status line and headers */
  keep(head: string): void;
}

export interface Response {
  readonly status: number;
  readonly head: string;
  /** Size of the body. */
  readonly bytes: number;
}

export interface Connection {
  /** @throws Error if the connection ends before the whole response */
  ask(request: Buffer): Promise<Response>;
  close(): void;
}

export interface Load {
  readonly port: number;
  readonly path: string;
  /** Taken in turn. */
  readonly browsers: readonly Browser[];
  readonly requests: number;
  readonly connections: number;
  /** Called when every connection has been opened and used once, and again after the last response. */
  readonly onEdge: () => Promise<void>;
}

export interface Timing {
  /** From the first request to the last response. */
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Size of the last body. */
  readonly bytes: number;
}

/** How a page's script asks; everything else is opened like a page. */
const fetchHeaders = {
  accept: '*/*',
  'sec-fetch-dest': 'empty',
  'sec-fetch-mode': 'cors',
  'sec-fetch-user': '?0',
};
const lastChunk = Buffer.from('0\r\n\r\n');

export function createBrowser(headers: Readonly<Record<string, string>>, cookie = ''): Browser {
  const cookies = new Map<string, string>();
  if (cookie) keepCookies(cookies, cookie.split('; '));
  const requests = new Map<string, Buffer>();
  let sent = '';
  const cookieHeader = () => [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  return {
    requestFor(path) {
      let request = requests.get(path);
      if (!request) {
        sent = cookieHeader();
        const all = {
          ...headers,
          ...(path.startsWith('/api/') && fetchHeaders),
          ...(sent && { cookie: sent }),
        };
        const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
        request = Buffer.from(`GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`, 'latin1');
        requests.set(path, request);
      }
      return request;
    },
    keep(head) {
      if (!/^set-cookie:/im.test(head)) return;
      keepCookies(
        cookies,
        [...head.matchAll(/^set-cookie: *(.*)$/gim)].map(([, line = '']) => line.trim()),
      );
      if (cookieHeader() !== sent) requests.clear();
    },
  };
}

/** @throws Error if a response is not a 2xx */
export async function ask(load: Load): Promise<Timing> {
  const { port, path, browsers, requests } = load;
  const open = await Promise.all(Array.from({ length: load.connections }, () => openConnection(port)));
  const times: number[] = [];
  let next = 0;
  let bytes = 0;
  async function once(connection: Connection): Promise<number> {
    const browser = browsers[next++ % browsers.length];
    if (!browser) throw new RangeError('nobody asks');
    const request = browser.requestFor(path);
    const from = performance.now();
    const response = await connection.ask(request);
    const ms = performance.now() - from;
    if (response.status >= 300) throw new Error(`GET ${path} was answered with ${response.status}`);
    browser.keep(response.head);
    ({ bytes } = response);
    return ms;
  }
  try {
    await Promise.all(open.map(once));
    await load.onEdge();
    const from = performance.now();
    const last = next + requests;
    await Promise.all(
      open.map(async (connection) => {
        while (next < last) times.push(await once(connection));
      }),
    );
    const seconds = (performance.now() - from) / 1000;
    await load.onEdge();
    times.sort((a, b) => a - b);
    const at = (share: number) => times[Math.floor(times.length * share)] ?? Number.NaN;
    return { seconds, p50Ms: at(0.5), p99Ms: at(0.99), bytes };
  } finally {
    for (const connection of open) connection.close();
  }
}

export async function openConnection(port: number): Promise<Connection> {
  const socket = await new Promise<Socket>((resolve, reject) => {
    const opening = connect({ port, host: '127.0.0.1', noDelay: true });
    opening.once('error', reject).once('connect', () => resolve(opening.off('error', reject)));
  });
  let received: Buffer | undefined;
  let waiting: PromiseWithResolvers<Response> | undefined;
  const fail = (why: string) => {
    waiting?.reject(new Error(why));
    waiting = undefined;
  };
  socket.on('error', (error) => fail(error.message)).on('close', () => fail('the connection was closed'));
  socket.on('data', (chunk) => {
    received = received ? Buffer.concat([received, chunk]) : chunk;
    const response = readResponse(received);
    if (!response) return;
    received = undefined;
    const { resolve } = waiting ?? {};
    waiting = undefined;
    resolve?.(response);
  });
  return {
    ask(request) {
      waiting = Promise.withResolvers();
      const { promise } = waiting;
      if (socket.destroyed) fail('the connection was closed');
      else socket.write(request);
      return promise;
    },
    close: () => socket.destroy(),
  };
}

/** undefined while the response is incomplete. Does not support pipelining: everything received belongs to one response. */
function readResponse(received: Buffer): Response | undefined {
  const end = received.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const head = received.toString('latin1', 0, end);
  const status = Number(head.slice(9, 12));
  const bytes = received.length - end - 4;
  const isWhole = /^transfer-encoding: *chunked/im.test(head)
    ? received.subarray(-5).equals(lastChunk)
    : bytes >= Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
  return isWhole ? { status, head, bytes } : undefined;
}

export interface Pace {
  /** Runs `work`, after waiting until it stays within the limit. */
  run<T>(requests: number, browsers: number, work: () => Promise<T>): Promise<T>;
}

/** Keeps the load within the rate limits, which stay on. @param mostAMinute requests of one person */
export function createPace(mostAMinute: number): Pace {
  const windowMs = 61_000;
  let past: { readonly endedAt: number; readonly each: number }[] = [];
  return {
    async run(requests, browsers, work) {
      const each = requests / browsers;
      for (;;) {
        past = past.filter(({ endedAt }) => endedAt > performance.now() - windowMs);
        const [oldest] = past;
        if (!oldest || past.reduce((sum, run) => sum + run.each, each) <= mostAMinute) break;
        await delay(oldest.endedAt + windowMs - performance.now());
      }
      const result = await work();
      past.push({ endedAt: performance.now(), each });
      return result;
    },
  };
}
