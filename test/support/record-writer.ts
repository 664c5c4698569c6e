// A process that writes to a record: a given number of entries, or until it is killed. Prints "ready", then the WriterResult.
import { createRecorder } from '../../src/audit/writer.ts';
import type { Store } from '../../src/store/contract.ts';

/** JSON on standard input, because a Redis URL contains its password. */
export interface WriterTask {
  readonly dataDir?: string;
  readonly url?: string;
  readonly file?: string;
  readonly journal?: string;
  /** Whether the entries are revocations; each is reported on standard output once it has been noted. */
  readonly endings?: boolean;
  readonly catchesUp?: boolean;
  /** How many entries the record must accept. Absent: no limit. */
  readonly count?: number;
  /** How many writes are in flight at the same time. */
  readonly together: number;
  readonly key: string;
}

/** Each entry names its session `PID-N`; N counts from 0, also over those that were refused. */
export interface WriterResult {
  readonly pid: number;
  readonly begun: number;
  /** The N of each write that was refused, as a slow disk does: in the record or not, but at most once. */
  readonly refused: readonly number[];
}

const chunks: Buffer[] = [];
for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
const task = JSON.parse(Buffer.concat(chunks).toString()) as WriterTask;
const store = await open(task);
const failed = (line: object) => void process.stderr.write(`${JSON.stringify(line)}\n`);
const recorder = createRecorder({
  record: store.record,
  aliases: store.aliases,
  keys: () => [task.key],
  logger: { info: () => undefined, warn: failed, error: failed },
  now: Date.now,
  retentionMs: 31_536_000_000,
  journal: task.journal,
  ...(task.file !== undefined && { file: task.file, catchesUp: task.catchesUp === true }),
});
process.stdout.write('ready\n');
let begun = 0;
const refused: number[] = [];
async function writeOn(): Promise<void> {
  while (begun - refused.length < (task.count ?? Number.POSITIVE_INFINITY)) {
    const n = begun++;
    const person = { id: `p${n % 50}`, email: `p${n % 50}@example.org` };
    const entry = { event: 'session.created', person, session: `${process.pid}-${n}`, facts: { n } } as const;
    if (task.endings) {
      await recorder.writeEnding({ ...entry, event: 'session.revoked' });
      process.stdout.write(`noted ${entry.session}\n`);
      continue;
    }
    await recorder.write(entry).catch(() => refused.push(n));
  }
}
await Promise.all(Array.from({ length: task.together }, writeOn));
await recorder.close();
await store.close();
const result: WriterResult = { pid: process.pid, begun, refused };
process.stdout.write(JSON.stringify(result));

/** Loads only what it needs, because it is started very often. */
async function open({ dataDir, url }: WriterTask): Promise<Store> {
  if (url === undefined) return (await import('../../src/store/sqlite.ts')).openSqliteStore(dataDir ?? '');
  const { createRedisStore } = await import('../../src/store/redis.ts');
  const { connectRedis } = await import('../../src/store/redis-client.ts');
  return createRedisStore(connectRedis(url, () => undefined));
}
