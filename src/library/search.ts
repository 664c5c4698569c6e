// Full-text search over the library. Whatever people type is words to look for, never syntax of the index.
import type { DatabaseSync } from 'node:sqlite';

export interface Found {
  readonly id: string;
  readonly space: string;
  readonly fetchedAt: number;
  readonly title: readonly Piece[];
  readonly snippet: readonly Piece[];
}

/** A piece of a text; `hit`: it is what was looked for. */
export interface Piece {
  readonly text: string;
  readonly hit: boolean;
}

export interface FoundPage {
  readonly found: readonly Found[];
  /** Counted up to `countLimit`. */
  readonly total: number;
}

export interface SearchRequest {
  readonly text: string;
  /** A space's key; undefined: all of them. */
  readonly space: string | undefined;
  /** How many of the best to leave out. */
  readonly from: number;
}

export const foundPerPage = 20;
export const countLimit = 1000;
const wordLimit = 12;
/** Private characters, which the indexed text has none of. */
const [hitBegins, hitEnds] = ['\ue000', '\ue001'];

/**
 * An FTS5 query: every word must be there, words in quotes in that order, the last one may go on.
 * @returns undefined where there is no word in it
 */
export function queryOf(text: string): string | undefined {
  const phrases: string[][] = [];
  for (const [index, part] of text.normalize('NFC').slice(0, 400).split('"').entries()) {
    const words = part.match(/[\p{L}\p{N}\p{M}]+/gu) ?? [];
    // Between two quotes they belong together.
    if (index % 2 === 1) phrases.push(words);
    else phrases.push(...words.map((word) => [word]));
  }
  const kept = phrases.filter((words) => words.length > 0).slice(0, wordLimit);
  if (kept.length === 0) return undefined;
  const quoted = kept.map((words) => `"${words.slice(0, wordLimit).join(' ')}"`);
  const isOpen = /[\p{L}\p{N}\p{M}]$/u.test(text);
  return quoted.join(' AND ') + (isOpen ? '*' : '');
}

export function createSearch(database: DatabaseSync): (request: SearchRequest) => FoundPage {
  // The best are chosen first, so that only what is shown is cut into snippets.
  const find = database.prepare(`
    SELECT page.id AS id, page.space AS space, page.fetched_at AS fetchedAt,
      highlight(page_text, 0, '${hitBegins}', '${hitEnds}') AS title,
      snippet(page_text, 1, '${hitBegins}', '${hitEnds}', '…', 28) AS snippet
    FROM page_text JOIN page ON page.row = page_text.rowid
    WHERE page_text MATCH :query AND page_text.rowid IN (
      SELECT page_text.rowid FROM page_text JOIN page ON page.row = page_text.rowid
      WHERE page_text MATCH :query AND page.status = 'live' AND (:space IS NULL OR page.space = :space)
      ORDER BY bm25(page_text, 8.0, 1.0) LIMIT :limit OFFSET :from)
    ORDER BY bm25(page_text, 8.0, 1.0)`);
  const count = database.prepare(`
    SELECT count(*) AS total FROM (
      SELECT 1 FROM page_text JOIN page ON page.row = page_text.rowid
      WHERE page_text MATCH :query AND page.status = 'live' AND (:space IS NULL OR page.space = :space) LIMIT ${countLimit})`);

  return ({
    text,
    space = null,
    from,
  }: Omit<SearchRequest, 'space'> & { space?: string | null | undefined }) => {
    const query = queryOf(text);
    if (query === undefined) return { found: [], total: 0 };
    const rows = find.all({ query, space, limit: foundPerPage, from }) as unknown as Row[];
    const { total } = count.get({ query, space }) as { total: number };
    return {
      found: rows.map((row) => ({ ...row, title: piecesOf(row.title), snippet: piecesOf(row.snippet) })),
      total,
    };
  };
}

interface Row {
  readonly id: string;
  readonly space: string;
  readonly fetchedAt: number;
  readonly title: string;
  readonly snippet: string;
}

/** Cuts at the marks; one without its other half is no hit. */
export function piecesOf(marked: string): Piece[] {
  const pieces: Piece[] = [];
  for (const part of marked.split(hitBegins)) {
    const [hit, ...rest] = part.split(hitEnds);
    if (rest.length === 0) pieces.push({ text: part, hit: false });
    else pieces.push({ text: hit ?? '', hit: true }, { text: rest.join(''), hit: false });
  }
  return pieces.filter(({ text }) => text !== '');
}
