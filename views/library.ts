// The library's first page: the search, the spaces and what they contain, and the pages of one space; what to do if it is still empty.
import { count } from './format.ts';
import { type Content, type Html, html } from './html.ts';
import { type Frame, layout } from './layout.ts';
import {
  libraryScript,
  pageTree,
  type SpaceItem,
  type SyncState,
  searchBox,
  spacePath,
  syncButton,
  syncPanel,
  type TreeItem,
} from './library-parts.ts';
import { card, empty, icon, timeAgo } from './parts.ts';

export interface LibraryProps {
  readonly now: number;
  /** Whether the settings name a Confluence. */
  readonly configured: boolean;
  readonly spaces: readonly SpaceItem[];
  /** undefined if unknown here. */
  readonly sync: SyncState | undefined;
  /** Whether this person can start a sync here. */
  readonly canSync: boolean;
  readonly operator: boolean;
}

const lead = 'Pages of Confluence, kept here to search and to read.';

export function library(frame: Frame, props: LibraryProps): Html {
  const { now, spaces, sync, canSync, operator } = props;
  if (spaces.length === 0) return nothingYet(frame, props);
  const state = sync?.state ?? 'never';
  const panel = (sync || canSync) && syncCard(frame, props);
  // A sync that is running, or that needs somebody, comes before the content.
  const isUrgent = state === 'running' || state === 'paused' || state === 'failed';
  return layout(
    frame,
    { title: 'Library', lead },
    html`${isUrgent && panel}
${searchBox(frame, { spaces })}
<ul class="spaces">${spaces.map((space) => spaceRow(frame, space, now))}</ul>
${!isUrgent && panel}
${operator && html`<p><a href="/library/exports">Exported files</a></p>`}
${libraryScript(frame)}`,
  );
}

function syncCard(frame: Frame, { sync = never, canSync, now }: LibraryProps): Html {
  const action = canSync && sync.state !== 'running' && syncButton(frame, 'plain');
  return html`<div class="card">${syncPanel(frame, sync, now, action)}</div>`;
}

const never: SyncState = {
  state: 'never',
  done: 0,
  found: 0,
  added: 0,
  updated: 0,
  skipped: 0,
  failed: 0,
  failures: [],
  wantsCookies: false,
};

function spaceRow(frame: Frame, { key, name, pages, fetchedAt }: SpaceItem, now: number): Html {
  return html`<li><a class="space" href="${spacePath(key)}">${icon(frame, 'library')}<span class="row-text"><span class="strong">${name || key}</span><span class="muted small">${count(pages)} ${pages === 1 ? 'page' : 'pages'} · fetched ${timeAgo(fetchedAt, now)}</span></span><code title="${key}">${key}</code></a></li>`;
}

function nothingYet(frame: Frame, props: LibraryProps): Html {
  const { configured, sync, canSync, operator } = props;
  let body: Content;
  if (sync && sync.state !== 'never' && sync.state !== 'done') body = syncCard(frame, props);
  else if (!configured) {
    body = empty(
      frame,
      'library',
      'No Confluence is set up',
      operator
        ? html`Set <code>CONFLUENCE_URL</code>, and <code>CONFLUENCE_USERNAME</code> with <code>CONFLUENCE_API_TOKEN</code> or cookies in the vault. Then start this server again.`
        : 'An operator can connect one. Its pages will stand here, to search and to read.',
    );
  } else {
    body = html`${empty(
      frame,
      'library',
      'Nothing has been fetched yet',
      operator
        ? html`Start the first sync here, or in the terminal with <code>gatehouse confluence sync</code>. It can take a while; pages show up as they come.`
        : 'The first sync has not run. Pages will stand here once an operator has started it.',
    )}${canSync && html`<div class="centred">${syncButton(frame, 'primary')}</div>`}`;
  }
  return layout(frame, { title: 'Library', lead }, html`${body}${libraryScript(frame)}`);
}

export interface SpaceProps {
  readonly now: number;
  readonly space: SpaceItem;
  readonly spaces: readonly SpaceItem[];
  readonly tree: readonly TreeItem[];
  /** How many pages `tree` omits because there are too many to show. */
  readonly more: number;
  readonly exportForm: Content;
}

export function librarySpace(frame: Frame, { now, space, spaces, tree, more, exportForm }: SpaceProps): Html {
  const pages = `${count(space.pages)} ${space.pages === 1 ? 'page' : 'pages'}`;
  return layout(
    frame,
    {
      title: space.name || space.key,
      above: html`<nav class="crumbs" aria-label="Where this is"><ol><li><a class="crumb" href="/library">Library</a></li></ol></nav>`,
      lead: html`${pages} · fetched ${timeAgo(space.fetchedAt, now)}`,
    },
    html`${searchBox(frame, { spaces, space: space.key })}
${tree.length === 0 && more === 0 ? empty(frame, 'library', 'This space has no pages', 'When it has some, the next sync brings them here.') : card('Pages', pageTree(tree, tree.length > 60 ? 1 : 3))}
${more > 0 && html`<p class="muted">${count(more)} more pages are not in this list; the search finds them.</p>`}
${exportForm}`,
  );
}
