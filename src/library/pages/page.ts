// GET /library/pages/:id, its body for the frame, and GET /library/attachments/:id. Untrusted content is only ever served sandboxed.

import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { Request, RequestHandler } from 'express';
import { exportForm } from '../../../views/library-exports.ts';
import { libraryPage } from '../../../views/library-page.ts';
import { HttpError } from '../../http/errors.ts';
import { allowOwnFrame, replacePolicy } from '../../http/headers.ts';
import { whileAdmitted } from '../../http/long-response.ts';
import { pageFrame, sendPage } from '../../http/page.ts';
import { personOf } from '../../http/person.ts';
import { ownOriginOf } from '../../http/public-name.ts';
import type { LibraryPages, Page } from '../contract.ts';
import { disposition } from '../export/file-names.ts';
import { createBodies } from '../process/bodies.ts';
import { safeAddress } from '../render/addresses.ts';
import { bodyPolicy, frameDocument, frameSandbox } from '../render/document.ts';
import { isShownMedia } from '../render/resources.ts';
import { type LibraryOptions, queryText, spaceOf } from './options.ts';

export function showPage({ library, now }: LibraryOptions): RequestHandler {
  return (req, res) => {
    const { pages } = library;
    const page = pageOf(req, pages);
    const { id, title, version, author, updatedAt, fetchedAt } = page;
    const frame = pageFrame(req, res);
    const shown = libraryPage(frame, {
      now: now(),
      id,
      title,
      version,
      author,
      updatedAt,
      fetchedAt,
      space: { key: page.space, name: spaceOf(library, page.space)?.name ?? page.space },
      above: aboveOf(page, pages),
      beside: besideOf(page, pages),
      below: pages.children(id),
      removed: page.status === 'removed',
      url: safeAddress(page.url, undefined),
      attachments: pages.attachmentsOf(id),
      sandbox: frameSandbox,
      exportForm: personOf(res).operator && exportForm(frame, { kind: 'page', id }),
    });
    allowOwnFrame(res);
    sendPage(res, shown);
  };
}

/** @param publicOrigin pictures come from there, or from the origin on this machine that this request was sent to */
export function showBody(
  { library, style, reading, now }: LibraryOptions,
  publicOrigin: string,
): RequestHandler {
  const bodyOf = createBodies({ library, reading, now });
  return async (req, res) => {
    const page = pageOf(req, library.pages);
    const body = await bodyOf(page);
    if (body === undefined) throw new HttpError('too_many_requests');
    const { theme } = pageFrame(req, res);
    const origin = ownOriginOf(req, publicOrigin);
    replacePolicy(res, bodyPolicy(style, `${origin}/library/attachments/`));
    res.type('html').send(frameDocument({ title: page.title, theme }, body, style));
  };
}

/** A picture of a safe type is displayed, everything else is a download; the name that Confluence gave decides nothing. */
export function sendAttachment({ library }: LibraryOptions): RequestHandler {
  return async (req, res) => {
    const file = library.pages.attachment(String(req.params['id']));
    const size = file && (await sizeOf(file.path));
    if (!file || size === undefined) throw new HttpError('not_found');
    const inline = isShownMedia(file.mediaType) && queryText(req, 'download') === undefined;
    replacePolicy(res, "default-src 'none'; frame-ancestors 'self'; sandbox");
    res.setHeader('Content-Type', inline ? file.mediaType.toLowerCase() : 'application/octet-stream');
    res.setHeader('Content-Length', size);
    res.setHeader('Content-Disposition', disposition(inline ? 'inline' : 'attachment', file.title));
    if (req.method === 'HEAD') return void res.end();
    // A client that disconnects before the end is not an error.
    const bytes = createReadStream(file.path, { end: Math.max(0, size - 1) });
    await pipeline(whileAdmitted(res, bytes), res).catch(() => res.destroy());
  };
}

function pageOf(req: Request, pages: LibraryPages): Page {
  const page = pages.page(String(req.params['id']));
  if (!page) throw new HttpError('not_found');
  return page;
}

const levelLimit = 20;

function aboveOf(page: Page, pages: LibraryPages): { id: string; title: string }[] {
  const above: { id: string; title: string }[] = [];
  const seen = new Set([page.id]);
  for (let id = page.parent; id !== null && !seen.has(id) && above.length < levelLimit; ) {
    seen.add(id);
    const parent = pages.page(id);
    if (!parent) break;
    above.unshift({ id: parent.id, title: parent.title });
    id = parent.parent;
  }
  return above;
}

function besideOf(
  page: Page,
  pages: LibraryPages,
): readonly { readonly id: string; readonly title: string }[] {
  const self = { id: page.id, title: page.title };
  const beside = page.parent === null ? [] : pages.children(page.parent);
  return beside.some(({ id }) => id === page.id) ? beside : [self];
}

async function sizeOf(path: string): Promise<number | undefined> {
  const found = await stat(path).catch(() => undefined);
  return found?.isFile() ? found.size : undefined;
}
