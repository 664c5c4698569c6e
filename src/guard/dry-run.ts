// What a change of the rules would have meant for those who opened an app in the last days. It changes nothing.
import type { AppHistory } from './app-history.ts';
import type { Apps, GuardedApp } from './contract.ts';
import { mayUse } from './may-use.ts';

/** Who may use an app, by its entries and the groups. */
export interface Rule {
  readonly who: GuardedApp['who'];
  readonly groups: Apps['groups'];
}

export interface DryRun {
  /** Whom the present rule admits and the new one would refuse, the latest use first. */
  readonly refused: readonly { readonly email: string; readonly at: number }[];
  /** Whom the present rule refuses already, and the new one would too. */
  readonly already: number;
  /** How many opened it, as far as is known, of those whom the present rule admits. */
  readonly admitted: number;
  readonly erased: number;
  readonly isPartial: boolean;
}

/** @param at milliseconds: the instant at which both rules are asked. For a right that ends: that end, not today. */
export function dryRun(before: Rule, after: Rule, { people, ...rest }: AppHistory, at: number): DryRun {
  const admits = ({ who, groups }: Rule, email: string) =>
    mayUse({ who }, { email }, { groups, now: at }) === 'yes';
  const out = [...people].filter(([email]) => !admits(after, email));
  const refused = out.filter(([email]) => admits(before, email));
  return {
    ...rest,
    refused: refused
      .map(([email, { at: usedAt }]) => ({ email, at: usedAt }))
      .toSorted((a, b) => b.at - a.at),
    already: out.length - refused.length,
    admitted: [...people.keys()].filter((email) => admits(before, email)).length,
  };
}
