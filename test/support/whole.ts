// The app with every optional part, so that a test of all routes misses none.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RevocationRecorder } from '../../src/audit/recorder.ts';
import { createAppRules } from '../../src/guard/app-rules.ts';
import { createVault } from '../../src/vault/vault.ts';
import { createVaultFile } from '../../src/vault/vault-file.ts';
import type { AppOptions } from '../../src/wiring/app-parts.ts';
import { keepRuleFile } from './app-rules.ts';
import type { Desk } from './desk.ts';
import { guardedApp } from './guarded.ts';
import { createLibraryFixture } from './library.ts';
import { keepEvents } from './recorder.ts';
import { passphrase, rememberGenerations } from './vault.ts';

/** Parts that have no routes, or are always there. */
type Inner =
  | 'config'
  | 'store'
  | 'logger'
  | 'recorder'
  | 'redis'
  | 'onStop'
  | 'metrics'
  | 'sessionControl'
  | 'liveSettings'
  | 'privacy'
  | 'retention'
  | 'hasApps'
  | 'now';

export interface Whole {
  /** If you give the app another part with routes, add it here as well. */
  readonly parts: Required<Omit<AppOptions, Inner>>;
  close(): void;
}

/** @param recorder where the vault and the library write; absent: events are kept in memory */
export function wholeParts(recorder: RevocationRecorder = keepEvents()): Whole {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-whole-'));
  const fixture = createLibraryFixture({
    async startSync(by) {
      await recorder.write({ event: 'confluence.sync_started', by });
      return 'started';
    },
  });
  fixture.space('DOC', 'Documents');
  const vaultFile = createVaultFile({
    path: join(folder, 'vault.json'),
    bindMachine: false,
    machineId: async () => '0123456789abcdef0123456789abcdef',
    seen: rememberGenerations(),
    now: Date.now,
  });
  const vault = createVault({
    file: vaultFile,
    passphrase: () => passphrase,
    ttlMs: 14 * 86_400_000,
    recorder,
    now: Date.now,
  });
  const file = keepRuleFile([guardedApp('wiki')], { family: ['grace@example.org'] });
  return {
    parts: {
      vault: { vault, recorder },
      library: { library: fixture.parts, recorder },
      guardedApps: () => file.show().apps,
      appRules: createAppRules({ file, recorder, now: Date.now }),
    },
    close() {
      fixture.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

interface Layer {
  readonly route?: { readonly path: string | readonly string[]; readonly methods: Record<string, boolean> };
  readonly handle?: { readonly stack?: readonly Layer[] };
}

export interface Route {
  /** As registered: `/library/pages/:id`. */
  readonly path: string;
  /** In lower case; middleware that guards or refuses lists all methods. */
  readonly methods: readonly string[];
}

/** Every route of the app's router and of the routers inside it. */
export function routesOf({ app }: Pick<Desk, 'app'>): Route[] {
  const walk = (layers: readonly Layer[]): Route[] =>
    layers.flatMap(({ route, handle }) =>
      route
        ? [route.path].flat().map((path) => ({ path, methods: Object.keys(route.methods) }))
        : walk(handle?.stack ?? []),
    );
  return walk((app.express.router as unknown as { stack: Layer[] }).stack);
}

interface NamedLayer {
  readonly name: string;
  handle: (req: unknown, res: unknown, next: unknown) => unknown;
}

/** Resolves once the next request has been admitted and its body is about to be read. */
export function onBodyRead({ app }: Pick<Desk, 'app'>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const stack = (app.express.router as unknown as { stack: { route?: { stack: NamedLayer[] } }[] }).stack;
  const readers = stack.flatMap(({ route }) => route?.stack ?? []).filter(({ name }) => name === 'checkType');
  if (readers.length === 0) throw new Error('no route reads a body');
  const originals = readers.map(({ handle }) => handle);
  readers.forEach((reader, i) => {
    reader.handle = (req, res, next) => {
      readers.forEach((one, at) => {
        one.handle = originals[at] as NamedLayer['handle'];
      });
      resolve();
      return originals[i]?.(req, res, next);
    };
  });
  return promise;
}
