// Walks a list from Confluence page by page. `next` may only lead further into the same list.
import { z } from 'zod';
import type { Client } from './client.ts';
import { Unanswered } from './outcomes.ts';

const maxPages = 20_000;

/**
 * Both forms of Confluence's paging: `_links.next`, relative to the origin (v2) or to the context path (v1), or `start` and `limit`
 * where a list has no links. One item that does not match `schema` makes the whole list invalid: a partial list would look like
 * removals.
 * @throws Unanswered
 */
export async function* listed<T>(client: Client, first: string, item: z.ZodType<T>): AsyncGenerator<T[]> {
  const schema = z.object({
    results: z.array(item),
    limit: z.number().optional(),
    _links: z.object({ next: z.string().optional() }).optional(),
  });
  const seen = new Set<string>();
  for (let path: string | undefined = first; path !== undefined; ) {
    if (seen.has(path) || seen.size >= maxPages) throw new Unanswered('garbled');
    seen.add(path);
    const page: z.infer<typeof schema> = await client.json(path, schema);
    yield page.results;
    path = nextPath(client, path, page);
  }
}

interface Page {
  readonly results: readonly unknown[];
  readonly limit?: number | undefined;
  readonly _links?: { readonly next?: string | undefined } | undefined;
}

function nextPath(client: Client, path: string, page: Page): string | undefined {
  const present = new URL(path, client.origin);
  if (page._links === undefined) {
    if (page.limit === undefined || page.results.length < page.limit || page.limit < 1) return undefined;
    const start = Number(present.searchParams.get('start') ?? 0) + page.results.length;
    present.searchParams.set('start', String(start));
    return present.pathname + present.search;
  }
  const { next } = page._links;
  if (next === undefined) return undefined;
  const to = URL.parse(next, client.origin);
  // `next` must not lead to another server or to another list of this one. The prefix of the path is the context path.
  if (!to || to.origin !== client.origin) throw new Unanswered('garbled');
  if (!to.pathname.endsWith(present.pathname)) throw new Unanswered('garbled');
  return present.pathname + to.search;
}
