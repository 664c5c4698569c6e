// SIGHUP at a bad moment, and settings whose values are not those of .env: the server keeps running and reports it.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { type Child, freePort, startChild, waitFor } from '../demo/child.ts';
import { eventually } from './support/eventually.ts';

const root = resolve(import.meta.dirname, '..');
const hex = () => randomBytes(32).toString('hex');

/** A folder with a `.env`, and `gatehouse serve` in it. */
function place(t: { after(done: () => unknown): void }) {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-trouble-'));
  const children: Child[] = [];
  t.after(async () => {
    await Promise.all(children.map((child) => child.stop()));
    rmSync(folder, { recursive: true, force: true });
  });
  const write = (values: Readonly<Record<string, string>>) => {
    const all = { AUDIT_LOG_FILE: 'off', PUBLIC_URL: 'https://desk.test', ...values };
    const lines = Object.entries(all).map(([name, value]) => `${name}=${value}\n`);
    writeFileSync(join(folder, '.env'), lines.join(''), { mode: 0o600 });
  };
  async function serve(env: Readonly<Record<string, string>> = {}): Promise<Child> {
    const ports = { PORT: String(await freePort()), OPS_PORT: String(await freePort()) };
    const child = await startChild({
      name: 'gatehouse',
      command: process.execPath,
      args: [join(root, 'src/main.ts'), 'serve'],
      env: { ...ports, ...env },
      cwd: folder,
    });
    children.push(child);
    return child;
  }
  return { write, serve };
}

/** A start against an unresponsive Redis takes its time: this wait cannot be shortened, but it ends with the child. */
async function said(child: Child, event: string): Promise<string> {
  const find = () => child.lines.find((one) => one.includes(`"event":"${event}"`));
  await waitFor(event, () => find() !== undefined || !child.running(), 20_000);
  return find() ?? assert.fail(`it ended without ${event}`);
}

test('SIGHUP during the start: the start completes, and the settings are read again', async (t) => {
  const { write, serve } = place(t);
  // A Redis that accepts connections and never responds blocks the start.
  const sockets = new Set<Socket>();
  const silent = createServer((socket) => void sockets.add(socket.on('error', () => {}))).listen(0);
  await once(silent, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    silent.close();
  });
  const { port } = silent.address() as AddressInfo;
  write({
    SECRET_KEY: hex(),
    GATE_SECRET: hex(),
    SESSION_BACKEND: 'redis',
    REDIS_URL: `redis://127.0.0.1:${port}/0`,
  });
  const child = await serve();
  await waitFor('a connection', () => sockets.size > 0 || undefined);
  process.kill(child.pid, 'SIGHUP');
  await said(child, 'server.listening');
  await said(child, 'settings.reloaded');
  assert.ok(child.running());
});

test('several at once, and one during shutdown: it ends gracefully', async (t) => {
  const { write, serve } = place(t);
  write({ SECRET_KEY: hex(), GATE_SECRET: hex() });
  const child = await serve();
  await said(child, 'server.listening');
  for (let i = 0; i < 5; i++) process.kill(child.pid, 'SIGHUP');
  await said(child, 'settings.reloaded');
  process.kill(child.pid, 'SIGTERM');
  process.kill(child.pid, 'SIGHUP');
  assert.equal(await child.exited, 'exit code 0');
});

test('settings overridden by the environment are reported: the new secrets of .env are not in use', async (t) => {
  const { write, serve } = place(t);
  const [former, other] = [hex(), hex()];
  write({ SECRET_KEY: former, GATE_SECRET: former.toUpperCase(), SESSION_MAX_PER_USER: '3' });
  const child = await serve({ SECRET_KEY: former, SESSION_MAX_PER_USER: '4' });
  await said(child, 'server.listening');
  write({ SECRET_KEY: other, SECRET_KEY_FALLBACKS: former, GATE_SECRET: hex() });
  process.kill(child.pid, 'SIGHUP');
  const line = await eventually('settings.overruled', () =>
    child.lines.find((one) => one.includes('"event":"settings.overruled"')),
  );
  assert.deepEqual(JSON.parse(line).settings, ['SECRET_KEY']);
  assert.ok(!child.lines.some((one) => one.includes(former) || one.includes(other)));
});

test('a misspelt setting is reported at a start, at a refused start and at a reload, without its value', async (t) => {
  const { write, serve } = place(t);
  const planted = `planted-${hex()}`;
  write({ SECRET_KEY: hex(), GATE_SECERT: planted });
  const refused = await serve();
  assert.equal(await refused.exited, 'exit code 2');
  assert.match(refused.lines.join('\n'), /^GATE_SECRET is missing;/m);
  assert.match(refused.lines.join('\n'), /^GATE_SECERT is not a setting, .* did you mean GATE_SECRET\?$/m);
  write({ SECRET_KEY: hex(), GATE_SECRET: hex(), SESSION_IDLE_TIMOUT: planted });
  const child = await serve();
  const line = JSON.parse(await said(child, 'settings.doubtful')) as { problems: string[] };
  assert.match(line.problems.join(), /^SESSION_IDLE_TIMOUT is not a setting, .* SESSION_IDLE_TIMEOUT\?$/);
  await said(child, 'server.listening');
  write({ SECRET_KEY: hex(), GATE_SECRET: hex(), ADMIN_EMAIL: planted });
  process.kill(child.pid, 'SIGHUP');
  await waitFor('the reload', () => child.lines.find((one) => one.includes('ADMIN_EMAIL is not a setting')));
  for (const { lines } of [refused, child]) assert.ok(!lines.join('\n').includes(planted));
});
