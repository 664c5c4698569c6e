// GET /library (with ?q= the search), GET /library/spaces/:key, GET /library/progress, POST /library/sync.

import type { Request, RequestHandler } from 'express';
import { library as libraryPage, librarySpace } from '../../../views/library.ts';
import { exportForm } from '../../../views/library-exports.ts';
import { syncPanel } from '../../../views/library-parts.ts';
import { librarySearch } from '../../../views/library-search.ts';
import { HttpError } from '../../http/errors.ts';
import { pageFrame, sendPage } from '../../http/page.ts';
import { personOf } from '../../http/person.ts';
import { type LibraryOptions, queryText, spaceOf } from './options.ts';
import { countLimit, foundPerPage } from './search.ts';

const textLimit = 300;
const treeLimit = 3000;

export function homePage({ library, reading, now }: LibraryOptions): RequestHandler {
  return async (req, res) => {
    const frame = pageFrame(req, res);
    const spaces = library.pages.spaces();
    const asked = queryText(req, 'q');
    if (asked === undefined) {
      const { operator } = personOf(res);
      const sync = library.progress?.();
      const canSync = operator && library.startSync !== undefined;
      const configured = library.url !== undefined;
      sendPage(res, libraryPage(frame, { now: now(), configured, spaces, sync, canSync, operator }));
      return;
    }
    const text = asked.slice(0, textLimit).toWellFormed();
    const key = queryText(req, 'space') || undefined;
    if (key !== undefined && !spaces.some((space) => space.key === key)) throw new HttpError('not_found');
    const from = beginning(req);
    const reply = await reading.ask('search', { text, space: key, from });
    const unfinished = 'unfinished' in reply ? reply.unfinished : undefined;
    if (unfinished === 'busy') throw new HttpError('too_many_requests');
    const { found, total } = 'answer' in reply ? reply.answer : { found: [], total: 0 };
    const shown = {
      text: text.trim(),
      space: key,
      spaces,
      found,
      total,
      countLimit,
      from,
      perPage: foundPerPage,
      unfinished,
    };
    sendPage(res, librarySearch(frame, { now: now(), ...shown }));
  };
}

function beginning(req: Request): number {
  const from = queryText(req, 'from') ?? '';
  return /^\d{1,4}$/.test(from) ? Math.min(Number(from), countLimit) : 0;
}

export function spacePage({ library, reading, now }: LibraryOptions): RequestHandler {
  return async (req, res) => {
    const space = spaceOf(library, String(req.params['key']));
    if (!space) throw new HttpError('not_found');
    const frame = pageFrame(req, res);
    const reply = await reading.ask('tree', { space: space.key, most: treeLimit });
    if ('unfinished' in reply && reply.unfinished === 'busy') throw new HttpError('too_many_requests');
    const { entries, more } = 'answer' in reply ? reply.answer : { entries: [], more: space.pages };
    const form = personOf(res).operator && exportForm(frame, { kind: 'space', id: space.key });
    sendPage(
      res,
      librarySpace(frame, {
        now: now(),
        space,
        spaces: library.pages.spaces(),
        tree: entries,
        more,
        exportForm: form,
      }),
    );
  };
}

/** The progress of the sync, for the script of the library's page. */
export function progressPart({ library, now }: LibraryOptions): RequestHandler {
  return (req, res) => {
    const sync = library.progress?.();
    if (!sync) throw new HttpError('not_found');
    sendPage(res, syncPanel(pageFrame(req, res), sync, now()));
  };
}

/** Requests without permission were rejected earlier. If Confluence refuses the cookies, the vault page says how to get fresh ones. */
export function startSync({ library }: LibraryOptions): RequestHandler {
  return async (_req, res) => {
    if (!library.startSync) throw new HttpError('not_found');
    const { id, email } = personOf(res);
    const outcome = await library.startSync({ id, email });
    res.redirect(303, outcome === 'cookies' ? '/vault' : '/library');
  };
}
