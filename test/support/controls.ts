// Runs the controls: switches off one defence after the other in a copy of the program, and demands that its test fails.
// A test that cannot fail proves nothing.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, suite, test } from 'node:test';

/** An invariant, the line that keeps it, and the test that watches it. */
export interface Control {
  readonly invariant: string;
  /** What is switched off. */
  readonly defence: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  readonly tests: string;
  /** The name of the test, or its beginning. */
  readonly sees: string;
}

const root = resolve(import.meta.dirname, '../..');
const copied = [
  'src',
  'views',
  'public',
  'demo',
  'test',
  'scripts',
  'generate-secrets.ts',
  'package.json',
  'tsconfig.json',
  'oauth2-proxy.cfg',
  'gate-pages',
  'docker-compose.yml',
  'Dockerfile',
  'docker-compose.confluence.yml',
  'docker-compose.rolling.yml',
];

/** Declares the suite. Copies of their own, so that several files may run side by side. */
export function watchDefences(about: string, controls: readonly Control[]): void {
  suite(`each defence is watched by a test: ${about}`, () => {
    let folder: string;
    before(() => {
      folder = mkdtempSync(join(tmpdir(), 'gatehouse-controls-'));
      for (const name of copied) cpSync(join(root, name), join(folder, name), { recursive: true });
      symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    });
    after(() => rmSync(folder, { recursive: true, force: true }));

    for (const { invariant, defence, file, find, replace, tests, sees } of controls) {
      test(`${invariant}: ${defence}`, async () => {
        const path = join(folder, file);
        const text = readFileSync(path, 'utf8');
        assert.equal(text.split(find).length, 2, `${file} must have the line of this defence once: ${find}`);
        writeFileSync(
          path,
          text.replace(find, () => replace),
        );
        try {
          const { code, output } = await run(tests, sees, file);
          assert.match(
            output,
            /ℹ fail [1-9]/,
            `with the defence off nothing failed in ${tests}:\n${output.slice(-1500)}`,
          );
          assert.notEqual(code, 0);
          // A copy that does not even load would fail as well, and show nothing.
          assert.doesNotMatch(output, /SyntaxError|ERR_MODULE_NOT_FOUND/);
        } finally {
          writeFileSync(path, text);
        }
      });
    }

    /** On one store: where the line is, or the one that starts faster. */
    function run(
      file: string,
      name: string,
      changed: string,
    ): Promise<{ code: number | null; output: string }> {
      // Not this runner's own: a test run inside a test run reports to its parent.
      const { NODE_TEST_CONTEXT: _, ...own } = process.env;
      const env = { ...own, CONTROL_STORE: /redis/i.test(changed + name) ? 'redis' : 'sqlite' };
      const args = [
        '--test',
        '--test-force-exit',
        '--test-reporter=spec',
        '--test-timeout=60000',
        `--test-name-pattern=${name}`,
        file,
      ];
      return new Promise((settle) => {
        const child = spawn(process.execPath, args, {
          cwd: folder,
          env,
          timeout: 90_000,
          killSignal: 'SIGKILL',
        });
        let output = '';
        child.stdout.on('data', (chunk) => {
          output += chunk;
        });
        child.stderr.on('data', (chunk) => {
          output += chunk;
        });
        child.on('close', (code) => settle({ code, output }));
      });
    }
  });
}
