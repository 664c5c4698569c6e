// The keys page and the dashboard's reminder, put together from what the running server knows.
import type { Express, RequestHandler } from 'express';
import { onlyMethods } from './http/errors.ts';
import { createOverview, type Overview } from './keys/overview.ts';
import { keysPage } from './keys/page.ts';
import type { Live } from './reload.ts';

/** It needs the member chain before it. */
export const keysPaths = ['/keys'];

export interface KeysRoutes {
  readonly live: Live;
  readonly overview: Overview;
  /** Lets operators through, and nobody else. */
  readonly operator: RequestHandler;
  readonly now: () => number;
}

export function keysOverview(live: Live, now: () => number): Overview {
  const { config, values, dates, keyring } = live;
  return createOverview({ config, values, dates, newestSigns: keyring.newestSigns, now });
}

export function addKeysRoutes(app: Express, { live, overview, operator, now }: KeysRoutes): void {
  app.all('/keys', operator);
  app.get('/keys', keysPage({ overview, now, maxAgeMs: () => live.config().secretMaxAgeMs }));
  app.all('/keys', onlyMethods('GET'));
}
