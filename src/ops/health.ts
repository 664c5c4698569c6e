// The ops port: health checks and metrics for whoever operates the program, never reached through the proxy.
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { faultOf } from '../store/fault.ts';

export interface HealthOptions {
  /** Resolves if the store answers. */
  readonly ping: () => Promise<void>;
  /** Throws if the store accepts no writes; absent: not tried. */
  readonly tryWrite?: () => Promise<unknown>;
  /** False once the program is stopping: send no new work. */
  readonly isAccepting: () => boolean;
  /** False while the audit log is known not to be writable, so that every change would be refused; absent: not known. */
  readonly isRecording?: () => boolean;
  /** Absent: no metrics. */
  readonly metrics?: { text(): Promise<{ readonly contentType: string; readonly text: string }> };
}

const json = 'application/json; charset=utf-8';

/**
 * DNS rebinding: a page of another site whose name resolves to this machine could read the answers in a browser that runs here. So on a
 * loopback connection only the names of loopback itself, and names without a dot, are accepted.
 */
function isForeignHost({ headers, socket }: IncomingMessage): boolean {
  if (!/^(?:::ffff:)?127\.|^::1$/.test(socket.localAddress ?? '')) return false;
  const name = (headers.host ?? '').toLowerCase().replace(/:\d+$/, '');
  return name.includes('.') && !/^127(?:\.\d{1,3}){3}$/.test(name) && !/\.localhost$/.test(name);
}

/**
 * `/livez`: the process answers. `/readyz`: the store also answers and accepts writes, the audit log can be written as far as is known, and
 * the program is not stopping; otherwise 503. `/metrics`: Prometheus' text format.
 */
export function createOpsServer({
  ping,
  tryWrite,
  isAccepting,
  isRecording,
  metrics,
}: HealthOptions): Server {
  return createServer({ requestTimeout: 10_000, headersTimeout: 5_000 }, (req, res) => {
    const send = (status: number, type: string, text: string) => {
      res.writeHead(status, {
        'Content-Type': type,
        'Cache-Control': 'no-store',
        ...(!isAccepting() && { Connection: 'close' }),
      });
      res.end(req.method === 'HEAD' ? undefined : text);
    };
    const answer = (status: number, word: string, error?: unknown) => {
      const store = faultOf(error);
      send(status, json, JSON.stringify({ status: word, ...(store && { store }) }));
    };
    if (req.method !== 'GET' && req.method !== 'HEAD') return answer(405, 'method not allowed');
    if (isForeignHost(req)) return answer(421, 'unknown host name');
    const [path = ''] = (req.url ?? '').split('?', 1);
    switch (path) {
      case '/livez':
        return answer(200, 'alive');
      case '/readyz':
        if (!isAccepting()) return answer(503, 'stopping');
        ping().then(
          () => {
            // Checked after the store: while that is unreachable, nothing can be recorded either.
            if (isRecording?.() === false) return answer(503, 'the record cannot be written');
            return Promise.resolve(tryWrite?.()).then(
              () => answer(200, 'ready'),
              (error: unknown) => answer(503, 'the store accepts no changes', error),
            );
          },
          (error: unknown) => answer(503, 'the store does not answer', error),
        );
        return;
      case '/metrics':
        if (!metrics) return answer(404, 'not found');
        metrics.text().then(
          ({ contentType, text }) => send(200, contentType, text),
          () => answer(500, 'the metrics cannot be read'),
        );
        return;
      default:
        return answer(404, 'not found');
    }
  });
}
