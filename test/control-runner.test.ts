// The runner of the controls: what counts as proof that a test checks a defence, and what does not.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { changedFiles, ofChangedFiles, ofPattern } from './support/chosen-controls.ts';
import { type Control, runControls, type Verdict } from './support/controls.ts';

const program = `
export const limit = 10;
export const isSmall = (value) => value < limit;
export const answer = async () => 'yes';
`;
const programTests = `
import assert from 'node:assert/strict';
import { before, suite, test } from 'node:test';
import { answer, isSmall, limit } from './program.ts';
suite('numbers', () => {
  test('large ones are not small', () => assert.equal(isSmall(11), false));
  test('in parts', async (t) => {
    await t.test('one', () => assert.equal(isSmall(9), true));
    await t.test('other', () => assert.equal(isSmall(12), false));
  });
  test('blind', () => assert.equal(typeof isSmall(11), 'boolean'));
  test('thrown, not asserted', () => { if (isSmall(11)) throw new Error('small'); });
});
suite('with a set-up', () => {
  before(() => assert.equal(limit, 10));
  test('after it', () => assert.equal(limit, 10));
});
test('it answers', async () => assert.equal(await answer(), 'yes'));
test('broken already', () => assert.equal(limit, 11));
test('only once in a process', () => {
  assert.equal(globalThis.hasRun, undefined);
  globalThis.hasRun = true;
});
`;

const base: Control = {
  invariant: 'numbers',
  defence: 'a limit',
  file: 'src/program.ts',
  find: 'value < limit',
  replace: 'true',
  tests: 'src/program.test.ts',
  sees: 'large ones',
};

suite('the control runner', () => {
  let root: string;
  before(() => {
    root = mkdtempSync(join(tmpdir(), 'gatehouse-runner-'));
    mkdirSync(join(root, 'src'));
    writeFileSync(join(root, 'package.json'), '{ "type": "module" }');
    writeFileSync(join(root, 'src/program.ts'), program);
    writeFileSync(join(root, 'src/program.test.ts'), programTests);
  });
  after(() => rmSync(root, { recursive: true, force: true }));

  async function verdictsOn(
    changes: readonly Partial<Control>[],
    testTimeoutMs?: number,
  ): Promise<readonly Verdict[]> {
    const verdicts: Verdict[] = [];
    await runControls({
      root,
      controls: changes.map((change) => ({ ...base, ...change })),
      workers: 2,
      ...(testTimeoutMs !== undefined && { testTimeoutMs }),
      onVerdict: (verdict) => verdicts.push(verdict),
    });
    assert.equal(verdicts.length, changes.length);
    return verdicts;
  }

  async function verdictOn(change: Partial<Control>): Promise<Verdict> {
    const [verdict] = await verdictsOn([change], 500);
    assert.ok(verdict);
    return verdict;
  }

  test('a failed assertion of the named test or its subtest counts as proof', async () => {
    assert.equal((await verdictOn({})).refusal, undefined);
    assert.equal((await verdictOn({ sees: 'in parts' })).refusal, undefined);
  });

  const refused: readonly (readonly [string, Partial<Control>, RegExp])[] = [
    ['a test that does not notice', { sees: 'blind' }, /no assertion of "blind" .* failed: exit 0/],
    [
      'a timeout',
      {
        find: "async () => 'yes'",
        replace: '() => new Promise((ok) => setTimeout(ok, 60_000))',
        sees: 'it answers',
      },
      /testTimeoutFailure/,
    ],
    [
      'a promise that never settles',
      { find: "async () => 'yes'", replace: '() => new Promise(() => {})', sees: 'it answers' },
      /no assertion/,
    ],
    ['a syntax error', { replace: 'value <' }, /no assertion of "large ones" .*SyntaxError/s],
    ['a crash', { replace: 'process.exit(7)' }, /no assertion of .* failed: exit 7/],
    [
      'an error other than an assertion',
      { sees: 'thrown, not asserted' },
      /failed, testCodeFailure: Error: small/,
    ],
    [
      'a failed set-up',
      { find: 'limit = 10', replace: 'limit = 12', sees: 'after it' },
      /no assertion of "after it" .*: it only failed, cancelledByParent/,
    ],
    ['a missing test', { sees: 'no such test' }, /no test of src\/program.test.ts is named "no such test"/],
    ['a name shared by several tests', { sees: '^numbers' }, /names 4 tests/],
    [
      'a test that fails in the unchanged copy',
      { sees: 'broken already' },
      /in the unchanged copy "broken already" .* is not passed/,
    ],
    ['a missing line', { find: 'value > limit' }, /must hold this exactly once/],
    ['a missing test file', { tests: 'src/none.test.ts' }, /no test of src\/none.test.ts/],
  ];
  for (const [what, change, why] of refused) {
    test(`no proof: ${what}`, async () => assert.match((await verdictOn(change)).refusal ?? 'none', why));
  }

  const summary = (verdicts: readonly Verdict[]) =>
    verdicts
      .map(({ control: { sees }, refusal, isAlone }) =>
        [sees, refusal === undefined ? 'proven' : 'refused', isAlone ? 'alone' : 'together'].join(', '),
      )
      .sort();

  test('controls of one test file share a process, each with only its own line changed', async () => {
    assert.deepEqual(summary(await verdictsOn([{}, { sees: 'blind' }, { sees: 'in parts' }])), [
      'blind, refused, alone',
      'in parts, proven, together',
      'large ones, proven, together',
    ]);
  });

  test('a change that makes the process exit does not affect the other controls', async () => {
    const crash = { replace: 'process.exit(7)', sees: 'blind' };
    assert.deepEqual(summary(await verdictsOn([{}, crash, { sees: 'in parts' }])), [
      'blind, refused, alone',
      'in parts, proven, together',
      'large ones, proven, together',
    ]);
  });

  test('no proof: a failure caused by an earlier run in the same process', async () => {
    const once = { sees: 'only once' };
    assert.deepEqual(summary(await verdictsOn([once, once])), [
      'only once, refused, alone',
      'only once, refused, alone',
    ]);
  });
});

