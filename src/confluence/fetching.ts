// The second half of a sync: the work list, several pages at a time. A page, its attachments and its end as work are one step.
import type { Api, ListedFile } from './api.ts';
import type { Files } from './files.ts';
import { isRefusal, type Reason, Unanswered } from './outcomes.ts';
import type { FilesOutcome, StoredFile, SyncStore, Work } from './sync-store.ts';

export interface Fetching {
  readonly api: Api;
  readonly store: SyncStore;
  readonly files: Files;
  readonly run: number;
  readonly concurrency: number;
  readonly now: () => number;
  onDone(): void;
}

/** So many pages in a row that could not be had: it is Confluence, not the pages. */
const manyFailures = 10;

/** These are not about one page. */
const endsAll: ReadonlySet<Reason> = new Set([
  'stopped',
  'session_ended',
  'rate_limited',
  'private_address',
  'untrusted_certificate',
  'not_stored',
]);

/** @throws Unanswered for what ends the sync; what is wrong with single pages is noted with them */
export async function fetchWork(fetching: Fetching): Promise<void> {
  const { store, run, onDone } = fetching;
  let failedInRow = 0;
  let ended: { readonly by: unknown } | undefined;
  let at = 0;
  let ready: (Work & { readonly at: number })[] = [];

  function next(): Work | undefined {
    if (ready.length === 0) ready = store.work(at);
    const work = ready.shift();
    if (work) at = work.at;
    return work;
  }

  /** @throws what ends the sync */
  async function take(work: Work): Promise<void> {
    try {
      await fetchOne(work, fetching);
      failedInRow = 0;
    } catch (error) {
      if (!(error instanceof Unanswered) || isRefusal(error.reason) || endsAll.has(error.reason)) throw error;
      if (++failedInRow >= manyFailures) throw error;
      store.failPage(run, work.page, error.reason);
    }
    onDone();
  }

  // What ends one lane ends all, and nobody is told before the last one is still: the lock of the sync is given back then.
  async function lane(): Promise<void> {
    try {
      for (let work = next(); work && ended === undefined; work = next()) await take(work);
    } catch (error) {
      ended ??= { by: error };
    }
  }

  await Promise.all(Array.from({ length: fetching.concurrency }, lane));
  if (ended !== undefined) throw ended.by;
}

async function fetchOne({ page: id, what }: Work, fetching: Fetching): Promise<void> {
  const { api, store, run, now } = fetching;
  const before = store.filesOf(id);
  if (what === 'attachments') {
    const outcome = await fetchFiles(id, before, fetching);
    store.saveFiles(run, id, outcome, now());
    return;
  }
  const page = await api.page(id);
  if (page === undefined) {
    // To nobody in particular a page does not exist either: only an account that is still known can say that it is gone.
    if (store.isLive(id) && (await api.whoAmI()) === undefined) throw new Unanswered('anonymous');
    store.removePage(run, id);
    return;
  }
  const outcome = await fetchFiles(id, before, fetching);
  store.savePage(run, page, outcome, now());
}

async function fetchFiles(
  page: string,
  before: readonly StoredFile[],
  { api, files }: Fetching,
): Promise<FilesOutcome> {
  const listed: ListedFile[] = [];
  for await (const some of api.filesOf(page)) listed.push(...some);
  const stored: StoredFile[] = [];
  const failed: { file: string; reason: string }[] = [];
  let fetched = 0;
  let bytes = 0;
  for (const file of listed) {
    const here = before.find(({ id, version }) => id === file.id && version === file.version);
    if (here && (await files.has(here))) {
      stored.push({ ...here, title: file.title, mediaType: file.mediaType });
      continue;
    }
    try {
      const one = await files.fetch(file);
      stored.push(one);
      fetched++;
      bytes += one.size;
    } catch (error) {
      if (!(error instanceof Unanswered) || isRefusal(error.reason) || endsAll.has(error.reason)) throw error;
      failed.push({ file: file.title, reason: error.reason });
    }
  }
  return { stored, failed, fetched, bytes };
}
