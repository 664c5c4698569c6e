// How long the program takes to listen, how much memory it uses at rest, and how much after many requests.
import { setTimeout as delay } from 'node:timers/promises';
import { ask } from './load.ts';
import { preparePlace } from './ours.ts';
import { type BenchServer, type ServerName, startBenchRedis } from './servers.ts';
import { usageOf } from './usage.ts';

export interface Starts {
  readonly name: ServerName;
  /** Milliseconds from the start to the first accepted connection, in a new place: no compiled code, no store. */
  readonly firstMs: number;
  /** The same for later starts in that place. */
  readonly laterMs: readonly number[];
  /** Memory a few seconds after each later start, before any request. */
  readonly restMb: readonly number[];
}

export interface Memory {
  readonly name: ServerName;
  readonly beforeMb: number;
  /** Memory after a number of requests. */
  readonly after: readonly { readonly requests: number; readonly mb: number }[];
}

const restMs = 3000;
const chunks = 40;
const connections = 32;

/** @param rounds number of later starts on each store */
export async function measureStarts(rounds: number): Promise<Starts[]> {
  const redis = await startBenchRedis();
  const places = [
    { name: 'Gatehouse, SQLite', place: await preparePlace() },
    { name: 'Gatehouse, Redis', place: await preparePlace(redis.url) },
  ] as const;
  const all = places.map((one) => ({ ...one, firstMs: 0, laterMs: [] as number[], restMb: [] as number[] }));
  try {
    for (let round = -1; round < rounds; round++) {
      for (const one of all) {
        const { child, listeningMs } = await one.place.start();
        if (round < 0) one.firstMs = listeningMs;
        else one.laterMs.push(listeningMs);
        await delay(restMs);
        if (round >= 0) one.restMb.push((await usageOf(child.pid)).memoryMb);
        await child.stop();
      }
    }
  } finally {
    for (const { place } of places) place.remove();
    await redis.close();
  }
  return all.map(({ name, firstMs, laterMs, restMb }) => ({ name, firstMs, laterMs, restMb }));
}

/** Sends eight of ten requests to `/api/me`, and one each to the two pages. @param servers freshly started, with everyone signed in */
export async function measureMemory(servers: readonly BenchServer[], requests: number): Promise<Memory[]> {
  const mbOf = async ({ pid }: BenchServer) => (await usageOf(pid)).memoryMb;
  const all = await Promise.all(
    servers.map(async (server) => ({
      server,
      beforeMb: await mbOf(server),
      after: [] as Memory['after'][number][],
    })),
  );
  const each = Math.ceil(requests / chunks);
  for (let chunk = 1; chunk <= chunks; chunk++) {
    for (const { server, after } of all) {
      const path = chunk % 10 === 8 ? '/devices' : chunk % 10 === 9 ? '/dashboard' : '/api/me';
      const browsers = server.browsersFor(path);
      const load = { port: server.port, path, browsers, requests: each, connections };
      await server.pace.run(each + connections, browsers.length, () =>
        ask({ ...load, onEdge: () => Promise.resolve() }),
      );
      if (chunk === chunks / 10 || chunk === chunks)
        after.push({ requests: chunk * each, mb: await mbOf(server) });
    }
  }
  return all.map(({ server, beforeMb, after }) => ({ name: server.name, beforeMb, after }));
}
