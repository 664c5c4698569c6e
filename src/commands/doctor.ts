// `gatehouse doctor`: the check-up from a terminal.
import { parseArgs } from 'node:util';
import { severities } from '../doctor/checks/check.ts';
import type { DoctorParts, DoctorTask } from './doctor-run.ts';
import type { Command, Wrong } from './terminal.ts';

const help = `gatehouse doctor [--url URL] [--json] [--fail-on SEVERITY] [--symptom WORDS]
gatehouse doctor --app NAME [--front ADDRESS] [--direct URL] [--echo PATH] [--json] [--fail-on SEVERITY]

Looks at the deployment in this folder: .env, oauth2-proxy.cfg, docker-compose.yml, files, Redis, ports, versions.
It changes nothing and prints no secret. Nothing needs to be running. What exists but cannot be read is reported
and counts like a finding.

  --url URL            look from outside too, with a few plain GET requests
  --json               the report as JSON
  --fail-on SEVERITY   high (default), medium, low or note: the exit code is 1 for findings at this level or above
  --symptom WORDS      what goes wrong, like "signed out at once": only the checks that explain it
  --compose            check the containers of docker-compose.yml (default if .env has COMPOSE_PROFILES)
  --no-compose         check what \`npm start\` and an oauth2-proxy on this machine would run with
  --app NAME           instead: an app behind the guard, from outside, as somebody without a sign-in. Tries what
                       an attacker would: forged headers, other addresses, the desk's paths. Needs SECRET_KEY
  --front ADDRESS      where the reverse proxy is reached for that app, if not at its own address, like
                       127.0.0.1:8443
  --direct URL         where the app itself listens: nobody but the reverse proxy may reach it. On 127.0.0.1, the
                       other addresses of this machine are tried
  --echo PATH          a path of the app, without a sign-in, whose answer shows the headers that the app gets:
                       without one, what reaches an app that shows nothing is "not checked"
  --help               this text

Exit code: 0 nothing at that severity, 1 something, 2 could not run, 3 nothing found, but oauth2-proxy's
settings could not be seen from here: the last line is the command that sees them.`;

const known = {
  url: { type: 'string' },
  json: { type: 'boolean', default: false },
  'fail-on': { type: 'string', default: 'high' },
  symptom: { type: 'string' },
  compose: { type: 'boolean' },
  app: { type: 'string' },
  front: { type: 'string' },
  direct: { type: 'string' },
  echo: { type: 'string' },
} as const;

/**
 * Exit code 1: a finding at or above the severity that counts. 3: nothing found in what is visible from here, which does not include
 * oauth2-proxy.
 */
export const doctorCommand: Command<DoctorTask, DoctorParts> = {
  name: 'doctor',
  help,
  read: readDoctor,
  async parts() {
    return { look: (await import('../wiring/doctor.ts')).lookFromTerminal };
  },
  run: async (task, parts, say) => (await import('./doctor-run.ts')).runDoctor(task, parts, say),
};

function readDoctor(args: readonly string[]): DoctorTask | Wrong {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: known,
    allowPositionals: true,
    allowNegative: true,
  });
  if (positionals.length > 0) return { wrong: 'it takes options only' };
  const { url, json, symptom, compose } = values;
  const failOn = severities.find((severity) => severity === values['fail-on']);
  if (failOn === undefined) return { wrong: `--fail-on takes ${severities.join(', ')}` };
  if (url !== undefined && !isAddress(url))
    return { wrong: '--url takes an address like https://desk.example.org' };
  const runBy = compose === undefined ? undefined : compose ? 'compose' : 'itself';
  const app = readApp(values);
  if (app && 'wrong' in app) return app;
  if (app && (url !== undefined || symptom !== undefined))
    return { wrong: '--app looks at one app alone: leave out --url and --symptom' };
  return { url, json, failOn, symptom, runBy, app };
}

function readApp({
  app: name,
  front,
  direct,
  echo,
}: {
  readonly [Name in 'app' | 'front' | 'direct' | 'echo']?: string | undefined;
}): DoctorTask['app'] | Wrong {
  if (name === undefined) {
    const given = front ?? direct ?? echo;
    return given === undefined ? undefined : { wrong: '--front, --direct and --echo go with --app NAME' };
  }
  if (name === '') return { wrong: '--app takes the name of an app in APPS_FILE' };
  if (front !== undefined && !/^(?:https?:\/\/)?[^/?#@]+\/?$/i.test(front))
    return { wrong: '--front takes an address like 127.0.0.1:8443 or http://127.0.0.1:8080' };
  if (direct !== undefined && !isAddress(direct))
    return { wrong: '--direct takes an address like http://10.0.0.5:3000' };
  if (echo !== undefined && !/^\/[\u0021-\u007e]*$/.test(echo))
    return { wrong: '--echo takes a path like /api/headers' };
  return { name, places: { front, direct, echo } };
}

function isAddress(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '';
}