suite('control selection', () => {
  const one = { ...base, list: 'test/controls/numbers.ts' };
  const other = { ...one, file: 'src/other.ts', tests: 'test/other.test.ts', list: 'test/controls/rest.ts' };

  test('selects those whose program file, test file or list changed', () => {
    assert.deepEqual(ofChangedFiles([one, other], ['README.md']), []);
    for (const file of [other.file, other.tests, other.list]) {
      assert.deepEqual(ofChangedFiles([one, other], [file]), [other], file);
    }
  });

  test('selects those of a list, or with the pattern in a path', () => {
    assert.deepEqual(ofPattern([one, other], 'rest'), [other]);
    assert.deepEqual(ofPattern([one, other], 'program'), [one]);
  });

  test('changes include commits since the branch left main, the working tree and new files', () => {
    const folder = mkdtempSync(join(tmpdir(), 'gatehouse-changes-'));
    try {
      assert.equal(changedFiles(folder), undefined);
      const as = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org'];
      const git = (...args: string[]) =>
        execFileSync('git', [...as, ...args], { cwd: folder, stdio: 'ignore' });
      const commit = (name: string) => {
        writeFileSync(join(folder, name), name);
        git('add', '.');
        git('commit', '-m', name);
      };
      git('init', '-b', 'main');
      commit('before.ts');
      commit('edited.ts');
      git('switch', '-c', 'branch');
      commit('committed.ts');
      git('switch', 'main');
      commit('of main alone.ts');
      git('switch', 'branch');
      writeFileSync(join(folder, 'edited.ts'), 'changed');
      writeFileSync(join(folder, 'with ümlaut.ts'), '');
      assert.deepEqual(changedFiles(folder)?.files, ['committed.ts', 'edited.ts', 'with ümlaut.ts']);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
