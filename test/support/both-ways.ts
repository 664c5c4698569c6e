// Sends one request twice: to the fast lane, and to the ordinary handlers of the same app. Both answers must be the same.
import type { IncomingMessage } from 'node:http';
import { createLogger } from '../../src/http/log.ts';
import { createHttpServer, drain, listen } from '../../src/http/server.ts';
import type { Desk } from './desk.ts';
import { type RawResponse, sendRaw } from './raw.ts';

export interface Sent {
  readonly requestLine?: string;
  /** As sent, in this order; `Host` is added in front where none is given. */
  readonly headers: readonly string[];
}

export interface BothWays {
  /** @returns the answer and whether the fast lane gave it */
  send(sent: Sent): Promise<{ readonly answer: RawResponse; readonly isFast: boolean }>;
  /** @returns both answers with what differs from one answer to the next replaced */
  compare(
    sent: Sent,
  ): Promise<{ readonly fast: string; readonly ordinary: string; readonly isFast: boolean }>;
  /** For clients of their own: where the fast lane is asked first, and where only the ordinary handlers are. */
  readonly ports: { readonly lane: number; readonly ordinary: number };
  close(): Promise<void>;
}

/**
 * @param desk whose app is asked
 * @param onAside called with each request that the fast lane leaves to the ordinary handlers
 */
export async function bothWays(
  desk: Desk,
  onAside: (req: IncomingMessage) => void = () => {},
): Promise<BothWays> {
  const logger = createLogger('silent');
  const { express, listener } = desk.app;
  const ordinary = createHttpServer(express, logger);
  let aside = 0;
  // Express's own types leave out the method that `app(req, res)` calls.
  const app = express as unknown as { handle: (...args: unknown[]) => void };
  const handle = app.handle.bind(app);
  const lane = createHttpServer(listener, logger);
  const ports = {
    lane: await listen(lane, 0, '127.0.0.1'),
    ordinary: await listen(ordinary, 0, '127.0.0.1'),
  };
  app.handle = (...args) => {
    const req = args[0] as IncomingMessage;
    if (req.socket.localPort === ports.lane) {
      aside += 1;
      onAside(req);
    }
    handle(...args);
  };
  const ask = ({ requestLine = 'GET /api/me HTTP/1.1', headers }: Sent, port: number) =>
    sendRaw({ port, requestLine, headers: headers.map((line) => line.replaceAll('{port}', String(port))) });
  const send = async (sent: Sent) => {
    const before = aside;
    const answer = await ask(sent, ports.lane);
    return { answer, isFast: aside === before };
  };
  return {
    ports,
    send,
    async compare(sent) {
      const { answer, isFast } = await send(sent);
      return {
        fast: textOf(answer, ports.lane),
        ordinary: textOf(await ask(sent, ports.ordinary), ports.ordinary),
        isFast,
      };
    },
    async close() {
      await drain(lane, 100);
      await drain(ordinary, 100);
    },
  };
}

/** Status, header lines in their order, and body, without nonces, tokens, dates and ports. */
export function textOf({ status, headers, body }: RawResponse, port: number): string {
  const lines = headers.map(([name, value]) => `${name}: ${name === 'Date' ? 'now' : value}`);
  return [status, ...lines, body]
    .join('\n')
    .replaceAll(/nonce-[\w-]+|nonce="[\w-]+"/g, 'NONCE')
    .replaceAll(/(?<=<code>|data-copy=")[\w-]{12}(?=[<"])/g, 'REFERENCE')
    .replaceAll(/"csrfToken":"[\w-]+"/g, 'TOKEN')
    .replaceAll(/(?<=_csrf" value=")[\w-]+/g, 'TOKEN')
    .replaceAll(/(?<=(?:session|visitor_session_id)=)[^;]+/g, 'VALUE')
    .replaceAll(String(port), 'PORT');
}
