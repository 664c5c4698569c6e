// The desk in the terminal: what it lists, what it ends, how it waits, and that an invalid command does nothing. On both stores.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { plantSession } from '../../test/support/planted.ts';
import { keepEvents } from '../../test/support/recorder.ts';
import { type PrivateRedis, startRedis } from '../../test/support/redis.ts';
import { need } from '../../test/support/requirement.ts';
import { createRevocation, type GateReceipt } from '../sessions/revocation/revoke.ts';
import type { Store } from '../store/contract.ts';
import { createRedisStore } from '../store/redis.ts';
import { connectRedis } from '../store/redis-client.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import { sessionsCommand } from './sessions.ts';
import { runCommand } from './terminal.ts';

const limits = { lifetimeMs: 7 * 86_400_000, idleMs: 86_400_000 };

for (const kind of ['sqlite', 'redis'] as const) {
  suite(
    `gatehouse sessions on ${kind}`,
    await need(...(kind === 'redis' ? (['redis-server'] as const) : [])),
    () => {
      let redis: PrivateRedis | undefined;
      let folder: string;
      let store: Store;
      let ahead = 0;
      const now = () => Date.now() + ahead;
      before(async () => {
        folder = mkdtempSync(join(tmpdir(), 'gatehouse-cli-'));
        redis = kind === 'redis' ? await startRedis() : undefined;
        store = redis ? createRedisStore(connectRedis(redis.url, () => {})) : openSqliteStore(folder);
      });
      after(async () => {
        await store.close();
        await redis?.close();
        rmSync(folder, { recursive: true, force: true });
      });

      /** Runs a command against a gate that only keeps receipts; a session there is verified ten seconds after it was ended. */
      async function run(...args: string[]) {
        const receipts = new Map<string, GateReceipt>();
        const [out, err]: [string[], string[]] = [[], []];
        let [opened, closed, waitedMs] = [0, 0, 0];
        const end = async ({ handle, link }: { handle: string; link?: unknown }): Promise<GateReceipt> => {
          const receipt: GateReceipt = { endedAt: now(), gate: link ? 'ended' : 'unknown', writtenBack: 0 };
          receipts.set(handle, receipt);
          return receipt;
        };
        const gate = {
          end,
          endPerson: (_id: string, targets: readonly Parameters<typeof end>[0][]) =>
            Promise.all(targets.map(end)),
          receiptOf: async (handle: string) => {
            const receipt = receipts.get(handle);
            const due = receipt?.gate === 'ended' && now() >= receipt.endedAt + 10_000;
            return due ? { ...receipt, verifiedAt: receipt.endedAt + 10_000 } : receipt;
          },
        };
        const code = await runCommand(sessionsCommand, args, {
          open: async () => {
            opened++;
            return {
              store,
              revocation: async () =>
                createRevocation({
                  sessions: store.sessions,
                  gate,
                  now,
                  recorder: keepEvents(),
                  pendingRevocations: { add: async () => assert.fail('the store takes everything') },
                  pseudonymOf: async () => 'somebody',
                }),
              close: async () => void closed++,
            };
          },
          limits,
          now,
          wait: async (ms) => {
            ahead += ms;
            waitedMs += ms;
          },
          out: (line) => out.push(line),
          err: (line) => err.push(line),
        });
        assert.equal(opened, closed);
        return { code, out, err, opened, waitedMs };
      }

      const plant = (name: string, data = {}, row = {}) =>
        plantSession({ store, now }, { personId: `id-${name}`, email: `${name}@example.org`, ...row }, data);
      const endOf = async (handle: string) => (await store.sessions.findByHandle(handle))?.ended;

      test('list: an aligned table, or the same JSON as the API', async () => {
        const row = await plant('lena', { network: '2001:db8::1' });
        await plant('leo-with-a-long-name');
        const { code, out } = await run('list', '--email', 'LE');
        assert.equal(code, 0);
        assert.match(out[0] ?? '', /^HANDLE +PERSON +DEVICE +NETWORK +LAST SEEN +ENDS$/);
        const line = out.find((text) => text.startsWith(row.handle)) ?? '';
        assert.match(line, /lena@example\.org +Firefox on Linux +2001:db8::1 +.*in 7 days$/);
        assert.equal(out.length, 3);
        assert.equal(new Set(out.map((text) => /Firefox|DEVICE/.exec(text)?.index)).size, 1);
        const json = JSON.parse((await run('list', '--email', 'lena', '--json')).out.join('\n'));
        assert.deepEqual(
          json.sessions.map((one: { handle: string }) => one.handle),
          [row.handle],
        );
        assert.equal(json.next, null);
      });

      test('list: as many as asked for, without terminal control characters', async () => {
        for (let i = 0; i < 105; i++) await plant(`many${i}`);
        const some = await run('list', '--email', 'many', '--limit', '103');
        assert.equal(some.out.length, 104);
        assert.match(some.err.join(), /--limit 206/);
        await plant('odd', { device: { browser: '\u001b[2Jx', os: '\u202ey', kind: 'bot' } });
        const { out } = await run('list', '--email', 'odd');
        assert.doesNotMatch(out.join(), /\p{Cc}|\p{Cf}/u);
        assert.deepEqual((await run('list', '--email', 'nobody')).out, [
          'Nobody with such an address is signed in.',
        ]);
      });

      test('revoke HANDLE: ended by the terminal, verified before it returns, and repeatable', async () => {
        const row = await plant('vic', { gate: { state: 'verified', key: 'k' } });
        const { code, out, waitedMs } = await run('revoke', row.handle);
        assert.equal(code, 0);
        assert.match(
          out.join(),
          new RegExp(`^${row.handle} +ended here · ended at the gate · verified at [\\d:]+ UTC$`),
        );
        assert.ok(waitedMs >= 10_000 && waitedMs <= 12_000);
        const end = await endOf(row.handle);
        assert.deepEqual([end?.reason, end?.by], ['revoked_by_operator', 'terminal']);
        assert.equal((await run('revoke', row.handle)).code, 0);
        assert.deepEqual(await endOf(row.handle), end);
      });

      test('revoke does not wait if there is nothing to wait for, or with --no-wait', async () => {
        const [tied, loose] = [await plant('wim', { gate: { state: 'verified' } }), await plant('wim')];
        const first = await run('revoke', '--no-wait', tied.handle);
        assert.equal(first.waitedMs, 0);
        assert.match(first.out.join(), /not verified yet/);
        const second = await run('revoke', loose.handle);
        assert.equal(second.waitedMs, 0);
        assert.match(second.out.join(), /ended here · not known at the gate$/);
      });

      test('revoke takes a handle of an earlier version, which can begin with "-", after "--"', async () => {
        for (const handle of ['-abcdefghijk', '--bcdefghij_']) {
          await plant('dora', {}, { handle });
          assert.equal((await run('revoke', '--no-wait', handle)).code, 2);
          assert.equal((await run('revoke', '--no-wait', '--', handle)).code, 0);
          assert.ok(await endOf(handle));
        }
      });

      test('revoke --person: all sessions of exactly that address', async () => {
        const rows = [
          await plant('xaver'),
          await plant('xaver'),
          await plant('xaver', {}, { personId: 'another' }),
        ];
        const other = await plant('xaver2', {}, { email: 'xaver@example.org.example' });
        const { code, out } = await run('revoke', '--person', 'Xaver@example.org', '--no-wait');
        assert.equal(code, 0);
        assert.equal(out.length, 3);
        for (const { handle } of rows) assert.ok(await endOf(handle));
        assert.equal(await endOf(other.handle), undefined);
        assert.equal((await run('revoke', '--person', 'xaver@example.org')).code, 1);
      });

      test('wrong arguments are reported in one line; nothing is opened or ended', async () => {
        const row = await plant('yara');
        const wrong = [
          [],
          ['end'],
          ['revoke'],
          ['revoke', '--all'],
          ['revoke', row.handle, '--all', '--yes'],
          ['revoke', row.handle, row.handle],
          ['revoke', '--person', 'yara'],
          ['revoke', row.handle, '--force'],
          ['list', '--limit', '0'],
          ['list', 'x'],
        ];
        for (const args of wrong) {
          const { code, out, err, opened } = await run(...args);
          assert.deepEqual([code, out.length, err.length, opened], [2, 0, 1, 0], args.join(' '));
          assert.ok(!err.join().includes('\n'));
        }
        assert.equal((await run('revoke', 'AAAAAAAAAAAA')).code, 1);
        assert.equal((await run('revoke', '../x')).code, 1);
        assert.equal((await run('--help')).code, 0);
        assert.equal(await endOf(row.handle), undefined);
      });

      test('revoke --all --yes: everyone', async () => {
        const row = await plant('zoe');
        const { code, out, waitedMs } = await run('revoke', '--all', '--yes');
        assert.equal(code, 0);
        assert.match(out.join(), /^\d+ sessions signed out\.$/);
        assert.ok(waitedMs >= 10_000, 'the looks at the gate are this process’s');
        assert.ok(await endOf(row.handle));
        assert.deepEqual((await run('list')).out, ['Nobody is signed in.']);
      });
    },
  );
}
