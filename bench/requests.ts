// Measures what a request costs on each server. All servers run at once and each round measures them in turn, so that a disturbance of the
// machine affects all of them.
import { ask } from './load.ts';
import type { BenchServer, ServerName } from './servers.ts';
import { usageOf } from './usage.ts';

export const connectionCounts = [32, 256] as const;

export interface Sample {
  /** The server's processor time per request. */
  readonly cpuUs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Size of the body. */
  readonly bytes: number;
  /** The server's memory after the run. */
  readonly memoryMb: number;
  /** Per request; undefined if the server uses no Redis. */
  readonly redis: { readonly cpuUs: number; readonly commands: number } | undefined;
}

/** The samples of one server, one for each round. */
export interface Samples {
  readonly name: ServerName;
  readonly path: string;
  readonly at: Readonly<Record<(typeof connectionCounts)[number], readonly Sample[]>>;
}

/** Which path of which server to measure. */
export interface Question {
  readonly server: BenchServer;
  readonly path: string;
  readonly requests: number;
}

/** @param rounds one more round runs first as a warm-up. @throws Error if a response is not a 2xx */
export async function compare(questions: readonly Question[], rounds: number): Promise<Samples[]> {
  const all = questions.map((question) => ({ question, at: { 32: [] as Sample[], 256: [] as Sample[] } }));
  for (let round = -1; round < rounds; round++) {
    // The order alternates, so that no server always runs first.
    for (const { question, at } of round % 2 === 0 ? all : all.toReversed()) {
      for (const connections of connectionCounts) {
        const sample = await measure(question, connections);
        if (round >= 0) at[connections].push(sample);
      }
    }
  }
  return all.map(({ question, at }) => ({ name: question.server.name, path: question.path, at }));
}

async function measure({ server, path, requests }: Question, connections: number): Promise<Sample> {
  const { port, pid, redis, pace } = server;
  const browsers = server.browsersFor(path);
  const look = async () => ({ own: await usageOf(pid), redis: await redis?.usage() });
  const looks: Awaited<ReturnType<typeof look>>[] = [];
  const timing = await pace.run(requests + connections, browsers.length, () =>
    ask({
      port,
      path,
      browsers,
      requests,
      connections,
      onEdge: async () => void looks.push(await look()),
    }),
  );
  const [before, after] = looks;
  if (!before || !after) throw new RangeError('the run has no beginning or no end');
  const used = (now: number, then: number) => (now - then) / requests;
  return {
    cpuUs: used(after.own.cpuUs, before.own.cpuUs),
    p50Ms: timing.p50Ms,
    p99Ms: timing.p99Ms,
    bytes: timing.bytes,
    memoryMb: after.own.memoryMb,
    redis:
      before.redis && after.redis
        ? {
            cpuUs: used(after.redis.cpuUs, before.redis.cpuUs),
            commands: used(after.redis.commands, before.redis.commands),
          }
        : undefined,
  };
}
