// An HTTP server that slow clients cannot block, and that stops without cutting off a request.
import { rmSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { connect } from 'node:net';
import type { Logger } from './log.ts';
import { headerLimitBytes, refuseUnreadable } from './unparsable-requests.ts';

/**
 * HTTP/1.1 with short limits: 5 s for the headers, 30 s for a whole request, 32 KB of headers. oauth2-proxy's sessions in cookies come
 * in parts of 4 KB, and it passes on what browsers send.
 * @param logger for requests with larger headers
 * @param requestMs the longest that a whole request may take
 */
export function createHttpServer(listener: RequestListener, logger: Logger, requestMs = 30_000): Server {
  const server = createServer(
    {
      headersTimeout: 5_000,
      requestTimeout: requestMs,
      connectionsCheckingInterval: 1_000,
      // Longer than Go's 90 s for idle connections: oauth2-proxy must never send a request into a connection that is being closed.
      keepAliveTimeout: 120_000,
      maxHeaderSize: headerLimitBytes,
      insecureHTTPParser: false,
    },
    listener,
  );
  server.on('clientError', refuseUnreadable(logger));
  return server;
}

/** Resolves with the port once `server` listens. @throws Error with a plain sentence that names `setting` if it cannot listen */
export async function listen(server: Server, port: number, host: string, setting = 'PORT'): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const taken = error.code === 'EADDRINUSE';
      const why = taken
        ? `is in use by another program; stop that one, or set ${setting} to another port`
        : `cannot be used (${error.code})`;
      reject(new Error(`port ${port} on ${host} ${why}`, { cause: error }));
    });
    server.listen(port, host, resolve);
  });
  const address = server.address();
  return typeof address === 'object' && address ? address.port : port;
}

/**
 * Listens on a Unix socket. One that a killed process left behind is replaced. Who may connect is decided by the folder that it is in.
 * @throws Error with a plain sentence that names `setting` if it cannot listen
 */
export async function listenOnSocket(server: Server, path: string, setting: string): Promise<void> {
  if (await isAnswered(path))
    throw new Error(`the socket ${path} is in use by another program; stop that one, or change ${setting}`);
  rmSync(path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        new Error(`the socket ${path} of ${setting} cannot be created (${error.code})`, { cause: error }),
      ),
    );
    server.listen({ path, readableAll: true, writableAll: true }, resolve);
  });
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const end = (isUp: boolean) => {
      socket.destroy();
      resolve(isUp);
    };
    socket.once('connect', () => end(true)).once('error', () => end(false));
  });
}

/** Accepts no new requests, lets those in progress finish, and closes what is left after `limitMs`. */
export async function drain(server: Server, limitMs: number): Promise<void> {
  if (!server.listening) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), limitMs);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    server.closeIdleConnections();
  });
}
