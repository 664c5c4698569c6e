// `gatehouse guard config`: what it prints, how it keeps a folder in step, and what it refuses.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, suite, test } from 'node:test';
import { guardCommand } from '../src/commands/guard.ts';
import { guardParts } from '../src/commands/guard-open.ts';
import type { GuardParts } from '../src/commands/guard-run.ts';
import { runCommand, SettingsRefused } from '../src/commands/terminal.ts';
import { loadConfig } from '../src/config/load.ts';
import { createKeyring } from '../src/crypto/keyring.ts';
import type { GuardedApp } from '../src/guard/contract.ts';
import { appOfKey } from '../src/guard/front-key.ts';
import { appsOf, cookieNames, guardedApp } from './support/guarded-wiki.ts';

const files = guardedApp({ name: 'files', origin: 'https://files.test', headers: { userIs: 'email' } });

suite('gatehouse guard config', () => {
  let folder: string;
  let root: string;
  let apps: readonly GuardedApp[];
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'gatehouse-guard-config-'));
    folder = join(root, 'include');
    apps = [guardedApp(), files];
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  async function run(args: readonly string[], more: Partial<GuardParts> = {}) {
    const [out, err]: [string[], string[]] = [[], []];
    const parts: GuardParts = {
      apps: async () => appsOf(...apps),
      keyOf: ({ name, keyVersion }) => `key-of-${name}-${keyVersion}`,
      listen: '127.0.0.1:9465',
      cookies: cookieNames,
      ...more,
    };
    const code = await runCommand(guardCommand, ['config', ...args], {
      ...parts,
      out: (line) => out.push(line),
      err: (line) => err.push(line),
    });
    return { code, out, err: err.join('\n') };
  }
  const modeOf = (path: string) => statSync(path).mode & 0o777;
  const visible = () =>
    readdirSync(folder)
      .filter((name) => !name.startsWith('.'))
      .sort();

  test('prints the common part and each app’s, or one app’s, with its key', async () => {
    const all = await run(['nginx']);
    assert.equal(all.code, 0);
    const heads = all.out.filter((line) => line.startsWith('# ======== '));
    assert.deepEqual(
      heads,
      ['gatehouse-common.conf', 'files.conf', 'wiki.conf'].map((name) => `# ======== ${name}`),
    );
    const one = (await run(['caddy', 'wiki'])).out.join('\n');
    assert.match(one, /key-of-wiki-1/);
    assert.doesNotMatch(one, /key-of-files|=======/);
    assert.match(
      (await run(['traefik', 'files'])).out.join('\n'),
      /address: "http:\/\/127\.0\.0\.1:9465\/check"/,
    );
  });

  test('writes only what changed, removes what is gone, and leaves other files alone', async () => {
    const first = await run(['nginx', '--write', folder]);
    assert.equal(first.code, 0);
    assert.deepEqual(
      first.out.slice(0, 3),
      ['gatehouse-common.conf', 'files.conf', 'wiki.conf'].map((name) => `written  ${name}`),
    );
    assert.match(first.out.at(-1) ?? '', /nginx -t && nginx -s reload/);
    assert.equal(modeOf(folder), 0o700);
    for (const name of visible()) assert.equal(modeOf(join(folder, name)), 0o600, name);

    assert.deepEqual((await run(['nginx', '--write', folder])).out, [`${folder} is up to date.`]);
    writeFileSync(join(folder, 'mine.conf'), '# of the operator\n');
    apps = [guardedApp({ keyVersion: 2 })];
    const second = await run(['nginx', '--write', folder]);
    assert.deepEqual(second.out.slice(0, 2), ['written  wiki.conf', 'removed  files.conf']);
    assert.deepEqual(visible(), ['gatehouse-common.conf', 'mine.conf', 'wiki.conf']);
    assert.match(readFileSync(join(folder, 'wiki.conf'), 'utf8'), /key-of-wiki-2/);
  });

  test('root writes for the owner of the folder, whose front reads it', async () => {
    if (process.geteuid?.() !== 0) return;
    mkdirSync(folder, { mode: 0o700 });
    chownSync(folder, 65_534, 65_534);
    await run(['caddy', '--write', folder]);
    assert.deepEqual(
      visible().map((name) => statSync(join(folder, name)).uid),
      [65_534, 65_534],
    );
  });

  test('one app is written without removing the others, and a mode that others can read is corrected', async () => {
    await run(['nginx', '--write', folder]);
    chmodSync(join(folder, 'wiki.conf'), 0o644);
    apps = [guardedApp()];
    assert.deepEqual((await run(['nginx', 'wiki', '--write', folder])).out[0], 'written  wiki.conf');
    assert.equal(modeOf(join(folder, 'wiki.conf')), 0o600);
    assert.ok(visible().includes('files.conf'));
  });

  test('a file of the same name that Gatehouse did not write stops everything, a link too', async () => {
    for (const kind of ['file', 'link']) {
      rmSync(folder, { recursive: true, force: true });
      await run(['caddy', 'files', '--write', folder]);
      writeFileSync(join(root, 'elsewhere'), readFileSync(join(folder, 'files.caddy')));
      if (kind === 'file') writeFileSync(join(folder, 'wiki.caddy'), 'mine');
      else symlinkSync(join(root, 'elsewhere'), join(folder, 'wiki.caddy'));
      apps = [guardedApp()];
      const { code, err } = await run(['caddy', '--write', folder]);
      assert.equal(code, 1);
      assert.match(err, /has a wiki\.caddy that Gatehouse did not write/);
      assert.deepEqual(visible(), ['files.caddy', 'wiki.caddy']);
      apps = [guardedApp(), files];
    }
  });

  test('a folder that others can write to is refused', async () => {
    await run(['caddy', '--write', folder]);
    chmodSync(folder, 0o777);
    apps = [];
    const { code, err } = await run(['caddy', '--write', folder]);
    assert.equal(code, 1);
    assert.match(err, /can be written by other users/);
    assert.deepEqual(visible(), ['files.caddy', 'wiki.caddy']);
  });

  test('says what is missing: the listener, the app, a usable address, valid apps', async () => {
    const off = await run(['nginx'], { listen: undefined });
    assert.equal(off.code, 2);
    assert.match(off.err, /set GUARD_LISTEN/);
    assert.equal((await run(['nginx', '--guard', 'unix:/run/g.sock'], { listen: undefined })).code, 0);
    assert.match((await run(['nginx', 'blog'])).err, /no app "blog" in APPS_FILE; it has wiki, files/);
    assert.match((await run(['traefik'], { listen: 'unix:/run/g.sock' })).err, /cannot ask a Unix socket/);
    for (const bad of ['9465', 'host:0', 'host:99999', 'unix:relative', 'a b:1', 'host:1;x', 'unix:/a;b'])
      assert.match((await run(['nginx', '--guard', bad])).err, /write unix:\/path or host:port/, bad);
    const faulty = await run(['nginx'], {
      apps: async () => ({ fault: 'access/apps.yaml, line 3: no url' }),
    });
    assert.equal(`${faulty.code} ${faulty.err}`, '2 gatehouse guard: access/apps.yaml, line 3: no url');
  });

  test('nothing is longer than nginx reads, whatever the cookies are called', async () => {
    const desk = ['a', 'b'].map((letter) => `__Host-Http-${letter.repeat(100)}`);
    const { out } = await run(['nginx'], { cookies: { gate: `__Host-${'g'.repeat(100)}`, desk } });
    assert.ok(Math.max(...out.map((line) => line.length)) < 4096);
  });

  test('an app whose values would mean something else in the configuration is refused', async () => {
    const refused = async (app: GuardedApp, keys: Partial<GuardParts> = {}) => {
      apps = [app];
      const results = await Promise.all(['nginx', 'caddy', 'traefik'].map((front) => run([front], keys)));
      for (const { code, out, err } of results) assert.equal(`${code} ${out.length}`, '1 0', err);
    };
    for (const user of [
      'X-A"; return 200',
      'X_A',
      'X-A b',
      'Host',
      'cookie',
      'X-Forwarded-For',
      'Connection',
      '',
    ])
      await refused(guardedApp({ headers: { user, userIs: 'name' } }));
    await refused(guardedApp({ headers: { user: 'X-A', email: 'x-a', userIs: 'name' } }));
    await refused(guardedApp({ name: '../x' }));
    await refused(guardedApp({ origin: 'https://a`b.test' }));
    await refused(guardedApp(), { keyOf: () => 'a"; x' });
    await refused(guardedApp(), { cookies: { gate: 'a;b', desk: [] } });
  });

  test('the keys are those that a server with this SECRET_KEY accepts; a made-up SECRET_KEY gives none', async () => {
    const SECRET_KEY = randomBytes(32).toString('hex');
    const GATE_SECRET = randomBytes(32).toString('base64url');
    const configOf = (env: Record<string, string>) => {
      const found = loadConfig({
        env: { GATE_SECRET, DEV_MODE: 'true', ...env },
        envFile: join(root, 'none'),
      });
      assert.ok('config' in found);
      return found.config;
    };
    const parts = guardParts(configOf({ SECRET_KEY, GATE_COOKIE_NAME: 'gate' }));
    const app = guardedApp();
    assert.equal(appOfKey(createKeyring([SECRET_KEY]), appsOf(app), parts.keyOf(app)), app);
    assert.deepEqual(parts.cookies, { gate: 'gate', desk: ['session', 'visitor_session_id'] });
    assert.throws(() => guardParts(configOf({})), SettingsRefused);
  });

  test('the apps are those of APPS_FILE; one that is missing or has a mistake is said with its line', async () => {
    const [path, secret] = [join(root, 'apps.yaml'), randomBytes(32)];
    const fromSettings = async (listen: string, text?: string) => {
      if (text !== undefined) writeFileSync(path, text);
      const found = loadConfig({
        env: {
          DEV_MODE: 'true',
          SECRET_KEY: secret.toString('hex'),
          GATE_SECRET: secret.toString('base64url'),
          APPS_FILE: path,
          GUARD_LISTEN: listen,
        },
        envFile: join(root, 'none'),
      });
      assert.ok('config' in found);
      return run(['caddy'], guardParts(found.config));
    };
    const missing = await fromSettings('127.0.0.1:9465');
    assert.equal(missing.code, 2);
    assert.match(missing.err, /apps\.yaml is not there: write it first/);
    const faulty = await fromSettings('127.0.0.1:9465', 'apps:\n  wiki:\n    who: [everyone]\n');
    assert.equal(faulty.code, 2);
    assert.match(faulty.err, /apps\.yaml, line 2: `wiki` has no `url`\./);
    const valid = 'apps:\n  wiki:\n    url: https://wiki.test\n    who: [everyone]\n';
    for (const [listen, says] of [
      ['127.0.0.1:9465', 'reverse_proxy 127.0.0.1:9465 {'],
      ['[::1]:9465', 'reverse_proxy [::1]:9465 {'],
      ['unix:/run/gatehouse/guard.sock', 'reverse_proxy unix//run/gatehouse/guard.sock {'],
    ] as const) {
      const { code, out } = await fromSettings(listen, valid);
      assert.equal(code, 0);
      assert.ok(
        out.some((line) => line.trim() === says),
        listen,
      );
    }
  });

  test('wrong arguments are said in one line', async () => {
    for (const [args, says] of [
      [['apache'], /say which reverse proxy/],
      [[], /say which reverse proxy/],
      [['nginx', 'a', 'b'], /one app/],
      [['nginx', '--out', 'x'], /Unknown option/],
      [['nginx', '--write', ''], /takes a folder/],
    ] as const) {
      const { code, err } = await run(args);
      assert.equal(code, 2);
      assert.match(err, says);
    }
  });
});
