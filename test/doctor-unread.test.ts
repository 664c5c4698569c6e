// What exists but cannot be read is a separate state: named, counted, shown in every output format, and never an all-clear.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, type TestContext, test } from 'node:test';
import { checkUp, type Report } from '../src/doctor/check-up.ts';
import { propsOf } from '../src/doctor/pages.ts';
import { checkup } from '../views/checkup.ts';
import type { Frame } from '../views/layout.ts';
import { deploymentWith } from './support/deployment.ts';
import { doctorHere, setEnv, shippedFolder } from './support/doctor.ts';

interface Blind {
  readonly how: string;
  readonly spoil: (folder: string) => void;
  /** Checks that must not pass. */
  readonly unread: readonly string[];
  /** Matches the reason, which says where it is. */
  readonly reason: RegExp;
}

const edit = (name: string, change: (text: string) => string) => (folder: string) =>
  writeFileSync(join(folder, name), change(readFileSync(join(folder, name), 'utf8')));
const compose = (find: string | RegExp, put: string) =>
  edit('docker-compose.yml', (text) => {
    assert.notEqual(text.replace(find, put), text, String(find));
    return text.replace(find, put);
  });
const override = (text: string) => (folder: string) =>
  writeFileSync(join(folder, 'docker-compose.override.yml'), text);
/** Nobody, not even root, can read a folder as a file. */
const folderInstead = (name: string) => (folder: string) => {
  rmSync(join(folder, name), { force: true });
  mkdirSync(join(folder, name), { recursive: true });
};
const pipeInstead = (name: string) => (folder: string) => {
  rmSync(join(folder, name), { force: true });
  execFileSync('/usr/bin/env', ['mkfifo', join(folder, name)]);
};
const gateChecks = ['gate.proxy-trust', 'gate.prefer-email', 'gate.strip-headers', 'access.trusted-ips'];
const settingsChecks = ['settings.rate-limit', 'settings.https', 'cookie.secure'];
const composeChecks = ['network.published-ports', 'network.host-mode', 'network.gate-port'];

