// Runs every check over a deployment. One that fails by itself says so and hides no other.
import { type Check, type Severity, severities, type Verdict } from './check.ts';
import { checks } from './checks.ts';
import type { Deployment } from './deployment.ts';

export interface Finding {
  readonly id: string;
  readonly severity: Severity;
  readonly subject: string;
  readonly seen: string;
  readonly why: string;
  readonly mend: string;
}

/** The shape of `gatehouse doctor --json` and of GET /api/checkup; it only ever gains fields. */
export interface Report {
  /** Nothing was found at or above the severity that counts. */
  readonly ok: boolean;
  /** ISO 8601, UTC. */
  readonly at: string;
  /** The gravest first, otherwise in the order of the table. */
  readonly findings: readonly Finding[];
  readonly notChecked: readonly { readonly id: string; readonly reason: string }[];
  readonly passed: readonly string[];
}

/** @param failOn findings at or above it are not ok */
export function checkUp(
  deployment: Deployment,
  failOn: Severity = 'high',
  table: readonly Check[] = checks,
): Report {
  const findings: Finding[] = [];
  const notChecked: { id: string; reason: string }[] = [];
  const passed: string[] = [];
  for (const check of table) {
    const { id, severity, subject, why, mend } = check;
    const verdict = judge(check, deployment);
    if (verdict === 'passed') passed.push(id);
    else if ('notChecked' in verdict) notChecked.push({ id, reason: verdict.notChecked });
    else findings.push({ id, severity, subject, seen: verdict.seen, why, mend: verdict.mend ?? mend });
  }
  return {
    ok: !findings.some((finding) => isAtLeast(finding.severity, failOn)),
    at: new Date(deployment.at).toISOString(),
    findings: findings.sort((a, b) => severities.indexOf(a.severity) - severities.indexOf(b.severity)),
    notChecked,
    passed,
  };
}

export function isAtLeast(severity: Severity, floor: Severity): boolean {
  return severities.indexOf(severity) <= severities.indexOf(floor);
}

/** "Nothing at high. 2 medium, 1 low." */
export function summaryOf({ findings }: Pick<Report, 'findings'>): string {
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
    return { notChecked: 'this check failed by itself; the others went on' };
  }
}
