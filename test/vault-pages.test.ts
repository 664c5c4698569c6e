// The vault's pages: for operators, with a token; what each form does and records; and that planted values appear nowhere.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { createVault } from '../src/vault/vault.ts';
import { createVaultFile } from '../src/vault/vault-file.ts';
import { ada, grace } from './support/desk.ts';
import { byTerminal, dayMs, keepEvents, startVault, startVaultApp, target } from './support/vault.ts';

const planted = 'planted-5ecret-value';

test('an operator adds cookies, tests and removes them, and creates a new key; each is recorded first', async (t) => {
  const world = startVault(t);
  const asked: string[] = [];
  const testConnection = {
    run: async () =>
      asked.push('once') === 1 ? ({ ok: true } as const) : ({ ok: false, reason: 'challenged' } as const),
    wordsFor: (reason: string) =>
      reason === 'challenged' ? 'It asks for a CAPTCHA.' : 'Something unexpected.',
  };
  const app = await startVaultApp(t, world, { testConnection });
  const me = await app.person(ada);
  const empty = await me.get('/vault');
  assert.match(empty.text, /The vault is empty/);
  assert.match(empty.text, new RegExp(`href="${target.href}" target="_blank" rel="noopener noreferrer"`));

  const loaded = await me.post('/vault/load', { text: `JSESSIONID=${planted}; b=2` });
  assert.deepEqual([loaded.status, loaded.location], [303, '/vault?done=loaded&left=0']);
  const event = { event: 'vault.loaded', by: { id: ada.id, email: ada.email } };
  assert.deepEqual(world.recorder.events, [
    { ...event, facts: { host: target.host, cookies: 2, source: 'page' } },
  ]);
  const page = await me.get(loaded.location ?? '');
  for (const words of [
    /sealed in the vault/,
    /2 cookies of ada/,
    /<code>JSESSIONID<\/code>/,
    /14 days left/,
    /Fresh/,
  ])
    assert.match(page.text, words);
  assert.match(page.text, /<textarea [^>]*autocomplete="off"[^>]*><\/textarea>/);

  assert.equal((await me.post('/vault/test')).location, '/vault?test=works');
  assert.match((await me.get('/vault?test=works')).text, /wiki\.test accepts the cookies/);
  const failed = await me.post('/vault/test');
  assert.match((await me.get(failed.location ?? '')).text, /It asks for a CAPTCHA/);

  const [, id = ''] = /\/vault\/clear\?id=([\w-]+)"/.exec(page.text) ?? [];
  assert.match((await me.get(`/vault/clear?id=${id}`)).text, /2 cookies of ada@example\.org leave the vault/);
  assert.equal((await me.post('/vault/rekey')).location, '/vault?done=rekeyed');
  assert.equal((await me.post('/vault/clear', { id })).location, '/vault?done=cleared');
  assert.equal((await me.post('/vault/clear', { id })).location, '/vault?done=nothing');
  assert.equal((await me.get(`/vault/clear?id=${id}`)).status, 404);
  assert.deepEqual(
    world.recorder.events.slice(1).map(({ event: name, reason }) => reason ?? name),
    ['data_key', 'vault.cleared'],
  );
});

test('members, visitors and requests without a token are refused; nothing changes', async (t) => {
  const world = startVault(t);
  await world.vault.load('a=1', byTerminal);
  const app = await startVaultApp(t, world);
  const [operator, member] = [await app.person(ada), await app.person(grace)];
  const bytes = readFileSync(world.path);
  const paths = ['/vault', '/vault/clear?id=x', '/vault/rekey'];
  const posts = ['/vault/load', '/vault/load-file', '/vault/test', '/vault/clear', '/vault/rekey'];
  for (const path of paths) assert.equal((await member.get(path)).status, 403, path);
  for (const path of posts) {
    assert.equal((await member.post(path, { text: 'a=2', id: 'x' })).status, 403, path);
    assert.equal((await operator.post(path, { _csrf: 'x', text: 'a=2', id: 'x' })).status, 403, path);
    assert.equal((await operator.post(path, {}, { origin: 'https://evil.test' })).status, 403, path);
    assert.equal((await operator.post(path, { more: 'x' })).status, 400, path);
  }
  assert.deepEqual(readFileSync(world.path), bytes);
});

test('rejected input gets 400 with the reason, and nothing of it is kept', async (t) => {
  const world = startVault(t);
  const app = await startVaultApp(t, world);
  const me = await app.person(ada);
  for (const [text, words] of [
    [`a=${planted}; Path=/`, /place 2 is an attribute/],
    [`a=${planted}\r\nX: y`, /over several lines/],
    [`a=${planted}\0`, /control character/],
    [`a=${planted}${'x'.repeat(9 * 1024)}`, /larger than 8 KB/],
    [planted, /has no “=”/],
    [`curl 'https://evil.test/' -b 'a=${planted}'`, /went to another host/],
    [' ', /no cookies in it/],
  ] as const) {
    const answer = await me.post('/vault/load', { text });
    assert.equal(answer.status, 400);
    assert.match(answer.text, words);
    assert.doesNotMatch(answer.text, /5ecret/);
  }
  assert.equal((await me.post('/vault/load', { text: 'x'.repeat(17_000) })).status, 413);
  assert.equal(existsSync(world.path), false);
});

