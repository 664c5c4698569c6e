// The routes of the audit log: all of it for operators, and for each member their own part.
import type { Route } from '../http/routes.ts';
import { activityPage, apiAudit, exportRecord, type RecordPagesOptions, recordPage } from './pages.ts';
import { recordStream, type StreamOptions } from './stream.ts';

export type RecordRouteOptions = RecordPagesOptions & StreamOptions;

export const recordRoutes: readonly Route<RecordRouteOptions>[] = [
  {
    who: 'operator',
    method: 'GET',
    path: '/record',
    does: 'what happened, and whether the record is intact',
    handler: recordPage,
  },
  {
    who: 'operator',
    method: 'GET',
    path: '/record/export',
    does: 'the record as a file',
    handler: (options) => [options.limitCopies, exportRecord(options)],
  },
  {
    who: 'operator',
    method: 'GET',
    path: '/record/live',
    does: 'new entries as server-sent events',
    handler: recordStream,
  },
  {
    who: 'member',
    method: 'GET',
    path: '/activity',
    does: 'what happened on your account',
    handler: activityPage,
  },
  {
    who: 'member',
    method: 'GET',
    path: '/api/audit',
    does: 'entries of the record; members get only their own',
    handler: apiAudit,
  },
];
