// The routes of the library: members read; operators export and start syncs.
import type { Route } from '../http/routes.ts';
import type { ExportJobs } from './export/job.ts';
import { exportsPage, sendExport, startExport } from './pages/exports.ts';
import { homePage, progressPart, spacePage, startSync } from './pages/home.ts';
import type { LibraryOptions } from './pages/options.ts';
import { sendAttachment, showBody, showPage } from './pages/page.ts';

export interface LibraryRouteOptions extends LibraryOptions {
  readonly jobs: ExportJobs;
  readonly publicOrigin: string;
}

const member = { who: 'member', method: 'GET' } as const;
const operator = { who: 'operator' } as const;

export const libraryRoutes: readonly Route<LibraryRouteOptions>[] = [
  { ...member, path: '/library', does: 'the spaces, and search with `?q=`', handler: homePage },
  { ...member, path: '/library/spaces/:key', does: 'the pages of a space', handler: spacePage },
  { ...member, path: '/library/progress', does: 'the progress of the sync', handler: progressPart },
  { ...member, path: '/library/pages/:id', does: 'a page', handler: showPage },
  {
    ...member,
    path: '/library/pages/:id/body',
    does: 'its content, for the frame',
    handler: (options) => showBody(options, options.publicOrigin),
  },
  { ...member, path: '/library/attachments/:id', does: 'an attachment', handler: sendAttachment },
  {
    ...operator,
    method: 'POST',
    path: '/library/sync',
    page: '/library',
    does: 'starts a sync',
    handler: startSync,
  },
  {
    ...operator,
    method: 'GET',
    path: '/library/exports',
    does: 'the exported files',
    handler: (options) => exportsPage(options, options.jobs),
  },
  {
    ...operator,
    method: 'POST',
    path: '/library/exports',
    page: '/library/exports',
    does: 'starts an export',
    handler: (options) => startExport(options, options.jobs),
  },
  { ...operator, method: 'GET', path: '/library/exports/:id', does: 'an exported file', handler: sendExport },
];
