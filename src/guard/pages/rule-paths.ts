// Addresses of the operators' pages of the apps, and what their forms leave in them.
import type { Request } from 'express';
import type { RuleDone } from '../../../views/app-rules-parts.ts';
import { HttpError } from '../../http/errors.ts';
import type { GuardedApp } from '../contract.ts';
import { parseTarget, type RuleTarget } from '../rule-entries.ts';

export const pathOf = (app: string) => `/app-rules/apps/${encodeURIComponent(app)}`;
export const groupPathOf = (group: string) => `/app-rules/groups/${encodeURIComponent(group)}`;

/** The status of a page that says why nothing was changed. */
export const statusOf = {
  invalid: 422,
  past: 422,
  'unknown-group': 422,
  'in-use': 409,
  broken: 409,
  refused: 503,
} as const;

const doneKinds: readonly RuleDone[] = [
  ...(['allowed', 'changed', 'present', 'removed', 'absent'] as const),
  ...(['created', 'joined', 'left', 'deleted', 'not-there'] as const),
];

export function doneOf({ query }: Request): RuleDone | undefined {
  return doneKinds.find((kind) => kind === query['done']);
}

/** @throws HttpError not_found */
export function appOf(apps: ReadonlyMap<string, GuardedApp>, name: unknown): GuardedApp {
  const app = typeof name === 'string' ? apps.get(name) : undefined;
  if (!app) throw new HttpError('not_found');
  return app;
}

/** @throws HttpError not_found */
export function targetOf(who: string): RuleTarget {
  const target = parseTarget(who);
  if (!target) throw new HttpError('not_found');
  return target;
}
