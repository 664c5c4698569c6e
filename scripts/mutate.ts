// Mutation testing: changes one thing at a time in a copy of the program and asks whether a test fails.
// A mutation that no test notices ("survived") is a line without a test, or a line that does nothing.
import { execFileSync, spawn } from 'node:child_process';
import { hash } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type Node, type SourceFile, SyntaxKind } from 'typescript/unstable/ast';
import * as is from 'typescript/unstable/ast/is';
import { API } from 'typescript/unstable/sync';

const usage = `node scripts/mutate.ts [options] <file>[:<line>] …

  --changed        the files under src that differ from main
  --each <n>       mutations per file (default 10; 0: all); --seed picks others
  --seed <n>       the same seed makes the same choice (default 1)
  --tests <a,b>    run these test files instead of the nearest ones
  --nearest <n>    how many test files at most (default 6)
  --list           print the mutations and the tests, run nothing
`;

/** For one test file, milliseconds. */
const limitMs = 90_000;

interface Mutation {
  readonly line: number;
  readonly start: number;
  readonly end: number;
  readonly to: string;
  readonly what: string;
}

/** Operators, and similar ones that they are replaced with. */
const pairs = ['< <=', '> >=', '=== !==', '&& ||'].map((pair) => pair.split(' ') as [string, string]);
const swapped = new Map<string, string>([...pairs, ...pairs.map(([a, b]): [string, string] => [b, a])]);
/** Strings of security headers and of cookie attributes. */
const protective =
  /^(__Host-|__Secure-|no-|same-|none|deny|strict|lax|'|sandbox)|origin|max-age|httponly|secure/i;

const short = (text: string) => text.replace(/\s+/g, ' ').slice(0, 60);

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    changed: { type: 'boolean', default: false },
    each: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
    tests: { type: 'string' },
    nearest: { type: 'string', default: '6' },
    list: { type: 'boolean', default: false },
  },
});
const root = resolve(import.meta.dirname, '..');
const tracked = lines('git', ['ls-files', '--cached', '--others', '--exclude-standard', '--deduplicate']);
const changed = options.changed ? lines('git', ['diff', '--name-only', '--diff-filter=d', 'main']) : [];
const wanted = [...positionals, ...changed.filter((file) => /^src\/.*(?<!\.test)\.ts$/.test(file))];
if (wanted.length === 0) {
  process.stderr.write(usage);
  process.exit(2);
}

const copy = mkdtempSync(join(tmpdir(), 'gatehouse-mutate-'));
process.on('exit', () => rmSync(copy, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));
for (const file of tracked) cpSync(join(root, file), join(copy, file), { recursive: true });
symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));

const readers = readReaders();
const passesUnchanged = new Map<string, boolean>();
const api = new API({ cwd: root });
const [project] = api.updateSnapshot({ openProjects: [join(root, 'tsconfig.json')] }).getProjects();
const counts = { killed: 0, survived: 0, 'no test': 0 };

for (const name of wanted) {
  const [file = '', line] = name.split(':');
  const source = project?.program.getSourceFile(join(root, file));
  if (!source) throw new Error(`not a source file of this project: ${file}`);
  const all = mutationsOf(source).filter((mutation) => !line || mutation.line === Number(line));
  const chosen = Number(options.each) && !line ? pick(all, Number(options.each), source.text) : all;
  const tests = options.tests?.split(',') ?? nearestTests(file).slice(0, Number(options.nearest));
  if (options.list) process.stdout.write(`${file}: ${tests.join(' ') || 'no test'}\n`);
  for (const mutation of chosen) {
    const what = `${file}:${mutation.line}  ${mutation.what}`;
    if (options.list) process.stdout.write(`  ${what}\n`);
    else await tryOne(file, source.text, mutation, tests);
  }
}
api.close();
process.stdout.write(
  `\n${counts.killed} killed, ${counts.survived} survived, ${counts['no test']} without a test\n`,
);
process.exit(counts.survived + counts['no test'] > 0 ? 1 : 0);

async function tryOne(file: string, text: string, mutation: Mutation, tests: readonly string[]) {
  const { line, start, end, to, what } = mutation;
  let result: keyof typeof counts = 'no test';
  let killer = '';
  for (const test of tests) {
    if (!(await passes(test, file))) continue;
    writeFileSync(join(copy, file), text.slice(0, start) + to + text.slice(end));
    const failure = await run(test, file);
    writeFileSync(join(copy, file), text);
    result = failure ? 'killed' : 'survived';
    if (failure) killer = `\n          by ${test}: ${failure}`;
    if (failure) break;
  }
  counts[result] += 1;
  process.stdout.write(`${result.padEnd(8)}  ${file}:${line}  ${what}${killer}\n`);
}

/** A test that fails on unchanged code proves nothing. */
async function passes(test: string, file: string): Promise<boolean> {
  const known = passesUnchanged.get(test) ?? !(await run(test, file));
  if (!known && !passesUnchanged.has(test)) process.stderr.write(`left out, fails unchanged: ${test}\n`);
  passesUnchanged.set(test, known);
  return known;
}

