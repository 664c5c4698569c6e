// The check-up's addresses: a look from inside the running server, for operators.
import type { Express, RequestHandler } from 'express';
import type { Config } from './config/derive.ts';
import { createCheckup } from './doctor/pages.ts';
import { lookFromInside } from './doctor-command.ts';
import { onlyMethods } from './http/errors.ts';

/** It needs the member chain before it; `/api/*path` has it already. */
export const checkupPaths = ['/checkup'];

export interface CheckupRoutes {
  /** What the server runs with now. */
  readonly config: () => Config;
  /** Lets only operators on. */
  readonly operator: RequestHandler;
  readonly now: () => number;
}

export function addCheckupRoutes(app: Express, { config, operator, now }: CheckupRoutes): void {
  const { page, api } = createCheckup({ look: () => lookFromInside(config(), now), now });
  app.all(['/checkup', '/api/checkup'], operator);
  app.get('/checkup', page);
  app.get('/api/checkup', api);
  app.all(['/checkup', '/api/checkup'], onlyMethods('GET'));
}
