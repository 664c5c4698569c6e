// GET /keys: every secret's age and what is to be done, for operators. The root lets only operators here. Nothing can be changed here.
import type { RequestHandler } from 'express';
import { keys } from '../../views/keys.ts';
import { pageFrame, sendPage } from '../http/page.ts';
import type { Overview } from './overview.ts';

export interface KeysPageOptions {
  readonly overview: Overview;
  readonly now: () => number;
  /** Milliseconds. */
  readonly maxAgeMs: () => number;
}

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
