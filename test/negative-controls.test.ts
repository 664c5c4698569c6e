// Switches off one defence after the other in a copy of the program, and demands that a test fails: a test that cannot
// fail proves nothing. Each row is an invariant of the design, the line that keeps it, and the test that watches it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, suite, test } from 'node:test';

interface Control {
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

const controls: readonly Control[] = [
  {
    invariant: '1 no proof, no identity',
    defence: 'the gate’s secret is compared',
    file: 'src/gate/proof.ts',
    find: '!isGateSecret(credentials.password, secrets)',
    replace: 'secrets.length === 0',
    tests: 'test/bad-identity.test.ts',
    sees: '.*',
  },
  {
    invariant: '1 no proof, no identity',
    defence: 'the proof is bound to the person',
    file: 'src/gate/proof.ts',
    find: '|| id !== credentials.user',
    replace: '',
    tests: 'test/bad-identity.test.ts',
    sees: '.*',
  },
  {
    invariant: '1 no proof, no identity',
    defence: 'doubled headers are counted on the wire',
    file: 'src/gate/proof.ts',
    find: 'authorization.length > 1 || users.length > 1 || emails.length > 1',
    replace: 'false',
    tests: 'test/bad-identity.test.ts',
    sees: '.*',
  },
  {
    invariant: '2 one identity, one session',
    defence: 'the session’s person is compared with the header’s',
    file: 'src/sessions/admit.ts',
    find: 'found.personId !== person.id',
    replace: 'false',
    tests: 'test/sessions.test.ts',
    sees: 'another person’s identity ends the session at once',
  },
  {
    invariant: '3 an ended session stays ended',
    defence: 'what has ended is refused',
    file: 'src/sessions/session.ts',
    find: 'if (row.ended) return row.ended;',
    replace: '',
    tests: 'test/sessions.test.ts',
    sees: 'signing out ends the session on the server',
  },
  {
    invariant: '3 an ended session stays ended (SQLite)',
    defence: 'an update names the state that it expects',
    file: 'src/store/sqlite-sessions.ts',
    find: "'UPDATE session SET data = ? WHERE id_hash = ? AND ended_at IS NULL'",
    replace: "'UPDATE session SET data = ? WHERE id_hash = ?'",
    tests: 'src/store/contract.test.ts',
    sees: 'an ended session stays ended',
  },
  {
    invariant: '3 an ended session stays ended (SQLite)',
    defence: 'an id is created once',
    file: 'src/store/sqlite-sessions.ts',
    find: 'ON CONFLICT (id_hash) DO NOTHING',
    replace: 'ON CONFLICT (id_hash) DO UPDATE SET person_id = excluded.person_id, ended_at = NULL',
    tests: 'src/store/contract.test.ts',
    sees: 'an id is used once',
  },
  {
    invariant: '3 an ended session stays ended (Redis)',
    defence: 'a change looks for the mark of an ended session',
    file: 'src/store/redis-sessions.ts',
    find: 'if (row.ended) return false;',
    replace: '',
    tests: 'src/store/contract.test.ts',
    sees: 'an ended session stays ended',
  },
  {
    invariant: '3 an ended session stays ended (Redis)',
    defence: 'a change is made only to what was read',
    file: 'src/store/redis-sessions.ts',
    find: "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end",
    replace: '',
    tests: 'src/store/contract.test.ts',
    sees: 'updates merge key by key',
  },
  {
    invariant: '4 ids are secrets',
    defence: 'the store is given a digest',
    file: 'src/crypto/tokens.ts',
    find: "return createHash('sha256').update(token).digest('base64url');",
    replace: 'return token;',
    tests: 'test/sessions.test.ts',
    sees: 'ids are random, 256 bits, and the store knows a digest alone',
  },
  {
    invariant: '5 sign-in replaces ids',
    defence: 'the old visitor id is retired',
    file: 'src/visitors/visitors.ts',
    find: 'if (visitor) await table.retire(visitor.idHash, now(), visitor.expiresAt);',
    replace: '',
    tests: 'test/sign-in.test.ts',
    sees: 'sign-in replaces the visitor id',
  },
  {
    invariant: '5 sign-in replaces ids',
    defence: 'each session has an anti-forgery secret of its own',
    file: 'src/sessions/sign-in.ts',
    find: 'csrfSecret: randomToken(24)',
    replace: "csrfSecret: 'the-same-for-everyone'",
    tests: 'test/sign-in.test.ts',
    sees: 'session id and anti-forgery token are new at each sign-in',
  },
  {
    invariant: '5 sign-in makes one session',
    defence: 'tabs share a claim',
    file: 'src/sessions/sign-in.ts',
    find: 'claimKey === undefined ? randomToken() : await sharedId(claimKey, options)',
    replace: 'randomToken()',
    tests: 'test/sign-in.test.ts',
    sees: 'tabs that open at the same moment share one session',
  },
  {
    invariant: '5 only opening a page begins a session',
    defence: 'the kind of request is looked at',
    file: 'src/sessions/admit.ts',
    find: 'if (!isNavigation(req)) {',
    replace: 'if (found?.ended && !isNavigation(req)) {',
    tests: 'test/sessions.test.ts',
    sees: 'only opening a page begins a session',
  },
  {
    invariant: '7 both limits hold',
    defence: 'the idle limit',
    file: 'src/sessions/session.ts',
    find: "limitReached(row.lastSeenAt + limits.idleMs, 'idle')",
    replace: 'undefined',
    tests: 'test/sessions.test.ts',
    sees: 'idle:',
  },
  {
    invariant: '7 both limits hold',
    defence: 'the absolute limit',
    file: 'src/sessions/session.ts',
    find: "limitReached(absoluteEndOf(row, limits), 'expired')",
    replace: 'undefined',
    tests: 'test/sessions.test.ts',
    sees: 'absolute:',
  },
  {
    invariant: '7 both limits hold (visitor)',
    defence: 'the visitor cookie’s age by the server’s clock',
    file: 'src/visitors/visitor-cookie.ts',
    find: 'visitor.expiresAt > now &&',
    replace: '',
    tests: 'test/sign-in.test.ts',
    sees: 'a visitor cookie ends by the server’s clock',
  },
  {
    invariant: '9 fail closed',
    defence: 'a store that throws is an outage',
    file: 'src/store/contract.ts',
    find: 'throw error instanceof StoreUnavailable ? error : new StoreUnavailable(error);',
    replace: 'return undefined as never;',
    tests: 'src/store/contract.test.ts',
    sees: 'a closed database is an outage',
  },
  {
    invariant: 'anti-forgery',
    defence: 'the token is checked',
    file: 'src/sessions/csrf.ts',
    find: 'return csurf({',
    replace: "return csurf({ ignoreMethods: ['GET', 'HEAD', 'OPTIONS', 'POST'],",
    tests: 'test/bad-changes.test.ts',
    sees: 'no path takes a change without a token',
  },
  {
    invariant: 'anti-forgery',
    defence: 'the Origin is checked',
    file: 'src/http/same-origin.ts',
    find: 'if (isOwnOrigin(req, publicOrigin, site)) {',
    replace: 'if (isOwnOrigin(req, publicOrigin, site) || publicOrigin) {',
    tests: 'test/bad-changes.test.ts',
    sees: 'a change must come from this site’s own pages',
  },
  {
    invariant: 'rotation of SECRET_KEY',
    defence: 'a cookie of a former key is signed anew',
    file: 'src/sessions/admit.ts',
    find: "=== 'fallback') live.resignedAt = now();",
    replace: "=== 'fallback') void now;",
    tests: 'test/sign-in.test.ts',
    sees: 'a cookie that a former key signed is accepted and signed anew',
  },
];

const root = resolve(import.meta.dirname, '..');
const copied = [
  'src',
  'views',
  'public',
  'demo',
  'test',
  'scripts',
  'package.json',
  'oauth2-proxy.cfg',
  'gate-pages',
];

suite('each defence is watched by a test', () => {
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
        const { code, output } = await run(tests, sees);
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

  function run(file: string, name: string): Promise<{ code: number | null; output: string }> {
    // Not this runner's own: a test run inside a test run reports to its parent.
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const args = [
      '--test',
      '--test-force-exit',
      '--test-reporter=spec',
      '--test-timeout=30000',
      `--test-name-pattern=${name}`,
      file,
    ];
    return new Promise((settle) => {
      const child = spawn(process.execPath, args, {
        cwd: folder,
        env,
        timeout: 60_000,
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
