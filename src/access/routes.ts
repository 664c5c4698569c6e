// The routes of the allow-list: who may sign in, for operators.
import type { Route } from '../http/routes.ts';
import {
  type AccessPagesOptions,
  accessPage,
  addAccess,
  confirmRemoveAccess,
  removeAccess,
} from './pages.ts';

const row = { who: 'operator', page: '/access' } as const;

export const accessRoutes: readonly Route<AccessPagesOptions>[] = [
  { who: 'operator', method: 'GET', path: '/access', does: 'who may sign in', handler: accessPage },
  { ...row, method: 'POST', path: '/access/add', does: 'lets an address in', handler: addAccess },
  {
    who: 'operator',
    method: 'GET',
    path: '/access/remove',
    does: 'asks before an address is removed',
    handler: confirmRemoveAccess,
  },
  {
    ...row,
    method: 'POST',
    path: '/access/remove',
    does: 'removes an address and ends its sessions',
    handler: removeAccess,
  },
];
