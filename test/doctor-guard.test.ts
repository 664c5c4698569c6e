// The check-up of the guard's settings and apps file in a real folder, and how `gatehouse doctor --app` is called.
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { doctor, doctorHere, setEnv, shippedFolder } from './support/doctor.ts';

interface Clean {
  after(clean: () => void): void;
}

const apps = `groups: {}
apps:
  wiki:
    url: https://wiki.example.net
    who: [everyone]
    headers: { user: X-WEBAUTH-USER, user-is: name }
  diary:
    url: https://diary.example.net
    who: [{ person: ada@example.org }]
    headers: { user: Remote-User, user-is: name }
  files:
    url: https://files.example.net
    who: [everyone]
    headers: { user: Remote-User, user-is: email }
`;

/** A folder in which the guard is on, and the findings about it. */
async function folderWith(t: Clean, text: string | undefined, env: Record<string, string> = {}) {
  const folder = await shippedFolder(t);
  mkdirSync(join(folder, 'run'), { mode: 0o750 });
  chmodSync(join(folder, 'run'), 0o750);
  setEnv(folder, {
    PUBLIC_URL: 'https://desk.example.org',
    GUARD_LISTEN: `unix:${join(folder, 'run/guard.sock')}`,
    ...env,
  });
  if (text !== undefined) writeFileSync(join(folder, 'access/apps.yaml'), text, { mode: 0o640 });
  writeFileSync(join(folder, 'access/emails.txt'), 'ada@example.org\ngrace@example.org\n');
  const look = async () => {
    const { out } = await doctorHere(folder, '--json', '--no-compose');
    const { findings, passed, unread } = JSON.parse(out) as {
      findings: { id: string; seen: string }[];
      passed: string[];
      unread: { id: string; reason: string }[];
    };
    const ours = <T extends { id: string }>(list: readonly T[]) =>
      list.filter(({ id }) => id.startsWith('guard.'));
    return { findings: ours(findings), passed, unread: ours(unread) };
  };
  return { folder, look };
}

suite('the check-up of the guard', () => {
  test('a sound one: nothing is found, and every check of it passed', async (t) => {
    const { findings, passed, unread } = await (await folderWith(t, apps)).look();
    assert.deepEqual([findings, unread], [[], []]);
    assert.equal(passed.filter((id) => id.startsWith('guard.')).length, 7);
  });

  test('without GUARD_LISTEN there is nothing to look at', async (t) => {
    const folder = await shippedFolder(t);
    const { out } = await doctorHere(folder, '--no-compose');
    assert.match(out, /guard\.apps-missing.*: there is no guard: GUARD_LISTEN is not set/);
    assert.match(out, /app\.closed.*: there is no guard: GUARD_LISTEN is not set/);
  });

  test('no apps file, one with a mistake, one that anybody can change', async (t) => {
    const { folder, look } = await folderWith(t, undefined);
    const only = async () => (await look()).findings.map(({ id, seen }) => `${id}: ${seen}`);
    assert.deepEqual(await only(), [
      'guard.apps-missing: GUARD_LISTEN is set, but there is no `access/apps.yaml`.',
    ]);
    const path = join(folder, 'access/apps.yaml');
    writeFileSync(path, apps.replace('url: https://wiki.example.net', 'url: wiki.example.net'));
    assert.deepEqual(await only(), ['guard.apps-valid: Line 4: `url` of `wiki` must begin with `https://`.']);
    writeFileSync(path, apps);
    chmodSync(path, 0o646);
    assert.deepEqual(await only(), [
      'guard.apps-writable: Everyone on this machine can write to `access/apps.yaml`.',
    ]);
  });

  test('a socket whose folder anybody may enter', async (t) => {
    const { folder, look } = await folderWith(t, apps);
    chmodSync(join(folder, 'run'), 0o755);
    assert.deepEqual(
      (await look()).findings.map(({ id, seen }) => `${id}: ${seen}`),
      ['guard.socket: `run` has mode 0755.'],
    );
  });

  test('two people of one name: found where both may use the app and it is told names alone', async (t) => {
    const { folder, look } = await folderWith(t, apps);
    writeFileSync(join(folder, 'access/emails.txt'), 'ada@example.org\nAda@example.net\ngrace@example.org\n');
    assert.deepEqual((await look()).findings, [
      {
        ...(await look()).findings[0],
        id: 'guard.names',
        seen: '`wiki`: two people are `ada`.',
      },
    ]);
  });

  test('domains of oauth2-proxy that name an app', async (t) => {
    for (const [name, value, isFound] of [
      ['OAUTH2_PROXY_COOKIE_DOMAINS', 'example.net', true],
      ['OAUTH2_PROXY_COOKIE_DOMAINS', 'desk.example.org', false],
      ['OAUTH2_PROXY_WHITELIST_DOMAINS', '.example.net:*', true],
      ['OAUTH2_PROXY_WHITELIST_DOMAINS', 'wiki.example.net', true],
      ['OAUTH2_PROXY_WHITELIST_DOMAINS', 'example.net', false],
    ] as const) {
      const { findings } = await (await folderWith(t, apps, { [name]: value })).look();
      assert.deepEqual(
        findings.map(({ id }) => id),
        isFound ? ['guard.gate-domains'] : [],
        value,
      );
    }
  });
});

suite('gatehouse doctor --app', () => {
  test('wrong arguments say what is missing', async (t) => {
    const folder = await shippedFolder(t);
    for (const [args, said] of [
      [['--front', '127.0.0.1:8443'], /--front, --direct and --echo go with --app NAME/],
      [['--app', 'wiki', '--url', 'https://desk.example.org'], /leave out --url and --symptom/],
      [['--app', 'wiki', '--front', 'ftp://x'], /--front takes an address/],
      [['--app', 'wiki', '--direct', '10.0.0.5:80'], /--direct takes an address/],
      [['--app', 'wiki', '--echo', 'headers'], /--echo takes a path/],
      [['--app', ''], /--app takes the name/],
    ] as const) {
      const { code, err } = await doctorHere(folder, ...args);
      assert.equal(code, 2);
      assert.match(err, said);
    }
  });

  test('an app that is not in the file, and one whose front is not there', async (t) => {
    const { folder } = await folderWith(t, apps);
    const unknown = await doctor(folder, '--app', 'wikki', '--no-compose');
    assert.equal(unknown.code, 1);
    assert.match(unknown.out, /there is no app wikki in APPS_FILE; it has wiki, diary, files/);
    const gone = await doctor(folder, '--app', 'wiki', '--front', '127.0.0.9:9', '--no-compose');
    assert.equal(gone.code, 1);
    assert.match(gone.out, /^Looked at https:\/\/wiki\.example\.net by way of https:\/\/127\.0\.0\.9:9/);
    assert.match(
      gone.out,
      /app\.reachable\n {10}Seen {2}`https:\/\/127\.0\.0\.9:9` does not answer \(ECONNREFUSED\)/,
    );
    const secrets = readFileSync(join(folder, '.env'), 'utf8').match(/^SECRET_KEY=(.+)$/m)?.[1] ?? '';
    assert.ok(secrets.length > 20 && !gone.out.includes(secrets));
  });
});
