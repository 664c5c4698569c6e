// The stand-in's `/api/v2`: Cloud's own, with cursors and without expansions.
import type { Page, Space } from './confluence-content.ts';
import { type Asked, downloadOf, fromCursor, type Reply, toCursor } from './confluence-v1.ts';

const missing: Reply = {
  status: 404,
  json: { errors: [{ status: 404, code: 'NOT_FOUND', title: 'Not Found' }] },
};

export function answerV2(asked: Asked): Reply {
  const { path, query, content } = asked;
  const [, what, id, rest] = /^\/api\/v2\/(spaces|pages)(?:\/([^/]+)(\/.*)?)?$/.exec(path) ?? [];
  if (what === 'spaces') {
    const keys = query.get('keys')?.split(',');
    const spaces = [...content.spaces.values()];
    if (id === undefined) {
      return list(asked, keys ? spaces.filter(({ key }) => keys.includes(key)) : spaces, spaceV2);
    }
    const space = spaces.find((one) => one.id === id);
    if (!space) return missing;
    if (rest === undefined) return { status: 200, json: spaceV2(space) };
    if (rest !== '/pages') return missing;
    const title = query.get('title');
    const found = [...content.pages.values()].filter(
      (page) =>
        page.status === 'current' && page.space === space.key && (title === null || page.title === title),
    );
    return list(asked, found, (page) => pageV2(page, asked));
  }
  const page = id === undefined ? undefined : content.pages.get(id);
  if (what !== 'pages' || !page || !content.spaces.has(page.space)) return missing;
  if (rest === undefined) return { status: 200, json: pageV2(page, asked) };
  if (rest !== '/attachments') return missing;
  const files = [...content.attachments.values()].filter((file) => file.page === id);
  return list(asked, files, (file) => ({
    id: file.id,
    status: 'current',
    title: file.title,
    pageId: file.page,
    mediaType: file.mediaType,
    fileSize: file.bytes.length,
    version: { number: file.version, createdAt: new Date(file.updatedAt).toISOString() },
    downloadLink: downloadOf(file),
    _links: { download: downloadOf(file) },
  }));
}

function list<T>(asked: Asked, all: readonly T[], show: (one: T) => unknown): Reply {
  const { path, query, origin, context } = asked;
  const limit = Math.min(Number(query.get('limit') ?? 25), 250);
  const start = Number(fromCursor(query.get('cursor')) ?? 0);
  const more = new URLSearchParams(query);
  more.set('cursor', toCursor(start + limit));
  const next = start + limit < all.length ? `${context}${path}?${more}` : undefined;
  return {
    status: 200,
    ...(next && { headers: { link: `<${next}>; rel="next"` } }),
    json: {
      results: all.slice(start, start + limit).map(show),
      _links: { base: `${origin}${context}`, ...(next && { next }) },
    },
  };
}

function spaceV2({ id, key, name, homepage }: Space) {
  return {
    id,
    key,
    name,
    type: key.startsWith('~') ? 'personal' : 'global',
    status: 'current',
    homepageId: homepage,
    _links: { webui: `/spaces/${key}` },
  };
}

function pageV2(page: Page, { query, content }: Asked) {
  const at = new Date(page.updatedAt).toISOString();
  return {
    id: page.id,
    status: page.status,
    title: page.title,
    spaceId: content.spaces.get(page.space)?.id,
    parentId: page.parent,
    parentType: page.parent === null ? null : 'page',
    position: page.position,
    authorId: page.author,
    createdAt: at,
    version: { number: page.version, createdAt: at, minorEdit: false, authorId: page.author },
    body:
      query.get('body-format') === 'storage'
        ? { storage: { value: page.body, representation: 'storage' } }
        : {},
    _links: { webui: `/spaces/${page.space}/pages/${page.id}/${encodeURIComponent(page.title)}` },
  };
}
