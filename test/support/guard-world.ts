// The guard with real parts on free ports: nginx and Caddy over https in front of two apps each, oauth2-proxy with the stand-in for Google,
// and Gatehouse as processes, one on SQLite or two on Redis. Stops what it started and nothing else.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { startApp, startArguments } from '../../demo/app.ts';
import { type Child, freePort } from '../../demo/child.ts';
import { type Gate, startGate } from '../../demo/gate.ts';
import { type StandInForGoogle, startGoogle } from '../../demo/google.ts';
import './endings.ts';
import { createPerson, type Person } from './guard-person.ts';
import { type FrontSetup, startCaddyFront, startNginxFront } from './guard-world-fronts.ts';
import { type GuardedEcho, startGuardedEcho } from './guarded-app.ts';
import { makeCertificate } from './https-front.ts';
import { type PrivateRedis, startRedis } from './redis.ts';
import { mustHave } from './requirement.ts';

export type FrontName = 'nginx' | 'caddy';

export interface GuardedSite {
  readonly name: string;
  readonly front: FrontName;
  readonly origin: string;
  /** The app behind it. */
  readonly echo: GuardedEcho;
}

export interface GuardWorldOptions {
  /** `redis`: two processes of Gatehouse, and oauth2-proxy keeps its sessions in Redis too. Otherwise one, and sessions in cookies. */
  readonly store: 'sqlite' | 'redis';
  /** Which front the desk is behind. */
  readonly deskFront: FrontName;
}

export interface GuardWorld {
  /** The desk's origin. */
  readonly desk: string;
  readonly ca: string;
  readonly folder: string;
  readonly google: StandInForGoogle;
  readonly gate: Gate;
  /** The desk's own; oauth2-proxy has another. Kept on disk, so that an outage loses nothing. */
  readonly redis: PrivateRedis | undefined;
  /** The replicas of Gatehouse. */
  readonly replicas: readonly GuardReplica[];
  /** Two behind each front. */
  readonly sites: readonly GuardedSite[];
  /** The two behind this front. */
  behind(front: FrontName): readonly [GuardedSite, GuardedSite];
  /** Somebody's browser; without `email` of somebody who has not signed in yet. */
  person(email?: string, userAgent?: string): Person;
  /** Replaces the allow-list by hand. @param without who is left out */
  allow(without?: string): void;
  /** Replaces the apps file by hand. @param who who may open each app, as YAML; absent: everyone */
  rule(who?: Readonly<Record<string, string>>): void;
  close(): Promise<void>;
}

export interface GuardReplica {
  readonly child: Child;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** Resolves when it answers. @param more added to its environment this time */
  start(more?: Readonly<Record<string, string>>): Promise<void>;
}

export const domain = 'guard.test';
const places = [
  ['grafana', 'nginx'],
  ['wiki', 'nginx'],
  ['photos', 'caddy'],
  ['files', 'caddy'],
] as const;
const operator = 'ada@example.org';
/** Enough that each test has people of its own: what ends one of them ends nobody else. */
const people = [operator, ...Array.from({ length: 99 }, (_, i) => `member-${i}@example.org`)].map(
  (email, i) => ({
    sub: String(108_204_268_033 + i),
    email,
    name: email,
    about: '',
  }),
);
const members = people.map(({ email }) => email);