test('the text file from the page: created, loaded and emptied', async (t) => {
  const world = startVault(t);
  const app = await startVaultApp(t, world);
  const me = await app.person(ada);
  assert.equal((await me.post('/vault/load-file')).location, '/vault?done=made');
  assert.match((await me.get('/vault?done=made')).text, /The file is made/);
  const none = await me.post('/vault/load-file');
  assert.deepEqual([none.status, /Nothing was loaded from the file/.test(none.text)], [400, true]);
  writeFileSync(app.cookieFile, `a=${planted}`);
  const loaded = await me.post('/vault/load-file');
  assert.equal(loaded.location, '/vault?done=loaded&left=0&emptied=true');
  assert.match((await me.get(loaded.location ?? '')).text, /is emptied of them/);
  assert.doesNotMatch(readFileSync(app.cookieFile, 'utf8'), /5ecret/);
});

test('the page says the same for every reason that keeps the vault locked', async (t) => {
  const world = startVault(t);
  await world.vault.load(`a=${planted}`, byTerminal);
  const shut = [
    world.again({ passphrase: 'another passphrase' }),
    world.again({ machineId: async () => 'another' }),
    world.again({ machineId: async () => undefined }),
    world.again({ seen: { read: async () => 99, write: async () => {} } }),
  ];
  const said = new Set<string>();
  const quiet = (text: string) => text.replace(/nonce="[^"]+"|name="_csrf" value="[^"]+"/g, '');
  for (const vault of shut) {
    const app = await startVaultApp(t, { ...world, vault });
    const me = await app.person(ada);
    const answers = [
      await me.get('/vault'),
      await me.post('/vault/load', { text: 'a=1' }),
      await me.get('/vault/clear?id=x'),
      await me.post('/vault/clear', { id: 'x' }),
      await me.post('/vault/rekey'),
    ];
    mkdirSync(dirname(app.cookieFile), { recursive: true });
    writeFileSync(app.cookieFile, 'a=1');
    answers.push(await me.post('/vault/load-file'));
    said.add(JSON.stringify(answers.map(({ status, text }) => [status, quiet(text)])));
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 503, 503, 503, 503, 503],
    );
  }
  assert.equal(said.size, 1);
});

test('no value leaves the vault: pages, log, record, status and file are searched for one', async (t) => {
  const world = startVault(t);
  const app = await startVaultApp(t, world, {
    testConnection: { run: async () => ({ ok: false, reason: 'refused' }), wordsFor: () => 'Refused.' },
  });
  const me = await app.person(ada);
  const texts: string[] = [];
  const crawl = async () => {
    for (const path of [
      '/vault',
      '/vault?done=loaded&left=1',
      '/vault/rekey',
      '/dashboard',
      '/cookies',
      '/api/me',
    ])
      texts.push((await me.get(path)).text);
    const status = await world.vault.status();
    texts.push(JSON.stringify(status));
    for (const { id } of status.kind === 'open' ? status.entries : [])
      texts.push((await me.get(`/vault/clear?id=${id}`)).text);
  };
  await crawl();
  for (const text of [
    `JSESSIONID=${planted}`,
    `curl '${target.href}' -b 'JSESSIONID=${planted}'`,
    JSON.stringify([{ name: 'JSESSIONID', value: planted, domain: target.hostname }]),
    `JSESSIONID=${planted}; JSESSIONID=${planted}`,
  ])
    texts.push((await me.post('/vault/load', { text })).text);
  await crawl();
  const answer = await world.vault.cookieFor(target.host);
  assert.ok('mark' in answer && answer.header.includes(planted), 'it is there');
  await answer.mark('challenged', 'captcha');
  texts.push((await me.post('/vault/test')).text);
  await crawl();
  world.clock.now += 15 * dayMs;
  await world.vault.sweep();
  texts.push((await me.post('/vault/rekey')).text, (await me.post('/vault/load', { text: planted })).text);
  texts.push(JSON.stringify(world.recorder.events), app.logLines.join(''), readFileSync(world.path, 'utf8'));
  assert.ok(texts.join('').includes('JSESSIONID') && app.logLines.length > 20);
  for (const text of texts) assert.doesNotMatch(text, /5ecret/);
});

test('without a passphrase or a service the page says how to get them', async (t) => {
  const world = startVault(t);
  const file = createVaultFile(world.options);
  const off = createVault({
    file,
    passphrase: () => undefined,
    ttlMs: dayMs,
    recorder: keepEvents(),
    now: Date.now,
  });
  const me = await (await startVaultApp(t, { ...world, vault: off })).person(ada);
  assert.match((await me.get('/vault')).text, /node generate-secrets\.ts/);
  const bare = await startVaultApp(t, world, { settings: { CONFLUENCE_URL: '' } });
  const them = await bare.person(ada);
  assert.match((await them.get('/vault')).text, /Set <code>CONFLUENCE_URL<\/code>/);
  assert.equal((await them.post('/vault/load', { text: 'a=1' })).status, 404);
});
