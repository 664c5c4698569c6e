// One Sentinel that watches a private Redis and names its replica once that Redis is gone.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, startChild, waitFor } from '../../demo/child.ts';
import { connectRedis } from '../../src/store/redis-client.ts';
import { type PrivateRedis, startRedis } from './redis.ts';
import { mustHave } from './requirement.ts';

export interface Sentinel {
  /** Without the name of the primary, which is `mymaster`, and the database. */
  readonly url: string;
  close(): Promise<void>;
}

export async function startSentinel(redis: PrivateRedis): Promise<Sentinel> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-sentinel-'));
  const port = await freePort();
  const { password } = new URL(redis.url);
  const file = join(folder, 'sentinel.conf');
  const lines = [
    `port ${port}`,
    'bind 127.0.0.1',
    `dir ${folder}`,
    `sentinel monitor mymaster 127.0.0.1 ${redis.port} 1`,
    `sentinel auth-pass mymaster ${password}`,
    'sentinel down-after-milliseconds mymaster 500',
  ];
  writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o600 });
  const command = await mustHave('redis-server');
  const child = await startChild({ name: 'sentinel', command, args: [file, '--sentinel'] });
  return {
    url: `redis+sentinel://:${password}@127.0.0.1:${port}`,
    async close() {
      await child.kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A replica with the same password; resolves once it has everything that `primary` holds. */
export async function startReplicaOf(primary: PrivateRedis): Promise<PrivateRedis> {
  const replica = await startRedis();
  const { password } = new URL(primary.url);
  const first = connectRedis(primary.url, () => {});
  // Otherwise it waits 5 s for further replicas before it sends its data.
  await first.call('CONFIG', 'SET', 'repl-diskless-sync-delay', '0');
  first.disconnect();
  const client = connectRedis(replica.url, () => {});
  await client.call('CONFIG', 'SET', 'masterauth', password);
  await client.call('REPLICAOF', '127.0.0.1', String(primary.port));
  await waitFor('the replica', async () =>
    String(await client.call('INFO', 'replication')).includes('master_link_status:up'),
  );
  await client.call('CONFIG', 'SET', 'requirepass', password);
  client.disconnect();
  return replica;
}

/** Resolves once the replica of `primary` has every change up to now. */
export async function replicated(primary: PrivateRedis): Promise<void> {
  const client = connectRedis(primary.url, () => {});
  // WAIT concerns the writes of its own connection; whatever was written earlier has then arrived too.
  await client.set('replicated', '1');
  const copies = await client.call('WAIT', '1', '5000');
  client.disconnect();
  if (copies !== 1) throw new Error(`${String(copies)} replicas have it`);
}
