// Kills before every call that changes the file system, and at random instants, during a rotation, a pruning and an emergency with a vault: .env
// is complete, either old or new, the app starts from it, the vault opens with it, and a rerun succeeds.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { parse } from 'dotenv';
import { loadConfig } from '../config/load.ts';
import { auditKeyOf } from '../crypto/kdf.ts';
import { fingerprint } from '../crypto/tokens.ts';
import { generateSecrets } from './command.ts';
import { secretKinds } from './kinds.ts';
import { fileVault } from './vault.fixture.ts';

const root = fs.mkdtempSync(join(tmpdir(), 'gatehouse-kills-'));
after(() => fs.rmSync(root, { recursive: true }));

const urlOf = (name: string) => JSON.stringify(pathToFileURL(join(import.meta.dirname, name)).href);

// The command with a vault, as a child process. An emergency leaves a mark where it would end every session.
const program = `
  import { randomBytes } from 'node:crypto';
  import { writeFileSync } from 'node:fs';
  const { generateSecrets } = await import(${urlOf('command.ts')});
  const { fileVault } = await import(${urlOf('vault.fixture.ts')});
  process.exitCode = await generateSecrets(process.argv.slice(1), {
    cwd: process.cwd(), isInteractive: false, ask: async () => false, out() {}, err: console.error,
    now: Date.now, bytes: randomBytes, lockWaitMs: 5000, vaultOf: async () => fileVault('vault.json'),
    async endEverything() { writeFileSync('ended', ''); return { gate: 1, sessions: 1 }; },
  });
`;

// Loaded first: sends SIGKILL just before the nth call that changes the folder's files (for a write, after half of its bytes), or this many
// milliseconds after the first call, from a separate thread, so that it can hit the middle of a call. Before an fsync or a close, the next
// process would find what it finds before the call that follows.
const killer = `
  import fs from 'node:fs';
  import { syncBuiltinESMExports } from 'node:module';
  import { Worker } from 'node:worker_threads';
  const { KILL_AT_CALL, KILL_AFTER_MS } = process.env;
  const state = new Int32Array(new SharedArrayBuffer(4));
  const thread = \`
    const { state, ms } = require('node:worker_threads').workerData;
    Atomics.wait(state, 0, 0);
    Atomics.wait(state, 0, 1, ms);
    process.kill(process.pid, 'SIGKILL');\`;
  if (KILL_AFTER_MS)
    new Worker(thread, { eval: true, execArgv: [], workerData: { state, ms: Number(KILL_AFTER_MS) } }).unref();
  let left = KILL_AT_CALL === undefined ? Infinity : Number(KILL_AT_CALL);
  for (const name of ['openSync', 'writeFileSync', 'fchownSync', 'fchmodSync', 'renameSync', 'unlinkSync']) {
    const real = fs[name];
    fs[name] = (...args) => {
      if (/\\.env|vault|ended/.test(String(args[0])) && state[0] === 0) {
        Atomics.store(state, 0, 1);
        Atomics.notify(state, 0);
      }
      if (state[0] === 1 && left-- === 0) {
        if (name === 'writeFileSync') real(args[0], args[1].slice(0, args[1].length >> 1));
        process.kill(process.pid, 'SIGKILL');
      }
      return real(...args);
    };
  }
  syncBuiltinESMExports();
`;

