// What the library's pages share: the search box, a tree of pages, and the progress of a sync.
import { count } from './format.ts';
import { type Content, type Html, html } from './html.ts';
import type { Frame } from './layout.ts';
import { icon, meter, notice, timeAgo } from './parts.ts';

export interface SpaceItem {
  readonly key: string;
  readonly name: string;
  readonly pages: number;
  readonly fetchedAt: number;
}

export interface TreeItem {
  readonly id: string;
  readonly title: string;
  /** 0 at the top; items are in reading order. */
  readonly depth: number;
}

export interface SyncState {
  readonly state: 'never' | 'running' | 'paused' | 'failed' | 'done';
  readonly reason?: string;
  readonly startedAt?: number;
  readonly endedAt?: number;
  readonly done: number;
  readonly found: number;
  readonly added: number;
  readonly updated: number;
  readonly skipped: number;
  readonly failed: number;
  /** The first few, with their reasons. */
  readonly failures: readonly { readonly title: string; readonly reason: string }[];
  /** The sync could continue if the vault had fresh cookies. */
  readonly wantsCookies: boolean;
}

export const spacePath = (key: string) => `/library/spaces/${encodeURIComponent(key)}`;
export const pagePath = (id: string) => `/library/pages/${encodeURIComponent(id)}`;

/** Form: GET `/library` with `q` and `space`. */
export function searchBox(
  frame: Frame,
  { text = '', space, spaces }: { text?: string; space?: string | undefined; spaces: readonly SpaceItem[] },
): Html {
  return html`<form class="library-search" role="search" method="get" action="/library">
<div class="field">${icon(frame, 'search')}<input class="words" type="search" name="q" value="${text}" aria-label="Search the library" placeholder="Search the library" maxlength="300" autocomplete="off"></div>
${
  spaces.length > 1 &&
  html`<select class="choice" name="space" aria-label="Space"><option value="">All spaces</option>${spaces.map(
    ({ key, name }) => html`<option value="${key}"${key === space && html` selected`}>${name}</option>`,
  )}</select>`
}
<button type="submit">Search</button>
</form>`;
}

const depthLimit = 30;

/** Nested lists; an item with child pages can be opened and closed. @param openTo how many levels are open initially */
export function pageTree(items: readonly TreeItem[], openTo: number): Html {
  const parts: Html[] = [];
  let depth = 0;
  for (const [index, item] of items.entries()) {
    const at = Math.min(item.depth, depthLimit, index === 0 ? 0 : depth + 1);
    for (; depth > at; depth--) parts.push(html`</ul></details></li>`);
    depth = at;
    const below = items[index + 1];
    const link = html`<a class="tree-link" href="${pagePath(item.id)}">${item.title || 'Untitled'}</a>`;
    if (below && Math.min(below.depth, depthLimit) > at) {
      parts.push(html`<li><details${at < openTo && html` open`}><summary>${link}</summary><ul>`);
      depth++;
    } else parts.push(html`<li class="leaf">${link}</li>`);
  }
  for (; depth > 0; depth--) parts.push(html`</ul></details></li>`);
  return html`<ul class="page-tree">${parts}</ul>`;
}

/** The progress of a sync; the script refreshes it while the sync runs. */
export function syncPanel(frame: Frame, sync: SyncState, now: number, action?: Content): Html {
  const live = sync.state === 'running' ? html` data-live="/library/progress"` : undefined;
  return html`<section class="sync" id="sync"${live}>${body(frame, sync, now)}${action}</section>`;
}

function body(frame: Frame, sync: SyncState, now: number): Html {
  const numbers = html`<p class="muted small">${count(sync.added)} new · ${count(sync.updated)} updated · ${count(sync.skipped)} unchanged${sync.failed > 0 && html` · <strong>${count(sync.failed)} failed</strong>`}</p>`;
  const failures =
    sync.failures.length > 0 &&
    html`<details><summary class="small">What failed, and why</summary><ul class="small">${sync.failures.map(({ title, reason }) => html`<li>${title}: ${reason}</li>`)}</ul></details>`;
  switch (sync.state) {
    case 'running': {
      const text =
        sync.found > 0
          ? `${count(sync.done)} of ${count(sync.found)} pages`
          : 'Looking for pages that changed';
      return html`<div class="spread"><h2>A sync is running</h2><span class="muted">${text}</span></div>
${meter({ label: 'Sync', value: sync.done, max: sync.found, text })}
${numbers}<noscript><p><a href="/library">Show how far it is now</a></p></noscript>`;
    }
    case 'paused':
      return notice(
        frame,
        'weak',
        'The sync waits',
        html`<p>${sync.reason ?? 'It goes on where it was.'}</p>${sync.wantsCookies && html`<p>${frame.person?.operator === true ? html`<a href="/vault#refresh">Put fresh cookies in</a>` : 'An operator has to renew the sign-in.'}</p>`}${numbers}${failures}`,
      );
    case 'failed':
      return notice(
        frame,
        'bad',
        'The last sync did not come to its end',
        html`<p>${sync.reason ?? 'The log says why.'}</p>${numbers}${failures}`,
      );
    case 'done':
      return html`<p class="muted">Last sync ${sync.endedAt === undefined ? 'ended' : timeAgo(sync.endedAt, now)}: ${count(sync.added)} new, ${count(sync.updated)} updated, ${count(sync.skipped)} unchanged${sync.failed > 0 && html`, <strong>${count(sync.failed)} failed</strong>`}.</p>${failures}`;
    case 'never':
      return html`<p class="muted">Nothing has been synced yet.</p>`;
  }
}

/** POST `/library/sync`. */
export function syncButton(frame: Frame, look: 'primary' | 'plain'): Html {
  return html`<form method="post" action="/library/sync"><input type="hidden" name="_csrf" value="${frame.csrfToken}"><button type="submit"${look === 'primary' && html` class="primary"`}>${icon(frame, 'refresh')}Sync now</button></form>`;
}

/** The script of the library's pages. */
export function libraryScript(frame: Frame): Html {
  return html`<script src="${frame.asset('library.js')}" nonce="${frame.nonce}" defer></script>`;
}
