// Gathers the facts about a deployment, each part independently and with a timeout. Changes nothing.
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Config } from '../../config/derive.ts';
import type {
  AppView,
  Deployment,
  Known,
  OutsideView,
  RedisFact,
  RetentionFact,
  RoomFact,
} from '../deployment.ts';
import { describe, type Read, readRunning, readTexts, type Texts } from '../read/describe.ts';
import { readFolder } from '../read/folder.ts';
import { type SecretValidators, secretSettings } from '../read/secret-facts.ts';
import { lookAtFiles } from './files.ts';
import { lookFromOutside } from './from-outside.ts';
import { type GuardToSee, lookAtGuard, noGuard } from './guard.ts';
import { lookAtNetwork } from './network.ts';
import { lookAtRedis, type RedisToAsk } from './redis.ts';
import { lookAtPackages, lookForGateBinary } from './software.ts';

export interface GatherOptions {
  /** The folder of `.env`, oauth2-proxy.cfg and docker-compose.yml. */
  readonly folder: string;
  /** The folder of package.json and node_modules. */
  readonly programFolder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absent: `compose` if the folder has a Compose file and `.env` sets COMPOSE_PROFILES. */
  readonly runBy?: Deployment['runBy'];
  /** The address to check from outside; absent: none. */
  readonly url?: string;
  /** The configuration of the running server; absent: it is read from the folder. */
  readonly config?: Config;
  /** Timeout for each part; milliseconds. */
  readonly patienceMs: number;
  readonly validators: SecretValidators;
  readonly addressesIn: (path: string) => readonly string[];
  readonly appsIn: (
    text: string,
    deskOrigin: string,
    addresses: readonly string[],
  ) => ReturnType<GuardToSee['appsIn']>;
  /** Looks at an app from outside; absent: at none. @param appsFile its path */
  readonly lookAtApp?: (config: Config, appsFile: string) => Promise<Known<AppView>>;
  readonly now: () => number;
  /** Whether the running server trusts its clock; absent: this is another process. */
  readonly retention?: () => RetentionFact;
  /** How much of its store is used; undefined if the store does not report it. */
  readonly room?: () => Promise<RoomFact | undefined>;
}

const inVolume =
  'it is in a Docker volume; run the check-up in the container: docker compose exec app node src/main.ts doctor';

export async function gather(options: GatherOptions): Promise<Deployment> {
  const { folder, programFolder, env, url, patienceMs, validators, now } = options;
  const texts = readFolder(options);
  const plain = options.config ? readRunning(texts, options.config) : readTexts(texts);
  const read = { ...plain, env: withSecretFiles(plain.env) };
  const isCompose = texts.runBy === 'compose';
  const inContainer =
    existsSync('/.dockerenv') || existsSync('/run/.containerenv') || Boolean(env['KUBERNETES_SERVICE_HOST']);
  const part = <T>(what: string, look: () => Promise<Known<T>>) => within(patienceMs, what, look);
  const [files, redis, network, live, guard, app, packages, gateBinary] = await Promise.all([
    part('the files', async () => ({
      found: await lookAtFiles({
        folder,
        envFile: '.env',
        ...pathsOf(texts, read),
        // Docker makes its secrets readable to everyone in the container, which is fine: no other user is there.
        secretFiles: Object.values(secretFilesOf(texts.env)).filter(
          (path) => !path.startsWith('/run/secrets/'),
        ),
        addressesIn: options.addressesIn,
        alsoDeciding: texts.compose?.files ?? [],
      }),
    })),
    within(patienceMs, 'Redis', () => askRedis(read, isCompose, now), redisTooSlow(read)),
    part('the ports', () => tryPorts(read, isCompose, inContainer)),
    within<OutsideView>(
      patienceMs,
      'the address',
      async () =>
        url === undefined
          ? { missing: 'run `gatehouse doctor --url https://…` to look from outside' }
          : { found: await lookFromOutside(url, now) },
      url === undefined ? undefined : { url: new URL(url).origin, unreachable: tooSlow, answers: {} },
    ),
    part('the apps file', async () => guardFacts(options, texts, read, inContainer)),
    within<AppView>(longPatienceMs, 'the app', () => appFacts(options, texts, read)),
    part('the packages', async () => lookAtPackages(programFolder)),
    part('oauth2-proxy', () => lookForGateBinary(env)),
  ]);
  const software = { node: process.versions.node, packages };
  const retention: Known<RetentionFact> = options.retention
    ? { found: options.retention() }
    : { missing: 'the running server knows: open /checkup, or run `gatehouse clock`' };
  const room = await within<RoomFact>(patienceMs, 'the space of the store', async () => {
    if (!options.room) return { missing: 'the running server knows: open /checkup' };
    const found = await options.room();
    return found ? { found } : { missing: 'the store does not report how much space it uses' };
  });
  const looked = { files, redis, network, live, guard, app, retention, room, software, inContainer };
  return describe(now(), texts, read, looked, gateBinary, validators);
}

/** An app is asked for many things, one after the other. */
const longPatienceMs = 120_000;

/** Both containers mount the `access` folder here. */
const appsFileOf = ({ runBy }: Texts, config: Config) =>
  runBy === 'compose' ? 'access/apps.yaml' : config.guard.appsFile;

