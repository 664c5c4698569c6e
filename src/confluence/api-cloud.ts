// Cloud: lists and pages through `/api/v2`, which replaced the older API there; the rest through `/rest/api`.
// https://developer.atlassian.com/cloud/confluence/rest/v2/intro
import { z } from 'zod';
import type { Api, ListedPage, ListedSpace } from './api.ts';
import { below, contentId, createV1, instant, shownAt, unlessMissing } from './api-v1.ts';
import type { Client } from './client.ts';
import { Unanswered } from './outcomes.ts';
import { listed } from './paging.ts';

const links = z.object({ webui: z.string().optional() }).default({});

const spaceShape = z.object({
  id: contentId,
  key: z.string().min(1).max(255),
  name: z.string(),
  homepageId: contentId.nullish(),
  _links: links,
});

const pageShape = z.object({
  id: contentId,
  status: z.string(),
  title: z.string(),
  spaceId: contentId,
  parentId: contentId.nullish(),
  position: z.number().int().nullish(),
  version: z.object({
    number: z.number().int(),
    createdAt: z.string().optional(),
    authorId: z.string().nullish(),
  }),
  body: z.object({ storage: z.object({ value: z.string() }).optional() }).optional(),
  _links: links,
});

const fileShape = z.object({
  id: contentId,
  title: z.string(),
  mediaType: z.string().default(''),
  fileSize: z.number().default(0),
  version: z.object({ number: z.number().int() }),
  downloadLink: z.string().optional(),
});

const userShape = z.object({ displayName: z.string().optional() });

export function createCloudApi(client: Client): Api {
  const keys = new Map<string, Promise<string>>();
  const names = new Map<string, Promise<string>>();
  const asSpace = ({ key, id, name, homepageId, _links }: z.infer<typeof spaceShape>): ListedSpace => {
    keys.set(id, Promise.resolve(key));
    return {
      key,
      id,
      name,
      homepage: homepageId ?? null,
      url: shownAt(client, _links.webui, `/spaces/${encodeURIComponent(key)}`),
    };
  };
  const asPage = (page: z.infer<typeof pageShape>, space: string): ListedPage => ({
    id: page.id,
    space,
    parent: page.parentId ?? null,
    title: page.title,
    version: page.version.number,
    position: page.position ?? null,
  });
  const keyOf = (id: string) =>
    remembered(keys, id, async () => asSpace(await client.json(`/api/v2/spaces/${id}`, spaceShape)).key);
  // A display name; a page is not rejected because it lacks one.
  const nameOf = (accountId: string | null | undefined) =>
    accountId
      ? remembered(names, accountId, async () => {
          const path = `/rest/api/user?${new URLSearchParams({ accountId })}`;
          return (await unlessMissing(client.json(path, userShape)))?.displayName ?? '';
        })
      : '';
  const pages = (space: string, query: Record<string, string>) =>
    listed(
      client,
      `/api/v2/spaces/${space}/pages?${new URLSearchParams({ status: 'current', limit: '250', ...query })}`,
      pageShape,
    );

  return {
    kind: 'cloud',
    ...createV1(client),
    async *spaces() {
      for await (const found of listed(client, '/api/v2/spaces?limit=250', spaceShape)) {
        yield found.map(asSpace);
      }
    },
    async space(key) {
      const path = `/api/v2/spaces?${new URLSearchParams({ keys: key, limit: '1' })}`;
      for await (const [found] of listed(client, path, spaceShape)) if (found) return asSpace(found);
      throw new Unanswered('not_found');
    },
    async *pagesOf({ id, key }) {
      for await (const found of pages(id, {})) yield found.map((page) => asPage(page, key));
    },
    async titled({ id, key }, title) {
      for await (const [found] of pages(id, { title })) return found && asPage(found, key);
      return undefined;
    },
    async page(id) {
      const page = await unlessMissing(client.json(`/api/v2/pages/${id}?body-format=storage`, pageShape));
      // Cloud still returns pages that are in the trash or archived.
      if (page?.status !== 'current') return undefined;
      if (page.body?.storage === undefined) throw new Unanswered('garbled');
      return {
        ...asPage(page, await keyOf(page.spaceId)),
        body: page.body.storage.value,
        url: shownAt(client, page._links.webui, `/pages/viewpage.action?pageId=${id}`),
        author: await nameOf(page.version.authorId),
        updatedAt: instant(page.version.createdAt),
      };
    },
    async *filesOf(page) {
      for await (const found of listed(client, `/api/v2/pages/${page}/attachments?limit=250`, fileShape)) {
        yield found.map(({ id, title, mediaType, fileSize, version, downloadLink }) => ({
          id,
          title,
          mediaType,
          size: fileSize,
          version: version.number,
          // The download address for browsers does not accept tokens, and the one for programs does not accept cookies.
          download: client.usesCookies
            ? below(client, downloadLink)
            : `/rest/api/content/${page}/child/attachment/${id}/download`,
        }));
      }
    },
  };
}

function remembered(
  known: Map<string, Promise<string>>,
  key: string,
  ask: () => Promise<string>,
): Promise<string> {
  const value = known.get(key) ?? ask();
  known.set(key, value);
  value.catch(() => known.delete(key));
  return value;
}
