// The allow-list and the real oauth2-proxy: it parses the list as src/access/reader.ts says, never sees half a file, and notices a change
// within a second.
import assert from 'node:assert/strict';
import { cpSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { waitFor } from '../demo/child.ts';
import { createAccessFile } from '../src/access/file.ts';
import { add, remove } from '../src/access/list.ts';
import { readList } from '../src/access/reader.ts';
import { admits } from './support/admitted.ts';
import { type GateOnly, startGateOnly } from './support/gate-only.ts';
import { need } from './support/requirement.ts';

const [ada, grace, mallory] = ['ada@example.org', 'grace@example.org', 'mallory@example.net'];
const all = [ada, grace, mallory];

suite('the allow-list with the real gate', await need('oauth2-proxy'), () => {
  let world: GateOnly;
  let cookies: Map<string, string>;
  before(async () => {
    world = await startGateOnly();
    world.allow(all);
    cookies = new Map();
    for (const email of all) {
      await waitFor(`${email} to be let in`, async () => {
        const device = world.client();
        const answer = await device.signIn(email);
        cookies.set(email, [...device.cookies].map((pair) => pair.join('=')).join('; '));
        return answer.status === 200;
      });
    }
  });
  after(() => world.close());

  const statusOf = async (email: string) =>
    (await world.client().ask('/dashboard', { headers: { cookie: cookies.get(email) ?? '' } })).status;
  const admitted = async () => {
    const statuses = await Promise.all(all.map(statusOf));
    return all.filter((_, i) => statuses[i] === 200);
  };
  const replace = (text: string) => {
    writeFileSync(`${world.emailsFile}.odd`, text);
    renameSync(`${world.emailsFile}.odd`, world.emailsFile);
  };
  const errors = () =>
    world.gate.child.lines.filter((line) => line.includes('error reading authenticated')).length;

  const odd: Record<string, string> = {
    'comments and empty lines': `# a\n\n${ada}\n\n\n#${grace}\n`,
    'a comment after a space is not a comment': ` # ${grace}\n${ada}\n`,
    'a comment after an address makes it invalid': `${ada} # Ada\n${grace}\n`,
    CRLF: `${ada}\r\n# x\r\n${grace}\r\n`,
    'a last line without a line break, and with a lone CR': `${ada}\n${grace}\r`,
    'lone CRs are not line breaks': `${ada}\r${grace}\n${mallory}\n`,
    'a byte-order mark makes the first line invalid': `\ufeff${ada}\n${grace}\n`,
    'a byte-order mark before a comment': `\ufeff# x\n${grace}\n`,
    'spaces around, capitals': `  \t${ada.toUpperCase()} \t\n\u00a0${grace}\u3000\n`,
    quotes: `"${ada}"\n" ${grace}"\n`,
    'a quoted field over two lines': `"\n${ada}\n"\n${grace}\n`,
    'doubled quotes are one quote': `"""${ada}"""\n${grace}\n`,
    'further columns': `${ada},Ada\n${grace},\n`,
    duplicates: `${ada}\n${ada}\n${grace}\n${grace}\n`,
    'a line of spaces': `   \n${ada}\n`,
    'a quoted # starts an address': `"# x"\n${ada}\n`,
    'two addresses on a line: the second is a column': `${ada},${grace}\n`,
  };

  for (const [name, text] of Object.entries(odd)) {
    test(`the gate reads it as we do: ${name}`, async () => {
      // A known list comes in between, so that each answer is about this file.
      const expected = all.filter((email) => admits(text).has(email));
      replace(`${all.filter((email) => !expected.includes(email)).join('\n')}\n`);
      await waitFor('the list between', async () =>
        (await admitted()).every((email) => !expected.includes(email)),
      );
      replace(text);
      await waitFor(
        `${expected} by ${JSON.stringify(text)}`,
        async () => String(await admitted()) === String(expected),
      );
    });
  }

  for (const [name, text] of Object.entries({
    'a bare quote': `${ada}\n"\n`,
    'a quote inside': `${ada}\nx"${grace}\n`,
    'a space after a quote': `"${ada}" \n`,
    'an extra column': `${ada}\n${grace},Grace\n`,
    'a comma in an invalid comment': `${ada}\n # one, two\n`,
  })) {
    test(`the gate ignores the whole file, as we expect: ${name}`, async () => {
      assert.equal(readList(text).kind, 'broken');
      replace(`${mallory}\n`);
      await waitFor('the list before', async () => String(await admitted()) === mallory);
      const count = errors();
      replace(text);
      await waitFor('the error', () => errors() > count);
      assert.deepEqual(await admitted(), [mallory]);
    });
  }

  test('100 additions and removals: nobody else is ever refused, and each takes effect within a second', {
    timeout: 120_000,
  }, async () => {
    replace(`# the house\n${ada}\n`);
    await waitFor('the list', async () => String(await admitted()) === ada);
    const file = createAccessFile(world.emailsFile);
    const change = (edit: typeof add | typeof remove) =>
      file.change((text) => {
        const outcome = edit(text ?? '', grace);
        return 'text' in outcome ? { text: outcome.text, value: outcome.kind } : { value: outcome.kind };
      });
    const asked = { ada: 0, refused: 0, slowestMs: 0 };
    let isOver = false;
    const asking = Array.from({ length: 4 }, async () => {
      while (!isOver) {
        asked.ada++;
        if ((await statusOf(ada)) !== 200) asked.refused++;
      }
    });
    try {
      for (let i = 0; i < 100; i++) {
        for (const [edit, kind, status] of [
          [add, 'added', 200],
          [remove, 'removed', 403],
        ] as const) {
          assert.deepEqual(await change(edit), { value: kind });
          const began = performance.now();
          await waitFor(`${status} for grace`, async () => (await statusOf(grace)) === status, 1000);
          asked.slowestMs = Math.max(asked.slowestMs, performance.now() - began);
        }
      }
    } finally {
      isOver = true;
      await Promise.all(asking);
    }
    assert.ok(asked.ada > 200, JSON.stringify(asked));
    assert.equal(asked.refused, 0, JSON.stringify(asked));
    assert.equal(readFileSync(world.emailsFile, 'utf8'), `# the house\n${ada}\n`);
  });

  test('the folder may be replaced too: later changes are still noticed', async () => {
    replace(`${ada}\n`);
    await waitFor('the list', async () => String(await admitted()) === ada);
    const folder = dirname(world.emailsFile);
    cpSync(folder, `${folder}.new`, { recursive: true });
    renameSync(folder, `${folder}.old`);
    renameSync(`${folder}.new`, folder);
    rmSync(`${folder}.old`, { recursive: true });
    const file = createAccessFile(join(folder, 'emails.txt'));
    const done = await file.change((text) => {
      const outcome = add(text ?? '', grace);
      return outcome.kind === 'added' ? { text: outcome.text, value: outcome.kind } : { value: outcome.kind };
    });
    assert.deepEqual(done, { value: 'added' });
    await waitFor('grace to be let in', async () => String(await admitted()) === String([ada, grace]));
  });
});

suite('email_domains with the real gate', await need('oauth2-proxy'), () => {
  test('a domain admits people who are not on the list, so the list alone decides nothing', async () => {
    const world = await startGateOnly({ env: { OAUTH2_PROXY_EMAIL_DOMAINS: 'example.com,example.net' } });
    try {
      assert.equal((await world.client().signIn(mallory)).status, 200);
    } finally {
      await world.close();
    }
  });
});