async function guardFacts(
  { folder, addressesIn, appsIn }: GatherOptions,
  texts: Texts,
  read: Read,
  inContainer: boolean,
): Promise<Deployment['guard']> {
  const { config } = read;
  if ('missing' in config) return config;
  const { emailsFile } = pathsOf(texts, read);
  const { publicOrigin, guard } = config.found;
  return lookAtGuard({
    folder,
    listen: guard.listen,
    appsFile: appsFileOf(texts, config.found),
    emailsFile: 'found' in emailsFile ? emailsFile.found : undefined,
    isSocketHere: texts.runBy === 'itself' || inContainer,
    addressesIn,
    appsIn: (text, addresses) => appsIn(text, publicOrigin, addresses),
  });
}

async function appFacts(
  { folder, lookAtApp }: GatherOptions,
  texts: Texts,
  { config }: Read,
): Promise<Deployment['app']> {
  if ('missing' in config) return config;
  if (lookAtApp) return lookAtApp(config.found, resolve(folder, appsFileOf(texts, config.found)));
  if (!config.found.guard.listen) return noGuard;
  return { missing: 'run `gatehouse doctor --app NAME` to look at an app' };
}

function pathsOf(
  texts: Texts,
  { config }: Read,
): Record<'dataDir' | 'auditLog' | 'emailsFile', Known<string>> {
  if ('missing' in config) return { dataDir: config, auditLog: config, emailsFile: config };
  if (texts.runBy === 'compose') {
    // Both containers mount the `access` folder here.
    return {
      dataDir: { missing: inVolume },
      auditLog: { missing: inVolume },
      emailsFile: { found: 'access/emails.txt' },
    };
  }
  const { dataDir, audit, access } = config.found;
  return {
    dataDir: { found: dataDir },
    auditLog: audit.logFile === undefined ? { missing: 'AUDIT_LOG_FILE is off' } : { found: audit.logFile },
    emailsFile: { found: access.emailsFile },
  };
}

/** The paths in settings that end in _FILE, by the name of the setting whose value they hold. */
function secretFilesOf(env: Texts['env']): Record<string, string> {
  return Object.fromEntries(
    secretSettings.flatMap((name) => {
      const path = env[`${name}_FILE`]?.trim();
      return path && !env[name]?.trim() ? [[name, path] as const] : [];
    }),
  );
}

/** Adds the secrets that are in files. settings.valid reports those that cannot be read. */
function withSecretFiles(env: Texts['env']): Texts['env'] {
  const found = Object.entries(secretFilesOf(env)).flatMap(([name, path]) => {
    try {
      return [[name, readFileSync(path, 'utf8').trim()] as const];
    } catch {
      return [];
    }
  });
  return { ...env, ...Object.fromEntries(found) };
}

async function askRedis(
  { config, problems }: Read,
  isCompose: boolean,
  now: () => number,
): Promise<Known<readonly RedisFact[]>> {
  if ('missing' in config) return config;
  if (problems.some(({ name }) => /REDIS_URL/.test(name)))
    return { missing: 'its address is faulty; see settings.valid' };
  const asked = redisOf(config.found);
  if (asked.length === 0)
    return { missing: 'Redis is not used: sessions are in SQLite and in the gate’s cookie' };
  if (isCompose) {
    return {
      missing:
        'it is inside Compose’s network; run the check-up there: docker compose exec app node src/main.ts doctor',
    };
  }
  return { found: await Promise.all(asked.map((one) => lookAtRedis(one, now))) };
}

function redisOf({ store, gate }: Config): RedisToAsk[] {
  const prefix = store.kind === 'redis' ? store.prefix : '';
  const own = ['session', 'visitor', 'claim', 'note', 'rate'].map((kind) => ({
    kind,
    pattern: `${prefix}${kind}:*`,
  }));
  const tickets = { kind: 'ticket', pattern: `${gate.cookie.name}-*` };
  const ofGate = gate.sessions.kind === 'redis' ? gate.sessions.url : undefined;
  const ofApp = store.kind === 'redis' ? store.url : undefined;
  const isShared = ofGate !== undefined && ofGate === ofApp;
  return [
    ...(ofApp === undefined
      ? []
      : [
          {
            setting: 'REDIS_URL' as const,
            url: ofApp,
            prefix,
            mustEnd: isShared ? [...own, tickets] : own,
          },
        ]),
    ...(ofGate === undefined || isShared
      ? []
      : [{ setting: 'GATE_REDIS_URL' as const, url: ofGate, mustEnd: [tickets] }]),
  ];
}

async function tryPorts(
  { config }: Read,
  isCompose: boolean,
  inContainer: boolean,
): Promise<Deployment['network']> {
  if ('missing' in config) return config;
  if (isCompose || inContainer) {
    return { missing: 'the app runs in a container; its published ports are checked instead' };
  }
  return { found: await lookAtNetwork(config.found) };
}

const tooSlow = 'too slow';

/** A Redis that takes this long counts as unreachable, not as nothing to see. */
function redisTooSlow({ config }: Read): readonly RedisFact[] | undefined {
  return 'found' in config
    ? redisOf(config.found).map(({ setting }) => ({ setting, unreachable: tooSlow }))
    : undefined;
}

/** Isolates a part that hangs or fails from the others. @param late the fact if the part times out; absent: it is unread */
async function within<T>(
  ms: number,
  what: string,
  look: () => Promise<Known<T>>,
  late?: T,
): Promise<Known<T>> {
  const over = Promise.withResolvers<Known<T>>();
  const missing = `${what} took longer than ${ms / 1000} seconds`;
  const timer = setTimeout(
    () => over.resolve(late === undefined ? { missing, unread: true } : { found: late }),
    ms,
  );
  try {
    return await Promise.race([look(), over.promise]);
  } catch {
    return { missing: `${what} could not be checked`, unread: true };
  } finally {
    clearTimeout(timer);
  }
}
