// The check-up's own parsers: oauth2-proxy.cfg, git's output, permissions, the ports from outside.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { isAnchored, opens, patternOf } from '../src/doctor/checks/skip-auth-routes.ts';
import { lookAtFiles } from '../src/doctor/look/files.ts';
import { lookAtGit } from '../src/doctor/look/git.ts';
import { lookAtNetwork } from '../src/doctor/look/network.ts';
import { lookAtPackages } from '../src/doctor/look/software.ts';
import { type GateFile, readGateFile } from '../src/doctor/read/gate-file.ts';
import { readGateSettings } from '../src/doctor/read/gate-settings.ts';
import { findSymptom, symptoms } from '../src/doctor/symptoms.ts';

function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-doctor-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function fileOf(text: string): GateFile {
  const file = readGateFile(text);
  assert.ok('values' in file, JSON.stringify(file));
  return file;
}

/** The values of a file that is valid. */
function cfg(text: string): {
  readonly values: Record<string, unknown>;
  readonly refused: readonly string[];
} {
  const { values, refused } = fileOf(text);
  return { values: Object.fromEntries(values), refused };
}

suite('oauth2-proxy.cfg', () => {
  test('strings, booleans and lists, with comments in every allowed place', () => {
    const { values, refused } = cfg(
      [
        '\uFEFF# a comment',
        'footer = "a # b \\" \\u0041" # after it',
        "banner = 'a \\ b'",
        'pass_basic_auth = true',
        '"cookie_secure" = false',
        'Scope = "x"',
        'upstreams = ["a", # first',
        "  'b', # with ] in it",
        '',
        '  "c" , ]',
        'api_routes = []',
        'prompt = """',
        'two \\',
        '   lines"""',
      ].join('\r\n'),
    );
    assert.deepEqual(refused, []);
    assert.deepEqual(values, {
      footer: 'a # b " A',
      banner: 'a \\ b',
      pass_basic_auth: true,
      cookie_secure: false,
      scope: 'x',
      upstreams: ['a', 'b', 'c'],
      api_routes: [],
      prompt: 'two lines',
    });
  });

  /** Each was verified with the loader of oauth2-proxy 7.15.6. */
  test('values of another type are converted as oauth2-proxy does, or refused', () => {
    const cases: readonly (readonly [written: string, value: unknown])[] = [
      ['skip_auth_strip_headers = ""', false],
      ['skip_auth_strip_headers = "FALSE"', false],
      ['skip_auth_strip_headers = "t"', true],
      ['skip_auth_strip_headers = 0', false],
      ['skip_auth_strip_headers = 2', true],
      ['skip_auth_strip_headers = "yes"', undefined],
      ['skip_auth_strip_headers = "fALSE"', undefined],
      ['skip_auth_strip_headers = []', undefined],
      ['scope = true', '1'],
      ['scope = 5.5', '5.5'],
      ['scope = ["a"]', undefined],
      ['scope = 2020-01-01', undefined],
      ['scope = inf', undefined],
      ['upstreams = "a,b"', ['a', 'b']],
      ['upstreams = ""', []],
      ['upstreams = 5', ['5']],
      ['upstreams = [1, true, "a,b"]', ['1', '1', 'a,b']],
      ['upstreams = [["a"]]', undefined],
      ['cookie_csrf_per_request_limit = "7"', '7'],
      ['pass-host-header = false', undefined],
      ['unknown = 1', undefined],
      ['config = "x"', undefined],
    ];
    for (const [written, value] of cases) {
      const { values, refused } = cfg(`prompt = "x"\n${written}`);
      const [name = ''] = written.split(' ');
      assert.deepEqual(values[name], value, written);
      assert.deepEqual(refused, value === undefined ? [`${name} (line 2)`] : [], written);
    }
    assert.deepEqual(cfg('Scope = "a"\nscope = "b"').refused, ['scope (line 2)']);
  });

  test('an invalid file is reported with its line', () => {
    for (const [text, line] of [
      ['scope = "1"\nprompt = "open\n', 2],
      ['scope = 1 2', 1],
      ['scope = "a"\nscope = "b"', 2],
      ['scope = "a"\n\n[server]\nprompt = "x"', 3],
      ['scope = "a"\n[[server]]\nprompt = "x"', 2],
      ['scope.x = 1', 1],
      ['{', 1],
    ] as const) {
      const file = readGateFile(text);
      assert.equal('brokenAt' in file && file.brokenAt, line, text);
    }
  });

  test('every string and list of strings survives a round trip', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 12 });
    const written = (value: string) =>
      `"${value.replace(/["\\]|\p{Cc}/gu, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)}"`;
    fc.assert(
      fc.property(fc.array(text, { maxLength: 6 }), text, (list, one) => {
        const { values } = cfg(`upstreams = [${list.map(written).join(', ')}] # x\nscope = ${written(one)}`);
        assert.deepEqual(values['upstreams'], list);
        assert.equal(values['scope'], one);
      }),
    );
  });

  test('never throws, whatever the input', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'ab=[]"\'\\#,\n\r \t1{}') }),
        (text) => void readGateFile(text),
      ),
    );
  });

  test('flags override the environment, which overrides the file; empty means unset; secrets are masked', () => {
    const gate = readGateSettings({
      file: fileOf(
        'scope = "file"\nprompt = "file"\nfooter = "file"\nclient_secret = "s3cret"\nredis_connection_url = "redis://u:pw@h:1/0"',
      ),
      env: {
        OAUTH2_PROXY_SCOPE: 'env',
        OAUTH2_PROXY_PROMPT: 'env',
        OAUTH2_PROXY_FOOTER: '',
        OTHER: 'x',
        OAUTH2_PROXY_API_ROUTES: 'a,b',
      },
      flags: [
        '--config',
        '/etc/oauth2-proxy.cfg',
        '--scope=flag',
        '--skip-auth-route=^/a$',
        '--skip-auth-route',
        '^/b$',
        '--reverse-proxy',
      ],
      fingerprint: (secret) => `mark of ${secret.length}`,
    });
    assert.deepEqual(
      ['scope', 'prompt', 'footer', 'client_secret', 'redis_connection_url'].map((name) => gate.text(name)),
      ['flag', 'env', 'file', 'mark of 6', 'redis://h:1/0'],
    );
    assert.deepEqual(gate.list('skip_auth_routes'), ['^/a$', '^/b$']);
    assert.deepEqual(gate.list('api_routes'), ['a', 'b']);
    assert.equal(gate.flag('reverse_proxy', false), true);
    assert.deepEqual(gate.secretsInFile, ['client_secret', 'redis_connection_url']);
    assert.equal(gate.from('prompt'), 'OAUTH2_PROXY_PROMPT');
  });

  /** Each was verified with the loader of oauth2-proxy 7.15.6. */
  test('flags are parsed as oauth2-proxy parses them, and those that it refuses or ignores are reported', () => {
    const gateOf = (flags: readonly string[], env = {}) =>
      readGateSettings({ file: undefined, env, flags, fingerprint: () => 'mark' });
    // A boolean flag takes no argument: the next word is ignored.
    assert.equal(gateOf(['--prefer-email-to-user', 'false']).flag('prefer_email_to_user', false), true);
    assert.equal(gateOf(['--skip-auth-strip-headers=false']).flag('skip_auth_strip_headers', true), false);
    assert.equal(gateOf(['--scope', '-x']).text('scope'), '-x');
    assert.deepEqual(gateOf(['--upstream=a,b', '--upstream', 'c']).list('upstreams'), ['a', 'b', 'c']);
    assert.equal(gateOf(['--', '--scope=y']).text('scope'), undefined);
    assert.equal(gateOf(['word', '--scope=y']).text('scope'), 'y');
    for (const flags of [
      ['--unknown'],
      ['-scope=x'],
      ['--skip-auth-strip-headers=yes'],
      ['--upstream="a,b"'],
      ['--config', '/etc/other.cfg'],
      ['--alpha-config=/etc/alpha.yaml'],
    ])
      assert.equal(gateOf(flags).unread.length, 1, flags.join(' '));
    assert.deepEqual(gateOf(['--config=/etc/oauth2-proxy.cfg', '--config-test']).unread, []);
    const env = {
      OAUTH2_PROXY_UPSTREAM: 'a',
      OAUTH2_PROXY_COOKIE_SECURE: '2',
      OAUTH2_PROXY_API_ROUTES: 'a,b',
    };
    const gate = gateOf([], env);
    assert.deepEqual(gate.ignored, ['OAUTH2_PROXY_UPSTREAM']);
    assert.deepEqual(gate.unread, ['oauth2-proxy refuses OAUTH2_PROXY_COOKIE_SECURE.']);
    assert.deepEqual(gate.list('api_routes'), ['a', 'b']);
  });

  test('public routes: which are anchored, and what they open', () => {
    for (const good of ['^/$', '^(/a|/b)$', '^/a$|^/b$', '^/assets(/[A-Za-z0-9_-][|)$]*)+$']) {
      assert.ok(isAnchored(good), good);
    }
    for (const bad of ['/health', '^/health', '/health$', '^/a$|/b$', '^/a|b$', '^/a\\$', '']) {
      assert.ok(!isAnchored(bad), bad);
    }
    assert.equal(patternOf('GET=^/a=b$'), '^/a=b$');
    assert.equal(patternOf('GET!=^/a$'), '^/a$');
    assert.equal(patternOf('^/a=b$'), '^/a=b$');
    assert.ok(opens('^/dash.*$')?.includes('/dashboard'));
    assert.deepEqual(opens('^/health$'), []);
    assert.equal(opens('^(/a$'), undefined);
  });
});

