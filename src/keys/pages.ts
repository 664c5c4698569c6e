// GET /keys: every secret's age and what to do about it, for operators. Read-only.
import type { RequestHandler } from 'express';
import { keys } from '../../views/keys.ts';
import { pageFrame, sendPage } from '../http/page.ts';
import type { Route } from '../http/routes.ts';
import type { Overview } from './overview.ts';

export interface KeysPageOptions {
  readonly overview: Overview;
  readonly now: () => number;
  readonly maxAgeMs: () => number;
}

export const keysRoutes: readonly Route<KeysPageOptions>[] = [
  {
    who: 'operator',
    method: 'GET',
    path: '/keys',
    does: 'how old each secret is, and what is due',
    handler: keysPage,
  },
];

export function keysPage({ overview, now, maxAgeMs }: KeysPageOptions): RequestHandler {
  return async (req, res) => {
    const page = keys(pageFrame(req, res), {
      now: now(),
      rows: await overview.rows(),
      unused: overview.unused(),
      maxAgeMs: maxAgeMs(),
      pid: process.pid,
    });
    sendPage(res, page);
  };
}
