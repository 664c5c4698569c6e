// GET and POST /app-rules/remove: takes an app away from somebody. Before that it says who would have been refused.
import type { Request, RequestHandler, Response } from 'express';
import { z } from 'zod';
import { type AppRulesRemoveProps, appRulesRemove } from '../../../views/app-rules-remove.ts';
import { HttpError } from '../../http/errors.ts';
import { parseInput, tokenField } from '../../http/form.ts';
import { pageFrame, sendPage } from '../../http/page.ts';
import { personOf } from '../../http/person.ts';
import { dryRun } from '../dry-run.ts';
import { isSameTarget } from '../rule-entries.ts';
import type { RulePagesOptions } from './options.ts';
import { appOf, pathOf, statusOf, targetOf } from './rule-paths.ts';
import { removalOf, ruleEntry } from './rule-props.ts';

const fields = { app: z.string().min(1).max(32), who: z.string().min(1).max(300) };
const removeForm = z.strictObject({ ...tokenField, ...fields });
const removeQuery = z.object(fields);

export function confirmRemoveRule(options: RulePagesOptions): RequestHandler {
  return async (req, res) => {
    const { app, who } = parseInput(removeQuery, req.query);
    await sendRemove(req, res, options, app, who);
  };
}

export function removeRule(options: RulePagesOptions): RequestHandler {
  return async (req, res) => {
    const { app, who } = parseInput(removeForm, req.body);
    const outcome = await options.rules.remove(app, targetOf(who), personOf(res));
    switch (outcome.kind) {
      case 'removed':
      case 'absent':
        res.redirect(303, `${pathOf(app)}?done=${outcome.kind}`);
        return;
      case 'unknown-app':
        throw new HttpError('not_found');
      case 'broken':
      case 'refused':
        res.status(statusOf[outcome.kind]);
        await sendRemove(
          req,
          res,
          options,
          app,
          who,
          outcome.kind === 'broken' ? 'broken' : { refused: outcome.message },
        );
    }
  };
}

/** @throws HttpError not_found if there is no such app, or nobody can be named so */
async function sendRemove(
  req: Request,
  res: Response,
  { rules, histories, now }: RulePagesOptions,
  name: string,
  who: string,
  failed?: Exclude<AppRulesRemoveProps['state'], 'listed' | 'absent'>,
): Promise<void> {
  const opened = await histories.opened(appOf(rules.show().apps.apps, name).name);
  const { apps, faults } = rules.show();
  const { groups } = apps;
  const app = appOf(apps.apps, name);
  const target = targetOf(who);
  const isListed = app.who.some((entry) => isSameTarget(entry, target));
  const at = now();
  const { remaining, ...removal } = removalOf(app, groups, target, {
    you: personOf(res).email,
    now: at,
  });
  const left = app.who.filter((entry) => !isSameTarget(entry, target));
  const page = appRulesRemove(pageFrame(req, res), {
    app,
    rule: ruleEntry(target, groups, at),
    state: failed ?? (faults.length > 0 ? 'broken' : isListed ? 'listed' : 'absent'),
    remaining: remaining.map((entry) => ruleEntry(entry, groups, at)),
    ...removal,
    now: at,
    dryRun: dryRun({ who: app.who, groups }, { who: left, groups }, opened, at),
  });
  sendPage(res, page);
}
