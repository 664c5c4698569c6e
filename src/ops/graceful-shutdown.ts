// A server's way out: it stops listening, but whoever has asked is answered to the last byte, and nobody who holds a
// connection open can keep it from ending.
import type { Server, ServerResponse } from 'node:http';
import { Server as NetServer, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import type { ShutdownSignal } from './shutdown-signal.ts';

/** So long idle connections stay: a request that is on its way over one when the end begins is answered, not cut. */
const lingerMs = 500;
const lookEveryMs = 50;
/** So many turns of the loop without a new connection: nobody waits to be let in any more. */
const quietTurns = 3;

interface Connection {
  /** Answers that the client does not have yet. */
  underWay: number;
  /** What it had sent when the last answer was over: more than that is the beginning of another request. */
  answeredBytes: number;
}

/**
 * To be called before `server` listens.
 * @returns how to drain it, once stopping has begun: resolves when nothing is open any more, at the latest after `limitMs`.
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
    // Over is what the network has. Node’s own list of idle connections goes by what was written here
    // and would cut whoever reads slowly.
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
    await letInWhoWaits(server);
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    // The HTTP server's own `close` would cut idle connections at once, and no longer end those that never finish asking.
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
 * The system has accepted connections that the loop has not: libuv takes one a turn, and what still waits when the
 * listening ends is reset, with the request that may already be in it.
 */
async function letInWhoWaits(server: Server): Promise<void> {
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
