// The apps file as the operators' pages show it.

import type { RuledGroup } from '../../../views/app-rules.ts';
import { type RuledApp, type RuleEntry, unusedDays } from '../../../views/app-rules-parts.ts';
import type { Allowed, AppHeaders, Apps, GuardedApp } from '../contract.ts';
import { applies, entriesFor, isSameTarget, nameTarget, type RuleTarget } from '../rule-entries.ts';

const unusedMs = unusedDays * 86_400_000;

/** @param usedAt when anybody last used it, milliseconds; undefined: no use is known */
export function ruledApp(
  app: GuardedApp,
  groups: Apps['groups'],
  usedAt: number | undefined,
  now: number,
): RuledApp {
  const {
    name,
    title,
    origin,
    icon,
    who,
    publicPaths,
    idleMs,
    lifetimeMs,
    headers,
    keyVersion,
    endedBefore,
  } = app;
  return {
    name,
    title,
    origin,
    host: new URL(origin).host,
    rules: who.map((entry) => ruleEntry(entry, groups, now)),
    publicPaths,
    headers: headersOf(headers),
    keyVersion,
    unused: usedAt !== undefined && now - usedAt >= unusedMs,
    ...(icon !== undefined && { icon }),
    ...(idleMs !== undefined && { idleMs }),
    ...(lifetimeMs !== undefined && { lifetimeMs }),
    ...(usedAt !== undefined && { usedAt }),
    ...(endedBefore !== undefined && { endedBefore }),
  };
}

export function ruleEntry(
  entry: RuleTarget & { until?: number },
  groups: Apps['groups'],
  now: number,
): RuleEntry {
  const people = entry.kind === 'group' ? groups.get(entry.name)?.size : undefined;
  return {
    who: nameTarget(entry),
    kind: entry.kind,
    name: entry.kind === 'everyone' ? '' : entry.name,
    ended: !applies(entry, now),
    ...(people !== undefined && { people }),
    ...(entry.until !== undefined && { until: entry.until }),
  };
}

const userWords = {
  email: 'the address',
  name: 'the name before the @',
  id: 'the identity provider’s id',
} as const;

function headersOf({ user, email, groups, assertion, userIs }: AppHeaders): RuledApp['headers'] {
  const rows = [
    [userWords[userIs], user],
    ['the address', email],
    ['the groups', groups],
    ['a signed assertion', assertion],
  ] as const;
  return rows.flatMap(([what, header]) => (header === undefined ? [] : [[what, header] as const]));
}

export function ruledGroups({ apps, groups }: Apps, now: number): RuledGroup[] {
  return [...groups].map(([name, people]) => ({
    name,
    people: [...people].sort(),
    apps: [...apps.values()]
      .filter(({ who }) =>
        who.some((entry) => isSameTarget(entry, { kind: 'group', name }) && applies(entry, now)),
      )
      .map(({ title }) => title),
  }));
}

/** What is typed into the field: the groups, and everybody who is in one. */
export function knownNames({ groups }: Apps): string[] {
  const people = new Set([...groups.values()].flatMap((members) => [...members]));
  return ['everyone', ...groups.keys(), ...[...people].sort()];
}

/** What removing an app's entries for `target` leads to. */
export interface Removal {
  /** Entries that still admit the person, everyone in the group, or everyone. */
  readonly remaining: readonly Allowed[];
  /** How many people of a group other entries still admit, if not all. */
  readonly partly: number;
  /** Whether no entry applies afterwards. */
  readonly last: boolean;
  /** Whether the person at `you` may open the app now and not afterwards. */
  readonly self: boolean;
}

export function removalOf(
  { who }: GuardedApp,
  groups: Apps['groups'],
  target: RuleTarget,
  { you, now }: { readonly you: string; readonly now: number },
): Removal {
  const live = who.filter((entry) => applies(entry, now));
  const left = live.filter((entry) => !isSameTarget(entry, target));
  const admitted = (email: string) => entriesFor({ who: left }, groups, { email });
  const base = {
    last: live.length > 0 && left.length === 0,
    self: entriesFor({ who: live }, groups, { email: you }).length > 0 && admitted(you).length === 0,
  };
  if (target.kind === 'person') return { ...base, remaining: admitted(target.name), partly: 0 };
  const forAll = left.filter(({ kind }) => kind === 'everyone');
  if (target.kind === 'everyone' || forAll.length > 0) return { ...base, remaining: forAll, partly: 0 };
  const members = [...(groups.get(target.name) ?? [])];
  return { ...base, remaining: [], partly: members.filter((email) => admitted(email).length > 0).length };
}
