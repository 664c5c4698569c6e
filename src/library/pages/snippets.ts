// Marks search terms in a text. Done here because FTS5's own `snippet()` is quadratic in the number of hits: one page that repeated a
// single word stopped the server.

/** A piece of a text; `hit`: it matches a search term. */
export interface Piece {
  readonly text: string;
  readonly hit: boolean;
}

/** Search terms: each phrase in its word order; if `isOpen`, the last word of the last phrase may be a prefix. */
export interface Sought {
  readonly phrases: readonly (readonly string[])[];
  readonly isOpen: boolean;
}

/** Words of a text that are examined; a long handbook has this many. Nothing beyond them is marked. */
const wordsLimit = 60_000;
const hitsLimit = 300;
const snippetWords = 28;
/** Words of the snippet before its first hit. */
const leadWords = 4;

interface Words {
  readonly starts: readonly number[];
  readonly ends: readonly number[];
  /** Words `[from, to)` match phrase `of`. */
  readonly hits: readonly { readonly from: number; readonly to: number; readonly of: number }[];
}

export function createMarker({ phrases, isOpen }: Sought): {
  readonly whole: (text: string) => Piece[];
  readonly snippet: (text: string) => Piece[];
} {
  const folded = phrases.map((words) => words.map(fold));

  function endsHere(seen: readonly string[], of: number): boolean {
    const phrase = folded[of] ?? [];
    const first = seen.length - phrase.length;
    const mayGoOn = isOpen && of === folded.length - 1;
    return (
      first >= 0 &&
      phrase.every((word, index) =>
        mayGoOn && index === phrase.length - 1
          ? (seen[first + index] ?? '').startsWith(word)
          : seen[first + index] === word,
      )
    );
  }

  function wordsOf(text: string): Words {
    const [starts, ends, seen]: [number[], number[], string[]] = [[], [], []];
    const hits: { from: number; to: number; of: number }[] = [];
    for (const { 0: word, index } of text.matchAll(/[\p{L}\p{N}\p{M}]+/gu)) {
      if (starts.length >= wordsLimit) break;
      starts.push(index);
      ends.push(index + word.length);
      seen.push(fold(word));
      if (hits.length >= hitsLimit) continue;
      for (const [of, phrase] of folded.entries())
        if (endsHere(seen, of)) hits.push({ from: seen.length - phrase.length, to: seen.length, of });
    }
    return { starts, ends, hits: hits.sort((one, other) => one.from - other.from) };
  }

  /** The text of words `[from, to)`, or all of it. */
  function cut(text: string, { starts, ends, hits }: Words, from: number, to: number, all: boolean): Piece[] {
    const pieces: Piece[] = [];
    let at = all ? 0 : (starts[from] ?? 0);
    const end = all ? text.length : (ends[to - 1] ?? text.length);
    if (!all && from > 0) pieces.push({ text: '…', hit: false });
    for (const hit of hits) {
      const [begins, stops] = [starts[hit.from] ?? 0, ends[hit.to - 1] ?? 0];
      if (begins < at || stops > end) continue;
      pieces.push(
        { text: text.slice(at, begins), hit: false },
        { text: text.slice(begins, stops), hit: true },
      );
      at = stops;
    }
    pieces.push({ text: text.slice(at, end), hit: false });
    if (!all && to < starts.length) pieces.push({ text: '…', hit: false });
    return pieces.filter((piece) => piece.text !== '');
  }

  return {
    whole: (text) => cut(text, wordsOf(text), 0, 0, true),
    snippet(text) {
      const words = wordsOf(text);
      const from = Math.max(0, bestStart(words.hits) - leadWords);
      return cut(text, words, from, Math.min(words.starts.length, from + snippetWords), false);
    },
  };
}

/** The first place where the most phrases occur close together. */
function bestStart(hits: Words['hits']): number {
  let [best, most] = [0, 0];
  for (const [index, { from }] of hits.entries()) {
    const near = new Set<number>();
    for (let next = index; next < hits.length; next++) {
      const hit = hits[next];
      if (!hit || hit.to > from + snippetWords - leadWords) break;
      near.add(hit.of);
    }
    if (near.size > most) [best, most] = [from, near.size];
  }
  return best;
}

/** Folds words as the index does (`unicode61 remove_diacritics 2`): no case, no accents. */
function fold(word: string): string {
  return word
    .normalize('NFD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase();
}