async function runChild(folder: string, args: readonly string[], env: Record<string, string>) {
  const preload = `data:text/javascript,${encodeURIComponent(killer)}`;
  const options = ['--import', preload, '--input-type=module', '--eval', program, '--', ...args];
  const child = spawn(process.execPath, options, {
    cwd: folder,
    env: { ...process.env, NODE_COMPILE_CACHE: join(root, 'compiled'), ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let err = '';
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  const [code] = await once(child, 'close');
  return { code, err, killed: child.signalCode === 'SIGKILL' };
}

/** The same in this process, because a rerun needs no new one. */
function rerun(folder: string, args: readonly string[]) {
  return generateSecrets(args, {
    cwd: folder,
    isInteractive: false,
    ask: async () => false,
    out: () => undefined,
    err: console.error,
    now: Date.now,
    bytes: randomBytes,
    lockWaitMs: 5000,
    vaultOf: async () => fileVault(join(folder, 'vault.json')),
    endEverything: async () => ({ gate: 1, sessions: 1 }),
  });
}

const formerKey = '0123456789abcdef'.repeat(4);
const passphrase = randomBytes(32).toString('base64url');
const old = `SECRET_KEY=${'fedcba9876543210'.repeat(4)}
SECRET_KEY_FALLBACKS=${formerKey}
GATE_SECRET=${'Zk3vQ9xT7mB1nL5c'.repeat(3)}
OAUTH2_PROXY_COOKIE_SECRET=${randomBytes(32).toString('base64url')}
VAULT_PASSPHRASE=${passphrase}
REDIS_PASSWORD=${'Zk3vQ9xT7mB1nL5c'.repeat(2)}
SECRET_DATES=${fingerprint('fedcba9876543210'.repeat(4))}=2020-02-02,${fingerprint(formerKey)}=2020-01-01
LAST=line
`;

function makeCase(): string {
  const folder = fs.mkdtempSync(join(root, 'case-'));
  fs.writeFileSync(join(folder, '.env'), old, { mode: 0o600 });
  fileVault(join(folder, 'vault.json')).create(passphrase, 'a cookie');
  return folder;
}

interface Trial {
  readonly args: readonly string[];
  /** What a new file must satisfy besides being complete. */
  proves(values: Record<string, string>, folder: string): void;
}

const trials: readonly Trial[] = [
  {
    args: ['--rotate', 'all', '--yes'],
    proves(values) {
      assert.equal(values['SECRET_KEY_FALLBACKS'], `${parse(old)['SECRET_KEY']},${formerKey}`);
      assert.equal(values['GATE_SECRET_FALLBACKS'], parse(old)['GATE_SECRET']);
      assert.notEqual(values['VAULT_PASSPHRASE'], passphrase);
    },
  },
  {
    args: ['--prune', '--yes'],
    proves(values) {
      assert.deepEqual(
        [values['SECRET_KEY'], values['SECRET_KEY_FALLBACKS'], values['AUDIT_KEY_FALLBACKS']],
        [parse(old)['SECRET_KEY'], '', auditKeyOf(formerKey)],
      );
      assert.equal(values['VAULT_PASSPHRASE'], passphrase);
    },
  },
  {
    args: ['--rotate', 'all', '--emergency', '--yes'],
    proves(values, folder) {
      assert.ok(!values['SECRET_KEY_FALLBACKS'] && !values['GATE_SECRET_FALLBACKS']);
      assert.equal(values['AUDIT_KEY_FALLBACKS']?.split(',').length, 2);
      assert.notEqual(values['VAULT_PASSPHRASE'], passphrase);
      assert.ok(fs.existsSync(join(folder, 'ended')), 'sessions end before .env changes');
    },
  },
];

function check(folder: string, { proves }: Trial): 'old' | 'new' {
  const env = join(folder, '.env');
  const text = fs.readFileSync(env, 'utf8');
  const values = parse(text);
  assert.equal((fs.statSync(env).mode & 0o777).toString(8), '600');
  assert.ok('config' in loadConfig({ env: {}, envFile: env }), text);
  assert.doesNotThrow(() =>
    assert.deepEqual(fileVault(join(folder, 'vault.json')).read(values['VAULT_PASSPHRASE'] ?? ''), [
      'a cookie',
    ]),
  );
  for (const name of fs.readdirSync(folder).filter((entry) => /backup-[^.]*$/.test(entry)))
    assert.equal(fs.readFileSync(join(folder, name), 'utf8'), old, 'a backup is whole as well');
  if (text === old) return 'old';
  assert.ok(text.endsWith('\nLAST=line\n'));
  for (const { name } of secretKinds) assert.ok(values[name], name);
  proves(values, folder);
  return 'new';
}

/** One kill in its own folder. @returns undefined if the run had finished before. */
async function killOnce(trial: Trial, env: Record<string, string>): Promise<'old' | 'new' | undefined> {
  const folder = makeCase();
  const { killed, code, err } = await runChild(folder, trial.args, env);
  const outcome = check(folder, trial);
  if (!killed) {
    assert.equal(code, 0, err);
    assert.equal(outcome, 'new');
  } else {
    assert.equal(await rerun(folder, trial.args), 0);
    const values = parse(fs.readFileSync(join(folder, '.env')));
    const vault = fileVault(join(folder, 'vault.json'));
    assert.deepEqual(vault.read(values['VAULT_PASSPHRASE'] ?? ''), ['a cookie']);
    assert.equal(vault.slots(), 1, 'no passphrase is left over');
    const left = fs.readdirSync(folder).filter((entry) => entry.endsWith('.tmp') && entry.startsWith('.env'));
    assert.deepEqual(left, []);
  }
  fs.rmSync(folder, { recursive: true });
  return killed ? outcome : undefined;
}

const abreast = 3;
/** In the middle of calls; every run hits different ones, and each costs a process. */
const randomKills = 15;
/** A busy machine does fewer random kills instead of failing. */
const patienceMs = 130_000;

test('killed before every call and at random: .env and the vault match afterwards', {
  timeout: 175_000,
}, async (t) => {
  assert.equal((await runChild(makeCase(), ['--rotate', 'all', '--yes'], {})).code, 0);
  const begin = performance.now();
  const outcomes = { old: 0, new: 0, atCalls: 0, runs: 0 };
  const count = (outcome: 'old' | 'new' | undefined) => {
    outcomes.runs++;
    if (outcome) outcomes[outcome]++;
  };
  for (const trial of trials) {
    for (let call = 0, through = false; !through; call += abreast) {
      const kills = Array.from({ length: abreast }, (_, i) =>
        killOnce(trial, { KILL_AT_CALL: String(call + i) }),
      );
      const ends = await Promise.all(kills);
      ends.forEach(count);
      through = ends.includes(undefined);
    }
  }
  outcomes.atCalls = outcomes.old + outcomes.new;
  const isLate = () => performance.now() - begin > patienceMs;
  // How long a run takes depends on the machine: the instants are spread over all of it, and the spread adapts along the way.
  let spreadMs = 60;
  const isEnough = () => outcomes.old + outcomes.new >= outcomes.atCalls + randomKills;
  while (!isEnough() && !isLate()) {
    const kills = trials.map((trial) => killOnce(trial, { KILL_AFTER_MS: String(Math.random() * spreadMs) }));
    const ends = await Promise.all(kills);
    ends.forEach(count);
    for (const end of ends) spreadMs *= { old: 1.04, new: 1, through: 0.75 }[end ?? 'through'];
  }
  t.diagnostic(JSON.stringify(outcomes));
  assert.ok(outcomes.atCalls > 90 && outcomes.old > 50 && outcomes.new > 6, JSON.stringify(outcomes));
});
