// Whether the rules of an app admit a person. Whom oauth2-proxy lets in at all is decided before.
import type { Allowed, Apps, Candidate, GuardedApp } from './contract.ts';

/** `no-longer`: a rule that named the person has passed its `until`, and no other rule admits them. */
export type MayUse = 'yes' | 'no' | 'no-longer';

export interface MayUseOptions {
  readonly groups: Apps['groups'];
  /** Milliseconds. */
  readonly now: number;
}

/** `everyone` admits everyone whom oauth2-proxy lets in. A group that does not exist admits nobody. */
export function mayUse(
  app: Pick<GuardedApp, 'who'>,
  candidate: Candidate,
  { groups, now }: MayUseOptions,
): MayUse {
  const email = candidate.email.toLowerCase();
  let answer: MayUse = 'no';
  for (const rule of app.who) {
    if (!names(rule, email, groups)) continue;
    if (rule.until === undefined || now < rule.until) return 'yes';
    answer = 'no-longer';
  }
  return answer;
}

function names(rule: Allowed, email: string, groups: Apps['groups']): boolean {
  switch (rule.kind) {
    case 'everyone':
      return true;
    case 'group':
      return groups.get(rule.name)?.has(email) === true;
    case 'person':
      return rule.name.toLowerCase() === email;
  }
}
