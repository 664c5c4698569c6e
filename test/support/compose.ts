// Runs the Compose files on a real engine as from a fresh clone: with their own folder, project name, .env and ports, and a stand-in for
// Google.
import { type ExecFileException, execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../demo/child.ts';
import { type StandInForGoogle, startGoogle } from '../../demo/google.ts';
import { settingNames, settingOf } from '../../src/config/settings.ts';
import { type Client, createClient } from './client.ts';

const root = join(import.meta.dirname, '..', '..');
const files = [
  ...[
    'Dockerfile',
    '.dockerignore',
    'docker-compose.yml',
    'docker-compose.rolling.yml',
    'oauth2-proxy.cfg',
    'gate-pages',
    '.env.example',
    'access/apps.yaml.example',
    'demo/Caddyfile',
    'demo/sample-app.ts',
  ],
  ...['package.json', 'package-lock.json', 'generate-secrets.ts', 'src', 'views', 'public'],
];

export interface Ran {
  readonly ok: boolean;
  /** Standard output. */
  readonly out: string;
  /** Standard output and standard error. */
  readonly all: string;
}

export interface ComposeWorld {
  /** The origin that browsers use. */
  readonly url: string;
  readonly port: number;
  /** The origins of the sample apps with the profile `guard`. */
  readonly apps: { readonly notes: string; readonly photos: string };
  /** The folder that contains its .env. */
  readonly folder: string;
  /** Every secret of its .env. */
  readonly secrets: readonly string[];
  compose(...args: string[]): Promise<Ran>;
  /** `up -d --build --wait`. @throws Error with the containers' output if that fails */
  up(): Promise<void>;
  /** The container id of a service. */
  idOf(service: string): Promise<string>;
  /** Replaces the allow-list as the app does: by renaming a new file over it. */
  allow(emails: readonly string[]): void;
  client(): Client;
  /** Removes containers, networks, volumes, the image and the folder. */
  close(): Promise<void>;
}

/** Runs docker with only the variables that it needs, so that no setting of the shell leaks in. */
export function docker(args: readonly string[], cwd?: string): Promise<Ran> {
  const inherited = Object.entries(process.env).filter(([name]) => /^(PATH|HOME|DOCKER_|XDG_)/.test(name));
  const options = {
    env: Object.fromEntries(inherited),
    maxBuffer: 64 * 1024 * 1024,
    ...(cwd === undefined ? {} : { cwd }),
  };
  return new Promise((resolve) =>
    execFile('docker', args, options, (error: ExecFileException | null, out, err) =>
      resolve({ ok: error === null, out, all: out + err }),
    ),
  );
}

export interface ComposeOptions {
  readonly redis: boolean;
  /** As `docker compose --profile guard` starts it. */
  readonly guard?: boolean;
}

export async function prepareCompose({ redis, guard = false }: ComposeOptions): Promise<ComposeWorld> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-compose-'));
  const project = folder.split('/').at(-1)?.toLowerCase() ?? 'gatehouse-compose';
  const port = await freePort();
  const url = `http://localhost:${port}`;
  const appsPort = await freePort();
  const emailsFile = join(folder, 'access', 'emails.txt');
  const google = await startGoogle();
  const { hostUrl, closeRelay } = await reachableFromContainers(google);

  for (const name of files) cpSync(join(root, name), join(folder, name), { recursive: true });
  if (guard) {
    const example = readFileSync(join(folder, 'access', 'apps.yaml.example'), 'utf8');
    writeFileSync(join(folder, 'access', 'apps.yaml'), example.replaceAll(':4181', `:${appsPort}`));
  }
  allow(['ada@example.org', 'grace@example.org']);
  const secrets = await writeEnv(folder, {
    PUBLIC_URL: url,
    GATE_PORT: String(port),
    APPS_PORT: String(appsPort),
    ADMIN_EMAILS: 'ada@example.org',
    OAUTH2_PROXY_CLIENT_ID: google.clientId,
    OAUTH2_PROXY_CLIENT_SECRET: google.clientSecret,
    OAUTH2_PROXY_LOGIN_URL: google.loginUrl,
    OAUTH2_PROXY_COOKIE_SECURE: 'false',
    GATE_COOKIE_NAME: '_oauth2_proxy',
    COMPOSE_PROFILES: redis ? 'redis' : '',
  });
  writeFileSync(join(folder, 'override.json'), JSON.stringify(overrideFor(hostUrl)));

  const profile = guard ? ['--profile', 'guard'] : [];
  const base = ['compose', '-p', project, ...profile, '-f', 'docker-compose.yml', '-f', 'override.json'];
  const compose = (...args: string[]) => docker([...base, ...args], folder);

  function allow(emails: readonly string[]): void {
    writeFileSync(`${emailsFile}.new`, `${emails.join('\n')}\n`);
    renameSync(`${emailsFile}.new`, emailsFile);
  }

  return {
    url,
    port,
    apps: { notes: `http://notes.localhost:${appsPort}`, photos: `http://photos.localhost:${appsPort}` },
    folder,
    secrets,
    compose,
    allow,
    async up() {
      const { ok, all } = await compose('up', '-d', '--build', '--wait');
      if (ok) return;
      const { all: logs } = await compose('logs', '--no-color', '--tail', '30');
      throw new Error(`docker compose up failed:\n${all.slice(-2000)}\n${logs}`);
    },
    idOf: async (service) => (await compose('ps', '-q', '-a', service)).out.trim(),
    client: () => createClient(url),
    async close() {
      await compose(
        '--profile',
        'redis',
        '--profile',
        'guard',
        'down',
        '-v',
        '--rmi',
        'local',
        '--remove-orphans',
        '-t',
        '2',
      );
      closeRelay();
      await google.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Generates .env as the README says, then fills it in. @returns its secrets */
async function writeEnv(folder: string, values: Readonly<Record<string, string>>): Promise<string[]> {
  const path = join(folder, '.env');
  await new Promise<void>((resolve, reject) =>
    execFile(
      process.execPath,
      [join(root, 'generate-secrets.ts'), '--yes', '--env', path],
      { cwd: folder },
      (error) => (error ? reject(error) : resolve()),
    ),
  );
  let text = readFileSync(path, 'utf8');
  for (const [name, value] of Object.entries(values)) {
    const line = new RegExp(`^(# )?${name}=.*$`, 'm');
    text = line.test(text) ? text.replace(line, `${name}=${value}`) : `${text}${name}=${value}\n`;
  }
  writeFileSync(path, text, { mode: 0o600 });
  return settingNames
    .filter((name) => settingOf(name).secret)
    .map((name) => new RegExp(`^${name}=(.+)$`, 'm').exec(text)?.[1] ?? '')
    .filter((value) => value.length >= 16);
}

/** Settings that point the container to the stand-in for Google's servers. */
function overrideFor(hostUrl: (path: string) => string) {
  const environment = {
    OAUTH2_PROXY_REDEEM_URL: hostUrl('/token'),
    OAUTH2_PROXY_VALIDATE_URL: hostUrl('/tokeninfo'),
  };
  const extra_hosts = ['host.docker.internal:host-gateway'];
  return { services: { 'oauth2-proxy': { extra_hosts, environment } } };
}

/**
 * The stand-in only listens on loopback. If the engine runs on this machine, its bridge has an address here and a relay there forwards
 * to loopback; in Docker Desktop's virtual machine, host.docker.internal leads to this loopback anyway.
 */
async function reachableFromContainers(google: StandInForGoogle) {
  const { port } = new URL(google.origin);
  const relay = createServer((socket) => {
    const onward = connect(Number(port), '127.0.0.1');
    socket.pipe(onward).pipe(socket);
    for (const [one, other] of [
      [socket, onward],
      [onward, socket],
    ] as const)
      one.on('error', () => other.destroy());
  });
  const bridge = await bridgeAddress();
  const isHere = await new Promise<boolean>((resolve) =>
    relay.once('error', () => resolve(false)).listen(0, bridge, () => resolve(true)),
  );
  const address = relay.address();
  const reached = isHere && typeof address === 'object' ? address?.port : port;
  return {
    hostUrl: (path: string) => `http://host.docker.internal:${reached}${path}`,
    closeRelay: () => void relay.close(),
  };
}

/** The address that `host-gateway` resolves to; older engines only report the subnet, of which it is the first address. */
async function bridgeAddress(): Promise<string> {
  const { out } = await docker(['network', 'inspect', 'bridge', '-f', '{{json .IPAM.Config}}']);
  const [first] = JSON.parse(out) as { Gateway?: string; Subnet?: string }[];
  return first?.Gateway || first?.Subnet?.replace(/\.0\/\d+$/, '.1') || '127.0.0.1';
}
