// `gatehouse doctor`: options and words around one check-up.

import { checkUp } from './check-up.ts';
import { checks } from './checks/all-checks.ts';
import type { Deployment } from './deployment.ts';
import { restOf } from './not-seen.ts';
import { type DoctorTask, help, oneLine, readOptions } from './options.ts';
import { reportLines, symptomLines } from './report-lines.ts';
import { findSymptom, symptoms } from './symptoms.ts';

export interface DoctorParts {
  out(line: string): void;
  err(line: string): void;
  look(task: Pick<DoctorTask, 'url' | 'runBy'>): Promise<Deployment>;
}

/**
 * @returns the exit code: 0 nothing at the severity that counts, 1 something, 2 it could not run, 3 nothing in what could be seen
 * from here, which oauth2-proxy is not part of
 */
export async function runDoctor(
  args: readonly string[],
  { out, err, look }: DoctorParts,
): Promise<0 | 1 | 2 | 3> {
  const task = readOptions(args);
  if (task === 'help') {
    out(help);
    return 0;
  }
  if ('wrong' in task) {
    err(`gatehouse doctor: ${task.wrong}; see --help`);
    return 2;
  }
  const symptom = task.symptom === undefined ? undefined : findSymptom(task.symptom);
  if (task.symptom !== undefined && !symptom) {
    err(`gatehouse doctor: no symptom fits; known: ${symptoms.map(({ says }) => `"${says}"`).join(', ')}`);
    return 2;
  }
  const deployment = await look(task).catch((error: unknown) => {
    const { code, name } = error as NodeJS.ErrnoException;
    err(`gatehouse doctor could not run (${code ?? name}): can this folder be read?`);
  });
  if (!deployment) return 2;
  const table = symptom ? symptom.checks.flatMap((id) => checks.filter((check) => check.id === id)) : checks;
  const report = checkUp(deployment, task.failOn, table);
  const rest = restOf(deployment, table);
  if (task.json) out(plainJson({ ...report, ...(rest && { rest }) }));
  else {
    if (symptom) for (const line of symptomLines(symptom)) out(oneLine(line));
    for (const line of reportLines(report, [lookedAt(deployment, task.url)])) out(line);
    if (rest)
      for (const line of ['', rest.unseen, `Run this ${rest.where}:  ${rest.command}`]) out(oneLine(line));
  }
  if (!report.ok) return 1;
  return rest ? 3 : 0;
}

/** What steers a terminal is escaped, beyond what JSON itself escapes. */
function plainJson(report: object): string {
  return JSON.stringify(report, null, 2).replace(/[\u007f-\u009f]|\p{Cf}/gu, (char) =>
    [...Array(char.length).keys()]
      .map((i) => `\\u${char.charCodeAt(i).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}

function lookedAt({ runBy, gate, compose, files, inContainer }: Deployment, url: string | undefined): string {
  const parts = [
    'found' in files && 'found' in files.found.env ? '.env' : 'the environment',
    'found' in gate && 'oauth2-proxy.cfg',
    'found' in compose && 'docker-compose.yml',
    url !== undefined && new URL(url).origin,
  ].filter(Boolean);
  if (inContainer && runBy === 'itself')
    return `Looked at ${parts.join(', ')}, from inside the app’s container.`;
  const how =
    runBy === 'compose'
      ? 'as docker compose runs it (--no-compose: as npm start does)'
      : `as npm start runs it${'found' in compose ? ' (--compose: as docker compose does)' : ''}`;
  return `Looked at ${parts.join(', ')}, ${how}.`;
}
