// The keys page and the dashboard's reminder, from what the running server knows.
import { type BoundRoute, bindRoutes } from '../http/routes.ts';
import { createOverview, type Overview } from '../keys/overview.ts';
import { keysRoutes } from '../keys/pages.ts';
import type { LiveSettings } from './live-settings.ts';

export interface KeysParts {
  readonly liveSettings: LiveSettings;
  readonly overview: Overview;
  readonly now: () => number;
}

export function keysOverview(liveSettings: LiveSettings, now: () => number): Overview {
  const { config, values, dates, keyring } = liveSettings;
  return createOverview({ config, values, dates, newestSigns: keyring.newestSigns, now });
}

export function bindKeys({ liveSettings, overview, now }: KeysParts): BoundRoute[] {
  return bindRoutes(keysRoutes, { overview, now, maxAgeMs: () => liveSettings.config().secretMaxAgeMs });
}