const cases: readonly Blind[] = [
  {
    how: 'oauth2-proxy.cfg is not a file',
    spoil: folderInstead('oauth2-proxy.cfg'),
    unread: gateChecks,
    reason: /oauth2-proxy\.cfg is a folder/,
  },
  {
    how: 'oauth2-proxy.cfg is a pipe, which could block forever',
    spoil: pipeInstead('oauth2-proxy.cfg'),
    unread: gateChecks,
    reason: /oauth2-proxy\.cfg is not a regular file/,
  },
  {
    how: 'oauth2-proxy.cfg is in another encoding',
    spoil: (folder) => writeFileSync(join(folder, 'oauth2-proxy.cfg'), Buffer.from([0xff, 0xfe, 0x61, 0])),
    unread: gateChecks,
    reason: /oauth2-proxy\.cfg is not UTF-8/,
  },
  {
    how: 'oauth2-proxy.cfg has an unterminated quote',
    spoil: edit('oauth2-proxy.cfg', (text) => `provider = "google\n${text}`),
    unread: gateChecks,
    reason: /oauth2-proxy\.cfg:1 is not valid TOML/,
  },
  {
    how: 'oauth2-proxy.cfg has a setting unknown to oauth2-proxy',
    spoil: edit('oauth2-proxy.cfg', (text) => `skip_auth_strip_header = true\n${text}`),
    unread: gateChecks,
    reason: /oauth2-proxy refuses skip_auth_strip_header \(line 1\)/,
  },
  {
    how: 'oauth2-proxy is started by another program',
    spoil: compose("    command: ['--config',", "    entrypoint: ['sh', '-c']\n    command: ['--config',"),
    unread: gateChecks,
    reason: /oauth2-proxy is started by another program/,
  },
  {
    how: 'another file is where oauth2-proxy looks',
    spoil: compose('source: ./oauth2-proxy.cfg', 'source: ./other.cfg'),
    unread: gateChecks,
    reason: /which file is at \/etc\/oauth2-proxy\.cfg/,
  },
  {
    how: 'two oauth2-proxy services with different settings',
    spoil: override(
      'services:\n  second:\n    extends: {file: docker-compose.yml, service: oauth2-proxy}\n    environment: {OAUTH2_PROXY_TRUSTED_IPS: 10.0.0.0/8}\n',
    ),
    unread: gateChecks,
    reason: /second has different settings than oauth2-proxy/,
  },
  {
    how: 'a second app with other settings',
    spoil: override(
      'services:\n  second:\n    extends: {file: docker-compose.yml, service: app}\n    environment: {RATE_LIMIT: "off"}\n',
    ),
    unread: settingsChecks,
    reason: /second has different settings than app/,
  },
  {
    how: 'the app is an image built elsewhere',
    spoil: compose('    build: .', '    image: registry.example.org/desk:1'),
    unread: settingsChecks,
    reason: /NODE_ENV may be set in an image/,
  },
  {
    how: 'no service is the app',
    spoil: compose(/ {6}SECRET_KEY: .*\n/, ''),
    unread: settingsChecks,
    reason: /which one is the app/,
  },
  {
    how: 'an env file is missing',
    spoil: compose('    build: .', '    build: .\n    env_file: more.env'),
    unread: settingsChecks,
    reason: /docker-compose\.yml:\d+ \(app: env_file\) could not be read/,
  },
  {
    how: 'a variable that Compose would read differently',
    spoil: (folder) => setEnv(folder, { LOG_LEVEL: 'in$fo' }),
    unread: settingsChecks,
    reason: /\(app: environment\) could not be read/,
  },
  {
    how: 'docker-compose.yml is not a file',
    spoil: folderInstead('docker-compose.yml'),
    unread: [...composeChecks, ...gateChecks, ...settingsChecks],
    reason: /docker-compose\.yml could not be read/,
  },
  {
    how: 'docker-compose.yml is not YAML',
    spoil: edit('docker-compose.yml', (text) => `${text}\n\tx: [\n`),
    unread: [...composeChecks, ...gateChecks, ...settingsChecks],
    reason: /docker-compose\.yml:\d+ could not be read/,
  },
  {
    how: 'COMPOSE_FILE names a missing file',
    spoil: (folder) => setEnv(folder, { COMPOSE_FILE: 'docker-compose.yml:more.yml' }),
    unread: [...composeChecks, ...gateChecks, ...settingsChecks],
    reason: /more\.yml could not be read/,
  },
  {
    how: 'a part of an override has another type',
    spoil: override('services:\n  redis:\n    ports: "6379:6379"\n'),
    unread: ['network.published-ports'],
    reason: /docker-compose\.override\.yml:3 \(redis: ports\) could not be read/,
  },
  {
    how: 'the allow-list is not a file',
    spoil: folderInstead('access/emails.txt'),
    unread: ['access.list', 'access.list-writable', 'access.operators'],
    reason: /access\/emails\.txt is not a file/,
  },
  {
    how: 'the allow-list is broken',
    spoil: (folder) => writeFileSync(join(folder, 'access', 'emails.txt'), 'a"b\n'),
    unread: ['access.list', 'access.list-writable'],
    reason: /access\/emails\.txt cannot be read/,
  },
  {
    how: '.env is not a file',
    spoil: (folder) => {
      unlinkSync(join(folder, '.env'));
      mkdirSync(join(folder, '.env'));
    },
    unread: ['settings.misspelt', 'secret.reused', ...settingsChecks, ...gateChecks],
    reason: /\.env is a folder/,
  },
];

const frame: Frame = {
  theme: 'light',
  nonce: 'x',
  asset: (name) => name,
  path: '/checkup',
  devMode: false,
  signInPath: '/oauth2/start',
};

