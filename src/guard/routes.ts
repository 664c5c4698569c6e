// The guard's addresses on the desk.
import type { Route } from '../http/routes.ts';
import { type OpenOptions, openApp } from './open.ts';

export const guardRoutes: readonly Route<OpenOptions>[] = [
  {
    who: 'member',
    method: 'GET',
    path: '/open',
    does: 'hands this browser over to an app behind the guard',
    handler: openApp,
  },
];
