// Builds the `Deployment` that the checks judge from the gathered facts. No secret gets past this file: only fingerprints and faults do.
import type { Config } from '../../config/derive.ts';
import { loadConfig } from '../../config/load.ts';
import type { Problem } from '../../config/setting.ts';
import type { Deployment, Known, VisibleConfig } from '../deployment.ts';
import { type ComposeFile, readCompose } from './compose-file.ts';
import type { ComposeSource } from './compose-layers.ts';
import { type Containers, containersOf } from './compose-services.ts';
import { type FileText, unsure } from './env-file.ts';
import { readGateFile } from './gate-file.ts';
import { type GateSettings, readGateSettings, withoutUser } from './gate-settings.ts';
import { type SecretValidators, secretFacts } from './secret-facts.ts';

type Env = Readonly<Record<string, string | undefined>>;
type Looked = Pick<
  Deployment,
  'files' | 'redis' | 'network' | 'live' | 'retention' | 'room' | 'guard' | 'app'
>;

export interface Texts {
  /** `.env` and the environment, which takes precedence. */
  readonly env: Env;
  /** Problems with the file `.env` itself: it cannot be read, or has ambiguous lines. */
  readonly envProblems: readonly Problem[];
  /** Why `.env` cannot be read; undefined: it can, or there is none. */
  readonly envUnread: string | undefined;
  /** Names in `.env` that look like a misspelt setting. */
  readonly misspelt: readonly Problem[];
  /** Variables of `.env` that Compose reads with another value. */
  readonly unsureNames: readonly string[];
  /** oauth2-proxy.cfg; undefined: there is none. */
  readonly gateFile: FileText | undefined;
  /** The Compose files; undefined: there are none. */
  readonly compose: ComposeSource | undefined;
  /** The text of the Dockerfile that Compose builds the app from; undefined: none can be read. */
  readonly dockerfile: string | undefined;
  /** Whether containers or programs on this machine run. */
  readonly runBy: Deployment['runBy'];
}

/** What was read from the files. */
export interface Read {
  /** The environment that the secrets are taken from. */
  readonly env: Env;
  readonly config: Known<Config>;
  readonly problems: readonly Problem[];
  /** Why `.env` cannot be read. */
  readonly envUnread: string | undefined;
  readonly compose: Known<ComposeFile>;
  /** undefined: the deployment does not run in containers. */
  readonly containers: Containers | undefined;
}

const noCompose = 'no docker-compose.yml here';
const noGateFile = 'no oauth2-proxy.cfg here; run `gatehouse doctor` in the folder that has it';
export function readTexts(texts: Texts): Read {
  const { env, envProblems, dockerfile, runBy, compose: source, unsureNames } = texts;
  const composeEnv = { ...env, ...Object.fromEntries(unsureNames.map((name) => [name, unsure])) };
  const compose = source && readCompose(source, composeEnv);
  const containers =
    source && compose && runBy === 'compose'
      ? containersOf({ compose, folder: source.folder, env, dockerfile })
      : undefined;
  const { config, problems } = load(containers?.app.env ?? env);
  return {
    env: containers ? { ...env, ...defined(containers.gate.env), ...defined(containers.app.env) } : env,
    config,
    problems: [...envProblems, ...problems],
    envUnread: texts.envUnread,
    compose: compose ? { found: compose } : { missing: noCompose },
    containers,
  };
}

function defined(env: Env): Env {
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined));
}

/** As `readTexts`, but with the secrets and settings that the running server uses. */
export function readRunning(texts: Texts, config: Config): Read {
  const [key, ...formerKeys] = config.secretKeys;
  const [secret, ...formerSecrets] = config.gate.secrets;
  return {
    ...readTexts({ ...texts, envProblems: [], envUnread: undefined }),
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
  validators: SecretValidators,
): Deployment {
  const { runBy } = texts;
  const { config, containers, compose, problems } = read;
  const envDoubt = read.envUnread;
  const gate = gateSettings(texts, read, validators);
  const image = containers?.gate.image;
  return {
    at,
    runBy,
    inContainer: looked.inContainer,
    problems,
    misspelt: texts.misspelt,
    config: 'found' in config ? { found: visible(config.found) } : config,
    secrets: secretFacts(read.env, validators),
    gate,
    doubts: {
      config: envDoubt ?? containers?.app.doubt,
      gate:
        envDoubt ??
        containers?.gate.doubt ??
        ('found' in gate ? gate.found.unread[0]?.replace(/\.$/, '') : undefined),
    },
    compose,
    files: looked.files,
    redis: looked.redis,
    network: looked.network,
    live: looked.live,
    retention: looked.retention,
    room: looked.room,
    guard: looked.guard,
    app: looked.app,
    software: {
      ...looked.software,
      gate:
        image === undefined
          ? containers
            ? { missing: 'no active service uses the image of oauth2-proxy', unread: true }
            : gateBinary
          : { found: { version: tagOf(image), from: 'the image in docker-compose.yml' } },
    },
  };
}

function gateSettings(
  { env, gateFile }: Texts,
  { containers }: Read,
  validators: SecretValidators,
): Known<GateSettings> {
  if (gateFile === undefined) return { missing: noGateFile };
  if ('why' in gateFile) return { missing: `oauth2-proxy.cfg ${gateFile.why}`, unread: true };
  const file = readGateFile(gateFile.text);
  if ('brokenAt' in file) return { missing: `oauth2-proxy.cfg:${file.brokenAt} ${file.why}`, unread: true };
  const { gate } = containers ?? {};
  return {
    found: readGateSettings({
      file: gate?.readsFile === false ? undefined : file,
      env: gate?.env ?? env,
      flags: gate?.flags ?? [],
      fingerprint: validators.fingerprint,
    }),
  };
}

/**
 * Loads the configuration without the faulty settings, so that the rest can still be judged.
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

/** Placeholders that let the rest be loaded. No check looks at them: each faulty setting already has its own finding. */
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

function tagOf(image: string): string {
  return /:v?([^:@/]+)(?:@|$)/.exec(image)?.[1] ?? '';
}
