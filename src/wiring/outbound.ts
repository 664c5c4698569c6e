// Assembles, for the server, what reaches outside Gatehouse: the vault of cookies, Confluence, and the library of what was fetched.
import { existsSync } from 'node:fs';
import type { Recorder } from '../audit/recorder.ts';
import type { Config } from '../config/derive.ts';
import { openLibrary } from '../confluence/library-store.ts';
import { wordsFor } from '../confluence/outcomes.ts';
import type { Logger } from '../http/log.ts';
import type { ExportSource } from '../privacy/export.ts';
import type { Somebody } from '../privacy/person.ts';
import type { NoteTable } from '../store/contract.ts';
import type { Vault } from '../vault/contract.ts';
import { openVault, vaultPath } from '../vault/open.ts';
import type { VaultPagesOptions } from '../vault/pages.ts';
import { openConfluence, syncForLibrary } from './confluence.ts';
import { type LibraryRouteParts, libraryParts } from './library.ts';
import type { PrivacyParts } from './privacy.ts';

export interface OutboundParts {
  /** Called each time: a reload can change the vault's passphrase. */
  readonly config: () => Config;
  readonly notes: NoteTable;
  readonly recorder: Recorder;
  readonly logger: Logger;
  /** What expired before this time is removed; absent: the clock's time. */
  readonly removesUntil?: () => number;
}

export interface Outbound {
  readonly vault: Pick<VaultPagesOptions, 'vault' | 'recorder' | 'testConnection'>;
  readonly library: Pick<LibraryRouteParts, 'library' | 'recorder'>;
  /** What the vault keeps about a person, to copy and to erase. */
  readonly privacy: Required<Pick<PrivacyParts, 'sources' | 'erasers'>>;
  /** Whether the library's file is still the one that was opened. @throws FileRefused */
  check(): void;
  /** Removes the values of expired cookies from the vault. Called hourly. */
  sweep(): Promise<void>;
  /** Resolves when a running sync has written everything that it will. */
  stop(): Promise<void>;
}

export function openOutbound({ config, notes, recorder, logger, removesUntil }: OutboundParts): Outbound {
  const vault = openVault({
    config,
    notes,
    recorder,
    now: Date.now,
    ...(removesUntil && { removesUntil }),
  });
  const pages = openLibrary(config().dataDir);
  const confluence = openConfluence({ config: config(), library: pages, cookies: vault, recorder, logger });
  const sync = confluence && syncForLibrary(confluence, logger);
  return {
    vault: {
      vault,
      recorder,
      ...(confluence && { testConnection: { run: () => confluence.test(), wordsFor } }),
    },
    library: { library: libraryParts(config(), pages, sync), recorder },
    privacy: {
      sources: [ownEntries(vault)],
      erasers: [(who) => clearEntries(vault, vaultPath(config().dataDir), who)],
    },
    check: () => pages.check(),
    sweep: () => vault.sweep(),
    async stop() {
      await confluence?.stop();
      pages.close();
    },
  };
}

function ownEntries(vault: Vault): ExportSource {
  return async ({ ids }) => {
    const status = await vault.status();
    const entries = status.kind === 'open' ? status.entries : [];
    return {
      section: 'vault',
      about: `Cookies of other services that you put into the vault. Their values are never shown.${
        status.kind === 'closed'
          ? ' The vault does not open at the moment, so what is in it is missing here.'
          : ''
      }`,
      fields: {
        host: 'the service',
        names: 'the names of the cookies',
        loadedAt: 'when you loaded them',
        expiresAt: 'when they expire',
        state: 'whether the service still takes them',
      },
      items: entries
        .filter(({ owner }) => ids.includes(owner))
        .map(({ host, names, loadedAt, expiresAt, state }) => ({
          host,
          names,
          loadedAt: new Date(loadedAt).toISOString(),
          expiresAt: new Date(expiresAt).toISOString(),
          state,
        })),
    };
  };
}

/** @throws if the vault exists and cannot be opened, also for lack of a passphrase: the person's cookies would stay */
async function clearEntries(vault: Vault, path: string, { ids }: Somebody): Promise<void> {
  for (const id of ids) {
    const outcome = await vault.clear({ owner: id }, 'terminal');
    if (typeof outcome === 'object' && (outcome.kind === 'closed' || existsSync(path)))
      throw new Error('the vault does not open, so this person’s entries in it cannot be removed');
  }
}
