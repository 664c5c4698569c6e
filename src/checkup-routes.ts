// The check-up's routes: a look from inside the running server.
import type { Config } from './config/derive.ts';
import { checkupRoutes, createCheckup } from './doctor/pages.ts';
import { lookFromInside } from './doctor-command.ts';
import { type BoundRoute, bindRoutes } from './http/routes.ts';

export interface CheckupParts {
  /** What the server runs with now. */
  readonly config: () => Config;
  readonly now: () => number;
}

export function bindCheckup({ config, now }: CheckupParts): BoundRoute[] {
  return bindRoutes(checkupRoutes, createCheckup({ look: () => lookFromInside(config(), now), now }));
}
