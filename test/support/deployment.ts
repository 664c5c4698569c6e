// A deployment without findings, from the shipped files and invented facts. Each test breaks it in one way.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { misspeltProblems } from '../../src/config/misspelt.ts';
import { fingerprint } from '../../src/crypto/tokens.ts';
import type {
  AppAnswer,
  AppRequest,
  AppView,
  Deployment,
  Files,
  FrontFacts,
  GuardFacts,
  Network,
  OutsideAnswer,
  OutsideProbe,
  OutsideView,
  RedisFact,
  RetentionFact,
  RoomFact,
} from '../../src/doctor/deployment.ts';
import type { ComposeSource } from '../../src/doctor/read/compose-layers.ts';
import { describe, readTexts } from '../../src/doctor/read/describe.ts';
import { notThere } from '../../src/doctor/read/env-file.ts';

const root = join(import.meta.dirname, '../..');
const shipped = (name: string) => {
  const path = join(root, name);
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
};

export const lookedAt = Date.parse('2026-11-23T12:00:00Z');

export const goodEnv: Readonly<Record<string, string>> = {
  NODE_ENV: 'production',
  PUBLIC_URL: 'https://desk.example.org',
  ADMIN_EMAILS: 'ada@example.org',
  TRUSTED_HOPS: '2',
  SECRET_KEY: '0f1e2d3c4b5a69788796a5b4c3d2e1f0'.repeat(2),
  GATE_SECRET: 'Zk3vQ9xT7mB1nL5cR8wE2yU6iO4pA0sD',
  OAUTH2_PROXY_BASIC_AUTH_PASSWORD: 'Zk3vQ9xT7mB1nL5cR8wE2yU6iO4pA0sD',
  OAUTH2_PROXY_CLIENT_ID: '1234.apps.googleusercontent.com',
  OAUTH2_PROXY_CLIENT_SECRET: 'GOCSPX-b8Kq2Lw9Xr4Tz7Vn',
  OAUTH2_PROXY_COOKIE_SECRET: 'h7Gd2Ks9Lq4Wn8Zx1Vb5Mt3Rc6Py0Fj-Ae_Ui4Ot2E0',
  OAUTH2_PROXY_SESSION_STORE_TYPE: 'redis',
  OAUTH2_PROXY_REDIS_CONNECTION_URL: 'redis://:Nq8Wb3Xz6Lk1Vm9Ty4Rd7Sg2Hj5Pc0Fe@127.0.0.1:6379/0',
  REDIS_PASSWORD: 'Nq8Wb3Xz6Lk1Vm9Ty4Rd7Sg2Hj5Pc0Fe',
  REDIS_URL: 'redis://:Nq8Wb3Xz6Lk1Vm9Ty4Rd7Sg2Hj5Pc0Fe@127.0.0.1:6379/0',
  SESSION_BACKEND: 'redis',
};

export interface Facts {
  readonly files: Files;
  readonly redis: readonly RedisFact[];
  readonly network: Network;
  readonly live: OutsideView;
  readonly retention: RetentionFact;
  readonly room: RoomFact;
  readonly guard: GuardFacts;
  readonly app: AppView;
  readonly node: string;
  readonly gateVersion: string;
  readonly packages: readonly {
    readonly name: string;
    readonly installed: string;
    readonly locked: string;
  }[];
}

const answer: OutsideAnswer = {
  status: 302,
  location: 'https://accounts.google.com/o/oauth2/auth?client_id=x',
  headers: new Map(),
  cookies: [],
  fromApp: false,
  isGatePage: false,
  namesProbe: false,
  leaks: false,
  healthy: false,
};
const landing: OutsideAnswer = {
  ...answer,
  status: 200,
  location: undefined,
  fromApp: true,
  headers: new Map([
    ['content-security-policy', "default-src 'none'; script-src 'nonce-x'"],
    ['x-content-type-options', 'nosniff'],
    ['x-frame-options', 'DENY'],
    ['referrer-policy', 'same-origin'],
    ['strict-transport-security', 'max-age=63072000; includeSubDomains'],
  ]),
  cookies: [
    {
      name: '__Host-visitor_session_id',
      secure: true,
      httpOnly: true,
      sameSite: 'Lax',
      path: '/',
      domain: undefined,
    },
  ],
};

