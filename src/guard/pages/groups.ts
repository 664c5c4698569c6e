// The pages and forms below /app-rules/groups: who is in a group. Before a person is taken out it says where they would have been refused.
import type { Request, RequestHandler, Response } from 'express';
import { z } from 'zod';
import { appRulesGroup, type GroupProps, groupDelete, groupLeave } from '../../../views/app-rules-group.ts';
import { parseEmail } from '../../config/email-address.ts';
import { HttpError } from '../../http/errors.ts';
import { parseInput, tokenField } from '../../http/form.ts';
import { pageFrame, sendPage } from '../../http/page.ts';
import { personOf } from '../../http/person.ts';
import type { Apps } from '../contract.ts';
import { dryRun } from '../dry-run.ts';
import { appsNaming } from '../group-rules.ts';
import type { RulePagesOptions } from './options.ts';
import { doneOf, groupPathOf, statusOf } from './rule-paths.ts';

const groupField = z.string().min(1).max(64);
const nameForm = z.strictObject({ ...tokenField, group: z.string().max(64) });
const groupForm = z.strictObject({ ...tokenField, group: groupField });
const personForm = z.strictObject({ ...tokenField, group: groupField, who: z.string().max(300) });
const groupQuery = z.object({ group: groupField });
const personQuery = z.object({ group: groupField, who: z.string().min(1).max(300) });

export function groupPage(options: RulePagesOptions): RequestHandler {
  return (req, res) => {
    const done = doneOf(req);
    sendGroup(req, res, options, String(req.params['group']), done === undefined ? {} : { done });
  };
}

export function createGroup(options: RulePagesOptions): RequestHandler {
  return async (req, res) => {
    const name = parseInput(nameForm, req.body).group.trim().toLowerCase();
    const outcome = await options.rules.createGroup(name, personOf(res));
    switch (outcome.kind) {
      case 'created':
      case 'present':
        res.redirect(303, `${groupPathOf(name)}?done=${outcome.kind}`);
        return;
      case 'invalid':
      case 'broken':
      case 'refused': {
        res.status(statusOf[outcome.kind]);
        const why = outcome.kind === 'refused' ? { refused: outcome.message } : outcome.kind;
        sendPage(res, appRulesGroup(pageFrame(req, res), { kind: 'not-created', name, why }));
      }
    }
  };
}

export function joinGroup(options: RulePagesOptions): RequestHandler {
  return async (req, res) => {
    const { group, who } = parseInput(personForm, req.body);
    const email = parseEmail(who);
    const outcome =
      email === undefined
        ? ({ kind: 'invalid' } as const)
        : await options.rules.join(group, email, personOf(res));
    if (outcome.kind === 'joined' || outcome.kind === 'present')
      return res.redirect(303, `${groupPathOf(group)}?done=${outcome.kind}`);
    if (outcome.kind === 'unknown-group') throw new HttpError('not_found');
    res.status(statusOf[outcome.kind]);
    const why = outcome.kind === 'refused' ? { refused: outcome.message } : outcome.kind;
    sendGroup(req, res, options, group, { refused: { who, why } });
  };
}

export function confirmLeave(options: RulePagesOptions): RequestHandler {
  return async (req, res) => {
    const { group, who } = parseInput(personQuery, req.query);
    await sendLeave(req, res, options, group, who);
  };
}

export function leaveGroup(options: RulePagesOptions): RequestHandler {
  return async (req, res) => {
    const { group, who } = parseInput(personForm, req.body);
    const outcome = await options.rules.leave(group, who.toLowerCase(), personOf(res));
    if (outcome.kind === 'left' || outcome.kind === 'absent') {
      const done = outcome.kind === 'left' ? 'left' : 'not-there';
      return res.redirect(303, `${groupPathOf(group)}?done=${done}`);
    }
    if (outcome.kind === 'unknown-group') throw new HttpError('not_found');
    res.status(statusOf[outcome.kind]);
    await sendLeave(
      req,
      res,
      options,
      group,
      who,
      outcome.kind === 'refused' ? { refused: outcome.message } : 'broken',
    );
  };
}

export function confirmDeleteGroup({ rules }: RulePagesOptions): RequestHandler {
  return (req, res) => {
    const { group } = parseInput(groupQuery, req.query);
    sendDelete(req, res, rules.show().apps, group);
  };
}

export function deleteGroup({ rules }: RulePagesOptions): RequestHandler {
  return async (req, res) => {
    const { group } = parseInput(groupForm, req.body);
    const outcome = await rules.deleteGroup(group, personOf(res));
    if (outcome.kind === 'deleted') return res.redirect(303, '/app-rules?done=deleted');
    if (outcome.kind === 'unknown-group') throw new HttpError('not_found');
    res.status(statusOf[outcome.kind]);
    const why = outcome.kind === 'refused' ? { refused: outcome.message } : outcome.kind;
    sendDelete(req, res, rules.show().apps, group, why === 'in-use' ? undefined : why);
  };
}

/** @throws HttpError not_found if there is no such group */
function peopleOf({ groups }: Apps, group: string): ReadonlySet<string> {
  const people = groups.get(group);
  if (!people) throw new HttpError('not_found');
  return people;
}

function sendGroup(
  req: Request,
  res: Response,
  { rules }: RulePagesOptions,
  group: string,
  more: Pick<GroupProps, 'done' | 'refused'>,
): void {
  const { apps, faults } = rules.show();
  const people = [...peopleOf(apps, group)].sort();
  const props = { kind: 'group', name: group, people, faults, apps: namesOf(apps, group), ...more } as const;
  sendPage(res, appRulesGroup(pageFrame(req, res), props));
}

async function sendLeave(
  req: Request,
  res: Response,
  { rules, histories, now }: RulePagesOptions,
  group: string,
  who: string,
  failed?: 'broken' | { readonly refused: string },
): Promise<void> {
  const email = who.toLowerCase();
  const before = rules.show().apps;
  const isIn = peopleOf(before, group).has(email);
  const left = new Set([...peopleOf(before, group)].filter((one) => one !== email));
  const after = new Map([...before.groups, [group, left] as const]);
  const affected = isIn ? appsNaming(before, group) : [];
  const runs: Parameters<typeof groupLeave>[1]['runs'][number][] = [];
  // One after the other: each reads much of the record.
  for (const app of affected) {
    const opened = await histories.opened(app.name);
    const [old, next] = [before.groups, after].map((groups) => ({ who: app.who, groups }));
    if (old && next) runs.push({ app, dryRun: dryRun(old, next, opened, now()) });
  }
  const state = failed ?? (rules.show().faults.length > 0 ? 'broken' : isIn ? 'listed' : 'absent');
  const self = email === personOf(res).email.toLowerCase();
  sendPage(res, groupLeave(pageFrame(req, res), { now: now(), group, who: email, state, runs, self }));
}

function sendDelete(
  req: Request,
  res: Response,
  apps: Apps,
  group: string,
  failed?: 'broken' | { readonly refused: string },
): void {
  const people = peopleOf(apps, group).size;
  const props = { group, people, apps: namesOf(apps, group), ...(failed && { failed }) };
  sendPage(res, groupDelete(pageFrame(req, res), props));
}

function namesOf(apps: Apps, group: string) {
  return appsNaming(apps, group).map(({ name, title }) => ({ name, title }));
}
