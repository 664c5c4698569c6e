// Connects the library with Confluence: for the server, for the command, and for the library's pages.
import { setTimeout as delay } from 'node:timers/promises';
import { confirmChange } from '../audit/confirmed-change.ts';
import type { PersonRef, Recorder } from '../audit/recorder.ts';
import type { Config } from '../config/derive.ts';
import { type Confluence, createConfluence } from '../confluence/confluence.ts';
import type { CookieSource } from '../confluence/credentials.ts';
import type { LibraryStore } from '../confluence/library-store.ts';
import { isRefusal, wordsFor } from '../confluence/outcomes.ts';
import { everything } from '../confluence/scope.ts';
import type { Logger } from '../http/log.ts';
import type { LibraryParts, SyncProgress } from '../library/contract.ts';
import { textOf } from '../library/render/text.ts';

export interface ConfluenceParts {
  readonly config: Config;
  readonly library: LibraryStore;
  readonly cookies: CookieSource;
  readonly recorder: Recorder;
  readonly logger: Logger;
}

/** @returns undefined if no Confluence is configured */
export function openConfluence({
  config,
  library,
  cookies,
  recorder,
  logger,
}: ConfluenceParts): Confluence | undefined {
  const { url, username, apiToken, allowPrivate } = config.confluence;
  if (url === undefined) return undefined;
  const { dataDir } = config;
  const time = { now: Date.now, wait: (ms: number, signal: AbortSignal) => delay(ms, undefined, { signal }) };
  return createConfluence({
    ...{ url, username, apiToken, allowPrivate },
    ...{ library, dataDir, cookies, recorder, logger, textOf },
    ...time,
  });
}

/** What the library's pages need of a sync. It runs in the background, and all processes share one. */
export function syncForLibrary(
  confluence: Confluence,
  logger: Logger,
): Required<Pick<LibraryParts, 'startSync' | 'progress'>> {
  return {
    async startSync(by: PersonRef) {
      if (confluence.status().running) return 'running';
      const test = await confluence.test();
      if (!test.ok && isRefusal(test.reason)) return 'cookies';
      await confirmChange();
      confluence
        .sync(everything, by)
        .catch((error: unknown) => logger.error({ event: 'confluence.failed', err: error }));
      return 'started';
    },
    progress: () => progressOf(confluence),
  };
}

const failuresShown = 20;

function progressOf(confluence: Confluence): SyncProgress {
  const { last, running, toDo, failed, ...status } = confluence.status();
  const failures = status.failures.slice(0, failuresShown).map(({ title, file, reason }) => ({
    title: file === '' ? title : `${title}, ${file}`,
    reason: wordsFor(reason),
  }));
  if (!last) {
    const none = { done: 0, found: 0, added: 0, updated: 0, skipped: 0, failed: 0 };
    return { state: 'never', ...none, failures: [], wantsCookies: false };
  }
  const { state, reason, startedAt, endedAt, added, updated, moved, unchanged, removed } = last;
  const done = added + updated + moved + unchanged + removed + failed;
  // Listing comes before fetching: only this process knows what was listed so far, and it is only a lower bound.
  const found = Math.max(last.found, done + toDo, confluence.progress.now().listed);
  return {
    state: state === 'running' && !running ? 'paused' : state,
    ...(reason !== null && { reason: wordsFor(reason) }),
    startedAt,
    ...(endedAt !== null && { endedAt }),
    ...{ done, found, added, updated: updated + moved, skipped: unchanged, failed, failures },
    wantsCookies: reason !== null && isRefusal(reason),
  };
}