const toDesk: AppAnswer = {
  asked: 'a page',
  status: 302,
  leads: 'desk',
  back: '/doctor?a=1&b=2',
  noStore: true,
  tells: [],
  fromDesk: false,
  cookies: [
    {
      name: '__Host-gatehouse_start',
      secure: true,
      httpOnly: true,
      sameSite: 'Lax',
      path: '/',
      domain: undefined,
    },
  ],
};
const refused: AppAnswer = {
  ...toDesk,
  asked: 'a fetch',
  status: 401,
  leads: undefined,
  back: undefined,
  cookies: [],
};
const front: FrontFacts = {
  asked: '/.gatehouse/probe?q=x',
  keys: 1,
  keyOf: 'wiki',
  method: ['GET'],
  uri: ['/.gatehouse/probe?q=x'],
  host: ['wiki.example.net'],
  address: ['203.0.113.9'],
  rules: 'rules',
};
const wiki: AppView = {
  name: 'wiki',
  origin: 'https://wiki.example.net',
  at: 'https://wiki.example.net',
  path: '/doctor?a=1&b=2',
  answers: {
    page: toDesk,
    fetch: refused,
    post: { ...refused, asked: 'a POST' },
    socket: { ...refused, asked: 'a WebSocket' },
    otherSite: { ...toDesk, back: '/' },
    forgedUri: toDesk,
    forgedKey: toDesk,
    forgedIdentity: toDesk,
  },
  oddPaths: [{ ...refused, status: 400 }],
  deskPaths: [toDesk],
  echo: {
    showsHeaders: true,
    showsCookies: true,
    identities: [],
    addresses: [],
    cookies: [],
    showsKey: false,
  },
  front: { found: front },
  forgedFront: { found: front },
  forged: 'f0123',
  others: [{ name: 'files', keyOf: 'files' }],
  silentOthers: [],
  guardAtDesk: { found: false },
  rules: ['rules', 'rules'],
  ownRules: 'rules',
  direct: { found: { open: [], tried: ['http://192.0.2.7:8080'] } },
  plain: { found: 'to https' },
};

export const goodFacts: Facts = {
  files: {
    env: { found: { path: '.env', mode: 0o600 } },
    git: { found: { tracked: false, trackedCopies: [] } },
    gitIgnores: { found: true },
    envCopies: [],
    data: { found: { path: 'data', mode: 0o700, openFiles: [] } },
    auditLog: { found: { path: 'logs/cookie_audit.log', writable: true } },
    emails: { found: { path: 'access/emails.txt', mode: 0o644, addresses: ['ada@example.org'] } },
    openToAll: { found: [] },
    notWritable: { found: [] },
    freeBytes: { found: 10 * 1024 ** 3 },
    secretFiles: { found: [] },
  },
  redis: [
    {
      setting: 'REDIS_URL',
      version: '8.10.2',
      release: { software: 'Redis', version: '8.10.2' },
      isOpen: false,
      persists: true,
      maxMemory: 100,
      usedMemory: 20,
      evictionPolicy: 'noeviction',
      clockAheadMs: 3,
      withoutExpiry: [],
    },
  ],
  network: { appAt: [], opsAt: [], unclearAt: { app: [], ops: [] } },
  retention: {},
  room: { usedBytes: 20 * 1024 * 1024, mostBytes: 128 * 1024 * 1024, bytesADay: 100_000, daysLeft: 1_132 },
  live: {
    url: 'https://desk.example.org',
    clockAheadMs: 200,
    certificateEndsAt: lookedAt + 60 * 86_400_000,
    answers: {
      landing,
      dashboard: answer,
      api: { ...answer, status: 401, location: undefined },
      health: { ...landing, cookies: [], healthy: true },
      forgedPublic: landing,
      forgedMember: answer,
      forgedUri: answer,
      metrics: answer,
      envFile: answer,
      gitHead: answer,
    },
  },
  guard: {
    listen: { kind: 'socket', folder: { path: '/run/gatehouse', mode: 0o750 } },
    appsPath: 'access/apps.yaml',
    appsFile: { path: 'access/apps.yaml', mode: 0o640 },
    faults: [],
    apps: [{ name: 'wiki', host: 'wiki.example.net', isToldNames: true, sharedNames: [] }],
  },
  app: wiki,
  node: '24.21.0',
  gateVersion: '7.15.6',
  packages: [{ name: 'express', installed: '5.3.0', locked: '5.3.0' }],
};

