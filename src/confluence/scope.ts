// What a sync covers. Two syncs of the same scope have the same text, which lets one resume the other.

export interface Scope {
  readonly of:
    | { readonly what: 'everything' }
    | { readonly what: 'spaces'; readonly keys: readonly string[] }
    | { readonly what: 'page'; readonly id: string; readonly children: boolean }
    | {
        readonly what: 'title';
        readonly space: string;
        readonly title: string;
        readonly children: boolean;
      };
  /** Only what changed in this many days; with `everything` and `spaces`. */
  readonly days?: number | undefined;
  /** Fetches every page again, changed or not. */
  readonly anew?: boolean | undefined;
}

export const everything: Scope = { of: { what: 'everything' } };

export function scopeText({ of, days, anew }: Scope): string {
  const keys = of.what === 'spaces' ? { keys: [...new Set(of.keys)].toSorted() } : {};
  return JSON.stringify({ ...of, ...keys, ...(days && { days }), ...(anew && { anew }) });
}
