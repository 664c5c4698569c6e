// The options of `gatehouse doctor`, read strictly.
import { parseArgs } from 'node:util';
import { type Severity, severities } from './checks/check.ts';
import type { Deployment } from './deployment.ts';

export const help = `gatehouse doctor [--url URL] [--json] [--fail-on SEVERITY] [--symptom WORDS]

Looks at the deployment in this folder: .env, oauth2-proxy.cfg, docker-compose.yml, files, Redis, ports, versions.
It changes nothing and prints no secret. Nothing needs to run. What is there and cannot be read is named
and counts like a finding.

  --url URL            look from outside too, with a few plain GET requests
  --json               the report as JSON
  --fail-on SEVERITY   high (default), medium, low or note: from there on the exit code is 1
  --symptom WORDS      what goes wrong, like "signed out at once": only the checks that explain it
  --compose            judge the containers of docker-compose.yml (default where .env has COMPOSE_PROFILES)
  --no-compose         judge what \`npm start\` and an oauth2-proxy beside it would run with
  --help               this text

Exit code: 0 nothing at that severity, 1 something, 2 could not run, 3 nothing in what could be seen
from here, but oauth2-proxy's settings could not: the last line is the command that sees them.`;

export interface DoctorTask {
  readonly url: string | undefined;
  readonly json: boolean;
  readonly failOn: Severity;
  readonly symptom: string | undefined;
  readonly runBy: Deployment['runBy'] | undefined;
}

const known = {
  url: { type: 'string' },
  json: { type: 'boolean', default: false },
  'fail-on': { type: 'string', default: 'high' },
  symptom: { type: 'string' },
  compose: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** `wrong`: one line for the person who typed it. */
export function readOptions(args: readonly string[]): DoctorTask | 'help' | { readonly wrong: string } {
  const parsed = parse(args);
  if ('wrong' in parsed) return parsed;
  const { url, json, symptom, compose, help: asksHelp } = parsed;
  if (asksHelp) return 'help';
  const failOn = severities.find((severity) => severity === parsed['fail-on']);
  if (failOn === undefined) return { wrong: `--fail-on takes ${severities.join(', ')}` };
  if (url !== undefined && !isAddress(url))
    return { wrong: '--url takes an address like https://desk.example.org' };
  const runBy = compose === undefined ? undefined : compose ? 'compose' : 'itself';
  return { url, json, failOn, symptom, runBy };
}

function isAddress(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '';
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: known,
      strict: true,
      allowPositionals: false,
      allowNegative: true,
    }).values;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (!code?.startsWith('ERR_PARSE_ARGS_')) throw error;
    if (code === 'ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL') return { wrong: 'it takes options only' };
    return { wrong: oneLine(message.split(/[.\n]/)[0] ?? message) };
  }
}

/** What came from outside must not steer the terminal. */
export function oneLine(text: string): string {
  return text.replace(/\p{Cc}|\p{Cf}/gu, '?');
}