suite('what cannot be read', () => {
  let shipped: string;
  const cleaning: (() => void)[] = [];
  after(() => {
    for (const clean of cleaning) clean();
  });
  before(async () => {
    shipped = await shippedFolder({ after: (clean) => cleaning.push(clean) });
    setEnv(shipped, {
      PUBLIC_URL: 'https://desk.example.org',
      TRUSTED_HOPS: '2',
      ADMIN_EMAILS: 'ada@example.org',
      OAUTH2_PROXY_CLIENT_ID: 'x.apps.googleusercontent.com',
      OAUTH2_PROXY_CLIENT_SECRET: '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',
    });
    mkdirSync(join(shipped, 'access'), { recursive: true });
    writeFileSync(join(shipped, 'access', 'emails.txt'), 'ada@example.org\n');
  });

  function copyFor(t: TestContext): string {
    const folder = mkdtempSync(join(tmpdir(), 'gatehouse-doctor-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    cpSync(shipped, folder, { recursive: true });
    return folder;
  }
  const look = async (folder: string, ...args: string[]) => {
    const ran = await doctorHere(folder, '--json', '--compose', ...args);
    return { ...ran, report: JSON.parse(ran.out) as Report };
  };

  test('the folder as it is: everything was read', async (t) => {
    const { code, report } = await look(copyFor(t));
    assert.deepEqual(report.unread, []);
    assert.equal(code, 0, JSON.stringify(report.findings));
  });

  for (const { how, spoil, unread, reason } of cases) {
    test(`${how}: the checks that depend on it neither pass nor disappear`, async (t) => {
      const folder = copyFor(t);
      spoil(folder);
      const { code, report, out } = await look(folder);
      const reasons = new Map(report.unread.map((one) => [one.id, one.reason]));
      for (const id of unread) {
        assert.ok(!report.passed.includes(id), `${id} passed`);
        assert.match(reasons.get(id) ?? '', reason, `${id}: ${out}`);
      }
      assert.equal(code, 1);
      assert.equal(report.ok, false);
    });
  }

  test('files that this user may not read', async (t) => {
    // Root may read everything, so the check-up runs as the user `nobody`.
    const nobody = 65_534;
    const isRoot = process.getuid?.() === 0;
    t.after(() => isRoot && process.seteuid?.(0));
    for (const name of ['oauth2-proxy.cfg', 'docker-compose.yml', '.env', 'access/emails.txt']) {
      const folder = copyFor(t);
      chmodSync(join(folder, name), 0);
      if (isRoot) {
        chownSync(folder, nobody, nobody);
        process.seteuid?.(nobody);
      }
      const { code, report } = await look(folder);
      if (isRoot) process.seteuid?.(0);
      assert.ok(report.unread.length > 0, name);
      assert.equal(code, 1, name);
    }
  });

  test('on the terminal and on the page: a heading of its own, the reason, and no all-clear above it', async (t) => {
    const folder = copyFor(t);
    folderInstead('oauth2-proxy.cfg')(folder);
    const { out, code } = await doctorHere(folder, '--compose');
    assert.equal(code, 1);
    assert.match(
      out,
      /\nCould not be read\n\n {2}[^\n]*gate\.proxy-trust \(high\)[^\n]*: oauth2-proxy\.cfg is a folder/,
    );
    assert.match(
      out,
      /\d+ could not be read, so this is not an all-clear\. \d+ passed, \d+ not checked\.\n$/,
    );
    const low = await doctorHere(folder, '--compose', '--symptom', 'the cookie is not set');
    assert.equal(low.code, 1, 'a symptom whose checks could not be read is not ruled out');
    const blind = deploymentWith({});
    const report = checkUp({ ...blind, gate: { missing: 'oauth2-proxy.cfg is not a file', unread: true } });
    const page = String(checkup(frame, propsOf(report, 0)));
    assert.match(page, /class="notice bad">/);
    assert.match(page, /this is not an all-clear/);
    assert.match(page, /<h2[^>]*>Could not be read<\/h2>[\s\S]*oauth2-proxy\.cfg is not a file/i);
    assert.match(page, /could not be read<\/span>/, 'said at the symptoms too');
  });
});
