// A deployment with one of everything that a backup contains, and the real program on it: `gatehouse …` as somebody types it.
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { recordKeys } from '../../src/audit/chain.ts';
import { verifyRecord } from '../../src/audit/verify.ts';
import { openLibrary } from '../../src/confluence/library-store.ts';
import { auditKeyOf } from '../../src/crypto/kdf.ts';
import type { Store } from '../../src/store/contract.ts';
import { createRedisStore } from '../../src/store/redis.ts';
import { connectRedis } from '../../src/store/redis-client.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { compileCache } from './compile-cache.ts';
import { fillStore } from './filled-store.ts';
import { recorderOver } from './record.ts';

const main = resolve(import.meta.dirname, '../../src/main.ts');

export interface Answer {
  readonly code: number | null;
  readonly out: Buffer;
  readonly err: string;
}

export interface KeptPlace {
  readonly folder: string;
  readonly dataDir: string;
  readonly env: Readonly<Record<string, string>>;
  /** Opens the store, calls `work`, and closes the store. */
  withStore<T>(work: (store: Store) => Promise<T>): Promise<T>;
  /** Writes one of everything; `word` is in each part, so that parts of two places can be told apart. */
  fill(word: string, at?: number): Promise<void>;
  /** The word found in each part. @throws if a part contains two words */
  words(): Promise<Readonly<Record<string, string>>>;
  /** The number of the record's last entry. */
  lastEntry(): Promise<number>;
  gatehouse(
    args: readonly string[],
    options?: { input?: Uint8Array; env?: Record<string, string> },
  ): Promise<Answer>;
}

export interface PlaceOptions {
  /** Where the place is created. */
  readonly root: string;
  /** Absent: SQLite. */
  readonly redisUrl?: string;
  readonly secretKey: string;
  readonly publicUrl?: string;
}

const attachmentOf = (word: string) => createHash('sha256').update(word).digest('hex');

export function makePlace({ root, redisUrl, secretKey, publicUrl }: PlaceOptions): KeptPlace {
  const folder = mkdtempSync(join(root, 'place-'));
  const dataDir = join(folder, 'data');
  const logFile = join(folder, 'logs', 'record.log');
  const env = {
    PUBLIC_URL: publicUrl ?? 'https://desk.test',
    SECRET_KEY: secretKey,
    GATE_SECRET: randomBytes(32).toString('hex'),
    DATA_DIR: dataDir,
    EMAILS_FILE: join(folder, 'access', 'emails.txt'),
    AUDIT_LOG_FILE: logFile,
    ...(redisUrl !== undefined && {
      SESSION_BACKEND: 'redis',
      REDIS_URL: redisUrl,
      GATE_SESSION_STORE: 'cookie',
    }),
  };
  const recordKey = auditKeyOf(secretKey);

  async function withStore<T>(work: (store: Store) => Promise<T>): Promise<T> {
    const store =
      redisUrl === undefined
        ? openSqliteStore(dataDir)
        : createRedisStore(connectRedis(redisUrl, () => undefined));
    try {
      return await work(store);
    } finally {
      await store.close();
    }
  }

  return {
    folder,
    dataDir,
    env,
    withStore,
    async fill(word, at = Date.now()) {
      mkdirSync(join(folder, 'access'), { recursive: true });
      await withStore(async (store) => {
        await fillStore(store, at, recordKey);
        await store.notes.write('word', word, at + 86_400_000);
        const recorder = recorderOver(store, { keys: () => [recordKey], file: logFile });
        await recorder.write({ event: 'access.added', facts: { word } });
        await recorder.close();
      });
      mkdirSync(dataDir, { recursive: true, mode: 0o700 });
      writeFileSync(join(dataDir, 'vault.json'), JSON.stringify({ word }), { mode: 0o600 });
      writeFileSync(env.EMAILS_FILE, `# ${word}\nada@example.org\n`, { mode: 0o640 });
      const library = openLibrary(dataDir);
      library.database
        .prepare(`INSERT INTO space (key, id, name, url, status, fetched_at) VALUES (?, ?, ?, '', 'live', 1)`)
        .run(word, word, word);
      writeFileSync(join(library.filesFolder, attachmentOf(word)), word, { mode: 0o600 });
      library.close();
    },
    async words() {
      const one = (text: string) => /\b(old|new)\b/.exec(text)?.[1] ?? 'none';
      const read = (path: string) => (existsSync(path) ? readFileSync(path, 'utf8') : '');
      const library = openLibrary(dataDir);
      const spaces = library.database.prepare('SELECT key FROM space').all();
      library.close();
      const attachments = readdirSync(join(dataDir, 'library', 'attachments'));
      const [note, verdict] = await withStore(async (store) => [
        await store.notes.read('word', 0),
        await verifyRecord({ record: store.record, keys: recordKeys([recordKey]) }),
      ]);
      return {
        store: typeof note === 'string' ? note : 'none',
        record: verdict.state,
        vault: one(read(join(dataDir, 'vault.json'))),
        emails: one(read(env.EMAILS_FILE)),
        log: one(read(logFile)),
        library: spaces.map(({ key }) => String(key)).join('+') || 'none',
        attachments:
          attachments
            .map((name) =>
              name === attachmentOf('old') ? 'old' : name === attachmentOf('new') ? 'new' : '?',
            )
            .join('+') || 'none',
      };
    },
    lastEntry: () =>
      withStore(async (store) => (await store.record.before(Number.POSITIVE_INFINITY, 1))[0]?.seq ?? 0),
    gatehouse: (args, { input, env: more } = {}) => run(args, folder, { ...env, ...more }, input),
  };
}

/** The parts of a complete place. */
export function wholeWith(word: string): Readonly<Record<string, string>> {
  const parts = ['store', 'vault', 'emails', 'log', 'library', 'attachments'];
  return { ...Object.fromEntries(parts.map((part) => [part, word])), record: 'intact' };
}

/** Everything in a folder, with its bytes and modes, to compare before and after. */
export function pictureOf(folder: string): Readonly<Record<string, string>> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  return Object.fromEntries(
    names.flatMap((name) => {
      const path = join(folder, name);
      const found = statSync(path);
      const bytes = found.isFile() ? createHash('sha256').update(readFileSync(path)).digest('hex') : '';
      return name.endsWith('.lock') ? [] : [[name, `${(found.mode & 0o777).toString(8)} ${bytes}`]];
    }),
  );
}

function run(
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>>,
  input: Uint8Array | undefined,
): Promise<Answer> {
  const { PATH = '' } = process.env;
  const child = spawn(process.execPath, [main, ...args], {
    cwd,
    env: { PATH, ...compileCache, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const out: Buffer[] = [];
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => void out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => {
    err += String(chunk);
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  return new Promise((settle) => child.on('close', (code) => settle({ code, out: Buffer.concat(out), err })));
}