/** Runs in a process group of its own, so that nothing outlives it. @returns what failed; undefined if everything passed */
function run(test: string, file: string): Promise<string | undefined> {
  // Not a test runner's own variable: a run inside a run reports to its parent.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const child = spawn(process.execPath, ['--test', '--test-force-exit', '--test-reporter=tap', test], {
    cwd: copy,
    env: { CONTROL_STORE: /redis/.test(file) ? 'redis' : 'sqlite', ...env },
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return new Promise((settle) => {
    let output = '';
    let failure: string | undefined;
    const stop = () => {
      try {
        process.kill(-(child.pid ?? 0), 'SIGKILL');
      } catch {
        // The group has already ended.
      }
    };
    const timer = setTimeout(() => {
      failure = 'out of time';
      stop();
    }, limitMs);
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    process.once('exit', stop);
    child.on('close', (code) => {
      clearTimeout(timer);
      process.off('exit', stop);
      stop();
      // The innermost failure comes first.
      if (code !== 0) failure ??= /^\s*not ok \d+ - (.*)$/m.exec(output)?.[1] ?? 'the file';
      settle(failure);
    });
  });
}

/** Every mutation of a file, in the order of its text. */
function mutationsOf(source: SourceFile): Mutation[] {
  const found: Mutation[] = [];
  const add = (node: Node, to: string) => {
    const start = node.getStart(source);
    const line = source.text.slice(0, start).split('\n').length;
    const what = `${short(textOf(node))}  →  ${to === ';' ? 'removed' : short(to)}`;
    found.push({ line, start, end: node.end, to, what });
  };
  const textOf = (node: Node) => source.text.slice(node.getStart(source), node.end);
  const visit = (node: Node): void => {
    if (is.isTypeNode(node) || is.isImportDeclaration(node) || is.isInterfaceDeclaration(node)) return;
    if (is.isIfStatement(node)) {
      for (const to of ['true', 'false']) add(node.expression, to);
      const inside = is.isBlock(node.thenStatement) ? node.thenStatement.statements : [];
      const last = inside.at(-1);
      // If it is the only statement, setting the condition to false has the same effect.
      if (inside.length > 1 && last && (is.isReturnStatement(last) || is.isThrowStatement(last)))
        add(last, ';');
    }
    if (is.isConditionalExpression(node)) for (const to of ['true', 'false']) add(node.condition, to);
    if (is.isBinaryExpression(node)) {
      const operator = textOf(node.operatorToken);
      const other = swapped.get(operator);
      if (other) add(node.operatorToken, other);
      // `...(value && { name: value })`: leaves out what it adds.
      if (is.isObjectLiteralExpression(node.right)) add(node, 'undefined');
      else if (operator === '&&' || operator === '||')
        for (const side of [node.left, node.right]) add(node, textOf(side));
    }
    if (is.isExpressionStatement(node)) {
      const { expression } = node;
      const call = is.isAwaitExpression(expression) ? expression.expression : expression;
      // Logging is not a defence.
      if (is.isCallExpression(call) && !textOf(call).startsWith('logger.')) add(node, ';');
      if (call !== expression) add(expression, `void ${textOf(call)}`);
    }
    if (is.isNumericLiteral(node))
      for (const to of node.text === '0' ? ['+ 1'] : ['* 2', '- 1']) add(node, `(${textOf(node)} ${to})`);
    if (is.isStringLiteral(node) && protective.test(node.text)) add(node, "'changed'");
    if (is.isPropertyAssignment(node)) {
      if (node.initializer.kind === SyntaxKind.TrueKeyword) add(node.initializer, 'false');
      if (node.initializer.kind === SyntaxKind.FalseKeyword) add(node.initializer, 'true');
    }
    node.forEachChild((child) => visit(child));
  };
  visit(source);
  return found;
}

/** Test files, nearest first: by the length of the import chain, reduced if their names share words. */
function nearestTests(file: string): string[] {
  const distance = new Map<string, number>([[file, 0]]);
  for (const [at, steps] of distance) {
    for (const next of readers.get(at) ?? []) if (!distance.has(next)) distance.set(next, steps + 1);
  }
  const own = file.replace(/\.ts$/, '.test.ts');
  const words = file.split(/[/.-]/).filter((word) => word.length > 3);
  const alike = (test: string) => words.filter((word) => basename(test).includes(word)).length;
  const score = (test: string) => (test === own ? -100 : (distance.get(test) ?? 0) - alike(test));
  return [...distance.keys()]
    .filter((name) => name.endsWith('.test.ts') && !name.startsWith('test/controls-'))
    .sort((a, b) => score(a) - score(b) || a.localeCompare(b));
}

/** For each file, the files that import it, and the tests that controls name for it. */
function readReaders(): Map<string, string[]> {
  const found = new Map<string, string[]>();
  const add = (file: string, reader: string) => found.set(file, [...(found.get(file) ?? []), reader]);
  for (const file of tracked.filter((name) => name.endsWith('.ts'))) {
    const text = readFileSync(join(root, file), 'utf8');
    for (const [, path = ''] of text.matchAll(/(?:from|import) '(\.[^']+)'/g))
      add(join(dirname(file), path), file);
    if (!file.startsWith('test/controls/')) continue;
    for (const [, mutated = '', test = ''] of text.matchAll(/ file: '([^']+)'[\s\S]*? tests: '([^']+)'/g))
      add(mutated, test);
  }
  return found;
}

/** The same choice for the same seed, unaffected by changes to other lines of the file. */
function pick(all: readonly Mutation[], count: number, text: string): Mutation[] {
  const rank = ({ start, end, to }: Mutation) =>
    hash('sha256', [options.seed, text.slice(start, end), to].join());
  const ranked = all.toSorted((a, b) => rank(a).localeCompare(rank(b)));
  return ranked.slice(0, count).sort((a, b) => a.start - b.start);
}

function lines(command: string, args: readonly string[]): string[] {
  return execFileSync(command, args, { cwd: root, encoding: 'utf8' }).split('\n').filter(Boolean);
}
