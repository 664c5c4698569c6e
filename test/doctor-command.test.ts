// `gatehouse doctor` from the command line: the shipped files, a broken .env, exit codes, output formats, and no secret anywhere.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import type { Report } from '../src/doctor/check-up.ts';
import { checks } from '../src/doctor/checks/all-checks.ts';
import { checksPage } from '../src/doctor/documents.ts';
import { notSeenIn } from '../src/doctor/not-seen.ts';
import { deploymentWith } from './support/deployment.ts';
import { doctor, doctorHere, root, run, setEnv, shippedFolder } from './support/doctor.ts';

suite('gatehouse doctor', () => {
  test('the shipped files with generated secrets: no finding of level high, in containers or side by side', async (t) => {
    const folder = await shippedFolder(t);
    setEnv(folder, { PUBLIC_URL: 'https://desk.example.org' });
    for (const how of ['--compose', '--no-compose']) {
      const ran = await doctorHere(folder, '--json', how);
      const report = JSON.parse(ran.out) as Report;
      assert.equal(ran.code, 0, ran.out);
      assert.equal(report.ok, true);
      assert.deepEqual(
        report.findings.filter(({ severity }) => severity === 'high'),
        [],
      );
      const all = [...report.findings, ...report.unread, ...report.notChecked]
        .map(({ id }) => id)
        .concat(report.passed);
      assert.deepEqual(
        all.toSorted(),
        checks.map(({ id }) => id).toSorted(),
        'each check is somewhere, once',
      );
      assert.ok(report.passed.length > 60);
    }
  });

  test('with every setting filled in, no medium finding either once the steps of docs/deploy.md are done', async (t) => {
    const folder = await shippedFolder(t);
    setEnv(folder, {
      PUBLIC_URL: 'https://desk.example.org',
      TRUSTED_HOPS: '2',
      ADMIN_EMAILS: 'ada@example.org',
      OAUTH2_PROXY_CLIENT_ID: 'x.apps.googleusercontent.com',
      OAUTH2_PROXY_CLIENT_SECRET: 'GOCSPX-a1b2c3d4e5f6g7',
    });
    mkdirSync(join(folder, 'access'), { recursive: true });
    writeFileSync(join(folder, 'access', 'emails.txt'), 'ada@example.org\n');
    const ran = await doctor(folder, '--fail-on', 'note');
    assert.equal(ran.code, 0, ran.out);
    assert.match(ran.out, /Nothing found\. \d+ passed, \d+ not checked\./);
  });

  test('one broken line: reported with its fix; the exit code follows --fail-on', async (t) => {
    const folder = await shippedFolder(t);
    setEnv(folder, { PUBLIC_URL: 'https://desk.example.org' });
    const path = join(folder, 'oauth2-proxy.cfg');
    writeFileSync(
      path,
      readFileSync(path, 'utf8').replace('pass_access_token = false', 'pass_access_token = true'),
    );
    const text = await doctor(folder);
    assert.equal(text.code, 0);
    assert.match(
      text.out,
      /The gate\n\n {2}medium {2}gate\.tokens\n {10}Seen {2}On: pass_access_token\.\n {10}Why .*\n {10}Fix {3}pass_access_token = false\n/,
    );
    assert.equal((await doctorHere(folder, '--fail-on', 'medium')).code, 1);
    chmodSync(join(folder, '.env'), 0o644);
    const high = await doctorHere(folder);
    assert.equal(high.code, 1);
    assert.match(high.out, /high {4}files\.env-mode[\s\S]*Fix {3}chmod 600 \.env[\s\S]*\n1 high, /);
  });

  test('an invalid .env is reported and does not stop the run; so is a missing one', async (t) => {
    const folder = await shippedFolder(t);
    setEnv(folder, {
      PUBLIC_URL: 'https://desk.example.org',
      SECRET_KEY: 'changeme',
      SESSION_BINDING: 'sometimes',
    });
    const ran = await doctor(folder, '--json', '--no-compose');
    assert.equal(ran.code, 1);
    const { findings, passed } = JSON.parse(ran.out) as Report;
    const high = findings.filter(({ severity }) => severity === 'high').map(({ id }) => id);
    assert.deepEqual(high, ['settings.valid', 'secret.strength']);
    assert.ok(
      passed.includes('cookie.secure') && passed.includes('gate.strip-headers'),
      'the rest was looked at',
    );
    writeFileSync(join(folder, '.env'), '\0\u{1F600}=\n=x\n"');
    assert.equal((await doctor(folder)).code, 1);
    const empty = mkdtempSync(join(tmpdir(), 'gatehouse-doctor-'));
    t.after(() => rmSync(empty, { recursive: true }));
    const none = await doctorHere(empty);
    assert.equal(none.code, 1);
    assert.match(none.out, /no oauth2-proxy\.cfg here/);
  });

  test('inside the app’s container: reports what it saw and the command that checks the rest, and never exits with 0', async (t) => {
    // As Compose starts it: everything in the environment, and no files of the deployment.
    const folder = mkdtempSync(join(tmpdir(), 'gatehouse-doctor-'));
    t.after(() => rmSync(folder, { recursive: true }));
    mkdirSync(join(folder, 'data'), { mode: 0o700 });
    writeFileSync(join(folder, 'emails.txt'), 'ada@example.org\n');
    const settings = {
      NODE_ENV: 'production',
      HOST: '0.0.0.0',
      PUBLIC_URL: 'https://desk.example.org',
      SECRET_KEY: randomBytes(32).toString('hex'),
      GATE_SECRET: randomBytes(32).toString('base64url'),
      ADMIN_EMAILS: 'ada@example.org',
      EMAILS_FILE: join(folder, 'emails.txt'),
      DATA_DIR: join(folder, 'data'),
      KUBERNETES_SERVICE_HOST: '10.0.0.1',
    };
    const inside = (...args: string[]) => run(folder, ['src/main.ts', 'doctor', ...args], settings);
    const ran = await inside();
    assert.equal(ran.code, 3, ran.out);
    assert.match(ran.out, /^Looked at the environment, from inside the app’s container\.\n/);
    assert.match(ran.out, /\noauth2-proxy was not checked: its settings, docker-compose\.yml, /);
    assert.match(
      ran.out,
      /\nRun this on the host, in the folder of docker-compose\.yml: {2}npm run -s gatehouse -- doctor --url https:\/\/desk\.example\.org\n$/,
    );
    const report = JSON.parse((await inside('--json')).out) as Report & { rest: { command: string } };
    assert.match(report.rest.command, /doctor --url https:\/\/desk\.example\.org$/);
    const open = await run(folder, ['src/main.ts', 'doctor', '--fail-on', 'note'], {
      ...settings,
      SESSION_COOKIE_HTTPONLY: 'false',
    });
    assert.equal(open.code, 1, 'what is found goes first');
    assert.equal(
      (await inside('--symptom', 'signed out too often')).code,
      3,
      'a symptom that asks for the gate',
    );
    // The test must not depend on whether this machine is a container.
    const blind = { ...deploymentWith({}), gate: { missing: 'not here' } };
    assert.match(
      notSeenIn({ ...blind, inContainer: false }, checks)?.unseen ?? '',
      /no oauth2-proxy\.cfg in this folder/,
    );
    assert.equal(notSeenIn(deploymentWith({}), checks), undefined);
    assert.equal(
      notSeenIn(
        blind,
        checks.filter(({ id }) => id.startsWith('files.')),
      ),
      undefined,
    );
  });

  test('a symptom: what to look at, and only its checks', async (t) => {
    const folder = await shippedFolder(t);
    const ran = await doctorHere(folder, '--symptom', 'too many redirects');
    assert.match(ran.out, /^The browser is caught in a redirect loop\n\n {2}Look at {2}The addresses/);
    assert.doesNotMatch(ran.out, /settings\.operators/);
    const unknown = await doctorHere(folder, '--symptom', 'cold coffee');
    assert.equal(unknown.code, 2);
    assert.match(unknown.err, /no symptom matches; known: "Signed out at once"/);
  });

  test('wrong arguments exit with 2 and one line', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'gatehouse-doctor-'));
    t.after(() => rmSync(folder, { recursive: true }));
    for (const args of [
      ['--what'],
      ['--fail-on', 'worst'],
      ['--url', 'ftp://x'],
      ['--url', 'https://a:b@x'],
      ['word'],
      ['--url'],
    ]) {
      const { code, out, err } = await doctorHere(folder, ...args);
      assert.equal(code, 2, args.join(' '));
      assert.equal(out, '');
      assert.match(err, /^gatehouse doctor: [^\n]+; see `gatehouse doctor --help`\n$/);
    }
    const help = await doctorHere(folder, '--help');
    assert.equal(help.code, 0);
    assert.match(help.out, /--fail-on SEVERITY/);
  });

  test('no secret is printed in any form, whether valid or not', async (t) => {
    const folder = await shippedFolder(t);
    const mark = 'Pl4ntedS3cretM4rk';
    const hexMark = 'fa11ed5ec4e7';
    const secrets = {
      SECRET_KEY: hexMark.repeat(6),
      SECRET_KEY_FALLBACKS: `${hexMark.repeat(5)}0123`,
      GATE_SECRET: `${mark}GateSecret-abcdefgh123456`,
      GATE_SECRET_FALLBACKS: `${mark}Former-abcdefghij12345678`,
      OAUTH2_PROXY_BASIC_AUTH_PASSWORD: `${mark}Another-abcdefghij1234567`,
      OAUTH2_PROXY_CLIENT_SECRET: `${mark}Client`,
      OAUTH2_PROXY_COOKIE_SECRET: `${mark}Cookie`,
      REDIS_PASSWORD: `${mark}Redis`,
      REDIS_URL: `redis://u:${mark}@10.1.2.3:6379/0`,
      GATE_REDIS_URL: `redis://:${mark}@127.0.0.1:1/0`,
      OAUTH2_PROXY_REDIS_CONNECTION_URL: `redis://:${mark}@10.1.2.3:6379/0`,
      OAUTH2_PROXY_UPSTREAMS: `http://user:${mark}@10.1.2.3:3000/`,
      SESSION_BACKEND: 'redis',
      VAULT_PASSPHRASE: `${mark}Vault`,
      AUDIT_KEY_FALLBACKS: `${hexMark.repeat(5)}0123`,
      CONFLUENCE_API_TOKEN: `${mark}Token`,
      NOTIFY_WEBHOOK_URL: `http://hooks.example.org/${mark}`,
      NOTIFY_WEBHOOK_SECRET: `${mark}Hook`,
      PUBLIC_URL: 'https://desk.example.org',
    };
    const cfg = join(folder, 'oauth2-proxy.cfg');
    writeFileSync(
      cfg,
      `${readFileSync(cfg, 'utf8')}\ncookie_secret = "${mark}InFile"\nclient_secret = "${mark}InFile2"\nbroken ${mark}\n`,
    );
    const forms = [
      [],
      ['--json'],
      ['--no-compose'],
      ['--no-compose', '--json'],
      ['--symptom', 'everyone is a visitor'],
    ];
    setEnv(folder, secrets);
    const typed = await doctor(folder);
    assert.ok(typed.out.length > 200 && !`${typed.out}${typed.err}`.match(`${mark}|${hexMark}`), typed.out);
    const short = Object.fromEntries(
      Object.entries(secrets).map(([name, value]) => [
        name,
        /SECRET|KEY/.test(name) ? value.slice(0, 20) : value,
      ]),
    );
    for (const values of [secrets, short]) {
      setEnv(folder, values);
      for (const form of forms) {
        const { out, err } = await doctorHere(folder, ...form);
        assert.ok(out.length > 200, form.join(' '));
        assert.ok(
          !`${out}${err}`.includes(mark) && !`${out}${err}`.includes(hexMark),
          `${form.join(' ')}\n${out}${err}`,
        );
      }
    }
  });

  test('reads what Compose reads: the override file, its precedence, COMPOSE_FILE', async (t) => {
    const folder = await shippedFolder(t);
    const published = async () => {
      const report = JSON.parse((await doctorHere(folder, '--json', '--compose')).out) as Report;
      return report.findings.find(({ id }) => id === 'network.published-ports')?.seen;
    };
    const open = (port: number) => `services:\n  redis:\n    ports: ['${port}:6379']\n`;
    assert.equal(await published(), undefined);
    writeFileSync(join(folder, 'docker-compose.override.yml'), open(1111));
    assert.match((await published()) ?? '', /1111:6379/);
    cpSync(join(folder, 'docker-compose.yml'), join(folder, 'compose.yaml'));
    rmSync(join(folder, 'docker-compose.yml'));
    assert.match((await published()) ?? '', /1111:6379/);
    writeFileSync(join(folder, 'other.yml'), open(2222));
    setEnv(folder, { COMPOSE_FILE: 'compose.yaml:other.yml' });
    const seen = (await published()) ?? '';
    assert.match(seen, /2222:6379/);
    assert.doesNotMatch(seen, /1111/);
  });

  test('secrets in files of their own are checked and never printed', async (t) => {
    const folder = await shippedFolder(t);
    const weak = 'tooshort0123456789';
    mkdirSync(join(folder, 'kept'));
    writeFileSync(join(folder, 'kept', 'a'), weak, { mode: 0o644 });
    const text = readFileSync(join(folder, '.env'), 'utf8');
    writeFileSync(
      join(folder, '.env'),
      `${text.replace(/^VAULT_PASSPHRASE=.*$/m, '')}\nVAULT_PASSPHRASE_FILE=${join(folder, 'kept', 'a')}\n`,
    );
    const { out } = await doctorHere(folder, '--json', '--no-compose');
    const { findings } = JSON.parse(out) as Report;
    const seen = (id: string) => findings.find((finding) => finding.id === id)?.seen;
    assert.match(seen('files.secret-files') ?? '', /kept\/a/);
    assert.match(seen('secret.strength') ?? '', /VAULT_PASSPHRASE/);
    assert.ok(!out.includes(weak));
  });

  test('names of files and settings cannot control the terminal or the shell into which a fix is pasted', async (t) => {
    const folder = await shippedFolder(t);
    writeFileSync(join(folder, '.env.$(touch pwned)'), '', { mode: 0o644 });
    writeFileSync(join(folder, '.env.\u009b31m\u202e'), '', { mode: 0o644 });
    const plain = await doctorHere(folder, '--no-compose');
    const json = await doctorHere(folder, '--no-compose', '--json');
    for (const { out } of [plain, json]) {
      assert.doesNotMatch(out, /[\u007f-\u009f]|\p{Cf}/u);
      assert.match(out, /'\.\/\.env\.\$\(touch pwned\)'/, 'quoted, where it is to be pasted');
      assert.doesNotMatch(out, /chmod 600 [^'\n]*\$\(/);
    }
    const names = JSON.parse(json.out) as Report;
    assert.ok(names.findings.some(({ id }) => id === 'files.env-copies-mode'));
  });

  test('docs/checks.md matches the tables', () => {
    assert.equal(readFileSync(join(root, 'docs/checks.md'), 'utf8'), checksPage(), 'stale: run npm run docs');
  });
});
