// The helpers themselves: the whole program starts in every configuration, survives what tests do to it, and leaves nothing behind.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { freePort, waitFor } from '../demo/child.ts';
import { startDemo } from '../demo/demo.ts';
import { findFront } from '../demo/front.ts';
import { type Client, createClient } from './support/client.ts';
import { need } from './support/requirement.ts';
import { visit } from './support/visit.ts';
import { startWorld } from './support/world.ts';

const noProc = existsSync('/proc/self/task') ? false : 'children are looked up in /proc';
const needs = await need('oauth2-proxy', 'redis-server', 'openssl');
const front = await findFront();
const needsFront = front ? {} : await need('nginx');

suite('whole program', needs, () => {
  for (const store of ['sqlite', 'redis'] as const) {
    for (const https of [false, true]) {
      test(`starts on ${store}${https ? ' behind https' : ''}; people sign in and stay signed in when the app restarts`, async () => {
        const world = await startWorld({ store, https });
        const pids = [world.app.pid, world.gate.child.pid, world.redis?.child.pid].filter(
          (pid) => pid !== undefined,
        );
        try {
          const device = world.client();
          assert.equal((await device.signIn('ada@example.org')).status, 200);
          assert.equal((await world.client().signIn('mallory@example.net')).status, 403);
          assert.ok([...device.cookies.keys()].every((name) => name.startsWith('__Host-') === https));
          await world.killApp();
          assert.equal((await device.ask('/dashboard')).status, 502);
          await world.restartApp();
          pids.push(world.app.pid);
          assert.equal((await device.ask('/dashboard')).status, 200);
        } finally {
          await world.close();
        }
        assert.equal(existsSync(world.folder), false);
        for (const pid of pids) assert.throws(() => process.kill(pid, 0), `process ${pid} is gone`);
      });
    }
  }
});

suite('demo', needs, () => {
  test('starts although a port is taken, admits the right people, and leaves nothing behind', async () => {
    const taken = createServer();
    const port = await freePort();
    await new Promise<void>((resolve) => taken.listen(port, '127.0.0.1', resolve));
    const said: string[] = [];
    const demo = await startDemo({ port, say: (line) => said.push(line) });
    try {
      assert.notEqual(new URL(demo.url).port, String(port));
      assert.ok(
        said.includes(
          `Port ${port} is taken by another program; this is on ${new URL(demo.url).port} instead.`,
        ),
      );
      assert.ok(demo.gated);
      assert.equal((await createClient(demo.url).signIn('ada@example.org')).status, 200);
      assert.equal((await createClient(demo.url).signIn('mallory@example.net')).status, 403);
    } finally {
      await demo.close();
      await new Promise((resolve) => taken.close(resolve));
    }
    assert.equal(existsSync(demo.folder), false);
    await assert.rejects(fetch(demo.url));
  });

  test('two apps behind a real front open with one sign-in, and not to everybody', needsFront, async () => {
    const demo = await startDemo({ port: await freePort() });
    try {
      const [notes = '', photos = ''] = demo.apps.map(({ url }) => url);
      const ada = new Map<string, Client>();
      const first = await visit(ada, `${notes}/a?b=1&c=2`, 'ada@example.org');
      assert.deepEqual([first.status, first.at, first.atGoogle], [200, `${notes}/a?b=1&c=2`, 1]);
      assert.match(first.text, /<strong>ada@example\.org<[\s\S]*<th>cookies<\/th><td>–</);
      const second = await visit(ada, `${photos}/`, 'ada@example.org');
      assert.deepEqual([second.status, second.at, second.atGoogle], [200, `${photos}/`, 0]);
      const grace = new Map<string, Client>();
      assert.equal((await visit(grace, `${notes}/`, 'grace@example.org')).status, 200);
      const refused = await visit(grace, `${photos}/`, 'grace@example.org');
      assert.equal(new URL(refused.at).origin, demo.url);
      assert.equal(refused.status, 403);
    } finally {
      await demo.close();
    }
  });

  test('without oauth2-proxy it runs as dev@localhost', async () => {
    const demo = await startDemo({ port: await freePort(), gate: false });
    try {
      assert.equal(demo.gated, false);
      const answer = await createClient(demo.url).ask('/dashboard');
      assert.equal(answer.status, 200);
      assert.match(answer.text, /dev@localhost/);
    } finally {
      await demo.close();
    }
  });

  /** Runs `npm run demo` with its own temporary folder, to see what is left in it. */
  async function runDemo(act: (demo: ChildProcess, children: number[]) => void, whenReady = true) {
    const folder = mkdtempSync(join(tmpdir(), 'gatehouse-test-'));
    const port = await freePort();
    const file = join(import.meta.dirname, '..', 'demo', 'demo.ts');
    const demo = spawn(process.execPath, [file, '--port', String(port)], {
      env: { ...process.env, TMPDIR: folder },
    });
    let output = '';
    for (const stream of [demo.stdout, demo.stderr]) stream.on('data', (chunk) => (output += chunk));
    const ended = new Promise<number | null>((resolve) => demo.once('close', resolve));
    try {
      if (whenReady)
        await waitFor('the address', () => output.includes('Ctrl-C') && output.includes(`localhost:${port}`));
      else await waitFor('the first child', () => childrenOf(demo.pid).length > 0);
      const children = childrenOf(demo.pid);
      act(demo, children);
      const exitCode = await ended;
      for (const pid of children) await waitFor(`the end of ${pid}`, () => !isThere(pid));
      return { exitCode, output, left: readdirSync(folder) };
    } finally {
      demo.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    }
  }

  for (const signals of [
    ['SIGINT', 'SIGINT'],
    ['SIGTERM'],
    ['SIGTERM', 'SIGINT', 'SIGINT'],
    ['SIGHUP'],
  ] as const) {
    test(`${signals.join(', ')} ends every process and removes the folder`, { skip: noProc }, async () => {
      const { exitCode, left } = await runDemo((demo, children) => {
        assert.equal(children.length, front ? 3 : 2);
        for (const signal of signals) demo.kill(signal);
      });
      assert.equal(exitCode, 0);
      assert.deepEqual(left, []);
    });
  }

  test('a signal before it is ready does the same', { skip: noProc }, async () => {
    const { exitCode, left } = await runDemo((demo) => demo.kill('SIGINT'), false);
    assert.equal(exitCode, 0);
    assert.deepEqual(left, []);
  });

  test('if one part ends, all end, and it says which one', { skip: noProc }, async () => {
    const { exitCode, output, left } = await runDemo((_, [first = 0]) => process.kill(first, 'SIGKILL'));
    assert.equal(exitCode, 1);
    assert.match(output, /(The dashboard|oauth2-proxy|nginx|caddy) ended \(SIGKILL\)/);
    assert.deepEqual(left, []);
  });
});

function childrenOf(pid = 0): number[] {
  const tasks = readdirSync(`/proc/${pid}/task`);
  return tasks
    .flatMap((task) => readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').match(/\d+/g) ?? [])
    .map(Number);
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
