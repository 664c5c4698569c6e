// The report as plain lines for a terminal, grouped by subject.

import { type Finding, type Report, summaryOf } from '../doctor/check-up.ts';
import { subjects } from '../doctor/checks/check.ts';
import type { Symptom } from '../doctor/symptoms.ts';

export function reportLines(report: Report, looked: readonly string[]): string[] {
  const { findings, unread, notChecked, passed } = report;
  const groups = subjects.flatMap((subject) => {
    const inside = findings.filter((finding) => finding.subject === subject);
    return inside.length === 0 ? [] : [subject, '', ...inside.flatMap(findingLines)];
  });
  const unseen = [...Map.groupBy(notChecked, ({ reason }) => reason)].map(
    ([reason, list]) => `  ${list.map(({ id }) => id).join(', ')}: ${reason}`,
  );
  const blind = [...Map.groupBy(unread, ({ reason }) => reason)].map(
    ([reason, list]) => `  ${list.map(({ id, severity }) => `${id} (${severity})`).join(', ')}: ${reason}`,
  );
  const counts = `${passed.length} passed, ${notChecked.length} not checked.`;
  return [
    ...looked,
    '',
    ...groups,
    ...(blind.length > 0 ? ['Could not be read', '', ...blind, ''] : []),
    ...(unseen.length > 0 ? ['Not checked', '', ...unseen, ''] : []),
    `${summaryOf(report)} ${counts}`,
  ];
}

export function symptomLines({ says, lookAt }: Symptom): string[] {
  return [says, '', `  Look at  ${lookAt}`, ''];
}

function findingLines({ id, severity, seen, why, mend }: Finding): string[] {
  return [
    `  ${severity.padEnd(8)}${id}`,
    `          Seen  ${seen}`,
    `          Why   ${why}`,
    ...mend.split('\n').map((line, i) => `          ${i === 0 ? 'Fix ' : '    '}  ${line}`),
    '',
  ];
}
