// Search results, best match first, with the search words highlighted.
import { count } from './format.ts';
import { type Content, type Html, html } from './html.ts';
import { type Frame, layout } from './layout.ts';
import { pagePath, type SpaceItem, searchBox } from './library-parts.ts';
import { empty, timeAgo } from './parts.ts';

/** A piece of text; `hit`: it matches the search. */
interface Piece {
  readonly text: string;
  readonly hit: boolean;
}

export interface SearchProps {
  readonly now: number;
  readonly text: string;
  readonly space: string | undefined;
  readonly spaces: readonly SpaceItem[];
  readonly found: readonly {
    readonly id: string;
    readonly space: string;
    readonly fetchedAt: number;
    readonly title: readonly Piece[];
    readonly snippet: readonly Piece[];
  }[];
  readonly total: number;
  /** `total` counts up to this number. */
  readonly countLimit: number;
  readonly from: number;
  readonly perPage: number;
  /** The search was aborted: it took too long, or too much memory. */
  readonly unfinished: 'late' | 'memory' | undefined;
}

export function librarySearch(frame: Frame, props: SearchProps): Html {
  const { now, text, space, spaces, found, total, countLimit } = props;
  const nameOf = new Map(spaces.map(({ key, name }) => [key, name || key]));
  const amount =
    total >= countLimit
      ? `More than ${count(countLimit - 1)} pages`
      : `${count(total)} ${total === 1 ? 'page' : 'pages'}`;
  const where = space === undefined ? '' : ` in ${nameOf.get(space) ?? space}`;
  return layout(
    frame,
    {
      title: text === '' ? 'Search the library' : `“${text}” in the library`,
      heading: 'Search the library',
      above: html`<nav class="crumbs" aria-label="Where this is"><ol><li><a class="crumb" href="/library">Library</a></li></ol></nav>`,
    },
    html`${searchBox(frame, { text, space, spaces })}
${
  found.length === 0
    ? props.unfinished
      ? tooMuch(frame, props.unfinished)
      : nothing(frame, text, where)
    : html`<p class="muted">${amount} with “${text}”${where}</p>
<ol class="found">${found.map(
        (
          page,
        ) => html`<li><h2><a class="found-link" href="${pagePath(page.id)}">${marked(page.title)}</a></h2>
<p class="snippet">${marked(page.snippet)}</p>
<p class="muted small">${nameOf.get(page.space) ?? page.space} · fetched ${timeAgo(page.fetchedAt, now)}</p></li>`,
      )}</ol>
${steps(props)}`
}`,
  );
}

function tooMuch(frame: Frame, why: 'late' | 'memory'): Html {
  return empty(
    frame,
    'search',
    why === 'late' ? 'This search took too long' : 'This search needed more memory than allowed',
    'Look for more words, or for longer ones: fewer pages have all of them.',
  );
}

function nothing(frame: Frame, text: string, where: string): Html {
  return empty(
    frame,
    'search',
    text === '' ? 'What are you looking for?' : `No page has all of these words${where}`,
    'Every word must stand on the page; the last one may be a beginning. Put words in “quotes” to find them in that order.',
  );
}

function marked(pieces: readonly Piece[]): Content {
  return pieces.map(({ text, hit }) => (hit ? html`<mark>${text}</mark>` : text));
}

function steps({ text, space, from, perPage, found, total }: SearchProps): Content {
  const at = (start: number) =>
    `/library?${new URLSearchParams({ q: text, ...(space !== undefined && { space }), from: String(start) })}`;
  const before =
    from > 0 &&
    html`<a class="button" rel="prev" href="${at(Math.max(0, from - perPage))}">Previous page</a>`;
  const after =
    from + found.length < total &&
    html`<a class="button" rel="next" href="${at(from + perPage)}">Next page</a>`;
  return (before || after) && html`<nav class="pages" aria-label="Pages">${before}${after}</nav>`;
}
