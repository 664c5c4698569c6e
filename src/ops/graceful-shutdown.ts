// Graceful shutdown of a server: it stops listening and answers every request already received to the last byte, but no client that holds a
// connection open can delay the end.
import type { Server, ServerResponse } from 'node:http';
import { Server as NetServer, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import type { ShutdownSignal } from './shutdown-signal.ts';

/** How long idle connections stay open, so that a request already on its way over one is answered, not cut off. */
const lingerMs = 500;
const lookEveryMs = 50;
/** After this many turns of the event loop without a new connection, none is pending. */
const quietTurns = 3;

interface Connection {
  /** Responses that the client has not received in full. */
  underWay: number;
  /** Bytes received when the last response finished: more than that is the start of another request. */
  answeredBytes: number;
}

/**
 * Call before `server` listens.
 * @returns a function that drains it once stopping has started: it resolves when no connection is open, at the latest after `limitMs`
 */
export function shutDownGracefully(
  server: Server,
  stopping: ShutdownSignal,
): (limitMs: number) => Promise<void> {
  const connections = new Map<Socket, Connection>();
  const answers = new Set<ServerResponse>();
  const close = (res: ServerResponse) => {
    if (!res.headersSent) res.setHeader('Connection', 'close');
  };
  server.on('connection', (socket) => {
    connections.set(socket, { underWay: 0, answeredBytes: 0 });
    socket.once('close', () => connections.delete(socket));
  });
  server.prependListener('request', ({ socket }, res) => {
    if (stopping.isStopping()) close(res);
    const connection = connections.get(socket);
    if (connection) connection.underWay++;
    answers.add(res);
    // A response is finished when the network has all of it. Node's own list of idle connections goes by what was written here, and
    // would cut off slow readers.
    res.once('close', () => {
      answers.delete(res);
      if (!connection) return;
      connection.underWay--;
      connection.answeredBytes = socket.bytesRead;
    });
  });
  stopping.onStop(() => {
    for (const res of answers) close(res);
  });

  return async (limitMs) => {
    if (!server.listening) return;
    await acceptPendingConnections(server);
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    // The `close` of the HTTP server would cut idle connections immediately, and no longer end those that never finish their request.
    NetServer.prototype.close.call(server, () => resolve());
    const startedAt = performance.now();
    const timer = setInterval(() => {
      const passed = performance.now() - startedAt;
      if (passed >= limitMs) server.closeAllConnections();
      if (passed < lingerMs) return;
      for (const [socket, { underWay, answeredBytes }] of connections)
        if (underWay === 0 && socket.bytesRead === answeredBytes) socket.destroySoon();
    }, lookEveryMs);
    await closed;
    clearInterval(timer);
  };
}

/**
 * Accepts pending connections before closing. The kernel has accepted connections that the event loop has not: libuv takes one a turn, and
 * those that are left when listening ends are reset, along with a request that may already be in them.
 */
async function acceptPendingConnections(server: Server): Promise<void> {
  let quiet = 0;
  const somebody = () => {
    quiet = 0;
  };
  server.on('connection', somebody);
  const startedAt = performance.now();
  while (quiet < quietTurns && performance.now() - startedAt < lingerMs) {
    quiet++;
    await turn();
  }
  server.off('connection', somebody);
}
