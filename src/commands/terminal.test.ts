// The frame that all commands share: help, invalid arguments, what is printed, and that everything opened is closed.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { parseArgs } from 'node:util';
import { type Command, plain, runCommand, table, using } from './terminal.ts';

const echo: Command<{ readonly words: readonly string[] }, object> = {
  name: 'echo',
  help: 'gatehouse echo WORD...',
  read(args) {
    const { positionals } = parseArgs({ args: [...args], allowPositionals: true });
    return positionals.length > 0 ? { words: positionals } : { wrong: 'say a \u001b[2Jword' };
  },
  parts: async () => assert.fail('the test has its own'),
  async run({ words }, _parts, say) {
    for (const word of words) say.line(word);
    say.note('beside it\n');
    say.fault('a fault\u202e');
    say.json({ words });
    say.json({ words }, 0);
    return 1;
  },
};

async function run(...args: string[]) {
  const [out, err]: [string[], string[]] = [[], []];
  const code = await runCommand(echo, args, {
    out: (line) => void out.push(line),
    err: (line) => void err.push(line),
  });
  return { code, out, err };
}

suite('a command', () => {
  test('prints its help for --help and -h anywhere, and for help as the only argument', async () => {
    for (const args of [['--help'], ['-h'], ['help'], ['word', '--help'], ['-x', '-h']])
      assert.deepEqual(
        await run(...args),
        { code: 0, out: ['gatehouse echo WORD...'], err: [] },
        args.join(' '),
      );
    assert.equal((await run('help', 'me')).code, 1);
    assert.deepEqual((await run('--', '--help')).out[0], '--help');
  });

  test('reports wrong arguments in one plain line with exit code 2', async () => {
    assert.deepEqual(await run(), {
      code: 2,
      out: [],
      err: ['gatehouse echo: say a ?[2Jword; see `gatehouse echo --help`'],
    });
    assert.deepEqual((await run('--no\nsuch')).err, [
      "gatehouse echo: Unknown option '--no?such'; see `gatehouse echo --help`",
    ]);
  });

  test('prints no terminal control characters, and JSON with the same value', async () => {
    const word = 'a\u001b[2J\u009b\u202e\u2028\u{e0041}\nb';
    const { out, err } = await run(word);
    assert.equal(out[0], 'a?[2J?????b');
    assert.deepEqual(err, ['beside it?', 'gatehouse echo: a fault?']);
    for (const text of out.slice(1)) {
      assert.deepEqual(JSON.parse(text), { words: [word] });
      assert.doesNotMatch(text.replaceAll('\n', ''), /[\p{Cc}\p{Cf}\u2028\u2029]/u);
    }
    assert.ok(!out[2]?.includes('\n'));
    assert.equal(plain('umlaut ä, 漢字'), 'umlaut ä, 漢字');
  });
});

test('a table is aligned, and no cell can break its line', () => {
  assert.deepEqual(
    table([
      ['A', 'B'],
      ['long', 'x\n'],
      ['', 'y'],
    ]),
    ['A     B', 'long  x?', '      y'],
  );
});

test('what was opened is closed, even if the work fails', async () => {
  let closed = 0;
  const opened = { close: async () => void closed++ };
  assert.equal(await using(opened, async () => 7), 7);
  await assert.rejects(
    using(opened, async () => Promise.reject(new Error('no'))),
    /no/,
  );
  assert.equal(closed, 2);
});
