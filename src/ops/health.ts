// The ops port: for whoever runs the program, never through the proxy.
import { createServer, type Server } from 'node:http';

export interface HealthOptions {
  /** Resolves where the store answers. */
  readonly ping: () => Promise<void>;
  /** False once the program is stopping: no new work is to be sent. */
  readonly isAccepting: () => boolean;
}

/** `/livez`: the process answers. `/readyz`: the store answers too, and it is not stopping; else 503. */
export function createOpsServer({ ping, isAccepting }: HealthOptions): Server {
  return createServer({ requestTimeout: 10_000, headersTimeout: 5_000 }, (req, res) => {
    const answer = (status: number, body: object) => {
      res.writeHead(status, {
        'Content-Type': 'application/json; charset=utf-8',
        'Cache-Control': 'no-store',
      });
      res.end(req.method === 'HEAD' ? undefined : JSON.stringify(body));
    };
    if (req.method !== 'GET' && req.method !== 'HEAD') return answer(405, { status: 'method not allowed' });
    switch (req.url ?? '') {
      case '/livez':
        return answer(200, { status: 'alive' });
      case '/readyz':
        if (!isAccepting()) return answer(503, { status: 'stopping' });
        ping().then(
          () => answer(200, { status: 'ready' }),
          () => answer(503, { status: 'the store does not answer' }),
        );
        return;
      default:
        return answer(404, { status: 'not found' });
    }
  });
}
