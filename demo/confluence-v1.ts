// The stand-in's `/rest/api`: all of Data Center, and what Cloud still serves of it.
import type { Attachment, Content, Page, Space } from './confluence-content.ts';
import { ancestorsOf, search } from './confluence-cql.ts';

export interface Asked {
  readonly path: string;
  readonly query: URLSearchParams;
  /** `/confluence`, `/wiki`, or empty. */
  readonly context: string;
  readonly origin: string;
  readonly content: Content;
  readonly now: number;
  /** A display name; undefined: anonymous. */
  readonly account: string | undefined;
  readonly isCloud: boolean;
}

export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly bytes?: Uint8Array;
}

const missing: Reply = { status: 404, json: { statusCode: 404, message: 'No content found' } };

/** The older API. What Cloud has removed from it answers 410. */
export function answerV1(asked: Asked): Reply {
  const { path, isCloud, account, content } = asked;
  if (path === '/rest/api/user/current') {
    return {
      status: 200,
      json: account === undefined ? { type: 'anonymous', displayName: 'Anonymous' } : known(account),
    };
  }
  if (path === '/rest/api/user') return { status: 200, json: known(asked.query.get('accountId') ?? '') };
  if (path === '/rest/api/content/search') return answerSearch(asked);
  if (isCloud) return { status: 410, json: { message: 'This deprecated endpoint has been removed.' } };
  const [, what, id, rest] = /^\/rest\/api\/(space|content)(?:\/([^/]+)(\/.*)?)?$/.exec(path) ?? [];
  if (what === 'space') {
    if (id === undefined) {
      return list(asked, [...content.spaces.values()], 100, (space) => spaceV1(space, asked));
    }
    const space = content.spaces.get(decodeURIComponent(id));
    return space ? { status: 200, json: spaceV1(space, asked) } : missing;
  }
  if (what !== 'content') return missing;
  if (id === undefined) {
    const [key, title] = [asked.query.get('spaceKey'), asked.query.get('title')];
    const found = [...content.pages.values()].filter(
      (page) => page.status === 'current' && page.space === key && (title === null || page.title === title),
    );
    return list(asked, found, largest(asked.query), (page) => pageV1(page, asked));
  }
  const page = content.pages.get(id);
  if (page?.status !== 'current') return missing;
  if (rest === undefined) return { status: 200, json: pageV1(page, asked) };
  if (rest !== '/child/attachment') return missing;
  const files = [...content.attachments.values()].filter((file) => file.page === id);
  return list(asked, files, largest(asked.query), (file) => fileV1(file, asked));
}

function known(displayName: string) {
  return { type: 'known', accountId: displayName, username: displayName, displayName };
}

function answerSearch(asked: Asked): Reply {
  const found = search(asked.query.get('cql') ?? '', asked.content, asked.now);
  if (!found) return { status: 400, json: { statusCode: 400, message: 'Could not parse cql' } };
  return list(asked, found, largest(asked.query), (one) =>
    'file' in one ? fileV1(one.file, asked) : pageV1(one.page, asked),
  );
}

/** The most that Confluence returns at a time, whatever was asked: 50 with bodies, 200 with other expansions. */
function largest(query: URLSearchParams): number {
  const expand = query.get('expand') ?? '';
  if (/\bbody\b/.test(expand)) return 50;
  return expand === '' ? 1000 : 200;
}

function list<T>(asked: Asked, all: readonly T[], most: number, show: (one: T) => unknown): Reply {
  const { path, query, origin, context, isCloud } = asked;
  const limit = Math.min(Number(query.get('limit') ?? 25), most);
  // Cloud's search uses cursors and ignores `start`.
  const start = Number((isCloud ? fromCursor(query.get('cursor')) : query.get('start')) ?? 0);
  const results = all.slice(start, start + limit);
  const more = new URLSearchParams(query);
  more.set('limit', String(limit));
  if (isCloud) more.set('cursor', toCursor(start + limit));
  else more.set('start', String(start + limit));
  return {
    status: 200,
    json: {
      results: results.map(show),
      start,
      limit,
      size: results.length,
      _links: {
        base: `${origin}${context}`,
        context,
        self: `${origin}${context}${path}`,
        ...(start + limit < all.length && { next: `${path}?${more}` }),
      },
    },
  };
}

export function toCursor(start: number): string {
  return Buffer.from(`at:${start}`).toString('base64url');
}

export function fromCursor(cursor: string | null): string | undefined {
  return cursor === null ? undefined : Buffer.from(cursor, 'base64url').toString().slice(3);
}

function expands(query: URLSearchParams, what: string): boolean {
  return (query.get('expand') ?? '').split(',').includes(what);
}

function spaceV1({ key, name, id, homepage }: Space, { query }: Asked) {
  return {
    id: Number(id),
    key,
    name,
    type: key.startsWith('~') ? 'personal' : 'global',
    ...(homepage !== null && expands(query, 'homepage') && { homepage: { id: homepage } }),
    _links: { webui: `/display/${key}` },
  };
}

function version(changed: { version: number; updatedAt: number }, author: string) {
  return { number: changed.version, when: new Date(changed.updatedAt).toISOString(), by: known(author) };
}

function pageV1(page: Page, asked: Asked) {
  const { content, query } = asked;
  const space = content.spaces.get(page.space);
  return {
    id: page.id,
    type: 'page',
    status: page.status,
    title: page.title,
    extensions: { position: page.position },
    ...(expands(query, 'version') && { version: version(page, page.author) }),
    ...(expands(query, 'space') && space && { space: spaceV1(space, asked) }),
    ...(expands(query, 'ancestors') && {
      ancestors: ancestorsOf(page, content).map(({ id, title }) => ({ id, type: 'page', title })),
    }),
    ...(expands(query, 'body.storage') && {
      body: { storage: { value: page.body, representation: 'storage' } },
    }),
    _links: {
      webui: `/display/${page.space}/${encodeURIComponent(page.title)}`,
      self: `/rest/api/content/${page.id}`,
    },
  };
}

function fileV1(file: Attachment, { query }: Asked) {
  return {
    id: file.id,
    type: 'attachment',
    status: 'current',
    title: file.title,
    metadata: { mediaType: file.mediaType },
    extensions: { mediaType: file.mediaType, fileSize: file.bytes.length },
    ...(expands(query, 'version') && { version: version(file, 'Ada Lovelace') }),
    ...(expands(query, 'container') && { container: { id: file.page, type: 'page' } }),
    _links: { download: downloadOf(file) },
  };
}

export function downloadOf(file: Attachment): string {
  return `/download/attachments/${file.page}/${encodeURIComponent(file.title)}?version=${file.version}&api=v2`;
}
