// The bodies of pages for their frame: short ones are rendered immediately, long ones in a separate process, each version once
// until the library changes.
import type { LibraryParts, Page } from '../contract.ts';
import { notShown, renderPage } from '../render/render.ts';
import type { ReadingChild, Reply } from './reading-process.ts';

/** This many characters take a few milliseconds at worst; most pages have fewer. */
const atOnce = 16_000;
const keptCount = 50;
/** Total characters that the cache holds. */
const keptLength = 20_000_000;
const whyNot = { late: 'takes too long', memory: 'needs more memory than allowed' } as const;
/** A page that took too much time or memory is not retried sooner than this. */
const againMs = 600_000;

interface Kept {
  readonly version: string;
  /** Changes with every write to the library: a body contains links to other pages and files. */
  readonly stamp: string;
  readonly body: Promise<Reply<string | undefined>>;
  length: number;
  lateUntil: number;
}

export interface BodiesOptions {
  readonly library: Pick<LibraryParts, 'pages' | 'url'>;
  readonly reading: Pick<ReadingChild, 'ask'>;
  readonly now: () => number;
}

/** @returns the sanitised body; undefined: too many requests are waiting for one */
export function createBodies({ library, reading, now }: BodiesOptions) {
  const { database } = library.pages;
  const own = database.prepare('SELECT total_changes() AS changes');
  const others = database.prepare('PRAGMA data_version');
  const kept = new Map<string, Kept>();

  function known(page: Page): Kept {
    const version = `${page.version} ${page.fetchedAt}`;
    const stamp = `${own.get()?.['changes']} ${others.get()?.['data_version']}`;
    const found = kept.get(page.id);
    kept.delete(page.id);
    const isGood =
      found?.version === version && (found.lateUntil === 0 ? found.stamp === stamp : found.lateUntil > now());
    const entry: Kept = isGood
      ? found
      : { version, stamp, body: reading.ask('body', page.id), length: 0, lateUntil: 0 };
    // The newest goes last: the oldest is evicted first.
    kept.set(page.id, entry);
    return entry;
  }

  function prune(): void {
    let length = 0;
    for (const entry of kept.values()) length += entry.length;
    for (const [id, entry] of kept) {
      if (kept.size <= keptCount && length <= keptLength) return;
      kept.delete(id);
      length -= entry.length;
    }
  }

  return async (page: Page): Promise<string | undefined> => {
    if (page.body.length <= atOnce) return renderPage(page, library);
    const entry = known(page);
    const forget = () => {
      if (kept.get(page.id) === entry) kept.delete(page.id);
    };
    const reply = await entry.body.catch((error: unknown) => {
      forget();
      throw error;
    });
    if ('answer' in reply) {
      entry.length = reply.answer?.length ?? 0;
      prune();
      return reply.answer ?? '';
    }
    if (reply.unfinished === 'busy') {
      forget();
      return undefined;
    }
    if (entry.lateUntil === 0) entry.lateUntil = now() + againMs;
    return notShown(page, whyNot[reply.unfinished], library);
  };
}
