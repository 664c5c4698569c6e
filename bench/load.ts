// Sends requests to a server repeatedly over keep-alive connections; the server reports its own cost.
import { Agent, type RequestOptions, request } from 'node:http';

export interface Asked {
  readonly seconds: number;
  /** Per response, milliseconds. */
  readonly medianMs: number;
  readonly p99Ms: number;
  /** Size of the last response's body. */
  readonly bytes: number;
}

export interface Load {
  readonly port: number;
  readonly path: string;
  /** The headers of the requests, used in turn. */
  readonly headers: readonly Readonly<Record<string, string>>[];
  readonly requests: number;
}

export const connections = 32;

/** @throws if a response is a redirect or a refusal */
export async function ask({ port, path, headers, requests }: Load): Promise<Asked> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const times: number[] = [];
  let next = 0;
  let bytes = 0;
  const client = async () => {
    while (next < requests) {
      const own = headers[next++ % headers.length] ?? {};
      const from = performance.now();
      ({ bytes } = await once({ agent, host: '127.0.0.1', port, path, headers: own }));
      times.push(performance.now() - from);
    }
  };
  const from = performance.now();
  await Promise.all(Array.from({ length: connections }, client));
  const seconds = (performance.now() - from) / 1000;
  agent.destroy();
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.floor(times.length * share)] ?? Number.NaN;
  return { seconds, medianMs: at(0.5), p99Ms: at(0.99), bytes };
}

/** Opens a page once, as from a browser's address bar. @returns the cookies that it set, in the form they are sent back */
export async function cookiesOf(
  port: number,
  path: string,
  headers: Record<string, string>,
): Promise<string> {
  const { cookies } = await once({ host: '127.0.0.1', port, path, headers });
  return cookies.map((set) => set.slice(0, set.indexOf(';'))).join('; ');
}

function once(options: RequestOptions): Promise<{ bytes: number; cookies: string[] }> {
  return new Promise((resolve, reject) => {
    const req = request(options, (res) => {
      let bytes = 0;
      res.on('data', (part: Buffer) => {
        bytes += part.length;
      });
      res.once('end', () => {
        if ((res.statusCode ?? 500) < 300) resolve({ bytes, cookies: res.headers['set-cookie'] ?? [] });
        else reject(new Error(`the answer was ${res.statusCode}`));
      });
    });
    req.once('error', reject).end();
  });
}
