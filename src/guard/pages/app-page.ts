// GET /app-rules/apps/NAME: who may open an app, who was refused there, and what the apps file says about it.
import type { Request, RequestHandler, Response } from 'express';
import { type AppRulesAppProps, appRulesApp } from '../../../views/app-rules-app.ts';
import { pageFrame, sendPage } from '../../http/page.ts';
import type { RulePagesOptions } from './options.ts';
import { appOf, doneOf } from './rule-paths.ts';
import { knownNames, ruledApp } from './rule-props.ts';

export function appPage(options: RulePagesOptions): RequestHandler {
  return async (req, res) => {
    const done = doneOf(req);
    const { ended: count } = req.query;
    const ended = typeof count === 'string' ? /^\d{1,9}$/.exec(count)?.[0] : undefined;
    await sendApp(req, res, options, req.params['app'], {
      ...(done !== undefined && { done }),
      ...(ended !== undefined && { ended: Number(ended) }),
    });
  };
}

/** @throws HttpError not_found if there is no such app */
export async function sendApp(
  req: Request,
  res: Response,
  { rules, lastUsed, histories, now }: RulePagesOptions,
  name: unknown,
  more: Pick<AppRulesAppProps, 'done' | 'ended' | 'refused'>,
): Promise<void> {
  const asked = appOf(rules.show().apps.apps, name).name;
  const [used, refusals] = await Promise.all([lastUsed([asked]), histories.refused(asked)]);
  const { apps, faults } = rules.show();
  const app = appOf(apps.apps, asked);
  const at = now();
  const { people, ...rest } = refusals;
  const page = appRulesApp(pageFrame(req, res), {
    now: at,
    app: ruledApp(app, apps.groups, used.get(app.name), at),
    path: rules.path,
    faults,
    known: knownNames(apps),
    refusals: {
      ...rest,
      people: [...people]
        .map(([email, happened]) => ({ email, ...happened }))
        .toSorted((a, b) => b.at - a.at),
    },
    ...more,
  });
  sendPage(res, page);
}
