// A bounded cache of what follows from exact bytes alone: of a header, what it says and whether its signature holds.

export interface ExactCache<Value> {
  get(bytes: string): Value | undefined;
  set(bytes: string, value: Value): void;
}

export interface ExactCacheOptions {
  readonly entries: number;
  /** Of all keys together; a longer key is not kept. */
  readonly characters: number;
  /** Whatever the values depend on besides the bytes; the cache is emptied when it is another one. */
  readonly version: () => unknown;
}

/** The value kept longest is dropped first. */
export function createExactCache<Value>({
  entries,
  characters,
  version,
}: ExactCacheOptions): ExactCache<Value> {
  const kept = new Map<string, Value>();
  let length = 0;
  let known = version();
  const forgetOld = () => {
    const now = version();
    if (now === known) return;
    known = now;
    kept.clear();
    length = 0;
  };
  return {
    get(bytes) {
      forgetOld();
      return kept.get(bytes);
    },
    set(bytes, value) {
      forgetOld();
      if (bytes.length > characters || kept.has(bytes)) return;
      kept.set(bytes, value);
      length += bytes.length;
      for (const [oldest] of kept) {
        if (kept.size <= entries && length <= characters) break;
        kept.delete(oldest);
        length -= oldest.length;
      }
    },
  };
}