export async function startGuardWorld(options: GuardWorldOptions): Promise<GuardWorld> {
  const { store, deskFront } = options;
  const folder = mkdtempSync(join(tmpdir(), 'gh-guard-'));
  const endings: (() => Promise<void>)[] = [];
  async function close(): Promise<void> {
    while (endings.length > 0) await endings.pop()?.();
    rmSync(folder, { recursive: true, force: true });
  }
  const replace = (path: string, text: string) => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(`${path}.new`, text);
    renameSync(`${path}.new`, path);
  };

  try {
    const ports = { nginx: await freePort(), caddy: await freePort() };
    const desk = `https://desk.${domain}:${ports[deskFront]}`;
    const emailsFile = join(folder, 'access', 'emails.txt');
    const appsFile = join(folder, 'access', 'apps.yaml');
    const originOf = (app: string, front: FrontName) => `https://${app}.${domain}:${ports[front]}`;
    const allow = (without?: string) =>
      replace(emailsFile, `${members.filter((email) => email !== without).join('\n')}\n`);
    const rule = (who: Readonly<Record<string, string>> = {}) =>
      replace(
        appsFile,
        `groups:\n  family: [${members.join(', ')}]\napps:\n${places
          .map(
            ([app, front]) =>
              `  ${app}:\n    url: ${originOf(app, front)}\n    who: ${who[app] ?? '[everyone]'}\n    headers:\n      user: X-WEBAUTH-USER\n      email: Remote-Email\n      groups: X-Forwarded-Groups\n      assertion: X-Wiki-Assertion\n`,
          )
          .join('')}`,
      );
    allow();
    rule();

    const { cert: ca, key } = makeCertificate(
      await mustHave('openssl'),
      `DNS:*.${domain},IP:127.0.0.1,DNS:localhost`,
    );
    const tls = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
    writeFileSync(tls.cert, ca);
    writeFileSync(tls.key, key, { mode: 0o600 });

    // With sessions in cookies, they are so large that oauth2-proxy splits them into parts.
    const google = await startGoogle({
      people,
      callbackHost: `desk.${domain}`,
      ...(store === 'sqlite' && { accessTokenBytes: 4_000 }),
    });
    endings.push(() => google.close());
    const redis = store === 'redis' ? await startRedis(['appendonly yes', 'appendfsync always']) : undefined;
    if (redis) endings.push(() => redis.close());
    const gateRedis = redis && (await startRedis());
    if (gateRedis) endings.push(() => gateRedis.close());
    const sites: GuardedSite[] = [];
    for (const [name, front] of places) {
      const echo = await startGuardedEcho();
      endings.push(() => echo.close());
      sites.push({ name, front, origin: originOf(name, front), echo });
    }

    const gateSecret = randomBytes(32).toString('hex');
    const count = redis ? 2 : 1;
    const listens = Array.from({ length: count }, (_, i) => `unix:${join(folder, `guard-${i}.sock`)}`);
    const appPorts: number[] = [];
    for (let i = 0; i < count; i++) appPorts.push(await freePort());
    const [firstPort = 0] = appPorts;
    const balance = redis && { port: await freePort(), desks: appPorts };
    const gate = await startGate({
      binary: await mustHave('oauth2-proxy'),
      upstream: `http://127.0.0.1:${balance?.port ?? firstPort}`,
      google,
      emailsFile,
      gateSecret,
      publicUrl: desk,
      ...(gateRedis && { redisUrl: gateRedis.url }),
    });
    endings.push(() => gate.close());

    const shared = {
      PUBLIC_URL: desk,
      HOST: '127.0.0.1',
      TRUSTED_HOPS: '2',
      SECRET_KEY: randomBytes(32).toString('hex'),
      GATE_SECRET: gateSecret,
      GATE_COOKIE_NAME: gate.cookieName,
      OAUTH2_PROXY_LOGIN_URL: google.loginUrl,
      GATE_SESSION_STORE: redis ? 'redis' : 'cookie',
      ADMIN_EMAILS: operator,
      EMAILS_FILE: emailsFile,
      APPS_FILE: appsFile,
      DATA_DIR: join(folder, 'data'),
      AUDIT_LOG_FILE: 'off',
      RATE_LIMIT: 'off',
      SESSION_MAX_PER_USER: '0',
      SESSION_BACKEND: redis ? 'redis' : 'filesystem',
      ...(redis && { REDIS_URL: redis.url }),
      ...(gateRedis && { GATE_REDIS_URL: gateRedis.url }),
    };
    const replicas: GuardReplica[] = [];
    async function startReplica(i: number): Promise<void> {
      const env = {
        ...shared,
        PORT: String(appPorts[i]),
        OPS_PORT: String(await freePort()),
        GUARD_LISTEN: listens[i] ?? '',
      };
      const start = (more = {}) => startApp({ env: { ...env, ...more }, cwd: folder });
      let child = await start();
      endings.push(() => child.stop());
      replicas[i] = {
        get child() {
          return child;
        },
        kill: () => child.kill(),
        async start(more) {
          child = await start(more);
        },
      };
    }
    await Promise.all(appPorts.map((_, i) => startReplica(i)));

    const command = startArguments.slice(0, -1);
    const written = (front: FrontName) => join(folder, `include-${front}`);
    await Promise.all(
      (['nginx', 'caddy'] as const).map((front) =>
        promisify(execFile)(
          process.execPath,
          [
            ...command,
            ...['guard', 'config', front, '--write', written(front)],
            ...listens.flatMap((listen) => ['--guard', listen]),
          ],
          {
            cwd: folder,
            env: { PATH: process.env['PATH'], ...shared, PORT: String(firstPort), GUARD_LISTEN: listens[0] },
          },
        ),
      ),
    );
    const setup = (front: FrontName): FrontSetup => ({
      folder,
      written: written(front),
      port: ports[front],
      tls,
      sites: sites
        .filter((site) => site.front === front)
        .map(({ name, echo }) => ({ app: name, host: `${name}.${domain}`, appPort: echo.port })),
      ...(deskFront === front && { desk: { host: `desk.${domain}`, gatePort: gate.port } }),
    });
    const nginx = await startNginxFront(setup('nginx'), balance);
    endings.push(() => nginx.stop());
    const caddy = await startCaddyFront(setup('caddy'));
    endings.push(() => caddy.stop());

    let next = 1;
    return {
      desk,
      ca,
      folder,
      google,
      gate,
      redis,
      replicas,
      sites,
      behind(front) {
        const [first, second] = sites.filter((site) => site.front === front);
        if (!first || !second) throw new Error(`${front} has no two apps`);
        return [first, second];
      },
      person: (email = members[next++] ?? '', userAgent) =>
        createPerson({
          email,
          desk,
          google: google.origin,
          ca,
          ...(userAgent !== undefined && { userAgent }),
        }),
      allow,
      rule,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
