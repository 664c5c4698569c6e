// How the real program starts: after a crash it listens again, and if anything ends it before it listens, it says why and sets an exit
// code.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { type Child, freePort, startChild, waitFor } from '../demo/child.ts';
import { storeKinds } from './support/desk.ts';
import { needsOf } from './support/hostile.ts';
import { startRedis } from './support/redis.ts';

const main = resolve(import.meta.dirname, '../src/main.ts');
const hex = () => randomBytes(32).toString('hex');

/** A folder of its own, and `gatehouse serve` in it. @param before a module that is loaded before the program */
async function place(t: TestContext, settings: Readonly<Record<string, string>> = {}, before = '') {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-start-'));
  const beforeFile = join(folder, 'before.mjs');
  writeFileSync(beforeFile, before);
  const env = {
    PUBLIC_URL: 'http://localhost',
    PORT: String(await freePort()),
    OPS_PORT: String(await freePort()),
    SECRET_KEY: hex(),
    GATE_SECRET: hex(),
    AUDIT_LOG_FILE: 'off',
    ...settings,
  };
  const children: Child[] = [];
  t.after(async () => {
    await Promise.all(children.filter((child) => child.running()).map((child) => child.kill()));
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    folder,
    async serve(): Promise<Child> {
      const args = ['--import', beforeFile, main, 'serve'];
      const child = await startChild({
        name: 'gatehouse',
        command: process.execPath,
        args,
        env,
        cwd: folder,
      });
      children.push(child);
      return child;
    },
  };
}

async function listens(child: Child): Promise<void> {
  const isListening = () => child.lines.some((line) => line.includes('"event":"server.listening"'));
  const ended = child.exited.then((how) => `it ended with ${how}: ${child.lines.join('\n')}`);
  assert.equal(await Promise.race([waitFor('server.listening', isListening, 20_000), ended]), true);
}

for (const kind of storeKinds) {
  suite(`the start on ${kind}`, await needsOf(kind), () => {
    test('killed and restarted immediately, it listens each time', async (t) => {
      const redis = kind === 'redis' ? await startRedis() : undefined;
      t.after(() => redis?.close());
      const settings = redis && { SESSION_BACKEND: 'redis', REDIS_URL: redis.url };
      const { serve } = await place(t, settings);
      for (let round = 0; round < 3; round++) {
        const child = await serve();
        await listens(child);
        await child.kill();
      }
    });
  });
}

test('a start that ends before it is done says so, and exits with an error', async (t) => {
  // No port ever listens, and nothing else keeps the process alive.
  const { serve } = await place(
    t,
    {},
    "import { Server } from 'node:net'; Server.prototype.listen = function () { return this; };",
  );
  const child = await serve();
  assert.equal(await child.exited, 'exit code 1');
  assert.match(child.lines.at(-1) ?? '', /`serve` ended before it was done/);
});

test('a signal before it listens is logged, and exits with an error', async (t) => {
  // A Redis that accepts connections and never responds blocks the start.
  const sockets = new Set<Socket>();
  const silent = createServer((socket) => void sockets.add(socket.on('error', () => {}))).listen(0);
  await once(silent, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    silent.close();
  });
  const { port } = silent.address() as AddressInfo;
  const { serve } = await place(t, {
    SESSION_BACKEND: 'redis',
    REDIS_URL: `redis://127.0.0.1:${port}/0`,
  });
  const child = await serve();
  await waitFor('a connection', () => sockets.size > 0 || undefined);
  process.kill(child.pid, 'SIGTERM');
  assert.equal(await child.exited, 'exit code 143');
  assert.ok(child.lines.some((line) => line.includes('"event":"server.stopped_before_listening"')));
});

test('a start that cannot open something says so and ends, although Redis is already connected', async (t) => {
  const redis = await startRedis();
  t.after(() => redis.close());
  const { folder, serve } = await place(t, { SESSION_BACKEND: 'redis', REDIS_URL: redis.url });
  mkdirSync(join(folder, 'data', 'library.db'), { recursive: true });
  const child = await serve();
  assert.equal(await child.exited, 'exit code 1');
  assert.match(child.lines.at(-1) ?? '', /^Gatehouse stops: /);
});
