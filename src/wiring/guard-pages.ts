// The guard's pages, bound to the store and to the apps file. Without a guard there are none.
import { createReader } from '../audit/reader.ts';
import { createAppEndings } from '../guard/app-endings.ts';
import { createAppHistories } from '../guard/app-history.ts';
import { readUsesOf } from '../guard/app-uses.ts';
import { createLastUsed } from '../guard/last-used.ts';
import { closeRoutes, launcherRoutes, ruleRoutes } from '../guard/pages/routes.ts';
import { type BoundRoute, bindRoutes } from '../http/routes.ts';
import type { AppParts } from './app-parts.ts';

export function bindGuardPages({
  config,
  guardedApps,
  appRules,
  store,
  recorder,
  now,
}: AppParts): BoundRoute[] {
  if (!guardedApps) return [];
  const { sessions, facts } = store;
  const launcher = bindRoutes(launcherRoutes, {
    apps: guardedApps,
    usesOf: readUsesOf({ sessions, now }),
    now,
  });
  if (!appRules) return launcher;
  const endings = createAppEndings({ rules: appRules, sessions, recorder, now });
  return [
    ...launcher,
    ...bindRoutes(closeRoutes, { sessions, endings }),
    ...bindRoutes(ruleRoutes, {
      rules: appRules,
      histories: createAppHistories({
        reader: createReader(store),
        sessions,
        limits: config.session,
        now,
      }),
      endings,
      sessions,
      lastUsed: createLastUsed({ facts, now }).read,
      now,
    }),
  ];
}
