// The library's connection to Confluence: sync, its state, and a test of the credentials. One sync at a time across all processes.
import { join } from 'node:path';
import { confirmChange } from '../audit/confirmed-change.ts';
import type { PersonRef, Recorder } from '../audit/recorder.ts';
import type { Logger } from '../http/log.ts';
import { withLock } from '../store/file-lock.ts';
import type { Kind } from './api.ts';
import type { Client } from './client.ts';
import { fetchWork } from './fetching.ts';
import { createFiles } from './files.ts';
import type { LibraryStore } from './library-store.ts';
import { listScope } from './listing.ts';
import { isRefusal, pauses, type Reason, Unanswered } from './outcomes.ts';
import { createProgress, idle, type ProgressFeed } from './progress.ts';
import type { Failure, Run } from './runs.ts';
import { type Scope, scopeText } from './scope.ts';
import { openSite, type Site, type SiteOptions } from './site.ts';
import { createSyncStore } from './sync-store.ts';
import { isOfTheDisk } from './transaction.ts';

export interface ConfluenceOptions extends SiteOptions {
  readonly library: LibraryStore;
  /** Holds the sync's lock. */
  readonly dataDir: string;
  readonly recorder: Recorder;
  readonly logger: Logger;
  /** Extracts a body's words for the search. */
  readonly textOf: (body: string) => string;
  /** Bytes; larger attachments are not fetched. 200 MB. */
  readonly fileLimit?: number;
}

export interface SyncSummary extends Run {
  readonly failed: number;
  /** The first 100. */
  readonly failures: readonly Failure[];
  /** Whether it resumed an earlier run. */
  readonly resumed: boolean;
  readonly requests: number;
}

export interface ConfluenceStatus {
  /** The last sync; `running` is false if it was killed: the next sync of the same scope resumes it. */
  readonly last: Run | undefined;
  readonly running: boolean;
  /** Pages that the last sync still has to fetch. */
  readonly toDo: number;
  readonly failed: number;
  readonly failures: readonly Failure[];
  readonly pages: number;
  readonly attachments: number;
}

export type TestResult =
  | { readonly ok: true; readonly as: string; readonly kind: Kind }
  | { readonly ok: false; readonly reason: Reason };

export interface Confluence {
  /**
   * Never throws because of what Confluence does; `busy`: another sync is running, in this or another process. @throws
   * RecordUnavailable
   */
  sync(scope: Scope, by?: PersonRef | 'terminal'): Promise<SyncSummary | { readonly busy: true }>;
  status(): ConfluenceStatus;
  /** Asks once which account the credentials belong to. Marks the vault's entry if they are refused. */
  test(): Promise<TestResult>;
  readonly progress: ProgressFeed;
  /** Shuts down this process's sync in order: it is paused. Resolves when nothing more will be written. */
  stop(): Promise<void>;
}

const failuresShown = 100;
const askEveryMs = 1_000;
const aliveEveryMs = 20_000;
/** A sync that says `running` but gave no sign of life for this long was killed. */
const silentMs = 3 * aliveEveryMs;

