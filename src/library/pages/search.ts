// Full-text search over the library. What people type is always words to find, never syntax of the index.
import type { DatabaseSync } from 'node:sqlite';
import { createMarker, type Piece, type Sought } from './snippets.ts';

export interface Found {
  readonly id: string;
  readonly space: string;
  readonly fetchedAt: number;
  readonly title: readonly Piece[];
  readonly snippet: readonly Piece[];
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
  /** How many of the best results to skip. */
  readonly from: number;
}

export const foundPerPage = 20;
export const countLimit = 1000;
const wordLimit = 12;
/** Characters of a page that are searched for its snippet. */
const snippetLimit = 300_000;

/** Every word must occur, quoted words as a phrase, and the last word may be a prefix. undefined: the text has no words */
function soughtOf(text: string): Sought | undefined {
  const phrases: string[][] = [];
  for (const [index, part] of text.normalize('NFC').slice(0, 400).split('"').entries()) {
    const words = part.match(/[\p{L}\p{N}\p{M}]+/gu) ?? [];
    // Text between two quotes is one phrase.
    if (index % 2 === 1) phrases.push(words);
    else phrases.push(...words.map((word) => [word]));
  }
  const kept = phrases.filter((words) => words.length > 0).slice(0, wordLimit);
  if (kept.length === 0) return undefined;
  return {
    phrases: kept.map((words) => words.slice(0, wordLimit)),
    isOpen: /[\p{L}\p{N}\p{M}]$/u.test(text),
  };
}

/** As an FTS5 query, with every word quoted. */
function queryOf({ phrases, isOpen }: Sought): string {
  return phrases.map((words) => `"${words.join(' ')}"`).join(' AND ') + (isOpen ? '*' : '');
}

export function createSearch(database: DatabaseSync): (request: SearchRequest) => FoundPage {
  // The best matches are chosen first, so that only what is displayed is read.
  const find = database.prepare(`
    SELECT page.id AS id, page.space AS space, page.fetched_at AS fetchedAt, page_text.title AS title,
      substr(page_text.text, 1, ${snippetLimit}) AS text
    FROM (
      SELECT page_text.rowid AS row, bm25(page_text, 8.0, 1.0) AS rank
      FROM page_text JOIN page ON page.row = page_text.rowid
      WHERE page_text MATCH :query AND page.status = 'live' AND (:space IS NULL OR page.space = :space)
      ORDER BY rank LIMIT :limit OFFSET :from) AS best
    JOIN page_text ON page_text.rowid = best.row JOIN page ON page.row = best.row
    ORDER BY best.rank`);
  const count = database.prepare(`
    SELECT count(*) AS total FROM (
      SELECT 1 FROM page_text JOIN page ON page.row = page_text.rowid
      WHERE page_text MATCH :query AND page.status = 'live' AND (:space IS NULL OR page.space = :space) LIMIT ${countLimit})`);

  return ({
    text,
    space = null,
    from,
  }: Omit<SearchRequest, 'space'> & { space?: string | null | undefined }) => {
    const sought = soughtOf(text);
    if (sought === undefined) return { found: [], total: 0 };
    const query = queryOf(sought);
    const rows = find.all({ query, space, limit: foundPerPage, from }) as unknown as Row[];
    const { total } = count.get({ query, space }) as { total: number };
    const { whole, snippet } = createMarker(sought);
    return {
      found: rows.map(({ title, text, ...row }) => ({ ...row, title: whole(title), snippet: snippet(text) })),
      total,
    };
  };
}

interface Row {
  readonly id: string;
  readonly space: string;
  readonly fetchedAt: number;
  readonly title: string;
  readonly text: string;
}
