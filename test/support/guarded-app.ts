// An app behind the front: records what arrives, and can stream, upgrade to a WebSocket and set cookies.
import { createHash } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import type { Arrival } from './echo.ts';
import { arrivalOf } from './guard-stub.ts';

export interface AppArrival extends Arrival {
  readonly bytes: number;
  readonly isUpgrade: boolean;
}

export interface GuardedEcho {
  readonly port: number;
  readonly arrivals: AppArrival[];
  /** The streams that `/events` has open: each has sent its first event. */
  readonly streams: ServerResponse[];
  /** Bytes of the body that is arriving now. */
  receiving(): number;
  /** `Set-Cookie` lines of every answer from now on. */
  setCookies(lines: readonly string[]): void;
  close(): Promise<void>;
}

const webSocketGuid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

export async function startGuardedEcho(): Promise<GuardedEcho> {
  const arrivals: AppArrival[] = [];
  const streams: ServerResponse[] = [];
  let cookies: readonly string[] = [];
  let receiving = 0;
  const server = createServer((req, res) => {
    if (req.url === '/events') {
      arrivals.push({ ...arrivalOf(req), bytes: 0, isUpgrade: false });
      res.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: first\n\n');
      streams.push(res);
      return;
    }
    let bytes = 0;
    receiving = 0;
    req.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      receiving = bytes;
    });
    req.on('end', () => {
      arrivals.push({ ...arrivalOf(req), bytes, isUpgrade: false });
      res.writeHead(req.url === '/401' ? 401 : 200, {
        'content-type': 'text/plain',
        'set-cookie': [...cookies],
      });
      res.end(req.url === '/401' ? 'the app says no' : 'arrived');
    });
  });
  server.on('upgrade', (req, socket) => {
    arrivals.push({ ...arrivalOf(req), bytes: 0, isUpgrade: true });
    const accept = createHash('sha1')
      .update(`${req.headers['sec-websocket-key']}${webSocketGuid}`)
      .digest('base64');
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: ${req.headers.upgrade}\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    socket.on('error', () => {});
    socket.pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    port: typeof address === 'object' ? (address?.port ?? 0) : 0,
    arrivals,
    streams,
    receiving: () => receiving,
    setCookies: (lines) => {
      cookies = lines;
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
