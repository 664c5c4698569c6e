// GET and POST /app-rules/allow: lets somebody open an app, or changes their last day. Before that it says whom this would have refused.
import type { Request, RequestHandler, Response } from 'express';
import { z } from 'zod';
import { appRulesAllow } from '../../../views/app-rules-allow.ts';
import { parseEmail } from '../../config/email-address.ts';
import { HttpError } from '../../http/errors.ts';
import { parseInput, tokenField } from '../../http/form.ts';
import { pageFrame, sendPage } from '../../http/page.ts';
import { personOf } from '../../http/person.ts';
import type { AllowOutcome, AllowPreview } from '../app-rules.ts';
import { dryRun } from '../dry-run.ts';
import { nameTarget, parseTarget, type RuleTarget } from '../rule-entries.ts';
import { sendApp } from './app-page.ts';
import type { RulePagesOptions } from './options.ts';
import { pathOf, statusOf } from './rule-paths.ts';
import { ruleEntry } from './rule-props.ts';

const day = 86_400_000;
const fields = {
  app: z.string().min(1).max(32),
  who: z.string().max(300),
  lastDay: z.union([z.literal(''), z.iso.date()]).default(''),
  /** Sent by the form of an entry, whose `who` is in the form of addresses. */
  entry: z.string().min(1).max(300).optional(),
};
const allowForm = z.strictObject({ ...tokenField, ...fields });
const allowQuery = z.object(fields);

type Typed = Pick<z.output<typeof allowQuery>, keyof typeof fields>;

export function confirmAllow(options: RulePagesOptions): RequestHandler {
  const { rules, histories, now } = options;
  return async (req, res) => {
    const typed = parseInput(allowQuery, req.query);
    const { target, until } = read(typed);
    const preview = target ? rules.preview(typed.app, target, until) : ({ kind: 'invalid' } as const);
    if (!target || (preview.kind !== 'allowed' && preview.kind !== 'changed'))
      return answer(req, res, options, typed, preview);
    const { app, who } = preview;
    const opened = await histories.opened(app.name);
    const { groups } = rules.show().apps;
    const at = until ?? now();
    sendPage(
      res,
      appRulesAllow(pageFrame(req, res), {
        now: now(),
        app,
        rule: ruleEntry({ ...target, ...(until !== undefined && { until }) }, groups, now()),
        isNew: preview.kind === 'allowed',
        form: { who: typed.who, lastDay: typed.lastDay, entry: nameTarget(target) },
        dryRun: dryRun({ who: app.who, groups }, { who, groups }, opened, at),
      }),
    );
  };
}

export function allowApp(options: RulePagesOptions): RequestHandler {
  return async (req, res) => {
    const typed = parseInput(allowForm, req.body);
    const { target, until } = read(typed);
    const outcome = target
      ? await options.rules.allow(typed.app, target, until, personOf(res))
      : ({ kind: 'invalid' } as const);
    await answer(req, res, options, typed, outcome);
  };
}

/** Says what was done, or why not, in the form that it was typed into. */
async function answer(
  req: Request,
  res: Response,
  options: RulePagesOptions,
  { app, who, lastDay, entry }: Typed,
  outcome: AllowOutcome | AllowPreview | { readonly kind: 'invalid' },
): Promise<void> {
  switch (outcome.kind) {
    case 'allowed':
    case 'changed':
    case 'present':
      res.redirect(303, `${pathOf(app)}?done=${outcome.kind}`);
      return;
    case 'unknown-app':
      throw new HttpError('not_found');
    case 'invalid':
    case 'past':
    case 'unknown-group':
    case 'broken':
    case 'refused': {
      res.status(statusOf[outcome.kind]);
      const why = outcome.kind === 'refused' ? { refused: outcome.message } : outcome.kind;
      const isOwn = entry !== undefined && entry === who;
      await sendApp(req, res, options, app, { refused: { who, lastDay, why, ...(isOwn && { entry }) } });
    }
  }
}

function read({ who, lastDay, entry }: Typed): { target: RuleTarget | undefined; until: number | undefined } {
  return {
    target: entry === undefined ? typedTarget(who) : parseTarget(entry),
    // The last day counts as a whole, in UTC.
    until: lastDay === '' ? undefined : Date.parse(`${lastDay}T00:00:00Z`) + day,
  };
}

/** What a person types: `everyone`, an address or the name of a group. undefined: an address that cannot be one. */
function typedTarget(text: string): RuleTarget | undefined {
  const typed = text.trim();
  if (typed.toLowerCase() === 'everyone') return { kind: 'everyone' };
  if (!typed.includes('@')) return typed === '' ? undefined : { kind: 'group', name: typed };
  const email = parseEmail(typed);
  return email === undefined ? undefined : { kind: 'person', name: email };
}
