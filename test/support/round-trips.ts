// Counts the round trips to Redis: a proxy collects what arrives within a moment and passes it on as one batch. Commands that are sent
// together arrive together; a command that waits for a reply begins another batch.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { type PrivateRedis, startRedis } from './redis.ts';

export interface CountedRedis extends PrivateRedis {
  /** Batches until now, on all connections. */
  batches(): number;
}

/** Commands that are sent together arrive within one turn of the event loop. */
const heldMs = 4;

export async function startCountedRedis(): Promise<CountedRedis> {
  const redis = await startRedis();
  const sockets = new Set<Socket>();
  let count = 0;
  const server = createServer((from) => {
    const to = connect(redis.port, '127.0.0.1');
    let held: Buffer[] = [];
    from.on('data', (chunk) => {
      if (held.push(chunk) > 1) return;
      setTimeout(() => {
        count++;
        to.write(Buffer.concat(held));
        held = [];
      }, heldMs);
    });
    to.pipe(from);
    for (const [one, other] of [
      [from, to],
      [to, from],
    ] as const) {
      sockets.add(one);
      one.on('error', () => other.destroy()).on('close', () => other.destroy());
    }
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    ...redis,
    url: redis.url.replace(`:${redis.port}/`, `:${port}/`),
    port,
    batches: () => count,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await redis.close();
    },
  };
}
