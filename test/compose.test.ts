// docker-compose.yml and Dockerfile contain the hardening that they promise. `npm run try:compose` shows it on a running engine.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import { settingNames, settingOf } from '../src/config/settings.ts';
import { readApps } from '../src/guard/apps-document.ts';

const root = join(import.meta.dirname, '..');
const read = (path: string) => readFileSync(join(root, path), 'utf8').replaceAll('\r\n', '\n');
const composeFile = read('docker-compose.yml');

/** The indented lines under `name:`, without comments. */
function block(text: string, name: string, indent: number): string {
  const pad = ' '.repeat(indent);
  const lines = text.split('\n').filter((line) => !/^\s*#/.test(line));
  const start = lines.findIndex((line) => line.startsWith(`${pad}${name}:`));
  assert.notEqual(start, -1, `${name} is missing`);
  const rest = lines.slice(start + 1);
  const end = rest.findIndex((line) => line.trim() !== '' && !line.startsWith(`${pad} `));
  return rest.slice(0, end === -1 ? rest.length : end).join('\n');
}

const always = ['oauth2-proxy', 'app', 'redis'] as const;
/** Those that the profile `guard` adds. */
const shown = ['guard-config', 'front', 'sample-notes'] as const;
const serviceNames = [...always, ...shown] as const;
const services = Object.fromEntries(
  serviceNames.map((name) => [name, block(block(composeFile, 'services', 0), name, 2)]),
) as Record<(typeof serviceNames)[number], string>;
const environment = Object.fromEntries(
  ([...always, 'sample-notes'] as const).map((name) => [
    name,
    new Map(
      block(services[name], 'environment', 4)
        .split('\n')
        .map((line) => /^ {6}([A-Z\d_]+):\s*(.*)$/.exec(line))
        .filter((match) => match !== null)
        .map(([, key = '', value = '']) => [key, value] as const),
    ),
  ]),
) as Record<(typeof always)[number] | 'sample-notes', Map<string, string>>;

/** Settings that the image sets, the Compose file fixes, or the app does not use. */
const notForTheApp = new Set([
  'HOST',
  'PORT',
  'OPS_PORT',
  'DATA_DIR',
  'DEV_MODE',
  'GATE_SESSION_STORE',
  'GATE_REDIS_URL',
  'COMPOSE_PROFILES',
  'GATE_PORT',
  'APPS_PORT',
  'REDIS_PASSWORD',
  'OAUTH2_PROXY_CLIENT_ID',
  'OAUTH2_PROXY_CLIENT_SECRET',
  'OAUTH2_PROXY_COOKIE_SECRET',
]);

suite('docker-compose.yml', () => {
  test('has three services and those of the guard, each hardened', () => {
    const found = block(composeFile, 'services', 0).match(/^ {2}\S+:$/gm);
    assert.deepEqual(
      found?.map((line) => line.trim().slice(0, -1)),
      [...serviceNames, 'sample-photos'],
    );
    assert.match(
      block(block(composeFile, 'services', 0), 'sample-photos', 2),
      /extends: \{ service: sample-notes \}/,
    );
    const hardened = block(composeFile, 'x-hardened', 0);
    for (const line of [
      /^ {2}restart: unless-stopped$/m,
      /^ {2}read_only: true$/m,
      /^ {2}tmpfs: .*\/tmp:size=\d+m.*noexec,nosuid,nodev/m,
      /^ {2}cap_drop: \[ALL\]$/m,
      /^ {2}security_opt: \['no-new-privileges:true'\]$/m,
      /^ {2}pids_limit: \d+$/m,
      /driver: json-file\n.*max-size: \d+m, max-file: '\d+'/,
    ]) {
      assert.match(hardened, line);
    }
    for (const name of serviceNames) {
      assert.match(services[name], /^ {4}<<: \*hardened$/m, name);
      assert.match(services[name], /^ {4}mem_limit: \d+m$/m, name);
      assert.match(services[name], /^ {4}user: '[1-9]\d*:[1-9]\d*'$/m, `${name} runs as a plain user`);
      assert.doesNotMatch(
        services[name].replace('cap_add: [NET_BIND_SERVICE]', ''),
        /read_only: false|cap_add|privileged|network_mode|pid:|docker\.sock/,
      );
      assert.equal(
        services[name].includes('cap_add'),
        name === 'front',
        'only the program of Caddy needs one',
      );
    }
  });

  test('the gate does not restart with the app, and a second app can run beside the first', () => {
    const depends = block(services['oauth2-proxy'], 'depends_on', 4);
    assert.match(depends, /^ {6}redis: /m);
    assert.doesNotMatch(depends, /app/);
    const second = block(block(read('docker-compose.rolling.yml'), 'services', 0), 'app-2', 2);
    assert.match(second, /extends: \{ file: docker-compose\.yml, service: app \}/);
    assert.match(second, /inside:\n\s+aliases: \[app\]/);
    assert.match(second, /app: \{ condition: service_healthy \}/);
    assert.doesNotMatch(second, /ports|edge/);
  });

  test('only the gate publishes a port, and the front of the profile guard, on loopback', () => {
    assert.equal(composeFile.match(/ports:/g)?.length, 2);
    assert.match(services.front, /^ {4}ports: \['127\.0\.0\.1:\$\{APPS_PORT:-4181\}:4181'\]$/m);
    assert.match(services['oauth2-proxy'], /^ {4}ports: \['127\.0\.0\.1:\$\{GATE_PORT:-4180\}:4180'\]$/m);
  });

  test('the app and Redis are on a network without outside access', () => {
    assert.match(block(block(composeFile, 'networks', 0), 'inside', 2), /^ {4}internal: true$/m);
    assert.match(services['oauth2-proxy'], /^ {4}networks: \[edge, inside\]$/m);
    for (const name of ['app', 'redis', 'guard-config'] as const)
      assert.match(services[name], /^ {4}networks: \[inside\]$/m);
  });

  test('with the profile guard, apps are reached only through the front, and nothing else changes', () => {
    assert.match(block(block(composeFile, 'networks', 0), 'apps', 2), /^ {4}internal: true$/m);
    assert.match(services['sample-notes'], /^ {4}networks: \[apps\]$/m);
    assert.match(services.front, /^ {4}networks: \[edge, inside, apps\]$/m);
    for (const name of shown) assert.match(services[name], /^ {4}profiles: \[guard\]$/m, name);
    for (const name of ['oauth2-proxy', 'app'] as const) {
      assert.doesNotMatch(services[name], /profiles|[^_]guard-config|front|sample-/);
    }
    // With guard alone, the app and the gate expect Redis as well.
    assert.match(services.redis, /^ {4}profiles: \[redis, guard\]$/m);
    assert.equal(environment.app.get('GUARD_LISTEN'), '0.0.0.0:3010');
    assert.match(services['guard-config'], /'guard', 'config', 'caddy', '--guard', 'app:3010', '--write'/);
    assert.match(services['guard-config'], /environment: \*app-environment$/m);
    assert.match(services['guard-config'], /source: \.\/access, target: \/access, read_only: true/);
    assert.match(services.front, /source: front, target: \/etc\/caddy\/gatehouse, read_only: true/);
    assert.match(services.front, /guard-config: \{ condition: service_completed_successfully/);
    assert.match(services.front, /^ {4}image: caddy:\d+\.\d+\.\d+-alpine$/m);
  });

  test('the front serves the apps of access/apps.yaml.example, which is valid', () => {
    const example = readApps(read('access/apps.yaml.example'), 'http://localhost:4180');
    assert.ok('apps' in example, JSON.stringify(example));
    const served = [
      ...read('demo/Caddyfile').matchAll(/^(http:\S+) \{\n\timport gatehouse_(\w+) (\S+):8080$/gm),
    ];
    assert.deepEqual(
      served.map(([, origin, name, service]) => [name, origin, service]),
      [...example.apps.apps.values()].map(({ name, origin }) => [name, origin, `sample-${name}`]),
    );
  });

  test('no secret can be empty, and none appears in a command', () => {
    const required = [
      ['app', 'SECRET_KEY', 'SECRET_KEY'],
      ['app', 'GATE_SECRET', 'GATE_SECRET'],
      ['oauth2-proxy', 'OAUTH2_PROXY_BASIC_AUTH_PASSWORD', 'GATE_SECRET'],
      ['oauth2-proxy', 'OAUTH2_PROXY_COOKIE_SECRET', 'OAUTH2_PROXY_COOKIE_SECRET'],
      ['oauth2-proxy', 'OAUTH2_PROXY_CLIENT_SECRET', 'OAUTH2_PROXY_CLIENT_SECRET'],
      ['redis', 'REDISCLI_AUTH', 'REDIS_PASSWORD'],
    ] as const;
    for (const [service, name, from] of required) {
      assert.match(environment[service].get(name) ?? '', new RegExp(`^\\$\\{${from}:\\?[^}]+\\}$`), name);
    }
    // `$$` is a variable of the container's shell; Compose would substitute `$` in the command.
    for (const name of serviceNames) {
      const outside = services[name].replace(block(services[name], 'environment', 4), '');
      for (const [, used] of outside.matchAll(/(?<!\$)\$\{?([A-Z\d_]+)/g))
        assert.match(used ?? '', /^(?:GATE|APPS)_PORT$/);
    }
  });

  test('each container gets what it needs: every setting is passed to the app or excluded by name', () => {
    const passed = [...environment.app.keys()].filter(
      (name) => !['REDIS_URL', 'SESSION_BACKEND'].includes(name),
    );
    for (const name of settingNames) {
      if (notForTheApp.has(name)) {
        assert.ok(!environment.app.has(name), `${name} is not for the app`);
      } else {
        assert.ok(
          environment.app.has(name),
          `name ${name} under app in docker-compose.yml, or here in notForTheApp`,
        );
      }
    }
    for (const name of passed)
      assert.ok(
        settingNames.some((known) => known === name),
        `${name} is no setting`,
      );
    assert.deepEqual([...environment.redis.keys()], ['REDISCLI_AUTH']);
    const secretOfTheApp = settingNames.filter(
      (name) => settingOf(name).secret && !name.startsWith('OAUTH2_'),
    );
    for (const name of secretOfTheApp) assert.ok(!environment['oauth2-proxy'].has(name), name);
  });

  test('the gate and the app agree on the gate’s cookie', () => {
    const name = environment['oauth2-proxy'].get('OAUTH2_PROXY_COOKIE_NAME');
    assert.match(name ?? '', /^\$\{GATE_COOKIE_NAME:-__Host-/);
    assert.equal(environment.app.get('GATE_COOKIE_NAME'), name);
  });

  test('the allow-list’s folder is mounted, not the file, and is read-only for the gate', () => {
    assert.match(services['oauth2-proxy'], /source: \.\/access, target: \/access, read_only: true/);
  });

  test('every local path in oauth2-proxy.cfg has a mount in the container', () => {
    const paths = [...read('oauth2-proxy.cfg').matchAll(/^(\w+_(?:file|dir|path)) = "([^/"][^"]*)"$/gm)];
    assert.ok(paths.length > 0);
    for (const [, name = '', path = ''] of paths) {
      const place = environment['oauth2-proxy'].get(`OAUTH2_PROXY_${name.toUpperCase()}`) ?? '';
      const folder = path.split('/')[0] ?? '';
      assert.ok(place === `/${path}`, `set OAUTH2_PROXY_${name.toUpperCase()} in docker-compose.yml`);
      assert.ok(
        services['oauth2-proxy'].includes(`source: ./${folder}, target: /${folder}, read_only: true`),
        path,
      );
    }
  });

  test('uses the oauth2-proxy version that the other tests run', () => {
    const version = /const version = '(v[\d.]+)'/.exec(read('demo/oauth2-proxy.ts'))?.[1];
    assert.ok(version);
    assert.ok(services['oauth2-proxy'].includes(`image: quay.io/oauth2-proxy/oauth2-proxy:${version}\n`));
  });
});

suite('Dockerfile', () => {
  const dockerfile = read('Dockerfile');

  test('several stages, an unprivileged user, a health check, no package manager in the last stage', () => {
    const stages = dockerfile.split(/^FROM /m).slice(1);
    const last = stages.at(-1) ?? '';
    assert.ok(stages.length > 1);
    assert.match(last, /^USER node$/m);
    assert.match(last, /^HEALTHCHECK [\s\S]*?\/readyz/m);
    assert.match(last, /^ENTRYPOINT \["node", /m);
    assert.doesNotMatch(last, /npm ci|npm install/);
    assert.doesNotMatch(dockerfile, /^(ADD|ARG)\b|^COPY (?!--from).*(\.env|\. )/m);
  });

  test('the compile cache is built into the image, owned by root', () => {
    const [build = '', last = ''] = dockerfile.split(/^FROM /m).slice(-2);
    assert.match(build, /^USER node\nRUN NODE_COMPILE_CACHE=\/app\/compiled node /m);
    assert.match(last, /^COPY --from=build \/app \.\/$/m);
    assert.match(last, /^ENV .*NODE_COMPILE_CACHE=\/app\/compiled$/m);
  });

  test('only listed files are copied into the image', () => {
    const lines = read('.dockerignore')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    assert.equal(lines[0], '*');
    assert.deepEqual(lines.filter((line) => line.startsWith('!')).sort(), [
      '!generate-secrets.ts',
      '!package-lock.json',
      '!package.json',
      '!public',
      '!src',
      '!views',
    ]);
  });
});

// The file as parsed by Compose itself, if it is installed; this needs no engine.
if (spawnSync('docker', ['compose', 'version'], { stdio: 'ignore' }).status === 0) {
  suite('docker compose config', () => {
    const folder = mkdtempSync(join(tmpdir(), 'gatehouse-compose-'));
    after(() => rmSync(folder, { recursive: true, force: true }));
    const filled = {
      PUBLIC_URL: 'https://desk.example.org',
      SECRET_KEY: 'k'.repeat(64),
      GATE_SECRET: 'g'.repeat(43),
      OAUTH2_PROXY_CLIENT_ID: 'id',
      OAUTH2_PROXY_CLIENT_SECRET: 'from-google',
      OAUTH2_PROXY_COOKIE_SECRET: 'c'.repeat(43),
      REDIS_PASSWORD: 'r'.repeat(43),
      COMPOSE_PROFILES: 'redis',
    };

    function config(env: Readonly<Record<string, string>>) {
      const envFile = join(folder, '.env');
      writeFileSync(
        envFile,
        Object.entries(env)
          .map(([name, value]) => `${name}=${value}\n`)
          .join(''),
      );
      const args = ['compose', '--env-file', envFile, '-f', join(root, 'docker-compose.yml'), 'config'];
      const { PATH = '', HOME = '' } = process.env;
      const result = spawnSync('docker', [...args, '--format', 'json'], {
        encoding: 'utf8',
        env: { PATH, HOME },
      });
      return {
        status: result.status,
        stderr: result.stderr,
        read: () => JSON.parse(result.stdout) as Config,
      };
    }
    interface Config {
      readonly services: Readonly<
        Record<
          string,
          {
            environment: Record<string, string | null>;
            ports?: { host_ip: string; target: number; published: string }[];
          }
        >
      >;
      readonly networks: Readonly<Record<string, { internal?: boolean }>>;
    }

    test('with the profile: all sessions in Redis', () => {
      const { services: found, networks } = config(filled).read();
      assert.deepEqual(Object.keys(found).sort(), ['app', 'oauth2-proxy', 'redis']);
      const [app, gate] = [found['app']?.environment, found['oauth2-proxy']?.environment];
      assert.equal(app?.['SESSION_BACKEND'], 'redis');
      assert.equal(app?.['REDIS_URL'], `redis://:${filled.REDIS_PASSWORD}@redis:6379/0`);
      assert.equal(gate?.['OAUTH2_PROXY_SESSION_STORE_TYPE'], 'redis');
      assert.equal(gate?.['OAUTH2_PROXY_REDIRECT_URL'], 'https://desk.example.org/oauth2/callback');
      assert.equal(networks['inside']?.internal, true);
      const published = Object.entries(found).flatMap(([name, { ports = [] }]) =>
        ports.map(({ host_ip, target, published }) => [name, { host_ip, target, published }]),
      );
      assert.deepEqual(published, [
        ['oauth2-proxy', { host_ip: '127.0.0.1', target: 4180, published: '4180' }],
      ]);
    });

    test('without it: no Redis, SQLite and cookies', () => {
      const { services: found } = config({ ...filled, COMPOSE_PROFILES: '' }).read();
      assert.deepEqual(Object.keys(found).sort(), ['app', 'oauth2-proxy']);
      const [app, gate] = [found['app']?.environment, found['oauth2-proxy']?.environment];
      assert.deepEqual([app?.['SESSION_BACKEND'], app?.['REDIS_URL']], ['', '']);
      for (const name of ['SESSION_STORE_TYPE', 'REDIS_CONNECTION_URL', 'REDIS_PASSWORD']) {
        assert.equal(gate?.[`OAUTH2_PROXY_${name}`], '', name);
      }
    });

    test('with the profile guard: Redis, the front and the sample apps, whatever COMPOSE_PROFILES says besides', () => {
      const all = ['app', 'front', 'guard-config', 'oauth2-proxy', 'redis', 'sample-notes', 'sample-photos'];
      const { services: found, networks } = config({ ...filled, COMPOSE_PROFILES: 'guard' }).read();
      assert.deepEqual(Object.keys(found).sort(), all);
      assert.equal(found['app']?.environment['SESSION_BACKEND'], 'redis');
      assert.equal(found['sample-photos']?.environment['TITLE'], 'Photos');
      assert.equal(networks['apps']?.internal, true);
      const besides = config({ ...filled, COMPOSE_PROFILES: 'redis,guard' }).read();
      assert.deepEqual(besides.services, found);
    });

    test('the address can come from FUNNEL_HOSTNAME', () => {
      const { PUBLIC_URL: _, ...rest } = filled;
      const { services: found } = config({ ...rest, FUNNEL_HOSTNAME: 'desk.tail1234.ts.net' }).read();
      const redirect = found['oauth2-proxy']?.environment['OAUTH2_PROXY_REDIRECT_URL'];
      assert.equal(redirect, 'https://desk.tail1234.ts.net/oauth2/callback');
    });

    for (const name of Object.keys(filled).filter((each) => !/^(PUBLIC_URL|COMPOSE_PROFILES)$/.test(each))) {
      test(`without ${name} nothing starts, with the profile or without`, () => {
        for (const profiles of ['redis', '']) {
          const { status, stderr } = config({ ...filled, COMPOSE_PROFILES: profiles, [name]: '' });
          assert.notEqual(status, 0);
          assert.ok(stderr.includes(name), stderr);
        }
      });
    }
  });
}
