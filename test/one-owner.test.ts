// One store belongs to one deployment: another one does not start on it and is told how to get its own, while the owner still starts after
// every rotation, with another address, after an emergency and after its Redis was emptied. On both stores.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { waitFor } from '../demo/child.ts';
import type { Config } from '../src/config/derive.ts';
import { formatProblems, loadConfig } from '../src/config/load.ts';
import { auditKeyOf } from '../src/crypto/kdf.ts';
import { createLogger } from '../src/http/log.ts';
import { StoreUnavailable } from '../src/store/contract.ts';
import { ownerFact } from '../src/store/owner.ts';
import { connectRedis } from '../src/store/redis-client.ts';
import { type OpenedStore, type OpenOptions, openAnyStore, openStore } from '../src/wiring/store.ts';
import { storeKinds } from './support/desk.ts';
import { needsOf } from './support/hostile.ts';
import { type PrivateRedis, startRedis } from './support/redis.ts';

const hex = () => randomBytes(32).toString('hex');
const main = resolve(import.meta.dirname, '../src/main.ts');
const server = { role: 'server' } as const;

interface Ran {
  readonly code: number;
  readonly text: string;
}

for (const kind of storeKinds) {
  suite(`store ownership, on ${kind}`, await needsOf(kind), () => {
    let redis: PrivateRedis | undefined;
    let folder: string;
    let places = 0;
    before(async () => {
      redis = kind === 'redis' ? await startRedis() : undefined;
      folder = mkdtempSync(join(tmpdir(), 'gatehouse-owner-'));
    });
    after(async () => {
      await redis?.close();
      rmSync(folder, { recursive: true, force: true });
    });

    /** A separate store for each test; each call starts a deployment that is configured to use it. */
    function place() {
      const name = `place${places++}`;
      const dataDir = join(folder, name);
      const lines: string[] = [];
      const logger = createLogger('info', { write: (line) => void lines.push(line) });
      const settings = (more: Record<string, string>) => ({
        PUBLIC_URL: 'https://one.test',
        GATE_SECRET: hex(),
        AUDIT_LOG_FILE: 'off',
        DATA_DIR: dataDir,
        LOG_LEVEL: 'silent',
        ...(redis && { SESSION_BACKEND: 'redis', REDIS_URL: redis.url, REDIS_PREFIX: `${name}:` }),
        ...more,
      });
      const configOf = (more: Record<string, string>): Config => {
        const loaded = loadConfig({ env: settings(more) });
        if ('problems' in loaded) throw new Error(formatProblems(loaded.problems));
        return loaded.config;
      };
      const open = (more: Record<string, string>, options: OpenOptions = server) =>
        openStore(configOf(more), logger, options);
      return {
        lines,
        configOf,
        open,
        async visit(more: Record<string, string>, options?: OpenOptions): Promise<void> {
          const { store } = await open(more, options);
          await store.ping();
          await store.close();
        },
        logger,
        run: (args: readonly string[], more: Record<string, string>) =>
          new Promise<Ran>((done) => {
            const env = { PATH: process.env['PATH'] ?? '', ...settings(more) };
            execFile(
              process.execPath,
              [main, ...args],
              { env, cwd: folder, timeout: 30_000 },
              (error, out, err) => done({ code: error ? Number(error.code ?? -1) : 0, text: out + err }),
            );
          }),
      };
    }

    const refused = /belongs to another deployment: https:\/\/one\.test, since \d{4}-\d\d-\d\d/;
    const mend = kind === 'redis' ? /REDIS_PREFIX=desk2:/ : /another DATA_DIR/;

    test('a second deployment is refused, told whose store it is and how to get its own; the first keeps running', async () => {
      const { visit, open, run } = place();
      const [one, two] = [{ SECRET_KEY: hex() }, { SECRET_KEY: hex(), PUBLIC_URL: 'https://two.test' }];
      const { store } = await open(one);
      await store.notes.write('mine', 1, Date.now() + 60_000);
      for (const options of [server, undefined]) {
        await assert.rejects(visit(two, options), refused);
        await assert.rejects(visit(two, options), mend);
      }
      const [served, listed] = [await run(['serve'], two), await run(['sessions', 'list'], two)];
      for (const { code, text } of [served, listed]) {
        assert.notEqual(code, 0);
        assert.match(text, refused);
        assert.doesNotMatch(text, /^\s+at /m);
      }
      assert.equal(await store.notes.read('mine', Date.now()), 1);
      await store.close();
      await visit(one);
    });

    test('a command writes no owner mark, as wrong settings would lock the owner out', async () => {
      const { visit, configOf, logger } = place();
      await visit({ SECRET_KEY: hex() }, {});
      const { owner, store } = await openAnyStore(configOf({ SECRET_KEY: hex() }), logger);
      assert.equal(await owner.kept(), undefined);
      await store.close();
    });

    test('the owner stays the same through rotations with former keys, also for a replica not yet reloaded', async () => {
      const { visit } = place();
      const [a, b, c] = [hex(), hex(), hex()];
      await visit({ SECRET_KEY: a });
      await visit({ SECRET_KEY: b, SECRET_KEY_FALLBACKS: a });
      await assert.doesNotReject(visit({ SECRET_KEY: a }), 'one that is behind');
      await assert.doesNotReject(visit({ SECRET_KEY: b }), 'one that is not');
      await assert.rejects(visit({ SECRET_KEY: a }), refused, 'b was on its own since');
      await visit({ SECRET_KEY: c, SECRET_KEY_FALLBACKS: b });
      await visit({ SECRET_KEY: c });
    });

    for (const [about, fallbacks] of [
      ['with its predecessor', (former: string) => ({ SECRET_KEY_FALLBACKS: former })],
      ['alone', () => ({})],
    ] as const)
      test(`a reload is enough: a new key that comes ${about} owns the store from then on`, async () => {
        const { open, configOf, visit } = place();
        const [a, b] = [hex(), hex()];
        let live = configOf({ SECRET_KEY: a });
        const { store, owner } = await open({ SECRET_KEY: a }, { ...server, live: () => live });
        live = configOf({ SECRET_KEY: b, ...fallbacks(a) });
        assert.equal(await owner.look(), undefined);
        await store.ping();
        await store.close();
        await visit({ SECRET_KEY: b });
      });

    test('after an emergency without former keys, the record’s former key still identifies the owner', async () => {
      const { visit } = place();
      const [stolen, fresh] = [hex(), hex()];
      await visit({ SECRET_KEY: stolen });
      const next = { SECRET_KEY: fresh, AUDIT_KEY_FALLBACKS: auditKeyOf(stolen) };
      await assert.doesNotReject(visit(next), 'the former key is named');
      await visit({ SECRET_KEY: fresh });
      await assert.rejects(visit({ SECRET_KEY: stolen }), refused, 'the stolen key owns nothing any more');
    });

    test('the owner may have a new address, which is logged; a running replica does not write the old one back', async () => {
      const { open, visit, lines, configOf, logger } = place();
      const SECRET_KEY = hex();
      const old = await open({ SECRET_KEY });
      await visit({ SECRET_KEY, PUBLIC_URL: 'https://moved.test' });
      assert.ok(lines.some((line) => /store\.public_url_changed.*one\.test.*moved\.test/.test(line)));
      assert.equal(await old.owner.look(), undefined);
      assert.equal((await old.owner.kept())?.publicUrl, 'https://moved.test');
      await old.store.close();
      const { owner, store } = await openAnyStore(
        configOf({ SECRET_KEY, PUBLIC_URL: 'https://x.test' }),
        logger,
      );
      await owner.look();
      assert.equal((await owner.kept())?.publicUrl, 'https://moved.test', 'a command moves nothing');
      await store.close();
    });

    test('replicas that start at the same moment are all admitted, strangers beside them are not', async () => {
      const { open } = place();
      const [mine, theirs] = [{ SECRET_KEY: hex() }, { SECRET_KEY: hex() }];
      const starts = await Promise.allSettled(
        [mine, theirs, mine, theirs, mine, theirs].map((one) => open(one)),
      );
      const isIn = starts.map(({ status }) => status === 'fulfilled');
      const [first, second] = [isIn.filter((_, i) => i % 2 === 0), isIn.filter((_, i) => i % 2 === 1)];
      assert.ok(first.every(Boolean) !== second.every(Boolean), 'one of them has it');
      assert.ok(first.every((one) => one === first[0]) && second.every((one) => one === second[0]));
      for (const start of starts) if (start.status === 'fulfilled') await start.value.store.close();
    });

    test('an owner whose key was lost takes the store over by a command, and the other one is refused from then on', async () => {
      const { visit, run } = place();
      const [lost, fresh] = [{ SECRET_KEY: hex() }, { SECRET_KEY: hex() }];
      await visit(lost);
      const shown = await run(['store', 'show'], fresh);
      assert.match(shown.text, /^Another deployment: https:\/\/one\.test/m);
      const unsure = await run(['store', 'take-over'], fresh);
      assert.deepEqual([unsure.code, /--yes/.test(unsure.text)], [2, true]);
      await assert.rejects(visit(fresh), refused);
      assert.equal((await run(['store', 'take-over', '--yes'], fresh)).code, 0);
      await visit(fresh);
      await assert.rejects(visit(lost), refused);
      assert.match((await run(['store', 'take-over', '--yes'], fresh)).text, /already/);
    });

    test('DEV_MODE without a key opens only its own store; a real deployment may take that store over', async () => {
      const { visit } = place();
      const dev = { DEV_MODE: 'true', PUBLIC_URL: 'http://localhost:3000' };
      await visit(dev);
      await visit(dev);
      const SECRET_KEY = hex();
      await visit({ SECRET_KEY });
      await assert.rejects(visit(dev), /DEV_MODE without SECRET_KEY/);
      await visit({ ...dev, SECRET_KEY });
    });

    test('emptied while it runs: the mark is written again; taken over by another, every operation is refused', async () => {
      const { open, lines } = place();
      const mine = await open({ SECRET_KEY: hex() });
      const keyOf = async () => (await mine.owner.kept())?.keys[0];
      const own = await keyOf();
      await forget(mine, '');
      await mine.store.ping();
      assert.equal(await keyOf(), own);
      assert.ok(lines.some((line) => line.includes('store.mark_missing')));

      await forget(
        mine,
        JSON.stringify({ keys: ['x'], publicUrl: 'https://thief.test', since: '2026-01-01' }),
      );
      await assert.rejects(mine.store.ping(), isForeign);
      await assert.rejects(mine.store.notes.write('a', 1, Date.now() + 1000), isForeign);
      await assert.rejects(mine.store.record.head(), isForeign);
      assert.ok(lines.some((line) => /store\.foreign.*thief\.test/.test(line)));

      await forget(mine, '');
      await waitFor('its own again', () => mine.store.ping().then(() => true));
      await mine.store.notes.write('a', 1, Date.now() + 1000);
      await mine.store.close();
    });

    /** Leaves what an emptied Redis, or a file that replaced this one, would contain. */
    async function forget({ store }: OpenedStore, mark: string): Promise<void> {
      if (redis) {
        const name = `place${places - 1}:store`;
        const client = connectRedis(redis.url, () => {});
        if (mark === '') await client.del(name);
        else await client.hset(name, ownerFact, mark);
        client.disconnect();
        return;
      }
      const { DatabaseSync } = await import('node:sqlite');
      const db = new DatabaseSync(join(folder, `place${places - 1}`, 'gatehouse.db'));
      db.prepare('DELETE FROM store_fact WHERE name = ?').run(ownerFact);
      if (mark !== '') db.prepare('INSERT INTO store_fact (name, value) VALUES (?, ?)').run(ownerFact, mark);
      db.close();
      assert.ok(store);
    }

    const isForeign = (error: unknown) =>
      error instanceof StoreUnavailable && error.fault?.code === 'OTHER_DEPLOYMENT';
  });
}
