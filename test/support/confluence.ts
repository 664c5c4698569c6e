// A sync against the stand-in for Confluence, with its own library. Pauses take no time; everything closes itself.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type StandInForConfluence, type StandInOptions, startConfluence } from '../../demo/confluence.ts';
import type { RecordedEvent } from '../../src/audit/recorder.ts';
import {
  type Confluence,
  type ConfluenceOptions,
  createConfluence,
  type SyncSummary,
} from '../../src/confluence/confluence.ts';
import type { CookieSource } from '../../src/confluence/credentials.ts';
import { type LibraryStore, openLibrary } from '../../src/confluence/library-store.ts';
import { everything, type Scope } from '../../src/confluence/scope.ts';
import { createLogger } from '../../src/http/log.ts';
import { textOf } from '../../src/library/render/text.ts';

export const token = 'a-personal-access-token';
export const kinds = ['cloud', 'data-center'] as const;
export const start = Date.UTC(2026, 10, 1);

export interface Place {
  readonly site: StandInForConfluence;
  readonly library: LibraryStore;
  readonly dataDir: string;
  readonly confluence: Confluence;
  readonly events: RecordedEvent[];
  /** Every pause that was requested, milliseconds. */
  readonly pauses: number[];
  /** Another connection to the same library. */
  connect(more?: Partial<ConfluenceOptions>): Confluence;
  /** @throws if another sync is running */
  sync(scope?: Scope): Promise<SyncSummary>;
  /** Advances the clock of both sides. */
  tick(ms: number): void;
}

/** A vault without cookies; tests that need cookies pass their own. */
export const noCookies: CookieSource = { cookieFor: async () => ({ state: 'none' }) };

export async function place(
  t: TestContext,
  standIn: Partial<StandInOptions> & { kind: StandInOptions['kind'] },
  options: Partial<ConfluenceOptions> = {},
): Promise<Place> {
  let at = start;
  const now = () => at;
  const site = await startConfluence({ now, share: 0.02, ...standIn });
  t.after(() => site.close());
  const scheme =
    standIn.kind === 'cloud'
      ? `Basic ${Buffer.from(`ada@example.org:${token}`).toString('base64')}`
      : `Bearer ${token}`;
  site.accounts.set(scheme, 'Ada Lovelace');
  const dataDir = mkdtempSync(join(tmpdir(), 'gatehouse-confluence-'));
  const library = openLibrary(dataDir);
  t.after(() => {
    library.close();
    rmSync(dataDir, { recursive: true, force: true });
  });
  const events: RecordedEvent[] = [];
  const pauses: number[] = [];
  const connect = (more: Partial<ConfluenceOptions> = {}) =>
    createConfluence({
      url: site.url,
      username: standIn.kind === 'cloud' ? 'ada@example.org' : undefined,
      apiToken: token,
      allowPrivate: true,
      library,
      dataDir,
      cookies: noCookies,
      recorder: {
        async write(event) {
          events.push(event);
        },
        note: (event) => void events.push(event),
      },
      logger: createLogger('silent'),
      textOf,
      now,
      async wait(ms) {
        pauses.push(ms);
      },
      random: () => 0.5,
      mediaHosts: [site.mediaHost],
      ...options,
      ...more,
    });
  const confluence = connect();
  return {
    site,
    library,
    dataDir,
    confluence,
    events,
    pauses,
    connect,
    async sync(scope = everything) {
      const summary = await confluence.sync(scope);
      if ('busy' in summary) throw new Error('another sync is running');
      return summary;
    },
    tick(ms) {
      at += ms;
    },
  };
}

/** Compares the library's live pages with those of the stand-in. @returns every difference */
export function differences({ site, library }: Pick<Place, 'site' | 'library'>): string[] {
  const found: string[] = [];
  const rows = library.database.prepare("SELECT id FROM page WHERE status = 'live'").all();
  const here = new Set(rows.map((row) => row['id'] as string));
  if (rows.length !== here.size) found.push('a page is there twice');
  for (const page of site.content.pages.values()) {
    const mine = library.page(page.id);
    if (page.status !== 'current') {
      if (here.has(page.id)) found.push(`${page.id} is gone there and live here`);
      continue;
    }
    here.delete(page.id);
    if (!mine) found.push(`${page.id} is missing`);
    else
      for (const name of [
        'title',
        'space',
        'parent',
        'version',
        'body',
        'author',
        'updatedAt',
        'position',
      ] as const)
        if (mine[name] !== page[name]) found.push(`${page.id}: ${name} is ${mine[name]}, not ${page[name]}`);
    const files = [...site.content.attachments.values()].filter((file) => file.page === page.id);
    const mineFiles = library.attachmentsOf(page.id);
    if (files.length !== mineFiles.length)
      found.push(`${page.id} has ${mineFiles.length} files, not ${files.length}`);
    for (const file of files) {
      const stored = mineFiles.find(({ id }) => id === file.id);
      if (stored?.version !== file.version || stored.size !== file.bytes.length)
        found.push(`${file.id} differs`);
    }
  }
  for (const id of here) found.push(`${id} is here and nowhere else`);
  return found;
}
