// The second half of a sync: processes the work list, several pages at a time. Saving a page and its attachments and removing it from the
// list is one step.
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

/** After this many failed pages in a row the fault is Confluence's, not the pages'. */
const manyFailures = 10;

/** Reasons that do not concern a single page. */
const endsAll: ReadonlySet<Reason> = new Set([
  'stopped',
  'session_ended',
  'rate_limited',
  'private_address',
  'untrusted_certificate',
  'not_stored',
]);

/** @throws Unanswered for what ends the sync; failures of single pages are stored with those pages */
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

  // An error in one lane ends all of them, and the caller learns of it only when the last lane has stopped: it releases the sync's lock
  // then.
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
    // To an anonymous client a page does not exist either: believe that it is gone only if the account is still signed in.
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