suite('files', () => {
  test('git itself is asked, whatever its ignore lists and index contain', async (t) => {
    const folder = folderFor(t);
    const git = (...args: string[]) => execFileSync('git', ['-C', folder, ...args], { stdio: 'pipe' });
    try {
      git('init', '-q');
    } catch {
      t.skip('git is missing');
      return;
    }
    mkdirSync(join(folder, 'sub'));
    for (const name of ['.env', 'a', 'sub/.env', 'sub/prod.env']) writeFileSync(join(folder, name), 'x');
    const look = (path = '.env', copies: string[] = [], program?: string) =>
      lookAtGit(join(folder, path), copies, program);
    assert.deepEqual(await look(), {
      git: { found: { tracked: false, trackedCopies: [] } },
      gitIgnores: { found: false },
    });
    for (const [pattern, ignored] of [
      ['.env', true],
      ['/.env', true],
      ['.env*', true],
      ['*.env', true],
      ['[.]env', true],
      ['.env.*', false],
      ['sub/', false],
      ['.env\n!.env', false],
      ['\\.env', true],
      ['# .env', false],
    ] as const) {
      writeFileSync(join(folder, '.gitignore'), `${pattern}\n`);
      const [known, without] = await Promise.all([look(), look('.env', [], join(folder, 'no-git-here'))]);
      assert.deepEqual(known.gitIgnores, { found: ignored }, pattern);
      assert.deepEqual(without.gitIgnores, { found: ignored }, `${pattern}, without git`);
      assert.ok('missing' in without.git && without.git.unread, 'only git can tell what is in it');
    }
    writeFileSync(join(folder, '.gitignore'), 'sub/\n');
    assert.deepEqual((await look('sub/.env')).gitIgnores, { found: true });
    assert.deepEqual((await look('sub/.env', [], 'no-git-here')).gitIgnores, { found: true });
    for (const version of ['2', '4']) {
      git('update-index', '--index-version', version);
      git('add', '-f', '.');
      assert.deepEqual((await look()).git, { found: { tracked: true, trackedCopies: [] } }, version);
      assert.deepEqual((await look('sub/.env', ['prod.env', 'other.env'])).git, {
        found: { tracked: true, trackedCopies: ['prod.env'] },
      });
      git('rm', '-q', '--cached', '.env');
      assert.deepEqual((await look()).git, { found: { tracked: false, trackedCopies: [] } }, version);
    }
    // For a repository that git cannot read, it exits as for one whose owner it does not trust.
    writeFileSync(join(folder, '.git', 'config'), '[core\n');
    const refused = await look();
    assert.ok('missing' in refused.git && refused.git.unread);
    assert.ok('missing' in refused.gitIgnores && refused.gitIgnores.unread);
    const outside = await lookAtGit(join(folderFor(t), '.env'), []);
    assert.ok('missing' in outside.git && outside.git.unread === undefined);
  });

  test('a program configured by the repository is not run', async (t) => {
    const folder = folderFor(t);
    const git = (...args: string[]) => execFileSync('git', ['-C', folder, ...args], { stdio: 'pipe' });
    try {
      git('init', '-q');
    } catch {
      t.skip('git is missing');
      return;
    }
    const script = join(folder, 'monitor');
    writeFileSync(script, `#!/bin/sh\ntouch '${join(folder, 'ran')}'\n`, { mode: 0o755 });
    writeFileSync(join(folder, '.env'), 'x');
    git('add', '.');
    git('config', 'core.fsmonitor', script);
    assert.ok('found' in (await lookAtGit(join(folder, '.env'), [])).git);
    assert.equal(existsSync(join(folder, 'ran')), false);
    git('status');
    assert.equal(existsSync(join(folder, 'ran')), true, 'git would have run it');
  });

  test('modes, copies, the location of the record', async (t) => {
    const folder = folderFor(t);
    const write = (name: string, mode: number) => {
      writeFileSync(join(folder, name), 'x');
      chmodSync(join(folder, name), mode);
    };
    for (const name of ['.env', '.env.example', '.env.lock', 'environment.md']) write(name, 0o600);
    write('.env.bak', 0o640);
    write('.env~', 0o600);
    write('oauth2-proxy.cfg', 0o666);
    write('docker-compose.rolling.yml', 0o666);
    mkdirSync(join(folder, 'data'), { mode: 0o700 });
    write('data/gatehouse.db', 0o644);
    write('prod.env', 0o600);
    write('example.env', 0o600);
    write('key', 0o644);
    const look = (auditLog: string) =>
      lookAtFiles({
        folder,
        envFile: '.env',
        dataDir: { found: 'data' },
        auditLog: { found: auditLog },
        emailsFile: { found: 'access/emails.txt' },
        secretFiles: ['key', 'not-there'],
        addressesIn: () => [],
        alsoDeciding: ['docker-compose.rolling.yml'],
      });
    const files = await look('logs/deep/record.log');
    assert.deepEqual(files.env, { found: { path: '.env', mode: 0o600 } });
    assert.deepEqual(files.envCopies.map(({ path }) => path).sort(), ['.env.bak', '.env~', 'prod.env']);
    assert.deepEqual(files.secretFiles, { found: [{ path: 'key', mode: 0o644 }] });
    assert.deepEqual(files.notWritable, { found: [] });
    assert.ok('found' in files.freeBytes && files.freeBytes.found > 0);
    assert.deepEqual(files.openToAll, { found: ['oauth2-proxy.cfg', 'docker-compose.rolling.yml'] });
    assert.deepEqual(files.data, { found: { path: 'data', mode: 0o700, openFiles: ['data/gatehouse.db'] } });
    assert.deepEqual(files.auditLog, { found: { path: 'logs/deep/record.log', writable: true } });
    assert.deepEqual(files.emails, { found: { path: 'access/emails.txt', mode: undefined, addresses: [] } });
    chmodSync(folder, 0o777);
    assert.deepEqual((await look('data')).openToAll, {
      found: ['oauth2-proxy.cfg', '.', 'docker-compose.rolling.yml'],
    });
    assert.deepEqual((await look('data')).auditLog, { found: { path: 'data', writable: false } });
    assert.deepEqual((await look('.env/record.log')).auditLog, {
      found: { path: '.env/record.log', writable: false },
    });
  });

  test('the installed packages match the lock file', () => {
    const packages = lookAtPackages(join(import.meta.dirname, '..'));
    if ('missing' in packages) return;
    assert.ok(packages.found.some(({ name, installed }) => name === 'express' && installed.startsWith('5.')));
  });
});

