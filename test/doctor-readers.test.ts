// What the check-up reads by itself: oauth2-proxy.cfg, docker-compose.yml, git's lists, permissions, the port from outside.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { readCompose } from '../src/doctor/compose-file.ts';
import { interpolate } from '../src/doctor/compose-variables.ts';
import { readGateFile } from '../src/doctor/gate-file.ts';
import { readGateSettings } from '../src/doctor/gate-settings.ts';
import { gitStateOf } from '../src/doctor/git-index.ts';
import { lookAtFiles } from '../src/doctor/look-at-files.ts';
import { lookAtNetwork } from '../src/doctor/look-at-network.ts';
import { lookAtPackages } from '../src/doctor/look-at-software.ts';
import { isAnchored, opens, patternOf } from '../src/doctor/routes.ts';
import { findSymptom, symptoms } from '../src/doctor/symptoms.ts';

function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-doctor-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

suite('oauth2-proxy.cfg', () => {
  test('texts, numbers, flags and lists, with comments wherever they may stand', () => {
    const { values, unread } = readGateFile(
      [
        '# a comment',
        'plain = "a # b \\" \\u0041" # after it',
        "literal = 'a \\ b'",
        'on = true',
        '"quoted" = false',
        'number = -3',
        'Capital = "x"',
        'list = ["a", # first',
        "  'b', # with ] in it",
        '',
        '  "c" , ]',
        'none = []',
        'long = """',
        'two \\',
        '   lines"""',
      ].join('\r\n'),
    );
    assert.deepEqual(unread, []);
    assert.deepEqual(Object.fromEntries(values), {
      plain: 'a # b " A',
      literal: 'a \\ b',
      on: true,
      quoted: false,
      number: -3,
      capital: 'x',
      list: ['a', 'b', 'c'],
      none: [],
      long: 'two lines',
    });
  });

  test('what cannot be read is named by its line, and the next line is read again', () => {
    const { values, unread } = readGateFile('a = "1"\nb = "open\n[table]\nc = 1 2\na = "twice"\nd = "4"\n');
    assert.deepEqual(unread, [2, 3, 4, 5]);
    assert.deepEqual([...values.keys()], ['a', 'd']);
  });

  test('every text and list of texts comes back as it was written', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 12 });
    const written = (value: string) =>
      `"${value.replace(/["\\]|\p{Cc}/gu, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)}"`;
    fc.assert(
      fc.property(fc.array(text, { maxLength: 6 }), text, (list, one) => {
        const { values, unread } = readGateFile(
          `list = [${list.map(written).join(', ')}] # x\none = ${written(one)}`,
        );
        assert.deepEqual(unread, []);
        assert.deepEqual(values.get('list'), list);
        assert.equal(values.get('one'), one);
      }),
    );
  });

  test('it never fails, whatever stands there', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'ab=[]"\'\\#,\n\r \t1{}') }),
        (text) => void readGateFile(text),
      ),
    );
  });

  test('flags win over the environment, that over the file; empty means unset; secrets are veiled', () => {
    const gate = readGateSettings({
      text: 'scope = "file"\nprompt = "file"\nfooter = "file"\nclient_secret = "s3cret"\nredis_connection_url = "redis://u:pw@h:1/0"',
      env: {
        OAUTH2_PROXY_SCOPE: 'env',
        OAUTH2_PROXY_PROMPT: 'env',
        OAUTH2_PROXY_FOOTER: '',
        OTHER: 'x',
        OAUTH2_PROXY_API_ROUTES: 'a,b',
      },
      flags: [
        '--config',
        'x.cfg',
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

  test('public routes: what is anchored, and what they open', () => {
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

suite('docker-compose.yml', () => {
  test('images, ports, environments and commands, variables filled in', () => {
    const { services, unread } = readCompose(
      [
        'services:',
        '  web: # the first',
        `    image: "a/oauth2-proxy:v\${V:-7.1.1}"`,
        '    ports:',
        "      - '80:80'",
        `      - \${HOST_PORT:?needed}:81`,
        '    environment:',
        `      A: \${A:-x}`,
        '      B:',
        '      C: "q # r"',
        '    command: [--one, "--two=2"]',
        '  db:',
        '    network_mode: host',
        '    ports: ["1:1", 2:2]',
        '    environment:',
        '      - D=4',
        '      - E',
        '  odd:',
        '    ports:',
        '      - target: 80',
        'networks:',
        '  edge:',
      ].join('\n'),
      { HOST_PORT: '8080', A: '' },
    );
    const [web, db, odd] = services;
    assert.deepEqual(
      services.map(({ name }) => name),
      ['web', 'db', 'odd'],
    );
    assert.equal(web?.image, 'a/oauth2-proxy:v7.1.1');
    assert.deepEqual(web?.ports, ['80:80', '8080:81']);
    assert.deepEqual([...(web?.environment ?? [])].slice(0, 2), [
      ['A', 'x'],
      ['B', undefined],
    ]);
    assert.deepEqual(web?.command, ['--one', '--two=2']);
    assert.equal(db?.networkMode, 'host');
    assert.deepEqual(db?.ports, ['1:1', '2:2']);
    assert.deepEqual(
      [...(db?.environment ?? [])],
      [
        ['D', '4'],
        ['E', undefined],
      ],
    );
    assert.deepEqual(odd?.ports, []);
    assert.deepEqual(unread, ['odd: ports']);
  });

  test('variables as Compose fills them in', () => {
    const env = { SET: 'v', EMPTY: '' };
    const cases = [
      [`\${SET}/$SET`, 'v/v'],
      [`\${EMPTY:-d}\${EMPTY-d}\${NONE-d}`, 'dd'],
      [`\${SET:+y}\${EMPTY:+n}\${EMPTY+y}\${NONE+n}`, 'yy'],
      [`\${NONE:-https://\${SET:-x}}/z`, 'https://v/z'],
      [`$$SET \${NONE:?why}`, '$SET '],
    ] as const;
    for (const [text, filled] of cases) assert.equal(interpolate(text, env), filled, text);
  });
});

suite('files', () => {
  test('git’s index and ignore lists, in both forms of the index', (t) => {
    const folder = folderFor(t);
    const git = (...args: string[]) => execFileSync('git', ['-C', folder, ...args], { stdio: 'pipe' });
    try {
      git('init', '-q');
    } catch {
      t.skip('git is missing');
      return;
    }
    mkdirSync(join(folder, 'sub'));
    for (const name of ['.env', 'a', 'sub/.env', 'sub/long-name-of-a-file'])
      writeFileSync(join(folder, name), 'x');
    assert.deepEqual(gitStateOf(join(folder, '.env')), {
      tracked: false,
      ignored: false,
      trackedCopies: [],
    });
    for (const [pattern, ignored] of [
      ['.env', true],
      ['/.env', true],
      ['.env*', true],
      ['.*', true],
      ['*.env', true],
      ['.env.*', false],
      ['sub/', false],
      ['.env\n!.env', false],
      ['# .env', false],
    ] as const) {
      writeFileSync(join(folder, '.gitignore'), `${pattern}\n`);
      assert.equal(gitStateOf(join(folder, '.env'))?.ignored, ignored, pattern);
    }
    writeFileSync(join(folder, '.gitignore'), 'sub/\n');
    assert.equal(gitStateOf(join(folder, 'sub', '.env'))?.ignored, true);
    for (const version of ['2', '4']) {
      git('update-index', '--index-version', version);
      git('add', '-f', '.');
      assert.equal(gitStateOf(join(folder, '.env'))?.tracked, true, version);
      const [copy, other] = [join(folder, 'sub', '.env'), join(folder, 'other.env')];
      assert.deepEqual(gitStateOf(join(folder, '.env'), [copy, other])?.trackedCopies, [copy], version);
      git('rm', '-q', '--cached', '.env');
      assert.equal(gitStateOf(join(folder, '.env'))?.tracked, false, version);
    }
    git('config', 'extensions.objectformat', 'sha256');
    assert.throws(() => gitStateOf(join(folder, '.env')));
  });

  test('modes, copies, the record’s place', (t) => {
    const folder = folderFor(t);
    const write = (name: string, mode: number) => {
      writeFileSync(join(folder, name), 'x');
      chmodSync(join(folder, name), mode);
    };
    for (const name of ['.env', '.env.example', '.env.lock', 'environment.md']) write(name, 0o600);
    write('.env.bak', 0o640);
    write('.env~', 0o600);
    write('oauth2-proxy.cfg', 0o666);
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
      });
    const files = look('logs/deep/record.log');
    assert.deepEqual(files.env, { found: { path: '.env', mode: 0o600 } });
    assert.deepEqual(files.envCopies.map(({ path }) => path).sort(), ['.env.bak', '.env~', 'prod.env']);
    assert.deepEqual(files.secretFiles, [{ path: 'key', mode: 0o644 }]);
    assert.deepEqual(files.notWritable, { found: [] });
    assert.ok('found' in files.freeBytes && files.freeBytes.found > 0);
    assert.deepEqual(files.openToAll, { found: ['oauth2-proxy.cfg'] });
    assert.deepEqual(files.data, { found: { path: 'data', mode: 0o700, openFiles: ['data/gatehouse.db'] } });
    assert.deepEqual(files.auditLog, { found: { path: 'logs/deep/record.log', writable: true } });
    assert.deepEqual(files.emails, { found: { path: 'access/emails.txt', mode: undefined, addresses: [] } });
    chmodSync(folder, 0o777);
    assert.deepEqual(look('data').openToAll, { found: ['oauth2-proxy.cfg', '.'] });
    assert.deepEqual(look('data').auditLog, { found: { path: 'data', writable: false } });
    assert.deepEqual(look('.env/record.log').auditLog, {
      found: { path: '.env/record.log', writable: false },
    });
  });

  test('the installed packages of this program are what its lock names', () => {
    const packages = lookAtPackages(join(import.meta.dirname, '..'));
    if ('missing' in packages) return;
    assert.ok(packages.found.some(({ name, installed }) => name === 'express' && installed.startsWith('5.')));
  });
});

test('an app that listens everywhere is found at every address of this machine; one on loopback is not', async (t) => {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  if (!addresses.some(({ internal, family }) => !internal && family === 'IPv4')) {
    t.skip('this machine has no address but loopback');
    return;
  }
  for (const [host, isOpen] of [
    ['0.0.0.0', true],
    ['127.0.0.1', false],
  ] as const) {
    const server = createServer((_req, res) => res.end('{"status":"healthy"}'));
    await new Promise<void>((resolve) => server.listen(0, host, resolve));
    t.after(() => server.close());
    const address = server.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    const { appAt } = await lookAtNetwork(port, 1);
    assert.equal(appAt.length > 0, isOpen, host);
  }
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