export interface Changes {
  /** Overrides the valid variables; undefined removes one. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** In oauth2-proxy.cfg: a text that occurs exactly once, and its replacement. */
  readonly gate?: readonly (readonly [find: string, replace: string])[];
  /** The same in docker-compose.yml. */
  readonly compose?: readonly (readonly [find: string, replace: string])[];
  /** The contents of the override files. */
  readonly override?: readonly string[];
  /** Files that these refer to: other Compose files, env files. */
  readonly files?: Readonly<Record<string, string>>;
  readonly facts?: Partial<Facts>;
  readonly runBy?: Deployment['runBy'];
}

export function deploymentWith({
  env,
  gate = [],
  compose = [],
  override = [],
  files = {},
  facts,
  runBy = 'itself',
}: Changes): Deployment {
  const all = { ...goodFacts, ...facts };
  const texts = {
    env: { ...goodEnv, SECRET_DATES: datesOf({ ...goodEnv, ...env }), ...env },
    envProblems: [],
    envUnread: undefined,
    unsureNames: [],
    misspelt: misspeltProblems(Object.keys(env ?? {})),
    gateFile: { text: change(shipped('oauth2-proxy.cfg'), gate) },
    compose: composeOf([change(shipped('docker-compose.yml'), compose), ...override], files),
    dockerfile: shipped('Dockerfile'),
    runBy,
  };
  return describe(
    lookedAt,
    texts,
    readTexts(texts),
    {
      files: { found: all.files },
      redis: { found: all.redis },
      network: { found: all.network },
      live: { found: all.live },
      retention: { found: all.retention },
      room: { found: all.room },
      guard: { found: all.guard },
      app: { found: all.app },
      software: { node: all.node, packages: { found: all.packages } },
      inContainer: false,
    },
    { found: { version: all.gateVersion, from: 'the oauth2-proxy on the path' } },
    { fingerprint, faultOf: (_name, value) => (value.includes('changeme') ? 'is a placeholder' : undefined) },
  );
}

/** Writes `docker-compose.yml` and its overrides, `override-1.yml` and so on, to a new folder. */
function composeOf(texts: readonly string[], more: Readonly<Record<string, string>>): ComposeSource {
  const named = texts.map((text, i) => [i === 0 ? 'docker-compose.yml' : `override-${i}.yml`, text] as const);
  return composeFolder(
    named.map(([name]) => name),
    { ...Object.fromEntries(named), ...more },
  );
}

/** @param told which files in the folder are given to Compose */
export function composeFolder(
  told: readonly string[],
  files: Readonly<Record<string, string>>,
): ComposeSource {
  const read = (path: string) => {
    const text = files[path.replace(/^\/desk\//, '')];
    return text === undefined ? { why: notThere } : { text };
  };
  return { files: told, folder: '/desk', read, notes: [] };
}

/** The valid answers, with one of them changed. */
export function liveWith(name: OutsideProbe, changes: Partial<OutsideAnswer>): Pick<Facts, 'live'> {
  const { answers } = goodFacts.live;
  const before = answers[name];
  return {
    live: { ...goodFacts.live, answers: { ...answers, [name]: { ...before, ...changes } as OutsideAnswer } },
  };
}

/** The app's good answers, with one of them changed; undefined: that request got none. */
export function appWith(name: AppRequest, changes: Partial<AppAnswer> | undefined): Pick<Facts, 'app'> {
  const { [name]: before, ...others } = wiki.answers;
  const answers = changes && before ? { ...others, [name]: { ...before, ...changes } } : others;
  return { app: { ...wiki, answers } };
}

/** As if every secret had been generated ten days ago. */
function datesOf(env: Readonly<Record<string, string | undefined>>): string {
  return ['SECRET_KEY', 'GATE_SECRET'].map((name) => `${fingerprint(env[name] ?? '')}=2026-11-13`).join(',');
}

function change(text: string, changes: readonly (readonly [string, string])[]): string {
  return changes.reduce((now, [find, replace]) => {
    if (now.split(find).length !== 2) throw new Error(`must occur once: ${find}`);
    return now.replace(find, () => replace);
  }, text);
}
