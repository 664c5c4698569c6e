// The keys page and the dashboard's reminder, put together from what the running server knows.
import { type BoundRoute, bindRoutes } from './http/routes.ts';
import { createOverview, type Overview } from './keys/overview.ts';
import { keysRoutes } from './keys/page.ts';
import type { Live } from './reload.ts';

export interface KeysParts {
  readonly live: Live;
  readonly overview: Overview;
  readonly now: () => number;
}

export function keysOverview(live: Live, now: () => number): Overview {
  const { config, values, dates, keyring } = live;
  return createOverview({ config, values, dates, newestSigns: keyring.newestSigns, now });
}

export function bindKeys({ live, overview, now }: KeysParts): BoundRoute[] {
  return bindRoutes(keysRoutes, { overview, now, maxAgeMs: () => live.config().secretMaxAgeMs });
}
