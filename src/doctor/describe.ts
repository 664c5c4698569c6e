// Makes the deployment that is judged from what was gathered. Secrets end here: what goes on are fingerprints and faults.
import type { Config } from '../config/derive.ts';
import { loadConfig } from '../config/load.ts';
import type { Problem } from '../config/problem.ts';
import { isGate } from './checks-network.ts';
import { type ComposeFile, type ComposeService, environmentOf, readComposeFiles } from './compose-file.ts';
import type { Deployment, Known, SecretFact, VisibleConfig } from './deployment.ts';
import { readGateSettings, withoutUser } from './gate-settings.ts';

/** What the room of the secrets knows of its trade, handed in by the root. */
export interface SecretTrade {
  readonly fingerprint: (secret: string) => string;
  /** Why a value is unfit for that setting, without the value. */
  readonly faultOf: (name: string, value: string) => string | undefined;
}

type Env = Readonly<Record<string, string | undefined>>;
type Looked = Pick<Deployment, 'files' | 'redis' | 'network' | 'live' | 'retention'>;

export interface Texts {
  /** `.env` and the environment, the environment winning. */
  readonly env: Env;
  /** What is wrong with the file `.env` itself: it cannot be read, or has lines that are unclear. */
  readonly envProblems: readonly Problem[];
  /** Names in `.env` that look like a setting misspelt. */
  readonly misspelt: readonly Problem[];
  /** Of oauth2-proxy.cfg; undefined: there is none. */
  readonly gateFile: string | undefined;
  /** Of docker-compose.yml and what Compose lays over it; none: there is none. */
  readonly composeFiles: readonly string[];
  /** Of the Dockerfile that compose builds the app from. */
  readonly dockerfile: string | undefined;
  /** Containers or programs. */
  readonly runBy: Deployment['runBy'];
}

/** What stands in the texts, judged by nobody yet. */
export interface Read {
  /** The settings that the secrets are taken from. */
  readonly env: Env;
  readonly config: Known<Config>;
  readonly problems: readonly Problem[];
  readonly compose: Known<ComposeFile>;
  readonly gateService: ComposeService | undefined;
}

const noCompose = 'no docker-compose.yml here';
const noGateFile = 'no oauth2-proxy.cfg here; run `gatehouse doctor` in the folder that has it';
export const secretSettings: readonly string[] = [
  'SECRET_KEY',
  'GATE_SECRET',
  'OAUTH2_PROXY_COOKIE_SECRET',
  'OAUTH2_PROXY_CLIENT_SECRET',
  'REDIS_PASSWORD',
  'VAULT_PASSPHRASE',
];
const dayMs = 86_400_000;

export function readTexts({ env, envProblems, composeFiles, dockerfile, runBy }: Texts): Read {
  const compose: Known<ComposeFile> =
    composeFiles.length === 0 ? { missing: noCompose } : { found: readComposeFiles(composeFiles, env) };
  const services = 'found' in compose ? compose.found.services : [];
  const app =
    runBy === 'compose'
      ? services.find(({ image, environment }) => !isGate(image) && environment.has('SECRET_KEY'))
      : undefined;
  const isProduction = app && /^ENV\s.*\bNODE_ENV=production\b/m.test(dockerfile ?? '');
  const appEnv: Env = app
    ? { ...environmentOf(app, env), ...(isProduction && { NODE_ENV: 'production' }) }
    : env;
  const { config, problems } = load(appEnv);
  return {
    env,
    config,
    problems: [...envProblems, ...problems],
    compose,
    gateService: runBy === 'compose' ? services.find(({ image }) => isGate(image)) : undefined,
  };
}

/** What a running server uses: its own secrets and settings stand for those in the texts. */
export function readRunning(texts: Texts, config: Config): Read {
  const [key, ...formerKeys] = config.secretKeys;
  const [secret, ...formerSecrets] = config.gate.secrets;
  return {
    ...readTexts({ ...texts, envProblems: [] }),
    config: { found: config },
    problems: [],
    env: {
      ...texts.env,
      SECRET_KEY: key,
      SECRET_KEY_FALLBACKS: formerKeys.join(','),
      GATE_SECRET: secret,
      GATE_SECRET_FALLBACKS: formerSecrets.join(','),
      SECRET_DATES: [...config.secretDates].map(([mark, day]) => `${mark}=${day}`).join(','),
    },
  };
}

export function describe(
  at: number,
  texts: Texts,
  read: Read,
  looked: Looked & { readonly software: Omit<Deployment['software'], 'gate'>; readonly inContainer: boolean },
  gateBinary: Deployment['software']['gate'],
  trade: SecretTrade,
): Deployment {
  const { env, gateFile, runBy } = texts;
  const { config, gateService, compose, problems } = read;
  const gateEnv = gateService ? environmentOf(gateService, env) : env;
  const image = gateService?.image;
  return {
    at,
    runBy,
    inContainer: looked.inContainer,
    problems,
    misspelt: texts.misspelt,
    config: 'found' in config ? { found: visible(config.found) } : config,
    secrets: withUrls(
      secretSettings.map((name) => secretFact(name, read.env, trade)),
      read.env,
      trade,
    ),
    gate:
      gateFile === undefined
        ? { missing: noGateFile }
        : {
            found: readGateSettings({
              text: gateFile,
              env: gateEnv,
              flags: gateService?.command ?? [],
              fingerprint: trade.fingerprint,
            }),
          },
    compose,
    files: looked.files,
    redis: looked.redis,
    network: looked.network,
    live: looked.live,
    retention: looked.retention,
    software: {
      ...looked.software,
      gate:
        image === undefined
          ? gateBinary
          : { found: { version: tagOf(image), from: 'the image in docker-compose.yml' } },
    },
  };
}

