// GET /checkup and GET /api/checkup, for operators. A report is reused for 30 seconds.
import type { RequestHandler } from 'express';
import { type CheckupProps, checkup } from '../../views/checkup.ts';
import { HttpError } from '../http/errors.ts';
import { pageFrame, sendPage } from '../http/page.ts';
import type { Route } from '../http/routes.ts';
import { checkUp, type Report, summaryOf, worstOf } from './check-up.ts';
import { checks } from './checks/all-checks.ts';
import { subjects } from './checks/check.ts';
import type { Deployment } from './deployment.ts';
import { symptoms } from './symptoms.ts';

export interface CheckupOptions {
  /** Gathers the facts about the deployment from inside the server. */
  readonly look: () => Promise<Deployment>;
  readonly now: () => number;
}

export interface CheckupPages {
  readonly page: RequestHandler;
  readonly api: RequestHandler;
}

export const checkupRoutes: readonly Route<CheckupPages>[] = [
  {
    who: 'operator',
    method: 'GET',
    path: '/checkup',
    does: 'the check-up of this deployment',
    handler: ({ page }) => page,
  },
  {
    who: 'operator',
    method: 'GET',
    path: '/api/checkup',
    does: 'the same for scripts',
    handler: ({ api }) => api,
  },
];

const freshForMs = 30_000;

export function createCheckup({ look, now }: CheckupOptions): CheckupPages {
  let last: { readonly at: number; readonly report: Promise<Report> } | undefined;

  /** Concurrent requests share one run. */
  function latest(): Promise<Report> {
    // The absolute difference: after the clock was set back, an old report must not count as fresh.
    if (last && Math.abs(now() - last.at) < freshForMs) return last.report;
    const report = look().then((deployment) => checkUp(deployment));
    const mine = { at: now(), report };
    last = mine;
    report.catch(() => {
      if (last === mine) last = undefined;
    });
    return report;
  }

  return {
    async page(req, res) {
      if (Object.keys(req.query).length > 0) throw new HttpError('bad_request');
      sendPage(res, checkup(pageFrame(req, res), propsOf(await latest(), now())));
    },
    async api(req, res) {
      if (Object.keys(req.query).length > 0) throw new HttpError('bad_request');
      res.json(await latest());
    },
  };
}

/** @param now milliseconds */
export function propsOf(report: Report, now: number): CheckupProps {
  const { findings, unread, notChecked, passed } = report;
  const goodOf = (id: string) => checks.find((check) => check.id === id)?.good ?? id;
  const stateOf = (id: string) => {
    if (passed.includes(id)) return 'passed';
    if (unread.some((one) => one.id === id)) return 'not read';
    return findings.some((finding) => finding.id === id) ? 'found' : 'not checked';
  };
  return {
    summary: summaryOf(report),
    worst: worstOf([...findings, ...unread].map(({ severity }) => severity)),
    lookedAt: Date.parse(report.at),
    now,
    groups: subjects.flatMap((subject) => {
      const inside = findings.filter((finding) => finding.subject === subject);
      return inside.length === 0 ? [] : [{ subject, findings: inside }];
    }),
    unread: [...Map.groupBy(unread, ({ reason }) => reason)].map(([reason, list]) => ({
      reason,
      checks: list.map(({ id, severity }) => ({ id, severity, good: goodOf(id) })),
    })),
    notChecked: [...Map.groupBy(notChecked, ({ reason }) => reason)].map(([reason, list]) => ({
      reason,
      checks: list.map(({ id }) => ({ id, good: goodOf(id) })),
    })),
    passed: passed.map((id) => ({ id, good: goodOf(id) })),
    symptoms: symptoms.map(({ says, lookAt, checks: ids }) => ({
      says,
      lookAt,
      checks: ids.map((id) => ({ id, good: goodOf(id), state: stateOf(id) })),
    })),
  };
}
