// GET /apps: the apps that this person may open.
import type { RequestHandler } from 'express';
import { z } from 'zod';
import { apps as appsPage, type LauncherApp } from '../../../views/apps.ts';
import { parseInput } from '../../http/form.ts';
import { pageFrame, sendPage } from '../../http/page.ts';
import { personOf } from '../../http/person.ts';
import type { Apps, Candidate, GuardedApp } from '../contract.ts';
import { mayUse } from '../may-use.ts';
import { rightEndOf } from '../rule-entries.ts';
import type { LauncherOptions } from './options.ts';

/** Ignores other parameters: the page only reads. */
const query = z.object({ q: z.string().trim().max(100).default('') });

export function launcherPage({ apps, usesOf, now }: LauncherOptions): RequestHandler {
  return async (req, res) => {
    const { q } = parseInput(query, req.query);
    const person = personOf(res);
    const candidate = { email: person.email.toLowerCase() };
    const uses = await usesOf(person.id);
    // Read after the store, and in one piece: the file may change meanwhile.
    const known = apps();
    const rules = { groups: known.groups, now: now() };
    const allowed = [...known.apps.values()].filter((app) => mayUse(app, candidate, rules) === 'yes');
    const props = allowed.filter((app) => matches(app, q)).map((app) => cardOf(app, known, candidate, uses));
    sendPage(
      res,
      appsPage(pageFrame(req, res), { now: now(), search: q, total: allowed.length, apps: props }),
    );
  };
}

function cardOf(
  { name, title, origin, icon, who }: GuardedApp,
  { groups }: Apps,
  person: Candidate,
  uses: Awaited<ReturnType<LauncherOptions['usesOf']>>,
): LauncherApp {
  const times = uses.filter(({ app }) => app === name).map(({ at }) => at);
  const until = rightEndOf({ who }, groups, person);
  return {
    name,
    title,
    href: `${origin}/`,
    host: new URL(origin).host,
    ...(icon !== undefined && { icon }),
    ...(times.length > 0 && { usedAt: Math.max(...times) }),
    ...(until !== undefined && { until }),
  };
}

function matches({ name, title, origin }: GuardedApp, search: string): boolean {
  const wanted = search.toLowerCase();
  return [name, title, new URL(origin).host].some((text) => text.toLowerCase().includes(wanted));
}
