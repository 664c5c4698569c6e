// The rules of the front, held by the real nginx with the files that `gatehouse guard config nginx` writes.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, suite, test } from 'node:test';
import { startChild } from '../demo/child.ts';
import { nginxFiles } from '../src/guard/front/nginx.ts';
import { type FrontKind, type FrontWorld, startFront } from './support/guard-front.ts';
import { frontOverHttps, frontRules } from './support/guard-front-rules.ts';
import { appHost, frontInput } from './support/guarded-wiki.ts';
import { mustHave, need } from './support/requirement.ts';

const nginx: FrontKind = {
  name: 'nginx',
  guard: 'unix',
  files: nginxFiles,
  async start({ folder, files, port, appPort, tls }) {
    for (const { name, text } of files) writeFileSync(join(folder, name), text);
    const config = join(folder, 'nginx.conf');
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
    writeFileSync(
      config,
      `daemon off; master_process off; pid ${folder}/pid; error_log stderr;
events {}
http {
access_log off;
${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join('\n')}
include ${folder}/gatehouse-common.conf;
upstream gatehouse_app_wiki { server 127.0.0.1:${appPort}; keepalive 16; }
server {
  listen 127.0.0.1:${port}${tls ? ' ssl http2' : ''};
  server_name ${appHost};
  ${tls ? `ssl_certificate ${tls.cert}; ssl_certificate_key ${tls.key};` : ''}
  include ${folder}/wiki.conf;
  # A location of the operator's own, which overrides nothing.
  location /own/ { proxy_pass http://gatehouse_app_wiki; }
}
}
`,
    );
    const command = await mustHave('nginx');
    return startChild({ name: 'nginx', command, args: ['-p', folder, '-c', config] });
  },
};

frontRules(nginx, await need('nginx'));
frontOverHttps(nginx, await need('nginx', 'openssl'));

suite('what nginx alone does', await need('nginx'), () => {
  let world: FrontWorld;
  before(async () => {
    world = await startFront(nginx);
  });
  after(() => world?.close());
  beforeEach(() => world.reset());

  test('it starts without a warning', () => {
    assert.deepEqual(
      world.front.lines.filter((line) => /\[(warn|alert|crit|emerg)\]/.test(line)),
      [],
    );
  });

  test('a location of the operator’s own is guarded like all others', async () => {
    await world.ask('/own/x', [
      ...['Remote-User: mallory', 'X-WEBAUTH-USER: mallory', 'Upgrade: h2c', 'Connection: Upgrade'],
      'Cookie: __Host-gatehouse_guard=x; a=1',
    ]);
    const [arrived] = world.app.arrivals;
    assert.deepEqual(
      ['remote-user', 'x-webauth-user', 'upgrade', 'cookie'].map((name) => arrived?.all(name)),
      [[], ['ada'], [], ['a=1']],
    );
    world.guards[0].answer(() => ({ status: 401 }));
    world.guards[1].answer(() => ({ status: 401 }));
    assert.equal((await world.ask('/own/x')).status, 401);
  });

  test('whatever sizes of buffers the http block has, nginx takes the files', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'gatehouse-nginx-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    for (const { name, text } of nginxFiles(frontInput(['127.0.0.1:9465'])))
      writeFileSync(join(folder, name), text);
    const config = join(folder, 'nginx.conf');
    writeFileSync(
      config,
      `pid ${folder}/pid; error_log stderr; events {} http {
proxy_buffer_size 64k; proxy_buffers 8 64k; proxy_busy_buffers_size 128k;
include ${folder}/gatehouse-common.conf;
upstream gatehouse_app_wiki { server 127.0.0.1:9; }
server { listen 127.0.0.1:9466; include ${folder}/wiki.conf; }
}`,
    );
    const tried = spawnSync(await mustHave('nginx'), ['-t', '-p', folder, '-c', config], {
      encoding: 'utf8',
    });
    assert.equal(tried.status, 0, tried.stderr);
  });

  test('a configuration in which names with underscores would pass is refused', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'gatehouse-nginx-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    for (const { name, text } of nginxFiles(frontInput(['127.0.0.1:9465'])))
      writeFileSync(join(folder, name), text);
    const config = join(folder, 'nginx.conf');
    const tried = async (line: string) => {
      writeFileSync(
        config,
        `pid ${folder}/pid; error_log stderr; events {} http { ${line} include ${folder}/gatehouse-common.conf; }`,
      );
      return spawnSync(await mustHave('nginx'), ['-t', '-p', folder, '-c', config], { encoding: 'utf8' });
    };
    assert.equal((await tried('')).status, 0);
    for (const line of ['underscores_in_headers on;', 'ignore_invalid_headers off;']) {
      const { status, stderr } = await tried(line);
      assert.notEqual(status, 0);
      assert.match(stderr, /is duplicate/);
    }
  });
});
