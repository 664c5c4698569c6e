// Runs every check over a deployment. A check that throws is reported as unread, and the others still run.
import { checks } from './checks/all-checks.ts';
import { type Check, type Severity, severities, type Verdict } from './checks/check.ts';
import type { Deployment } from './deployment.ts';

export interface Finding {
  readonly id: string;
  readonly severity: Severity;
  readonly subject: string;
  readonly seen: string;
  readonly why: string;
  readonly mend: string;
}

export interface Unread {
  readonly id: string;
  readonly severity: Severity;
  readonly subject: string;
  readonly reason: string;
}

/** The shape of `gatehouse doctor --json` and of GET /api/checkup; it only ever gains fields. */
export interface Report {
  /** No finding and nothing unread at or above the severity given as `failOn`. */
  readonly ok: boolean;
  /** ISO 8601, UTC. */
  readonly at: string;
  /** Highest severity first, otherwise in the order of the table. */
  readonly findings: readonly Finding[];
  /** Checks whose subject exists but could not be read: neither passed nor found. Highest severity first. */
  readonly unread: readonly Unread[];
  /** Checks with nothing to look at from here. */
  readonly notChecked: readonly { readonly id: string; readonly reason: string }[];
  readonly passed: readonly string[];
}

/** @param failOn the lowest severity that makes the report not ok */
export function checkUp(
  deployment: Deployment,
  failOn: Severity = 'high',
  table: readonly Check[] = checks,
): Report {
  const findings: Finding[] = [];
  const unread: Unread[] = [];
  const notChecked: { id: string; reason: string }[] = [];
  const passed: string[] = [];
  for (const check of table) {
    const { id, severity, subject, why, mend } = check;
    const verdict = judge(check, deployment);
    if (verdict === 'passed') passed.push(id);
    else if ('notChecked' in verdict) notChecked.push({ id, reason: verdict.notChecked });
    else if ('unread' in verdict) unread.push({ id, severity, subject, reason: verdict.unread });
    else findings.push({ id, severity, subject, seen: verdict.seen, why, mend: verdict.mend ?? mend });
  }
  return {
    ok: ![...findings, ...unread].some((one) => isAtLeast(one.severity, failOn)),
    at: new Date(deployment.at).toISOString(),
    findings: findings.sort(byGravity),
    unread: unread.sort(byGravity),
    notChecked,
    passed,
  };
}

export function isAtLeast(severity: Severity, floor: Severity): boolean {
  return severities.indexOf(severity) <= severities.indexOf(floor);
}

function byGravity(a: { readonly severity: Severity }, b: { readonly severity: Severity }): number {
  return severities.indexOf(a.severity) - severities.indexOf(b.severity);
}

export function worstOf(given: readonly Severity[]): Severity | undefined {
  return severities.find((severity) => given.includes(severity));
}

/** "Nothing at high. 2 medium, 1 low." and "3 could not be read, so this is not an all-clear." */
export function summaryOf({ findings, unread }: Pick<Report, 'findings' | 'unread'>): string {
  const blind = unread.length > 0 ? ` ${unread.length} could not be read, so this is not an all-clear.` : '';
  return `${foundWords(findings)}${blind}`;
}

function foundWords(findings: readonly Finding[]): string {
  const counts = severities.map(
    (severity) => [severity, findings.filter((one) => one.severity === severity).length] as const,
  );
  const [, ...rest] = counts;
  const high = counts[0]?.[1] ?? 0;
  const others = rest.filter(([, count]) => count > 0).map(([severity, count]) => `${count} ${severity}`);
  if (findings.length === 0) return 'Nothing found.';
  if (high > 0) return `${[`${high} high`, ...others].join(', ')}.`;
  return `Nothing at high.${others.length > 0 ? ` ${others.join(', ')}.` : ''}`;
}

function judge(check: Check, deployment: Deployment): Verdict {
  try {
    return check.judge(deployment);
  } catch {
    return { unread: 'this check itself failed; the others ran' };
  }
}