/**
 * The configuration as far as it can be had: what is faulty is set aside, so that the rest can still be judged.
 * What the checks would only see a default of instead is missing.
 */
function load(env: Env): { config: Known<Config>; problems: readonly Problem[] } {
  const loaded = loadConfig({ env });
  if ('config' in loaded) return { config: { found: loaded.config }, problems: [] };
  const { problems } = loaded;
  const faulty = new Set(problems.flatMap(({ name }) => [name, name.replace(/_FILE$/, ''), `${name}_FILE`]));
  const rest = Object.fromEntries(Object.entries(env).filter(([name]) => !faulty.has(name)));
  const again = loadConfig({ env: { ...rest, ...standIns(faulty, env) } });
  return {
    config:
      'config' in again
        ? { found: again.config }
        : { missing: 'the settings cannot be read; see settings.valid' },
    problems,
  };
}

/** Values that only let the rest be read: what is made of them is never looked at, because its own check has its finding. */
function standIns(faulty: ReadonlySet<string>, env: Env): Record<string, string> {
  const made = '0123456789abcdef'.repeat(4);
  const isOver = faulty.has('PUBLIC_URL') && env['NODE_ENV'] === 'production';
  return {
    ...(faulty.has('SECRET_KEY') && { SECRET_KEY: made }),
    ...(faulty.has('GATE_SECRET') && { GATE_SECRET: `${made}g` }),
    ...(isOver && { PUBLIC_URL: 'https://unknown.invalid' }),
  };
}

function visible(config: Config): VisibleConfig {
  const { production, devMode, logLevel, rateLimit, publicOrigin, host, port, opsPort, trustedHops } = config;
  const { ownCookies, session, visitor, secretMaxAgeMs, gate, store, webhook, confluence } = config;
  return {
    ...{ production, devMode, logLevel, rateLimit, publicOrigin, host, port, opsPort, trustedHops },
    ...{ ownCookies, session, visitor, secretMaxAgeMs },
    operators: [...gate.operators],
    gateCookie: gate.cookie,
    gateSessions: gate.sessions.kind,
    gateRedis: gate.sessions.kind === 'redis' ? withoutUser(gate.sessions.url) : undefined,
    store: store.kind,
    webhook: webhook && (webhook.url.startsWith('https:') ? 'https' : 'http'),
    confluenceIsPlain: confluence.url?.startsWith('http:') ?? false,
  };
}

function secretFact(name: string, env: Env, trade: SecretTrade): SecretFact {
  const value = env[name]?.trim() ?? '';
  const fallbacks = (env[`${name}_FALLBACKS`] ?? '').split(',').filter((text) => text.trim() !== '').length;
  if (value === '') return { name, isSet: false, fingerprint: '', fallbacks };
  const fault = trade.faultOf(name, value);
  const madeAt = madeAtOf(trade.fingerprint(value), env['SECRET_DATES'] ?? '');
  return {
    name,
    isSet: true,
    fingerprint: trade.fingerprint(value),
    fallbacks,
    ...(fault !== undefined && { fault }),
    ...(madeAt !== undefined && { madeAt }),
  };
}

/** Passwords in addresses, where they are not the one that has a setting of its own. */
function withUrls(secrets: readonly SecretFact[], env: Env, trade: SecretTrade): readonly SecretFact[] {
  const found = [...secrets];
  for (const setting of ['REDIS_URL', 'GATE_REDIS_URL']) {
    const password = /^[a-z+]+:\/\/[^/@]*:([^/@]+)@/i.exec(env[setting]?.trim() ?? '')?.[1];
    if (password === undefined) continue;
    const fingerprint = trade.fingerprint(password);
    if (found.some((one) => one.fingerprint === fingerprint)) continue;
    const fault = trade.faultOf('REDIS_PASSWORD', password);
    const name = `the password in ${setting}`;
    found.push({ name, isSet: true, fingerprint, fallbacks: 0, ...(fault !== undefined && { fault }) });
  }
  return found;
}

function madeAtOf(fingerprint: string, dates: string): number | undefined {
  const pair = dates
    .split(',')
    .map((text) => text.trim())
    .find((text) => text.startsWith(`${fingerprint}=`));
  const at = Date.parse(pair?.split('=')[1] ?? '');
  return Number.isNaN(at) || at > 8.64e15 - dayMs ? undefined : at;
}

function tagOf(image: string): string {
  return /:v?([^:@/]+)(?:@|$)/.exec(image)?.[1] ?? '';
}
