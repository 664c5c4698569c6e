// What `gatehouse doctor` does with the results, and what it prints.
import { checkUp } from '../doctor/check-up.ts';
import { checks } from '../doctor/checks/all-checks.ts';
import type { Check, Severity } from '../doctor/checks/check.ts';
import type { Deployment } from '../doctor/deployment.ts';
import { notSeenIn } from '../doctor/not-seen.ts';
import { findSymptom, type Symptom, symptoms } from '../doctor/symptoms.ts';
import { reportLines, symptomLines } from './doctor-words.ts';
import type { ExitCode, Say } from './terminal.ts';

export interface DoctorTask {
  readonly url: string | undefined;
  readonly json: boolean;
  readonly failOn: Severity;
  readonly symptom: string | undefined;
  readonly runBy: Deployment['runBy'] | undefined;
  /** An app behind the guard, looked at from outside; undefined: none. */
  readonly app:
    | {
        readonly name: string;
        readonly places: Readonly<Record<'front' | 'direct' | 'echo', string | undefined>>;
      }
    | undefined;
}

export interface DoctorParts {
  look(task: Pick<DoctorTask, 'url' | 'runBy' | 'app'>): Promise<Deployment>;
}

export async function runDoctor(task: DoctorTask, { look }: DoctorParts, say: Say): Promise<ExitCode> {
  const symptom = task.symptom === undefined ? undefined : findSymptom(task.symptom);
  if (task.symptom !== undefined && !symptom) {
    say.fault(`no symptom matches; known: ${symptoms.map(({ says }) => `"${says}"`).join(', ')}`);
    return 2;
  }
  const deployment = await look(task).catch((error: unknown) => {
    const { code, name } = error as NodeJS.ErrnoException;
    say.note(`gatehouse doctor could not run (${code ?? name}): can this folder be read?`);
  });
  if (!deployment) return 2;
  const table = tableOf(task, symptom);
  const report = checkUp(deployment, task.failOn, table);
  const rest = notSeenIn(deployment, table);
  if (task.json) say.json({ ...report, ...(rest && { rest }) });
  else {
    if (symptom) for (const line of symptomLines(symptom)) say.line(line);
    const looked = task.app ? lookedAtApp(deployment, task.app.name) : lookedAt(deployment, task.url);
    for (const line of reportLines(report, [looked])) say.line(line);
    if (rest)
      for (const line of ['', rest.unseen, `Run this ${rest.where}:  ${rest.command}`]) say.line(line);
  }
  if (!report.ok) return 1;
  return rest ? 3 : 0;
}

/** What oauth2-proxy's settings can do to an app, besides what is seen of it. */
const gateChecksOfApps = ['gate.host-prefix-domain', 'gate.cookie-domain', 'gate.whitelist'];

function tableOf({ app }: DoctorTask, symptom: Symptom | undefined): readonly Check[] {
  if (app) {
    return checks.filter(
      ({ id, subject }) =>
        subject === 'The guard' || subject === 'An app behind the guard' || gateChecksOfApps.includes(id),
    );
  }
  return symptom ? symptom.checks.flatMap((id) => checks.filter((check) => check.id === id)) : checks;
}

function lookedAtApp({ app }: Deployment, name: string): string {
  if ('missing' in app) return `Looked for the app ${name}.`;
  const { origin, at } = app.found;
  return `Looked at ${origin}${at === origin ? '' : ` by way of ${at}`} from outside, without a sign-in.`;
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
