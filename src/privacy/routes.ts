// The routes of a person's own data, and for operators anybody's.
import type { Route } from '../http/routes.ts';
import {
  apiExport,
  erasePerson,
  findPerson,
  type PrivacyPagesOptions,
  personPage,
  privacyPage,
} from './pages.ts';

const row = { page: '/privacy' } as const;

export const privacyRoutes: readonly Route<PrivacyPagesOptions>[] = [
  { who: 'member', method: 'GET', path: '/privacy', does: 'what is kept about you', handler: privacyPage },
  {
    ...row,
    who: 'member',
    method: 'POST',
    path: '/privacy/erase',
    does: 'erases a person for good',
    handler: erasePerson,
  },
  {
    ...row,
    who: 'operator',
    method: 'POST',
    path: '/privacy/find',
    does: 'finds a person by address',
    handler: findPerson,
  },
  {
    who: 'operator',
    method: 'GET',
    path: '/privacy/person',
    does: 'what is kept about somebody',
    handler: personPage,
  },
  {
    who: 'member',
    method: 'GET',
    path: '/api/privacy/export',
    does: 'a copy of everything about you, or for operators about anybody',
    handler: (options) => [options.limitCopies, apiExport(options)],
  },
];