export function createConfluence(options: ConfluenceOptions): Confluence {
  const { library, dataDir, recorder, logger, now } = options;
  const store = createSyncStore(library.database, options.textOf);
  const progress = createProgress();
  const lockPath = join(dataDir, 'library-sync');
  const concurrency = options.concurrency ?? 4;
  const fileLimit = options.fileLimit ?? 200 * 1024 * 1024;
  let running: Client | undefined;
  let stopping = false;
  let ending: Promise<unknown> = Promise.resolve();

  /** @returns why it ended early; undefined: it completed */
  async function go(scope: Scope, run: number): Promise<{ reason: Reason | undefined; requests: number }> {
    let site: Site | undefined;
    // A person who was signed out must not go on fetching: checked repeatedly while the sync runs (invariant 3).
    const asking = setInterval(() => {
      confirmChange().catch((error: unknown) => {
        if ((error as { code?: unknown }).code === 'session_ended') running?.stop('session_ended');
      });
    }, askEveryMs).unref();
    try {
      site = await openSite(options, (client) => {
        running = client;
        if (stopping) client.stop('stopped');
      });
      const { api, client } = site;
      if ((await api.whoAmI()) === undefined) throw new Unanswered('anonymous');
      const files = createFiles(library.filesFolder, fileLimit, client);
      await files.sweep(store.fileNames());
      progress.set({ ...idle, state: 'listing' });
      await listScope(scope, {
        api,
        store,
        run,
        fileLimit,
        now,
        onListed: (space, pages) => progress.set({ space, listed: progress.now().listed + pages }),
      });
      progress.set({ state: 'fetching', space: '', total: store.runs.workCount() });
      const onDone = () => progress.set({ done: progress.now().done + 1 });
      await fetchWork({ api, store, files, run, concurrency, now, onDone });
      // Not per page: another page may have got meanwhile what this one has lost.
      await files.sweep(store.fileNames());
      return { reason: undefined, requests: client.requests() };
    } catch (error) {
      const reason = await reasonOf(error, site);
      return { reason, requests: site?.client.requests() ?? 0 };
    } finally {
      clearInterval(asking);
      running = undefined;
      site?.client.close();
      progress.set(idle);
    }
  }

  async function reasonOf(error: unknown, site: Site | undefined): Promise<Reason> {
    if (isOfTheDisk(error)) {
      logger.error({ event: 'confluence.not_written', err: error });
      return 'not_stored';
    }
    if (!(error instanceof Unanswered)) throw error;
    const { reason } = error;
    if (isRefusal(reason)) await site?.credentials.refused(reason);
    return reason;
  }

  /**
   * A full disk, or another process that writes, must not crash this one: the sync's own writes fail anyway, or the next heartbeat
   * gets through.
   */
  function tellAlive(run: number): void {
    try {
      store.runs.alive(run, now());
    } catch (error) {
      logger.warn({ event: 'confluence.not_written', err: error });
    }
  }

  async function locked(scope: Scope, by: PersonRef | 'terminal' | undefined): Promise<SyncSummary> {
    await recorder.write({
      event: 'confluence.sync_started',
      ...(by && { by }),
      facts: { what: scope.of.what },
    });
    const { id, resumed } = store.runs.begin(scopeText(scope), now());
    const beat = setInterval(() => tellAlive(id), aliveEveryMs).unref();
    let ended: { reason: Reason | undefined; requests: number };
    try {
      ended = await go(scope, id);
    } catch (error) {
      logger.error({ event: 'confluence.failed', err: error });
      store.runs.end(id, 'failed', 'unexpected', now());
      recorder.note({ event: 'confluence.sync_ended', outcome: 'failed', reason: 'unexpected' });
      throw error;
    } finally {
      clearInterval(beat);
    }
    const { reason, requests } = ended;
    const state = reason === undefined ? 'done' : pauses(reason) ? 'paused' : 'failed';
    store.runs.end(id, state, reason ?? null, now());
    const run = store.runs.last() as Run;
    const failed = store.runs.failureCount();
    const { added, updated, removed } = run;
    recorder.note({
      event: 'confluence.sync_ended',
      ...(by && { by }),
      outcome: state === 'done' ? 'done' : isRefusal(reason ?? '') ? 'refused' : 'failed',
      ...(reason && { reason }),
      facts: { added, updated, removed, failed },
    });
    return { ...run, failed, failures: store.runs.failures(failuresShown), resumed, requests };
  }

  return {
    async sync(scope, by) {
      const done = await withLock(lockPath, 0, () => {
        stopping = false;
        const work = locked(scope, by);
        ending = work.catch(() => {});
        return work;
      });
      return 'value' in done ? done.value : done;
    },
    status() {
      const last = store.runs.last();
      return {
        last,
        // After the clock was set back, a killed sync must not look alive until the clock has caught up.
        running: last?.state === 'running' && Math.abs(now() - last.aliveAt) < silentMs,
        toDo: last?.state === 'done' ? 0 : store.runs.workCount(),
        failed: store.runs.failureCount(),
        failures: store.runs.failures(failuresShown),
        pages: store.runs.pageCount(),
        attachments: store.runs.fileCount(),
      };
    },
    async test() {
      let site: Site | undefined;
      try {
        // Somebody is waiting for the answer, so nothing is retried.
        site = await openSite({ ...options, tries: 1 });
        const as = await site.api.whoAmI();
        if (as === undefined) throw new Unanswered('anonymous');
        return { ok: true, as, kind: site.api.kind };
      } catch (error) {
        return { ok: false, reason: await reasonOf(error, site) };
      } finally {
        site?.client.close();
      }
    },
    progress,
    async stop() {
      stopping = true;
      running?.stop('stopped');
      await ending;
    },
  };
}
