// The rules of the front, held by the real Caddy with the files that `gatehouse guard config caddy` writes.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { startChild } from '../demo/child.ts';
import { caddyFiles } from '../src/guard/front/caddy.ts';
import { type FrontKind, startFront } from './support/guard-front.ts';
import { frontOverHttps, frontRules } from './support/guard-front-rules.ts';
import { appHost } from './support/guarded-wiki.ts';
import { mustHave, need } from './support/requirement.ts';

/** @param options lines of the operator's global options @param site lines of his site block */
const caddyWith = (options = '', site = ''): FrontKind => ({
  name: 'caddy',
  guard: 'unix',
  files: caddyFiles,
  async start({ folder, files, port, appPort, tls }) {
    for (const { name, text } of files) writeFileSync(join(folder, name), text);
    const config = join(folder, 'Caddyfile');
    writeFileSync(
      config,
      `{
	admin off
	auto_https off
	persist_config off
	${options}
}
import ${folder}/*.caddy
${tls ? 'https' : 'http'}://${appHost}:${port} {
	bind 127.0.0.1
	${tls ? `tls ${tls.cert} ${tls.key}` : ''}
	import gatehouse_wiki 127.0.0.1:${appPort}
	${site}
}
`,
    );
    const command = await mustHave('caddy');
    const args = ['run', '--config', config, '--adapter', 'caddyfile'];
    return startChild({
      name: 'caddy',
      command,
      args,
      env: { XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder },
    });
  },
});
const caddy = caddyWith();

frontRules(caddy, await need('caddy'));
frontOverHttps(caddy, await need('caddy', 'openssl'));

suite('what Caddy alone does', await need('caddy'), () => {
  test('names with underscores and dots are removed although Caddy is told to keep them', async (t) => {
    const names = ['x_webauth_user', 'remote_user', 'x_auth_request_user', 'x_forwarded_email'];
    const dotted = names.map((name) => name.replaceAll('_', '.'));
    const kept = `expected_underscore_headers ${names.join(' ')}\n\t\texpected_dot_headers ${dotted.join(' ')}`;
    const world = await startFront(caddyWith(`servers {\n\t\t${kept}\n\t}`));
    t.after(() => world.close());
    await world.ask('/', [
      ...names.map((name) => `${name}: mallory`),
      ...dotted.map((name) => `${name}: mallory`),
    ]);
    const [arrived] = world.app.arrivals;
    assert.deepEqual(
      arrived?.headers.filter(([, value]) => value === 'mallory'),
      [],
    );
    assert.deepEqual(arrived?.all('x-webauth-user'), ['ada']);
  });

  test('what the operator’s handle_errors says about the app stays', async (t) => {
    const world = await startFront(caddyWith('', 'handle_errors {\n\t\trespond "the app rests" 502\n\t}'));
    t.after(() => world.close());
    await world.app.close();
    assert.equal((await world.ask('/')).body, 'the app rests');
    await Promise.all(world.guards.map((guard) => guard.stop()));
    assert.match((await world.ask('/')).body, /^Sign-in cannot be checked/);
  });
});
