// A library on disk as a sync leaves it, and an app that serves it. Pages and files are added directly.
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import { type RecordedEvent, type Recorder, RecordUnavailable } from '../../src/audit/recorder.ts';
import { openLibrary } from '../../src/confluence/library-store.ts';
import type { LibraryParts, Page } from '../../src/library/contract.ts';
import { textOf } from '../../src/library/render/text.ts';

export interface LibraryFixture {
  readonly parts: LibraryParts;
  readonly recorder: Recorder & { readonly events: RecordedEvent[]; fails: boolean };
  /** Contains the data folder and the exports; removed by `close`. */
  readonly folder: string;
  space(key: string, name: string): void;
  /** @returns its id */
  page(page: Partial<Page> & { readonly title: string; readonly body: string }): string;
  /** @returns its id */
  file(page: string, title: string, mediaType: string, bytes: Uint8Array): string;
  close(): void;
}

export const confluenceUrl = 'https://wiki.example.org/wiki';
export const fetchedAt = Date.UTC(2026, 10, 23, 12, 0);

export function createLibraryFixture(more: Partial<LibraryParts> = {}): LibraryFixture {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-library-'));
  mkdirSync(join(folder, 'data'));
  const pages = openLibrary(join(folder, 'data'));
  const { database } = pages;
  const events: RecordedEvent[] = [];
  const recorder = {
    events,
    fails: false,
    async write(event: RecordedEvent) {
      if (recorder.fails) throw new RecordUnavailable(new Error('disk'));
      events.push(event);
    },
    note: (event: RecordedEvent) => void events.push(event),
  };
  let position = 0;
  return {
    parts: { pages, url: confluenceUrl, exportsFolder: join(folder, 'exports'), ...more },
    recorder,
    folder,
    space(key, name) {
      database
        .prepare(
          "INSERT INTO space (key, id, name, homepage, url, status, fetched_at) VALUES (?, ?, ?, NULL, ?, 'live', ?)",
        )
        .run(key, key, name, `${confluenceUrl}/spaces/${key}`, fetchedAt);
    },
    page({
      title,
      body,
      space = 'DOC',
      parent = null,
      version = 1,
      status = 'live',
      author = 'Ada',
      ...rest
    }) {
      position++;
      const id = rest.id ?? String(1000 + position);
      const url = rest.url ?? `${confluenceUrl}/spaces/${space}/pages/${id}`;
      const { lastInsertRowid } = database
        .prepare(
          'INSERT INTO page (id, space, parent, title, version, body, status, url, author, updated_at, fetched_at, position) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
        )
        .run(
          id,
          space,
          parent,
          title,
          version,
          body,
          status,
          url,
          author,
          rest.updatedAt ?? 0,
          rest.fetchedAt ?? fetchedAt,
          position,
        );
      if (status === 'live')
        database
          .prepare('INSERT INTO page_text (rowid, title, text) VALUES (?, ?, ?)')
          .run(lastInsertRowid, title, textOf(body));
      return id;
    },
    file(page, title, mediaType, bytes) {
      const name = randomBytes(16).toString('hex');
      writeFileSync(join(pages.filesFolder, name), bytes);
      const id = `att${name.slice(0, 8)}`;
      database
        .prepare(
          'INSERT INTO attachment (id, page, title, media_type, size, version, file, sha256, fetched_at) VALUES (?, ?, ?, ?, ?, 1, ?, ?, ?)',
        )
        .run(id, page, title, mediaType, bytes.length, name, name, fetchedAt);
      return id;
    },
    close() {
      pages.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A page that is not stored anywhere: for rendering alone. */
export function onePage(body: string, title = 'Home'): Page {
  const at = { version: 1, status: 'live', author: '', updatedAt: 0, fetchedAt } as const;
  return {
    id: '1',
    space: 'DOC',
    parent: null,
    title,
    body,
    url: `${confluenceUrl}/spaces/DOC/pages/1`,
    ...at,
  };
}

/** A picture with one colour band above another. */
export function png(
  width: number,
  height: number,
  [red, green, blue]: readonly [number, number, number],
): Buffer {
  const rows = Buffer.alloc((width * 3 + 1) * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = y * (width * 3 + 1) + 1 + x * 3;
      const shade = 0.55 + 0.45 * (y / height);
      rows.writeUInt8(Math.floor(red * shade), at);
      rows.writeUInt8(Math.floor(green * shade), at + 1);
      rows.writeUInt8(Math.floor(blue * shade), at + 2);
    }
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 2, 0, 0, 0], 8);
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, sum]);
  };
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    signature,
    chunk('IHDR', head),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

export const pageCss = () => readFileSync(new URL('../../public/page.css', import.meta.url), 'utf8');
