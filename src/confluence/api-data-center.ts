// Data Center: everything through `/rest/api`. https://docs.atlassian.com/ConfluenceServer/rest/latest
import { z } from 'zod';
import type { Api, ListedSpace } from './api.ts';
import {
  below,
  contentId,
  createV1,
  instant,
  pageOfV1,
  shownAt,
  unlessMissing,
  v1Content,
} from './api-v1.ts';
import type { Client } from './client.ts';
import { Unanswered } from './outcomes.ts';
import { listed } from './paging.ts';

const spaceShape = z.object({
  key: z.string().min(1).max(255),
  id: contentId.optional(),
  name: z.string(),
  homepage: z.object({ id: contentId }).optional(),
  _links: z.object({ webui: z.string().optional() }).default({}),
});

export function createDataCenterApi(client: Client): Api {
  const asSpace = ({ key, id, name, homepage, _links }: z.infer<typeof spaceShape>): ListedSpace => ({
    key,
    id: id ?? key,
    name,
    homepage: homepage?.id ?? null,
    url: shownAt(client, _links.webui, `/display/${encodeURIComponent(key)}`),
  });
  const pages = (query: Record<string, string>) =>
    listed(
      client,
      `/rest/api/content?${new URLSearchParams({ type: 'page', status: 'current', expand: 'version,ancestors,space', limit: '100', ...query })}`,
      v1Content,
    );

  return {
    kind: 'data-center',
    ...createV1(client),
    async *spaces() {
      for await (const found of listed(client, '/rest/api/space?expand=homepage&limit=100', spaceShape)) {
        yield found.map(asSpace);
      }
    },
    space: async (key) =>
      asSpace(await client.json(`/rest/api/space/${encodeURIComponent(key)}?expand=homepage`, spaceShape)),
    async *pagesOf({ key }) {
      for await (const found of pages({ spaceKey: key })) yield found.map((page) => pageOfV1(page, key));
    },
    async titled({ key }, title) {
      for await (const [found] of pages({ spaceKey: key, title })) return found && pageOfV1(found, key);
      return undefined;
    },
    async page(id) {
      const content = await unlessMissing(
        client.json(`/rest/api/content/${id}?expand=body.storage,version,ancestors,space`, v1Content),
      );
      if (content === undefined) return undefined;
      if (content.body === undefined || content.space === undefined) throw new Unanswered('garbled');
      return {
        ...pageOfV1(content),
        body: content.body.storage.value,
        url: shownAt(client, content._links.webui, `/pages/viewpage.action?pageId=${id}`),
        author: content.version.by?.displayName ?? '',
        updatedAt: instant(content.version.when),
      };
    },
    async *filesOf(page) {
      const path = `/rest/api/content/${page}/child/attachment?expand=version&limit=100`;
      for await (const found of listed(client, path, v1Content)) {
        yield found.map((file) => ({
          id: file.id,
          title: file.title,
          mediaType: file.extensions?.mediaType ?? file.metadata?.mediaType ?? '',
          size: file.extensions?.fileSize ?? 0,
          version: file.version.number,
          download: below(client, file._links.download),
        }));
      }
    },
  };
}
