// The content of the Confluence stand-in: two thousand pages, the same at every start, and ways to change them.

export interface Page {
  readonly id: string;
  space: string;
  parent: string | null;
  title: string;
  version: number;
  body: string;
  author: string;
  updatedAt: number;
  position: number;
  status: 'current' | 'trashed';
}

export interface Attachment {
  readonly id: string;
  readonly page: string;
  title: string;
  readonly mediaType: string;
  bytes: Uint8Array;
  version: number;
  updatedAt: number;
}

export interface Space {
  readonly key: string;
  readonly id: string;
  readonly name: string;
  homepage: string | null;
}

export interface Content {
  readonly spaces: Map<string, Space>;
  readonly pages: Map<string, Page>;
  readonly attachments: Map<string, Attachment>;
  addSpace(key: string, name: string): Space;
  add(page: { space: string; title: string; body: string; parent?: string | null; author?: string }): Page;
  /** Makes a new version; a page that is only moved keeps its version. */
  edit(id: string, change: { title?: string; body?: string }): void;
  move(id: string, to: { parent?: string | null; space?: string; position?: number }): void;
  remove(id: string): void;
  attach(page: string, file: { title: string; mediaType: string; bytes: Uint8Array }): Attachment;
  replaceFile(id: string, bytes: Uint8Array): void;
  detach(id: string): void;
}

export const authors = ['Ada Lovelace', 'Grace Hopper', 'Annie Easley', 'Radia Perlman'];
const dayMs = 86_400_000;

export function createContent(now: () => number): Content {
  let nextId = 65_537;
  const spaces = new Map<string, Space>();
  const pages = new Map<string, Page>();
  const attachments = new Map<string, Attachment>();
  const page = (id: string): Page => {
    const found = pages.get(id);
    if (!found) throw new Error(`the stand-in has no page ${id}`);
    return found;
  };
  const file = (id: string): Attachment => {
    const found = attachments.get(id);
    if (!found) throw new Error(`the stand-in has no attachment ${id}`);
    return found;
  };

  return {
    spaces,
    pages,
    attachments,
    addSpace(key, name) {
      const space = { key, id: String(nextId++), name, homepage: null };
      spaces.set(key, space);
      return space;
    },
    add({ space, title, body, parent = null, author = authors[0] ?? '' }) {
      const id = String(nextId++);
      const position = pages.size;
      const made: Page = {
        id,
        space,
        parent,
        title,
        version: 1,
        body,
        author,
        updatedAt: now(),
        position,
        status: 'current',
      };
      pages.set(id, made);
      const home = spaces.get(space);
      if (home) home.homepage ??= id;
      return made;
    },
    edit(id, change) {
      const changed = page(id);
      Object.assign(changed, change, { version: changed.version + 1, updatedAt: now() });
    },
    move: (id, to) => void Object.assign(page(id), to),
    remove(id) {
      page(id).status = 'trashed';
    },
    attach(of, { title, mediaType, bytes }) {
      const id = `att${nextId++}`;
      const made = { id, page: of, title, mediaType, bytes, version: 1, updatedAt: now() };
      attachments.set(id, made);
      return made;
    },
    replaceFile(id, bytes) {
      const changed = file(id);
      Object.assign(changed, { bytes, version: changed.version + 1, updatedAt: now() });
    },
    detach: (id) => void attachments.delete(id),
  };
}

const spacesOfACompany: readonly [string, string, number][] = [
  ['DEV', 'Development', 800],
  ['OPS', 'Operations', 500],
  ['HR', 'People', 400],
  ['DOCS', 'Handbook', 295],
  ['~ada', 'Ada Lovelace', 5],
];

/** @param share of the two thousand pages: 1 all, 0.1 a tenth of each space */
export function fillContent(content: Content, share = 1): void {
  let number = 0;
  for (const [key, name, pages] of spacesOfACompany) {
    content.addSpace(key, name);
    const ids: string[] = [];
    for (let i = 0; i < Math.max(1, Math.round(pages * share)); i++, number++) {
      const parent = i === 0 ? null : (ids[Math.floor((i - 1) / 5)] ?? null);
      const page = content.add({
        space: key,
        title: i === 0 ? `${name}: start here` : `${subjects[i % subjects.length]} ${i}`,
        body: '',
        parent,
        author: authors[number % authors.length] ?? '',
      });
      ids.push(page.id);
      page.version = 1 + (number % 7);
      page.updatedAt -= (30 + (number % 900)) * dayMs;
      page.body = bodyOf(number, page.title, ids[Math.floor(i / 2)] ?? page.id, content);
      if (number % 4 === 0) {
        content.attach(page.id, { title: 'diagram.png', mediaType: 'image/png', bytes: dot(number) });
      }
      if (number % 20 === 0) {
        content.attach(page.id, {
          title: `report ${number}.csv`,
          mediaType: 'text/csv',
          bytes: new TextEncoder().encode('day,count\n'.concat(`2026-01-01,${number}\n`.repeat(1500))),
        });
      }
    }
  }
  for (const file of content.attachments.values()) file.updatedAt -= 400 * dayMs;
}

const subjects = [
  'Release',
  'Runbook',
  'Meeting',
  'Decision',
  'Incident',
  'How to deploy',
  'Onboarding',
  'Plan',
];

function bodyOf(number: number, title: string, other: string, content: Content): string {
  const link = content.pages.get(other)?.title ?? title;
  const picture =
    number % 4 === 0
      ? '<p><ac:image ac:width="320"><ri:attachment ri:filename="diagram.png" /></ac:image></p>'
      : '';
  return [
    `<h1>${title}</h1><p>Page number ${number} of the stand-in, with <strong>bold words</strong> and a list.</p>`,
    '<ul><li>first</li><li>second</li></ul>',
    `<p>See <ac:link><ri:page ri:content-title="${link}" /><ac:plain-text-link-body><![CDATA[the other page]]></ac:plain-text-link-body></ac:link>.</p>`,
    picture,
    number % 3 === 0
      ? '<ac:structured-macro ac:name="info"><ac:rich-text-body><p>Good to know.</p></ac:rich-text-body></ac:structured-macro>'
      : '',
    number % 5 === 0
      ? `<ac:structured-macro ac:name="code"><ac:parameter ac:name="language">bash</ac:parameter><ac:plain-text-body><![CDATA[deploy --number ${number}\n]]></ac:plain-text-body></ac:structured-macro>`
      : '',
    `<table><tbody><tr><th>Key</th><th>Value</th></tr><tr><td>number</td><td>${number}</td></tr></tbody></table>`,
    `<p>${'The quick brown fox jumps over the lazy dog. '.repeat(1 + (number % 12))}</p>`,
  ].join('');
}

/** A one-pixel picture, made unique by bytes after its end. */
function dot(number: number): Uint8Array {
  const png =
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
  return Buffer.concat([Buffer.from(png, 'base64'), Buffer.from(String(number))]);
}
