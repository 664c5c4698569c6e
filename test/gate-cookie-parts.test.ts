// The real oauth2-proxy decides which of a browser's cookies is its own; the app must pick the same one, or a member starts a new session
// with every request, and a copied cookie whose session was ended is accepted again in another spelling.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, suite, test } from 'node:test';
import { connectRedis } from '../src/store/redis-client.ts';
import type { Answer, Client } from './support/client.ts';
import { need } from './support/requirement.ts';
import { startWorld, type World } from './support/world.ts';

const page = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', 'sec-fetch-site': 'none' };

/** How many sessions the store has ever begun and still keeps. */
async function sessionsOf(world: World): Promise<number> {
  if (world.appEnv['SESSION_BACKEND'] === 'redis') {
    const client = connectRedis(world.redis?.url ?? '', () => {});
    const keys = await client.keys('gatehouse:session:*');
    client.disconnect();
    return keys.length;
  }
  const db = new DatabaseSync(join(world.folder, 'data', 'gatehouse.db'), { readOnly: true });
  const count = Number(db.prepare('SELECT count(*) AS n FROM session').get()?.['n']);
  db.close();
  return count;
}

/** `value` split into pieces, as a browser would send cookies that the gate has split. */
function inPieces(name: string, value: string, pieces: number): string {
  const size = Math.ceil(value.length / pieces);
  return Array.from(
    { length: pieces },
    (_, i) => `${name}_${i}=${value.slice(i * size, (i + 1) * size)}`,
  ).join('; ');
}

for (const store of ['sqlite', 'redis'] as const) {
  const gateStore = store === 'redis' ? 'redis' : 'cookie';
  suite(
    `how the gate reads its cookie, sessions in its ${gateStore}`,
    await need('oauth2-proxy', ...(store === 'redis' ? (['redis-server'] as const) : [])),
    () => {
      let world: World;
      let device: Client;
      let name: string;
      let value: string;
      before(async () => {
        world = await startWorld({ store });
        device = world.client();
        assert.equal((await device.signIn('ada@example.org')).status, 200);
        name = world.gate.cookieName;
        value = device.cookies.get(name) ?? '';
      });
      after(() => world?.close());

      const ask = (cookie: string): Promise<Answer> =>
        world.client().ask('/dashboard', { headers: { ...page, cookie } });

      test('all requests of a burst share one session, whatever other cookies are sent', async () => {
        const beside = [
          (i: number) => `${name}=${value}; ${name}_7=${i}`,
          (i: number) => `${name}=${value}; ${name}=${i}`,
          (i: number) => `${name}_0=${i}; ${name}=${value}; ${name}_1=${i}`,
          (i: number) => `${name}=strange\\${i}; ${name}=${value}`,
          (i: number) => `${name}_99=${i};${name}="${value}"`,
        ];
        const started = await sessionsOf(world);
        const answers = await Promise.all(
          Array.from({ length: 60 }, (_, i) => ask(beside[i % beside.length]?.(i) ?? '')),
        );
        assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
        const begun = (await sessionsOf(world)) - started;
        assert.ok(begun <= 1, `60 requests of one browser began ${begun} sessions`);
      });

      test('the first of two cookies with that name counts, at the gate too', async () => {
        assert.equal((await ask(`${name}=other|1|x; ${name}=${value}`)).status, 302);
      });

      if (gateStore === 'cookie')
        test('an ended cookie is refused in any number of parts', async () => {
          const pieces = [2, 19, 20, 21, 60].map((count) => inPieces(name, value, count));
          const withGap = inPieces(name, value, 30).replace(`${name}_29=`, `${name}_30=`);
          for (const cookie of pieces) assert.equal((await ask(cookie)).status, 200, cookie.slice(0, 80));
          assert.equal((await ask(withGap)).status, 302, 'a gap ends it, for the gate');
          const { csrfToken } = (await device.ask('/api/me')).json<{ csrfToken: string }>();
          const headers = { origin: world.url, 'x-csrf-token': csrfToken };
          const left = await device.ask('/logout', { method: 'POST', headers });
          assert.equal(left.status, 303);
          for (const cookie of [`${name}=${value}`, ...pieces]) {
            const answer = await ask(cookie);
            assert.notEqual(answer.status, 200, `let in again: ${cookie.slice(0, 80)}`);
            assert.match(answer.location ?? '', /sign_out/);
          }
        });
      else
        test('a gate that keeps sessions in Redis reads no parts', async () => {
          assert.equal((await ask(inPieces(name, value, 2))).status, 302);
        });
    },
  );
}