test('a listener on all interfaces is found at every address of this machine, as the app or as unknown; one on loopback is not', async (t) => {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  if (!addresses.some(({ internal, family }) => !internal && family === 'IPv4')) {
    t.skip('this machine has no address but loopback');
    return;
  }
  const hosts = new Set<unknown>();
  for (const [host, answer, isApp, isUnclear] of [
    ['0.0.0.0', '{"status":"healthy"}', true, false],
    ['0.0.0.0', 'another program', false, true],
    ['127.0.0.1', '{"status":"healthy"}', false, false],
  ] as const) {
    const server = createServer((req, res) => {
      hosts.add(req.headers.host);
      res.end(answer);
    });
    await new Promise<void>((resolve) => server.listen(0, host, resolve));
    t.after(() => server.close());
    const address = server.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    const found = await lookAtNetwork({ port, opsPort: 1, publicOrigin: 'https://desk.example.org' });
    assert.equal(found.appAt.length > 0, isApp, `${host} ${answer}`);
    assert.equal(found.unclearAt.app.length > 0, isUnclear, `${host} ${answer}`);
  }
  // Under another host name the app answers 421, as any other program might.
  assert.deepEqual([...hosts], ['desk.example.org']);
});

test('a symptom is found by the words that people use', () => {
  for (const symptom of symptoms) {
    for (const words of [symptom.id, symptom.says, ...symptom.alsoSaid]) {
      assert.equal(findSymptom(words)?.id, symptom.id, words);
    }
  }
  assert.equal(findSymptom('too many redirects!')?.id, 'redirect-loop');
  assert.equal(findSymptom('the coffee is not at all cold'), undefined);
  assert.equal(findSymptom(''), undefined);
});
