// The REST API that both kinds still serve: CQL search and the current account; also its schemas of pages, spaces and attachments.
import { z } from 'zod';
import type { Api, FileHint, ListedPage } from './api.ts';
import type { Client } from './client.ts';
import { Unanswered } from './outcomes.ts';
import { listed } from './paging.ts';

/** Ids are used in addresses and in CQL, so their format is checked. Data Center sends numbers in some places. */
export const contentId = z
  .union([z.string(), z.number()])
  .transform(String)
  .pipe(z.string().regex(/^[A-Za-z0-9_-]{1,64}$/));
const link = z.string().max(4000);

export const v1Content = z.object({
  id: contentId,
  title: z.string(),
  version: z.object({
    number: z.number().int(),
    when: z.string().optional(),
    by: z.object({ displayName: z.string().optional() }).optional(),
  }),
  space: z.object({ key: z.string() }).optional(),
  ancestors: z.array(z.object({ id: contentId })).default([]),
  extensions: z
    .object({
      position: z.union([z.number(), z.string()]).optional(),
      mediaType: z.string().optional(),
      fileSize: z.number().optional(),
    })
    .optional(),
  metadata: z.object({ mediaType: z.string().optional() }).optional(),
  container: z.object({ id: contentId }).optional(),
  body: z.object({ storage: z.object({ value: z.string() }) }).optional(),
  _links: z.object({ webui: link.optional(), download: link.optional() }).default({}),
});
export type V1Content = z.infer<typeof v1Content>;

/** @param space used where the answer does not name it */
export function pageOfV1(content: V1Content, space?: string): ListedPage {
  const { position } = content.extensions ?? {};
  return {
    id: content.id,
    space: content.space?.key ?? space ?? '',
    parent: content.ancestors.at(-1)?.id ?? null,
    title: content.title,
    version: content.version.number,
    position: typeof position === 'number' && Number.isSafeInteger(position) ? position : null,
  };
}

const user = z.object({ type: z.string().optional(), displayName: z.string().optional() });

/** Cloud's successor to this API has neither search nor the current account, so both kinds are asked the same way. */
export function createV1(client: Client): Pick<Api, 'whoAmI' | 'findPages' | 'findFiles'> {
  const find = (where: string, expand: string, limit: number) =>
    listed(
      client,
      `/rest/api/content/search?${new URLSearchParams({ cql: where, expand, limit: String(limit) })}`,
      v1Content,
    );
  return {
    async whoAmI() {
      const { type, displayName } = await client.json('/rest/api/user/current', user);
      return type === 'anonymous' ? undefined : (displayName ?? '');
    },
    async *findPages(where) {
      for await (const found of find(`type=page and ${where}`, 'version,ancestors,space', 100)) {
        yield found.map((content) => ({ ...pageOfV1(content), position: null }));
      }
    },
    async *findFiles(where) {
      // Without bodies the search returns up to 200 results at a time.
      for await (const found of find(`type=attachment and ${where}`, 'version,container', 200)) {
        yield found.flatMap((content): FileHint[] => {
          const page = content.container?.id;
          if (page === undefined) return [];
          const size = content.extensions?.fileSize ?? 0;
          return [{ id: content.id, page, version: content.version.number, size }];
        });
      }
    },
  };
}

/** The address of a page or space for people: never outside the configured address. */
export function shownAt(client: Client, webui: string | undefined, otherwise: string): string {
  const place = webui?.startsWith('/')
    ? URL.parse(
        webui.startsWith(`${client.context}/`) ? webui : `${client.context}${webui}`,
        `${client.origin}/`,
      )
    : null;
  return place?.origin === client.origin ? place.href : `${client.origin}${client.context}${otherwise}`;
}

/** ms; 0 if the text is not a time. */
export function instant(text: string | undefined): number {
  const at = Date.parse(text ?? '');
  return Number.isNaN(at) ? 0 : at;
}

/** Only a 404 or 410 means that it does not exist. */
export async function unlessMissing<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof Unanswered && error.reason === 'not_found') return undefined;
    throw error;
  }
}

/** A download link as a path below the configured address. @throws Unanswered if it leads elsewhere */
export function below(client: Client, link: string | undefined): string {
  const to = link?.startsWith('/') ? URL.parse(link, client.origin) : null;
  if (to?.origin !== client.origin) throw new Unanswered('garbled');
  const path = to.pathname + to.search;
  return path.startsWith(`${client.context}/`) ? path.slice(client.context.length) : path;
}
