// Gathers what can be known about a deployment, each part for itself and for a few seconds at most. It changes nothing.
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse as parseDotenv } from 'dotenv';
import type { Config } from '../config/derive.ts';
import type { Problem } from '../config/problem.ts';
import type { Deployment, Known, RedisFact } from './deployment.ts';
import { describe, type Read, readRunning, readTexts, type SecretTrade, type Texts } from './describe.ts';
import { lookAtFiles } from './look-at-files.ts';
import { lookAtNetwork } from './look-at-network.ts';
import { lookAtRedis, type RedisToAsk } from './look-at-redis.ts';
import { lookAtPackages, lookForGateBinary } from './look-at-software.ts';
import { lookLive } from './look-live.ts';

export interface GatherOptions {
  /** Where `.env`, oauth2-proxy.cfg and docker-compose.yml are. */
  readonly folder: string;
  /** Where package.json and node_modules are. */
  readonly programFolder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** absent: containers, where docker-compose.yml is here and `.env` has its variables. */
  readonly runBy?: Deployment['runBy'];
  /** Looked at from outside; absent: not. */
  readonly url?: string;
  /** What a running server uses; absent: what the settings in the folder say. */
  readonly config?: Config;
  /** For a part; milliseconds. */
  readonly patienceMs: number;
  readonly trade: SecretTrade;
  readonly addressesIn: (path: string) => readonly string[];
  readonly now: () => number;
}

const inVolume =
  'it is in a volume of Docker’s; run the check-up in the container: docker compose exec app node src/main.ts doctor';

export async function gather(options: GatherOptions): Promise<Deployment> {
  const { folder, programFolder, env, url, patienceMs, trade, now } = options;
  const texts = readFolder(options);
  const read = options.config ? readRunning(texts, options.config) : readTexts(texts);
  const isCompose = texts.runBy === 'compose';
  const inContainer = existsSync('/.dockerenv') || existsSync('/run/.containerenv');
  const part = <T>(what: string, look: () => Promise<Known<T>>) => within(patienceMs, what, look);
  const [files, redis, network, live, packages, gateBinary] = await Promise.all([
    part('the files', async () => ({
      found: lookAtFiles({
        folder,
        envFile: '.env',
        ...pathsOf(texts, read),
        addressesIn: options.addressesIn,
      }),
    })),
    part('Redis', () => askRedis(read, isCompose, now)),
    part('the ports', () => tryPorts(read, isCompose, inContainer)),
    part('the address', async () =>
      url === undefined
        ? { missing: 'run `gatehouse doctor --url https://…` to look from outside' }
        : { found: await lookLive(url, now) },
    ),
    part('the packages', async () => lookAtPackages(programFolder)),
    part('oauth2-proxy', () => lookForGateBinary(env)),
  ]);
  const software = { node: process.versions.node, packages };
  const looked = { files, redis, network, live, software, inContainer };
  return describe(now(), texts, read, looked, gateBinary, trade);
}

function readFolder({ folder, env, runBy }: GatherOptions): Texts {
  const text = (name: string) => {
    const path = join(folder, name);
    return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
  };
  const { values, problem } = readEnvFile(resolve(folder, '.env'));
  const composeFile = text('docker-compose.yml') ?? text('compose.yaml');
  const isCompose = composeFile !== undefined && Object.hasOwn(values, 'COMPOSE_PROFILES');
  // Empty means unset, so that it hides nothing of the file.
  const set = Object.entries(env).filter(([, value]) => value?.trim());
  return {
    env: { ...values, ...Object.fromEntries(set) },
    envProblem: problem,
    gateFile: text('oauth2-proxy.cfg'),
    composeFile,
    dockerfile: text('Dockerfile'),
    runBy: runBy ?? (isCompose ? 'compose' : 'itself'),
  };
}

function readEnvFile(path: string): { values: Record<string, string>; problem: Problem | undefined } {
  if (!existsSync(path)) return { values: {}, problem: undefined };
  try {
    return { values: parseDotenv(readFileSync(path, 'utf8').replace(/^\uFEFF/, '')), problem: undefined };
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    return {
      values: {},
      problem: { name: '.env', message: `cannot be read (${code}); check its owner and mode` },
    };
  }
}

function pathsOf(
  texts: Texts,
  { config }: Read,
): Record<'dataDir' | 'auditLog' | 'emailsFile', Known<string>> {
  if ('missing' in config) return { dataDir: config, auditLog: config, emailsFile: config };
  if (texts.runBy === 'compose') {
    // The folder that both containers share is this one's `access`.
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
        'it is inside compose’s network; run the check-up there: docker compose exec app node src/main.ts doctor',
    };
  }
  return { found: await Promise.all(asked.map((one) => lookAtRedis(one, now))) };
}

function redisOf({ store, gate }: Config): RedisToAsk[] {
  const own = ['session', 'visitor', 'claim', 'note', 'rate'].map((kind) => ({
    kind,
    pattern: `gatehouse:${kind}:*`,
  }));
  const tickets = { kind: 'ticket', pattern: `${gate.cookie.name}-*` };
  const ofGate = gate.sessions.kind === 'redis' ? gate.sessions.url : undefined;
  const ofApp = store.kind === 'redis' ? store.url : undefined;
  const isShared = ofGate !== undefined && ofGate === ofApp;
  return [
    ...(ofApp === undefined
      ? []
      : [{ setting: 'REDIS_URL' as const, url: ofApp, mustEnd: isShared ? [...own, tickets] : own }]),
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
    return { missing: 'the app runs in a container; its published ports are looked at instead' };
  }
  const { port, opsPort } = config.found;
  return { found: await lookAtNetwork(port, opsPort) };
}

/** One part that hangs or fails takes no other with it. */
async function within<T>(ms: number, what: string, look: () => Promise<Known<T>>): Promise<Known<T>> {
  const over = Promise.withResolvers<Known<T>>();
  const timer = setTimeout(
    () => over.resolve({ missing: `${what} took longer than ${ms / 1000} seconds` }),
    ms,
  );
  try {
    return await Promise.race([look(), over.promise]);
  } catch {
    return { missing: `${what} could not be looked at` };
  } finally {
    clearTimeout(timer);
  }
}
