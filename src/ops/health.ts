// The ops port: for whoever runs the program, never through the proxy.
import { createServer, type Server } from 'node:http';

export interface HealthOptions {
  /** Resolves where the store answers. */
  readonly ping: () => Promise<void>;
  /** False once the program is stopping: no new work is to be sent. */
  readonly isAccepting: () => boolean;
  /** False while the record is known not to be writable, so that every change would be refused; absent: not known. */
  readonly isRecording?: () => boolean;
  /** Absent: there are none. */
  readonly metrics?: { text(): Promise<{ readonly contentType: string; readonly text: string }> };
}

const json = 'application/json; charset=utf-8';

/**
 * `/livez`: the process answers. `/readyz`: the store answers too, the record can be written as far as is known, and it is
 * not stopping; else 503. `/metrics`: Prometheus' text.
 */
export function createOpsServer({ ping, isAccepting, isRecording, metrics }: HealthOptions): Server {
  return createServer({ requestTimeout: 10_000, headersTimeout: 5_000 }, (req, res) => {
    const send = (status: number, type: string, text: string) => {
      res.writeHead(status, {
        'Content-Type': type,
        'Cache-Control': 'no-store',
        ...(!isAccepting() && { Connection: 'close' }),
      });
      res.end(req.method === 'HEAD' ? undefined : text);
    };
    const answer = (status: number, word: string) => send(status, json, JSON.stringify({ status: word }));
    if (req.method !== 'GET' && req.method !== 'HEAD') return answer(405, 'method not allowed');
    const [path = ''] = (req.url ?? '').split('?', 1);
    switch (path) {
      case '/livez':
        return answer(200, 'alive');
      case '/readyz':
        if (!isAccepting()) return answer(503, 'stopping');
        if (isRecording?.() === false) return answer(503, 'the record cannot be written');
        ping().then(
          () => answer(200, 'ready'),
          () => answer(503, 'the store does not answer'),
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
