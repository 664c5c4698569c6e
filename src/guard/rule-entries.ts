// The entries of an app's `who` that name a person, and when the last of them ends. Only for explaining: the check decides by itself.
import type { Allowed, Apps, Candidate, GuardedApp } from './contract.ts';

/** Whom an entry names. */
export type RuleTarget =
  | { readonly kind: 'everyone' }
  | { readonly kind: 'group' | 'person'; readonly name: string };

/** All entries that name this person, whether they still apply or not, in the order of the file. */
export function entriesFor(
  { who }: Pick<GuardedApp, 'who'>,
  groups: Apps['groups'],
  { email }: Candidate,
): readonly Allowed[] {
  return who.filter((entry) => {
    if (entry.kind === 'everyone') return true;
    return entry.kind === 'person' ? entry.name === email : groups.get(entry.name)?.has(email) === true;
  });
}

/**
 * The first instant, in milliseconds, at which no entry admits this person; it may have passed already. undefined: one of them has no
 * end, or none names the person.
 */
export function rightEndOf(
  app: Pick<GuardedApp, 'who'>,
  groups: Apps['groups'],
  person: Candidate,
): number | undefined {
  const ends = entriesFor(app, groups, person).map(({ until = Number.POSITIVE_INFINITY }) => until);
  const last = Math.max(...ends);
  return Number.isFinite(last) ? last : undefined;
}

/** Whether an entry applies at `now`. */
export function applies({ until }: Allowed, now: number): boolean {
  return until === undefined || now < until;
}

export function isSameTarget(one: RuleTarget, other: RuleTarget): boolean {
  return nameTarget(one) === nameTarget(other);
}

/** A target in addresses and forms: `everyone`, `group:family`, `person:ada@example.org`. */
export function nameTarget(target: RuleTarget): string {
  return target.kind === 'everyone' ? 'everyone' : `${target.kind}:${target.name}`;
}

/** Reads what `nameTarget` wrote; undefined for anything else. */
export function parseTarget(text: string): RuleTarget | undefined {
  if (text === 'everyone') return { kind: 'everyone' };
  const [, kind, name = ''] = /^(group|person):(.+)$/.exec(text) ?? [];
  return kind === 'group' || kind === 'person' ? { kind, name } : undefined;
}
