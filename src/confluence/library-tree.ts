// Orders a space's pages. Whatever parents Confluence names, even a cycle of them, every page appears exactly once.

export interface TreeRow {
  readonly id: string;
  readonly parent: string | null;
  readonly title: string;
  readonly position: number;
  /** 0 at the top. */
  readonly depth: number;
  /** How many pages are directly below it. */
  readonly children: number;
}

/** @param rows siblings in order; `depth` and `children` are filled in */
export function preorder(rows: readonly Omit<TreeRow, 'depth' | 'children'>[]): TreeRow[] {
  const known = new Set(rows.map((row) => row.id));
  const below = Map.groupBy(rows, (row) => (row.parent !== null && known.has(row.parent) ? row.parent : ''));
  const seen = new Set<string>();
  const ordered: TreeRow[] = [];
  // Cycles have no top page: a page not reached from any top is treated as one.
  for (const top of [...(below.get('') ?? []), ...rows]) {
    const waiting = [{ row: top, depth: 0 }];
    for (let next = waiting.pop(); next; next = waiting.pop()) {
      const { row, depth } = next;
      if (seen.has(row.id)) continue;
      seen.add(row.id);
      const under = below.get(row.id) ?? [];
      ordered.push({ ...row, depth, children: under.length });
      for (const child of under.toReversed()) waiting.push({ row: child, depth: depth + 1 });
    }
  }
  return ordered;
}
