// Every consumer accepts the generated secrets: the real oauth2-proxy and the real Redis start with the .env that the real command
// created, and with the one that it rotated; the app reads both.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { promisify } from 'node:util';
import { parse } from 'dotenv';
import { type Child, freePort, startChild, waitFor } from '../demo/child.ts';
import { startGate } from '../demo/gate.ts';
import { type StandInForGoogle, startGoogle } from '../demo/google.ts';
import { loadConfig } from '../src/config/load.ts';
import { connectRedis } from '../src/store/redis-client.ts';
import { mustHave, need } from './support/requirement.ts';

const script = join(import.meta.dirname, '../generate-secrets.ts');

suite('the consumers of the secrets', await need('oauth2-proxy', 'redis-server'), () => {
  let folder: string;
  let google: StandInForGoogle;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'gatehouse-consumers-'));
    google = await startGoogle();
  });
  after(async () => {
    await google.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function generate(...args: string[]): Promise<Record<string, string>> {
    // It needs no network, no terminal, and no setting from the caller's environment.
    await promisify(execFile)(process.execPath, [script, ...args], { cwd: folder, env: {} });
    return parse(readFileSync(join(folder, '.env')));
  }

  async function startRedis(password: string): Promise<{ readonly url: string; readonly child: Child }> {
    const port = await freePort();
    const file = join(folder, `redis-${port}.conf`);
    const lines = ['bind 127.0.0.1', `port ${port}`, `requirepass ${password}`, 'save ""', `dir ${folder}`];
    writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o600 });
    const command = await mustHave('redis-server');
    const child = await startChild({ name: 'redis-server', command, args: [file] });
    const url = `redis://:${password}@127.0.0.1:${port}/0`;
    const client = connectRedis(url, () => {});
    try {
      await waitFor('redis-server', () =>
        client.ping().then(
          (answer) => answer === 'PONG',
          () => false,
        ),
      );
    } finally {
      client.disconnect();
    }
    return { url, child };
  }

  for (const [name, args] of [
    ['made', []],
    ['rotated', ['--rotate', 'all', '--yes']],
    ['replaced after an emergency', ['--rotate', 'all', '--emergency', '--yes']],
  ] as const) {
    test(`start with what was ${name}`, async () => {
      const values = await generate(...args);
      assert.ok('config' in loadConfig({ env: values }));
      const redis = await startRedis(values['REDIS_PASSWORD'] ?? '');
      try {
        const emailsFile = join(folder, 'emails.txt');
        writeFileSync(emailsFile, 'ada@example.org\n');
        const gate = await startGate({
          binary: await mustHave('oauth2-proxy'),
          upstream: 'http://127.0.0.1:1',
          google,
          emailsFile,
          gateSecret: values['GATE_SECRET'] ?? '',
          cookieSecret: values['OAUTH2_PROXY_COOKIE_SECRET'] ?? '',
          redisUrl: redis.url,
        });
        const ready = await fetch(`${gate.origin}/ready`);
        await gate.close();
        assert.equal(ready.status, 200, 'it is ready only with a Redis that lets it in');
      } finally {
        await redis.child.stop();
      }
    });
  }
});
