// One page of the library: its title and where it belongs, its body in a sandboxed frame without scripts, and the pages around it.
import { bytes, count } from './format.ts';
import { type Content, type Html, html } from './html.ts';
import { type Frame, layout } from './layout.ts';
import { libraryScript, pagePath, spacePath } from './library-parts.ts';
import { card, icon, notice, timeAgo } from './parts.ts';

export interface PageLink {
  readonly id: string;
  readonly title: string;
}

export interface LibraryPageProps {
  readonly now: number;
  readonly id: string;
  readonly title: string;
  readonly space: { readonly key: string; readonly name: string };
  /** From the top of the space downwards. */
  readonly above: readonly PageLink[];
  readonly beside: readonly PageLink[];
  readonly below: readonly PageLink[];
  readonly version: number;
  readonly author: string;
  /** 0 if unknown. */
  readonly updatedAt: number;
  readonly fetchedAt: number;
  readonly removed: boolean;
  /** The original; undefined if it has no address that a browser may follow. */
  readonly url: string | undefined;
  readonly attachments: readonly { readonly id: string; readonly title: string; readonly size: number }[];
  /** The frame's `sandbox` attribute. */
  readonly sandbox: string;
  readonly exportForm: Content;
}

export function libraryPage(frame: Frame, props: LibraryPageProps): Html {
  const { now, id, title, space, version, author, updatedAt, fetchedAt, url } = props;
  const original =
    url !== undefined &&
    html` · <a href="${url}" rel="noopener noreferrer" target="_blank">Original in Confluence</a>`;
  return layout(
    frame,
    {
      title: title || 'Untitled',
      above: html`<nav class="crumbs" aria-label="Where this is"><ol><li><a class="crumb" href="/library">Library</a></li><li><a class="crumb" href="${spacePath(space.key)}">${space.name || space.key}</a></li>${props.above.map(
        (page) => html`<li><a class="crumb" href="${pagePath(page.id)}">${page.title || 'Untitled'}</a></li>`,
      )}</ol></nav>`,
      lead: html`Fetched ${timeAgo(fetchedAt, now)} · version ${count(version)}${updatedAt > 0 && html` · changed ${timeAgo(updatedAt, now)}${author !== '' && ` by ${author}`}`}${original}`,
    },
    html`${props.removed && notice(frame, 'weak', 'This page is gone from Confluence', html`<p>You see the last copy, fetched ${timeAgo(fetchedAt, now)}. The search leaves it out.</p>`)}
<div class="reading">
<iframe class="page-frame" src="${pagePath(id)}/body" title="${title || 'Untitled'}" sandbox="${props.sandbox}" referrerpolicy="no-referrer" tabindex="0"></iframe>
<aside aria-label="Around this page">${around(props)}${attached(frame, props)}${props.exportForm}</aside>
</div>
${libraryScript(frame)}`,
  );
}

const shown = 40;

function around({ id, beside, below, title }: LibraryPageProps): Content {
  if (beside.length <= 1 && below.length === 0) return undefined;
  const list = (pages: readonly PageLink[]): Html =>
    html`${pages.map((page) =>
      page.id === id
        ? html`<li><a class="near" href="${pagePath(id)}" aria-current="page">${title || 'Untitled'}</a>${below.length > 0 && html`<ul>${list(below.slice(0, shown))}${rest(below)}</ul>`}</li>`
        : html`<li><a class="near" href="${pagePath(page.id)}">${page.title || 'Untitled'}</a></li>`,
    )}`;
  // Chosen so that the page itself is among those shown.
  const at = Math.max(0, beside.findIndex((page) => page.id === id) - shown / 2);
  const near = beside.slice(at, at + shown);
  return card('Around here', html`<ul class="around">${list(near)}${rest(beside)}</ul>`);
}

function rest(pages: readonly PageLink[]): Content {
  return pages.length > shown && html`<li class="muted small">and ${count(pages.length - shown)} more</li>`;
}

function attached(frame: Frame, { attachments }: LibraryPageProps): Content {
  if (attachments.length === 0) return undefined;
  return card(
    attachments.length === 1 ? 'One attachment' : `${count(attachments.length)} attachments`,
    html`<ul class="attached">${attachments
      .slice(0, 100)
      .map(
        ({ id, title, size }) =>
          html`<li>${icon(frame, 'file')}<a class="file-link" href="/library/attachments/${encodeURIComponent(id)}?download=1">${title}</a> <span class="muted small number">${bytes(size)}</span></li>`,
      )}</ul>`,
  );
}
