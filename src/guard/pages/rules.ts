// GET /app-rules: who may open which app, and the groups. `routes.ts` admits only operators, here and below.
import type { RequestHandler } from 'express';
import { appRules } from '../../../views/app-rules.ts';
import { pageFrame, sendPage } from '../../http/page.ts';
import type { RulePagesOptions } from './options.ts';
import { doneOf } from './rule-paths.ts';
import { ruledApp, ruledGroups } from './rule-props.ts';

export function rulesPage({ rules, lastUsed, histories, now }: RulePagesOptions): RequestHandler {
  return async (req, res) => {
    const names = [...rules.show().apps.apps.keys()];
    const [used, lastDay] = await Promise.all([lastUsed(names), histories.lastDay()]);
    // Read after the store, and in one piece: the file may change meanwhile.
    const { apps, faults } = rules.show();
    const at = now();
    const done = doneOf(req);
    const page = appRules(pageFrame(req, res), {
      now: at,
      path: rules.path,
      faults,
      apps: [...apps.apps.values()].map((app) => ({
        ...ruledApp(app, apps.groups, used.get(app.name), at),
        lastDay: lastDay.apps.get(app.name) ?? { sessions: 0, people: 0 },
      })),
      isPartial: lastDay.isPartial,
      groups: ruledGroups(apps, at),
      ...(done !== undefined && { done }),
    });
    sendPage(res, page);
  };
}
