// An app that answers every request with what arrived, to see what oauth2-proxy really sends.
import { createServer } from 'node:http';

export interface Arrival {
  readonly method: string;
  /** As in the request line. */
  readonly path: string;
  /** Names in lower case with their values, in order, including duplicates. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Every value of that header. */
  all(name: string): string[];
  header(name: string): string | undefined;
}

export interface Echo {
  readonly url: string;
  /** What arrived, oldest first. */
  readonly arrivals: Arrival[];
  close(): Promise<void>;
}

export async function startEcho(): Promise<Echo> {
  const arrivals: Arrival[] = [];
  const server = createServer((req, res) => {
    const headers: [string, string][] = [];
    for (let i = 0; i < req.rawHeaders.length; i += 2) {
      headers.push([req.rawHeaders[i]?.toLowerCase() ?? '', req.rawHeaders[i + 1] ?? '']);
    }
    const all = (name: string) =>
      headers.filter(([key]) => key === name.toLowerCase()).map(([, value]) => value);
    arrivals.push({
      method: req.method ?? '',
      path: req.url ?? '',
      headers,
      all,
      header: (name) => all(name)[0],
    });
    req.resume().on('end', () => res.writeHead(200, { 'content-type': 'text/plain' }).end('arrived'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`,
    arrivals,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
