// Every route of the program, one row each: what documents, metrics and tests read. `app.ts` binds the same rows.
import { accessRoutes } from '../access/routes.ts';
import { recordRoutes } from '../audit/routes.ts';
import { checkupRoutes } from '../doctor/pages.ts';
import type { RouteRow } from '../http/routes.ts';
import { keysRoutes } from '../keys/pages.ts';
import { libraryRoutes } from '../library/routes.ts';
import { cookieRoutes } from '../privacy/cookie-pages.ts';
import { privacyRoutes } from '../privacy/routes.ts';
import { sessionRoutes } from '../sessions/routes.ts';
import { vaultRoutes } from '../vault/routes.ts';
import { basicRoutes, publicRoutes } from '../visitors/routes.ts';

export const allRoutes: readonly RouteRow[] = [
  ...basicRoutes,
  ...publicRoutes,
  ...sessionRoutes,
  ...cookieRoutes,
  ...recordRoutes,
  ...privacyRoutes,
  ...accessRoutes,
  ...checkupRoutes,
  ...keysRoutes,
  ...vaultRoutes,
  ...libraryRoutes,
];
