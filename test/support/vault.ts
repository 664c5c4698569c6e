// A vault in its own folder, with a recorder that keeps its events, a clock that tests advance, and optionally the app on top of it.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import type { TestContext } from 'node:test';
import { createApp } from '../../src/app.ts';
import { type RecordedEvent, RecordUnavailable } from '../../src/audit/recorder.ts';
import { createLogger } from '../../src/http/log.ts';
import { createHttpServer, drain, listen } from '../../src/http/server.ts';
import type { ErasingRecorder } from '../../src/privacy/erase.ts';
import type { Store } from '../../src/store/contract.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import type { Load, Vault } from '../../src/vault/contract.ts';
import type { VaultPagesOptions } from '../../src/vault/pages.ts';
import { createVault } from '../../src/vault/vault.ts';
import { createVaultFile, type GenerationSeen, type VaultFileOptions } from '../../src/vault/vault-file.ts';
import { createClient } from './client.ts';
import { ada, configOf, type TestPerson } from './desk.ts';

export const dayMs = 86_400_000;
export const passphrase = 'correct horse battery';
export const target = new URL('https://wiki.test/confluence');
export const byTerminal: Load = {
  owner: { id: 'terminal', name: 'the terminal' },
  target,
  source: 'terminal',
  by: 'terminal',
};

export interface TestRecorder extends ErasingRecorder {
  readonly events: RecordedEvent[];
  /** While true, nothing can be recorded. */
  broken: boolean;
}

export function keepEvents(): TestRecorder {
  const recorder: TestRecorder = {
    events: [],
    broken: false,
    async write(event) {
      if (recorder.broken) throw new RecordUnavailable(new Error('full'));
      recorder.events.push(event);
    },
    async writeEnding(event) {
      recorder.events.push(event);
      return 'recorded';
    },
    note: (event) => void recorder.events.push(event),
    forget: async () => {},
    flush: async () => {},
  };
  return recorder;
}

export function rememberGenerations(): GenerationSeen & { readonly known: Map<string, number> } {
  const known = new Map<string, number>();
  return {
    known,
    read: async (id) => known.get(id) ?? 0,
    write: async (id, generation) => void known.set(id, generation),
  };
}

export function folderFor(test: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-vault-'));
  test.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export interface VaultWorld {
  readonly path: string;
  readonly vault: Vault;
  readonly recorder: TestRecorder;
  readonly options: VaultFileOptions;
  readonly clock: { now: number };
  /** The same file as another process would open it. */
  again(more?: Partial<VaultFileOptions> & { readonly passphrase?: string }): Vault;
}

export function startVault(test: TestContext, more: Partial<VaultFileOptions> = {}): VaultWorld {
  const path = join(folderFor(test), 'data', 'vault.json');
  const clock = { now: Date.parse('2026-11-23T18:00:00Z') };
  const recorder = keepEvents();
  const options: VaultFileOptions = {
    path,
    bindMachine: true,
    machineId: async () => '0123456789abcdef0123456789abcdef',
    seen: rememberGenerations(),
    now: () => clock.now,
    ...more,
  };
  const again: VaultWorld['again'] = ({ passphrase: phrase = passphrase, ...other } = {}) =>
    createVault({
      file: createVaultFile({ ...options, ...other }),
      passphrase: () => phrase,
      ttlMs: 14 * dayMs,
      recorder,
      now: options.now,
    });
  return { path, vault: again(), recorder, options, clock, again };
}

export interface VaultApp {
  readonly origin: string;
  readonly store: Store;
  readonly logLines: string[];
  readonly cookieFile: string;
  /** Signs in; then sends requests, and posts forms with the page's own token. */
  person(person: TestPerson): Promise<{
    get(path: string): Promise<{ status: number; text: string; location: string | undefined }>;
    post(
      path: string,
      fields?: Record<string, string>,
      headers?: Record<string, string>,
    ): Promise<{ status: number; text: string; location: string | undefined }>;
  }>;
}

/** The whole app on SQLite without a gate process: the tests send the gate's headers. `ada` is an operator. */
export async function startVaultApp(
  test: TestContext,
  { vault, recorder, clock }: VaultWorld,
  more: Partial<VaultPagesOptions> & { readonly settings?: Record<string, string> } = {},
): Promise<VaultApp> {
  const { settings, ...routes } = more;
  const folder = folderFor(test);
  const cookieFile = join(folder, 'cookies', 'confluence_cookies.txt');
  const config = configOf({
    PUBLIC_URL: 'https://desk.test',
    SECRET_KEY: randomBytes(32).toString('hex'),
    GATE_SECRET: randomBytes(32).toString('hex'),
    ADMIN_EMAILS: ada.email,
    RATE_LIMIT: 'off',
    LOG_LEVEL: 'debug',
    DATA_DIR: folder,
    CONFLUENCE_URL: target.href,
    CONFLUENCE_COOKIE_FILE: cookieFile,
    ...settings,
  });
  const logLines: string[] = [];
  const sink = new Writable({
    write(chunk, _encoding, done) {
      logLines.push(String(chunk));
      done();
    },
  });
  const store = openSqliteStore(folder);
  const logger = createLogger('debug', sink);
  const now = () => clock.now;
  const app = createHttpServer(
    createApp({ config, store, logger, recorder: keepEvents(), now, vault: { vault, recorder, ...routes } })
      .listener,
    logger,
  );
  const port = await listen(app, 0, '127.0.0.1');
  const origin = `http://localhost:${port}`;
  test.after(async () => {
    await drain(app, 100);
    await store.close();
  });
  return {
    origin,
    store,
    logLines,
    cookieFile,
    async person({ id, email }) {
      const client = createClient(origin, {
        headers: {
          authorization: `Basic ${Buffer.from(`${id}:${config.gate.secrets[0]}`).toString('base64')}`,
          'x-forwarded-user': id,
          'x-forwarded-email': email,
        },
      });
      await client.ask('/dashboard');
      const { csrfToken } = (await client.ask('/api/me')).json<{ csrfToken: string }>();
      return {
        get: (path) => client.ask(path),
        post: (path, fields = {}, headers = {}) =>
          client.ask(path, {
            method: 'POST',
            body: new URLSearchParams({ _csrf: csrfToken, ...fields }).toString(),
            headers: { origin, 'content-type': 'application/x-www-form-urlencoded', ...headers },
          }),
      };
    },
  };
}
