// The check-up on deployments that are each broken in one way: it finds exactly that, and every check can find something.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import { createApp } from '../src/app.ts';
import { fingerprint } from '../src/crypto/tokens.ts';
import { checkUp, summaryOf } from '../src/doctor/check-up.ts';
import { checks } from '../src/doctor/checks/all-checks.ts';
import { closed } from '../src/doctor/checks/skip-auth-routes.ts';
import { type AppRequest, appRequests, type OutsideProbe } from '../src/doctor/deployment.ts';
import { symptoms } from '../src/doctor/symptoms.ts';
import { createLogger } from '../src/http/log.ts';
import {
  appWith,
  type Changes,
  deploymentWith,
  type Facts,
  goodEnv,
  goodFacts,
  liveWith,
} from './support/deployment.ts';
import { configOf } from './support/desk.ts';
import { keepEvents } from './support/recorder.ts';
import { routesOf, wholeParts } from './support/whole.ts';

const files = (changes: Partial<Facts['files']>) => ({
  facts: { files: { ...goodFacts.files, ...changes } },
});
const redis = (changes: Partial<Facts['redis'][number]>): Changes => {
  const [good] = goodFacts.redis;
  return { facts: { redis: [{ setting: 'REDIS_URL', ...good, ...changes }] } };
};
const live = (changes: Partial<Facts['live']>): Changes => ({
  facts: { live: { ...goodFacts.live, ...changes } },
});
const guard = (changes: Partial<Facts['guard']>): Changes => ({
  facts: { guard: { ...goodFacts.guard, ...changes } },
});
const app = (changes: Partial<Facts['app']>): Changes => ({
  facts: { app: { ...goodFacts.app, ...changes } },
});
const echo = (changes: Partial<Facts['app']['echo']>) => app({ echo: { ...goodFacts.app.echo, ...changes } });
const front = (changes: object) => ({
  found: { ...('found' in goodFacts.app.front ? goodFacts.app.front.found : undefined), ...changes } as never,
});
const appAnswer = goodFacts.app.answers.page;
const goodRefusal = goodFacts.app.answers.fetch as NonNullable<typeof appAnswer>;
const [cookie] = goodFacts.live.answers.landing?.cookies ?? [];
const landingCookie = (changes: object): Changes => ({
  facts: liveWith('landing', { cookies: cookie ? [{ ...cookie, ...changes }] : [] }),
});
const withoutHeader = (name: string): Changes => {
  const headers = new Map(goodFacts.live.answers.landing?.headers);
  headers.delete(name);
  return { facts: liveWith('landing', { headers }) };
};
const landingHeader = (name: string, value: string): Changes => ({
  facts: liveWith('landing', {
    headers: new Map([...(goodFacts.live.answers.landing?.headers ?? []), [name, value]]),
  }),
});
const withoutAnswer = (name: OutsideProbe): Partial<Facts> => {
  const answers = { ...goodFacts.live.answers };
  delete answers[name];
  return { live: { ...goodFacts.live, answers } };
};
const shippedFile = (name: string) => readFileSync(join(import.meta.dirname, '..', name), 'utf8');
const routes = 'GET=^/signed-out$';
const trustNobody = 'trusted_proxy_ips = ["255.255.255.255/32"]';
/** A line of docker-compose.yml that only the app has. */
const ownMemory = '    mem_limit: 512m';
const plainHttp: Changes = {
  env: {
    PUBLIC_URL: 'http://desk.example.org',
    OAUTH2_PROXY_COOKIE_SECURE: 'false',
    GATE_COOKIE_NAME: '_oauth2_proxy',
  },
  gate: [['cookie_name = "__Host-_oauth2_proxy"', 'cookie_name = "_oauth2_proxy"']],
};
const past = (days: number) =>
  new Date(Date.parse('2026-11-23') - days * 86_400_000).toISOString().slice(0, 10);
const dates = (days: number) =>
  [goodEnv['SECRET_KEY'], goodEnv['GATE_SECRET']]
    .map((secret) => `${fingerprint(secret ?? '')}=${past(days)}`)
    .join(',');

/** How the valid deployment is broken, and the one check that must find it. */
const broken: readonly (readonly [id: string, how: string, changes: Changes])[] = [
  ['settings.valid', 'an invalid value', { env: { SESSION_BINDING: 'sometimes' } }],
  ['settings.valid', 'two settings that contradict each other', { env: { OPS_PORT: '3000' } }],
  ['settings.misspelt', 'a typo', { env: { SESSION_IDLE_TIMOUT: '900' } }],
  ['settings.dev-mode', 'no gate', { env: { DEV_MODE: 'true' } }],
  ['settings.https', 'plain http', plainHttp],
  [
    'gate.proof',
    'no password',
    { runBy: 'compose', compose: [['OAUTH2_PROXY_BASIC_AUTH_PASSWORD: $', 'GATE_PASSWORD: $']] },
  ],
  [
    'network.gate-port',
    'published on all addresses',
    { compose: [["'127.0.0.1:${GATE_PORT", "'${GATE_PORT"]] },
  ],
  ['settings.public-url', 'only this machine', { env: { PUBLIC_URL: 'https://localhost' } }],
  ['settings.production', 'no NODE_ENV', { env: { NODE_ENV: undefined } }],
  ['settings.rate-limit', 'no limits', { env: { RATE_LIMIT: 'off' } }],
  ['settings.trusted-hops', 'the proxy in front is not counted', { env: { TRUSTED_HOPS: '1' } }],
  ['settings.operators', 'none', { env: { ADMIN_EMAILS: '' } }],
  ['settings.log-level', 'debug', { env: { LOG_LEVEL: 'debug' } }],
  ['settings.log-silent', 'silent', { env: { LOG_LEVEL: 'silent' } }],
  ['settings.webhook', 'plain http', { env: { NOTIFY_WEBHOOK_URL: 'http://hooks.example.org/x' } }],
  ['settings.confluence', 'plain http', { env: { CONFLUENCE_URL: 'http://wiki.example.org' } }],
  ['visitor.consent', 'a year without asking', { env: { VISITOR_SESSION_TTL_DAYS: '365' } }],
  ['secret.strength', 'a placeholder', { env: { SECRET_KEY: 'changeme' } }],
  [
    'secret.strength',
    'none',
    { env: { GATE_SECRET: undefined, OAUTH2_PROXY_BASIC_AUTH_PASSWORD: undefined } },
  ],
  ['secret.strength', 'of Redis', { env: { REDIS_PASSWORD: 'changeme' } }],
  ['secret.reused', 'one for two purposes', { env: { OAUTH2_PROXY_COOKIE_SECRET: goodEnv['GATE_SECRET'] } }],
  [
    'secret.gate-agrees',
    'a different one',
    { env: { OAUTH2_PROXY_BASIC_AUTH_PASSWORD: 'another-one-that-is-32-long-Xy7Qz' } },
  ],
  ['secret.gate-cookie', 'none', { env: { OAUTH2_PROXY_COOKIE_SECRET: '' }, runBy: 'compose' }],
  [
    'secret.in-config',
    'a password',
    { gate: [['provider = "google"', 'provider = "google"\nredis_password = "h"']] },
  ],
  ['secret.client', 'no client', { env: { OAUTH2_PROXY_CLIENT_ID: '' }, runBy: 'compose' }],
  ['secret.age', 'half a year old', { env: { SECRET_DATES: dates(180) } }],
  [
    'secret.fallbacks',
    'an expired former key',
    { env: { SECRET_KEY_FALLBACKS: `${'ab12'.repeat(15)}cdef` } },
  ],
  ['cookie.secure', 'also sent over http', { env: { SESSION_COOKIE_SECURE: 'false' } }],
  ['cookie.httponly', 'readable by scripts', { env: { SESSION_COOKIE_HTTPONLY: 'false' } }],
  ['cookie.samesite', 'None', { env: { SESSION_COOKIE_SAMESITE: 'None' } }],
  ['cookie.prefix', 'none', { env: { COOKIE_PREFIX: 'none' } }],
  [
    'gate.cookie-secure',
    'also sent over http',
    { gate: [['cookie_secure = true', 'cookie_secure = false']] },
  ],
  [
    'gate.cookie-httponly',
    'readable by scripts',
    { gate: [['cookie_httponly = true', 'cookie_httponly = false']] },
  ],
  ['gate.cookie-samesite', 'unset', { gate: [['cookie_samesite = "lax"', '']] }],
  [
    'gate.cookie-samesite-strict',
    'strict',
    { gate: [['cookie_samesite = "lax"', 'cookie_samesite = "strict"']] },
  ],
  [
    'gate.cookie-prefix',
    'a plain name',
    { env: { GATE_COOKIE_NAME: '_oauth2_proxy' }, gate: [['"__Host-_oauth2_proxy"', '"_oauth2_proxy"']] },
  ],
  ['gate.host-prefix-domain', 'with a domain', { env: { OAUTH2_PROXY_COOKIE_DOMAINS: '.example.org' } }],
  ['gate.host-prefix-domain', 'with a path', { gate: [['cookie_path = "/"', 'cookie_path = "/desk"']] }],
  ['gate.cookie-name', 'another name', { env: { GATE_COOKIE_NAME: '__Host-other' } }],
  [
    'gate.csrf-per-request',
    'one for all requests',
    { gate: [['cookie_csrf_per_request = true', 'cookie_csrf_per_request = false']] },
  ],
  [
    'gate.session-store',
    'in the cookie',
    { env: { OAUTH2_PROXY_SESSION_STORE_TYPE: '', GATE_SESSION_STORE: 'cookie' } },
  ],
  ['gate.store-agrees', 'expected elsewhere', { env: { GATE_SESSION_STORE: 'cookie' } }],
  ['lifetime.long', 'a year', { env: { PERMANENT_SESSION_LIFETIME: '31536000' } }],
  ['lifetime.idle', 'never', { env: { SESSION_IDLE_TIMEOUT: '604800' } }],
  ['lifetime.idle-short', 'a minute', { env: { SESSION_IDLE_TIMEOUT: '60' } }],
  ['lifetime.rotation', 'never', { env: { SESSION_ROTATE_AFTER: '0' } }],
  ['session.binding', 'off', { env: { SESSION_BINDING: 'off' } }],
  ['session.limit', 'none', { env: { SESSION_MAX_PER_USER: '0' } }],
  ['gate.expire-long', 'three months', { env: { OAUTH2_PROXY_COOKIE_EXPIRE: '2160h' } }],
  ['gate.refresh', 'never', { gate: [['cookie_refresh = "24h"', '']] }],
  ['gate.refresh-shorter', 'never', { gate: [['cookie_refresh = "24h"', 'cookie_refresh = "168h"']] }],
  ['gate.lifetimes-agree', 'changed by a profile', { env: { SECURITY_PROFILE: 'high' } }],
  [
    'gate.csrf-expire',
    'ten seconds',
    { gate: [['cookie_csrf_expire = "15m"', 'cookie_csrf_expire = "10s"']] },
  ],
  ['gate.config-readable', 'a table', { gate: [['provider = "google"', 'provider = "google"\n[server]']] }],
  [
    'gate.proxy-trust',
    'none named',
    { gate: [['trusted_proxy_ips = ["255.255.255.255/32"]', 'trusted_proxy_ips = []']] },
  ],
  [
    'gate.proxy-trust-wide',
    'loopback, and what that opens was not tested',
    { gate: [[trustNobody, 'trusted_proxy_ips = ["127.0.0.1/32"]']], facts: withoutAnswer('forgedUri') },
  ],
  ['gate.proxy-trust-wide', 'a network', { gate: [[trustNobody, 'trusted_proxy_ips = ["127.0.0.0/8"]']] }],
  ['gate.prefer-email', 'on', { gate: [['prefer_email_to_user = false', 'prefer_email_to_user = true']] }],
  [
    'gate.strip-headers',
    'off',
    { gate: [['skip_auth_strip_headers = true', 'skip_auth_strip_headers = false']] },
  ],
  [
    'gate.strip-headers',
    'off by the environment',
    { env: { OAUTH2_PROXY_SKIP_AUTH_STRIP_HEADERS: 'false' } },
  ],
  [
    'gate.public-routes',
    'without an end anchor',
    { gate: [[`"${routes}",`, `"${routes}", "GET=^/health",`]] },
  ],
  [
    'gate.public-routes',
    'one branch without anchors',
    { gate: [[`"${routes}",`, `"${routes}", "^/a$|/b$",`]] },
  ],
  ['gate.public-routes-wide', 'everything', { gate: [[`"${routes}",`, `"${routes}", "GET=^/.*$",`]] }],
  ['gate.signed-out-public', 'closed', { gate: [[`"${routes}",`, '']] }],
  ['gate.preflight', 'open', { gate: [['skip_auth_preflight = false', 'skip_auth_preflight = true']] }],
  [
    'gate.bearer-tokens',
    'on',
    { gate: [['skip_jwt_bearer_tokens = false', 'skip_jwt_bearer_tokens = true']] },
  ],
  [
    'gate.insecure',
    'an unverified address',
    { env: { OAUTH2_PROXY_INSECURE_OIDC_ALLOW_UNVERIFIED_EMAIL: 'true' } },
  ],
  ['gate.proof', 'off', { gate: [['pass_basic_auth = true', 'pass_basic_auth = false']] }],
  ['gate.tokens', 'passed on', { gate: [['pass_access_token = false', 'pass_access_token = true']] }],
  ['gate.xauthrequest', 'on', { gate: [['set_xauthrequest = false', 'set_xauthrequest = true']] }],
  ['gate.pkce', 'none', { gate: [['code_challenge_method = "S256"', '']] }],
  ['gate.whitelist', 'every subdomain', { env: { OAUTH2_PROXY_WHITELIST_DOMAINS: '.example.org' } }],
  [
    'gate.log-requests',
    'with the query',
    { env: { OAUTH2_PROXY_REQUEST_LOGGING_FORMAT: '{{.RequestURI}}' } },
  ],
  [
    'gate.debug-errors',
    'on, with oauth2-proxy’s own page',
    { gate: [['custom_templates_dir = "gate-pages"', 'custom_templates_dir = ""']] },
  ],
  ['gate.host-header', 'off', { gate: [['pass_host_header = true', 'pass_host_header = false']] }],
  ['access.everyone', 'a star', { env: { OAUTH2_PROXY_EMAIL_DOMAINS: '*' } }],
  [
    'access.domains',
    'a domain in the file',
    { gate: [['provider = "google"', 'email_domains = ["example.org"]\nprovider = "google"']] },
  ],
  ['access.list-used', 'no list', { gate: [['authenticated_emails_file = "access/emails.txt"', '']] }],
  ['access.trusted-ips', 'a network', { env: { OAUTH2_PROXY_TRUSTED_IPS: '10.0.0.0/8' } }],
  ['access.htpasswd', 'passwords', { env: { OAUTH2_PROXY_HTPASSWD_FILE: 'htpasswd' } }],
  [
    'access.list',
    'empty',
    files({ emails: { found: { path: 'access/emails.txt', mode: 0o644, addresses: [] } } }),
  ],
  [
    'access.list-writable',
    'writable by all',
    files({ emails: { found: { path: 'access/emails.txt', mode: 0o666, addresses: ['ada@example.org'] } } }),
  ],
  ['access.operators', 'not on the list', { env: { ADMIN_EMAILS: 'ada@example.org,joan@example.org' } }],
  ['redis.reachable', 'down', { facts: { redis: [{ setting: 'REDIS_URL', unreachable: 'ECONNREFUSED' }] } }],
  ['redis.password', 'none', redis({ isOpen: true })],
  [
    'redis.tls',
    'on another machine',
    {
      env: {
        OAUTH2_PROXY_REDIS_CONNECTION_URL: 'redis://:p@redis.example.org:6379/0',
        GATE_REDIS_URL: 'rediss://redis.example.org:6379/0',
      },
    },
  ],
  ['redis.persistence', 'none', redis({ persists: false })],
  ['redis.eviction', 'any key', redis({ evictionPolicy: 'allkeys-lru' })],
  ['redis.memory', 'nearly full', redis({ usedMemory: 95 })],
  ['redis.no-expiry', 'tickets', redis({ withoutExpiry: [{ kind: 'ticket', count: 3 }] })],
  ['redis.version', 'old', redis({ version: '6.2.7' })],
  ['network.host', 'all addresses', { env: { HOST: '0.0.0.0' } }],
  [
    'network.reachable',
    'from outside',
    { facts: { network: { ...goodFacts.network, appAt: ['192.0.2.7:3000'] } } },
  ],
  [
    'network.ops-reachable',
    'from outside',
    { facts: { network: { ...goodFacts.network, opsAt: ['192.0.2.7:9464'] } } },
  ],
  ['network.upstream', 'another machine', { env: { OAUTH2_PROXY_UPSTREAMS: 'http://10.1.2.3:3000/' } }],
  ['network.gate-address', 'all addresses', { env: { OAUTH2_PROXY_HTTP_ADDRESS: '0.0.0.0:4180' } }],
  [
    'network.published-ports',
    'Redis',
    {
      env: { COMPOSE_PROFILES: 'redis' },
      compose: [['    image: redis:8-alpine', "    image: redis:8-alpine\n    ports: ['6379:6379']"]],
    },
  ],
  [
    'network.published-ports',
    'the app',
    { compose: [[ownMemory, `${ownMemory}\n    ports:\n      - "3000:3000"`]] },
  ],
  [
    'network.host-mode',
    'host networking',
    { compose: [[ownMemory, `${ownMemory}\n    network_mode: host`]] },
  ],
  ['files.env-mode', 'readable by all', files({ env: { found: { path: '.env', mode: 0o644 } } })],
  [
    'files.env-git',
    'tracked',
    files({ git: { found: { tracked: true, trackedCopies: [] } }, gitIgnores: { found: false } }),
  ],
  ['files.env-ignored', 'not ignored by git', files({ gitIgnores: { found: false } })],
  ['files.env-copies', 'a backup', files({ envCopies: [{ path: '.env.old', mode: 0o600 }] })],
  ['files.data-mode', 'the folder', files({ data: { found: { path: 'data', mode: 0o755, openFiles: [] } } })],
  [
    'files.data-mode',
    'a file',
    files({ data: { found: { path: 'data', mode: 0o700, openFiles: ['data/gatehouse.db'] } } }),
  ],
  [
    'files.record',
    'read-only',
    files({ auditLog: { found: { path: 'logs/cookie_audit.log', writable: false } } }),
  ],
  ['files.config-writable', 'writable by all', files({ openToAll: { found: ['oauth2-proxy.cfg'] } })],
  ['clock.redis', 'ten seconds', redis({ clockAheadMs: -10_000 })],
  [
    'store.room',
    'full in two weeks',
    { facts: { room: { usedBytes: 90e6, mostBytes: 120e6, bytesADay: 2e6, daysLeft: 15 } } },
  ],
  ['store.room', 'nearly full', { facts: { room: { usedBytes: 125e6, mostBytes: 128e6 } } }],
  ['clock.retention', 'a jump', { facts: { retention: { doubt: 'ahead' } } }],
  ['clock.live', 'five minutes', live({ clockAheadMs: 300_000 })],
  ['gate.version', 'old', { facts: { gateVersion: '7.15.4' } }],
  [
    'gate.version',
    'an old image',
    { runBy: 'compose', compose: [['oauth2-proxy:v7.15.6', 'oauth2-proxy:v7.12.0']] },
  ],
  [
    'redis.advisories',
    'a release line without a fix',
    redis({ version: '8.4.2', release: { software: 'Redis', version: '8.4.2' } }),
  ],
  [
    'redis.advisories',
    'Valkey',
    redis({ version: '7.2.4', release: { software: 'Valkey', version: '8.1.6' } }),
  ],
  ['versions.node-advisories', 'vulnerable', { facts: { node: '24.18.0' } }],
  ['versions.node', 'old', { facts: { node: '24.11.9' } }],
  [
    'versions.installed',
    'another version',
    { facts: { packages: [{ name: 'helmet', installed: '8.3.1', locked: '8.3.0' }] } },
  ],
  [
    'versions.floor',
    'old',
    { facts: { packages: [{ name: 'cookie', installed: '0.6.0', locked: '0.6.0' }] } },
  ],
  ['live.certificate', 'not trusted', live({ certificateFault: 'CERT_HAS_EXPIRED' })],
  ['live.certificate-expiry', 'three days', live({ certificateEndsAt: Date.parse('2026-11-26T13:00:00Z') })],
  ['live.health', 'down', { facts: liveWith('health', { status: 502, healthy: false }) }],
  [
    'live.gate',
    'open',
    { facts: liveWith('dashboard', { fromApp: true, location: '/oauth2/start?rd=/dashboard' }) },
  ],
  ['live.sign-in', 'broken', { facts: liveWith('dashboard', { status: 500, location: undefined }) }],
  ['live.forged-uri', 'believed', { facts: liveWith('forgedUri', { fromApp: true }) }],
  ['live.forged-identity', 'shown on a page', { facts: liveWith('forgedPublic', { namesProbe: true }) }],
  ['live.forged-identity', 'admitted', { facts: liveWith('forgedMember', { status: 200 }) }],
  ['live.visitor-cookie', 'readable by scripts', landingCookie({ httpOnly: false })],
  ['live.visitor-cookie', 'with a domain', landingCookie({ domain: 'example.org' })],
  ['live.headers', 'framing allowed', withoutHeader('x-frame-options')],
  ['live.headers', 'no HSTS', withoutHeader('strict-transport-security')],
  [
    'live.versions-shown',
    'nginx',
    {
      facts: liveWith('landing', {
        headers: new Map([...(goodFacts.live.answers.landing?.headers ?? []), ['server', 'nginx/1.18.0']]),
      }),
    },
  ],
  ['guard.apps-missing', 'none', guard({ appsFile: undefined, apps: [] })],
  ['guard.apps-valid', 'a mistake', guard({ faults: ['Line 3: `url` is missing.'], apps: [] })],
  ['guard.apps-writable', 'writable by all', guard({ appsFile: { path: 'access/apps.yaml', mode: 0o646 } })],
  ['guard.listen', 'all addresses', guard({ listen: { kind: 'port', host: '0.0.0.0', port: 3010 } })],
  ['guard.listen', 'all addresses of IPv6', guard({ listen: { kind: 'port', host: '::', port: 3010 } })],
  ['guard.listen', 'a public address', guard({ listen: { kind: 'port', host: '192.0.2.7', port: 3010 } })],
  [
    'guard.socket',
    'anybody may enter',
    guard({ listen: { kind: 'socket', folder: { path: '/run/gatehouse', mode: 0o751 } } }),
  ],
  ['guard.gate-domains', 'an app', { env: { OAUTH2_PROXY_WHITELIST_DOMAINS: 'wiki.example.net:*' } }],
  [
    'guard.names',
    'two people of one name',
    guard({ apps: [{ name: 'wiki', host: 'wiki.example.net', isToldNames: true, sharedNames: ['ada'] }] }),
  ],
  ['app.reachable', 'down', app({ unreachable: 'ECONNREFUSED' })],
  ['app.certificate', 'not trusted', app({ certificateFault: 'CERT_HAS_EXPIRED' })],
  ['app.forged-uri', 'believed', { facts: appWith('forgedUri', { back: '/public/' }) }],
  ['app.forged-uri', 'let in', { facts: appWith('forgedUri', { status: 200, leads: undefined }) }],
  [
    'app.forged-identity-refused',
    'let in',
    { facts: appWith('forgedIdentity', { status: 200, leads: undefined }) },
  ],
  ['app.forged-identity', 'arrives', echo({ identities: ['X_WEBAUTH_USER'] })],
  [
    'app.forged-identity',
    'arrives where little is shown',
    echo({ showsHeaders: false, identities: ['Remote-User'] }),
  ],
  ['app.forged-address', 'arrives', echo({ addresses: ['X-Real-IP'] })],
  ['app.cookies', 'arrive', echo({ cookies: ['__Host-gatehouse_guard'] })],
  ['app.key-hidden', 'shown', echo({ showsKey: true })],
  [
    'app.public-only',
    'a path that is shortened',
    app({ oddPaths: [{ ...goodRefusal, asked: '/public/../x', status: 200 }] }),
  ],
  [
    'app.desk-paths',
    'the desk',
    app({ deskPaths: [{ ...goodRefusal, asked: '/dashboard', fromDesk: true }] }),
  ],
  [
    'app.desk-paths',
    'without a sign-in',
    app({ deskPaths: [{ ...goodRefusal, asked: '/api/me', status: 404 }] }),
  ],
  ['app.start-cookie', 'dropped', { facts: appWith('page', { cookies: [] }) }],
  [
    'app.start-cookie',
    'with a domain',
    {
      facts: appWith('page', {
        cookies: (appAnswer?.cookies ?? []).map((one) => ({ ...one, domain: 'example.net' })),
      }),
    },
  ],
  ['app.no-store', 'cached', { facts: appWith('fetch', { noStore: false }) }],
  ['app.reason-hidden', 'shown', { facts: appWith('fetch', { tells: ['x-guard-reason'] }) }],
  ['app.sign-in', 'the query cut', app({ path: '/doctor?a=1&b=2&c=3' })],
  ['app.sign-in', 'to another site', { facts: appWith('otherSite', { back: '//evil.example' }) }],
  ['app.no-redirect', 'a script is led away', { facts: appWith('fetch', { status: 302, leads: 'desk' }) }],
  [
    'app.direct',
    'open',
    app({ direct: { found: { open: ['http://10.0.0.5:80'], tried: ['http://10.0.0.5:80'] } } }),
  ],
  ['app.plain-http', 'answered', app({ plain: { found: 'open' } })],
  ['app.key', 'another app’s', app({ front: front({ keyOf: 'files' }) })],
  ['app.forged-key', 'arrives as well', app({ forgedFront: front({ keys: 2, keyOf: undefined }) })],
  ['app.forged-key', 'the guard refuses', { facts: appWith('forgedKey', { status: 403, leads: undefined }) }],
  ['app.key-elsewhere', 'at another app', app({ others: [{ name: 'files', keyOf: 'wiki' }] })],
  ['app.forwarded', 'a forged host', app({ forgedFront: front({ host: ['evil.example'] }) })],
  ['app.forwarded', 'a forged method', app({ forgedFront: front({ method: ['POST'] }) })],
  ['app.forwarded', 'a forged address', app({ forgedFront: front({ address: ['f0123'] }) })],
  ['app.forwarded', 'the query cut', app({ front: front({ uri: ['/.gatehouse/probe'] }) })],
  ['app.guard-hidden', 'at the desk', app({ guardAtDesk: { found: true } })],
  ['app.same-rules', 'two kinds', app({ rules: ['rules', 'others'] })],
  ['app.same-rules', 'other than here', app({ rules: ['others'] })],
  ['live.closed', '.env', { facts: liveWith('envFile', { status: 200, leaks: true }) }],
  ['gate.public-routes-wide', 'all but one', { gate: [[`"${routes}",`, `"${routes}", "GET!=^/health$",`]] }],
  [
    'gate.public-routes-wide',
    'all but one, any method',
    { gate: [[`"${routes}",`, `"${routes}", "!=^/x$",`]] },
  ],
  [
    'gate.public-routes-wide',
    'everything below a page',
    { gate: [[`"${routes}",`, `"${routes}", "GET=^/library/.+$",`]] },
  ],
  [
    'gate.public-routes-wide',
    'in capitals',
    { gate: [[`"${routes}",`, `"${routes}", "(?i)^/API/AUDIT$",`]] },
  ],
  [
    'gate.public-routes-wide',
    'by a flag given twice',
    {
      runBy: 'compose',
      compose: [
        [
          "command: ['--config', '/etc/oauth2-proxy.cfg']",
          "command: ['--config', '/etc/oauth2-proxy.cfg', '--skip-auth-regex=^/.*$', '--skip-auth-regex=^/a$']",
        ],
      ],
    },
  ],
  ['access.everyone', 'Gmail', { env: { OAUTH2_PROXY_EMAIL_DOMAINS: 'example.org,Gmail.com' } }],
  ['access.everyone', 'a whole top-level domain', { env: { OAUTH2_PROXY_EMAIL_DOMAINS: '.com' } }],
  ['gate.expire-long', 'never', { gate: [['cookie_expire = "168h"', 'cookie_expire = "0"']] }],
  ['gate.refresh-shorter', 'no unit', { gate: [['cookie_expire = "168h"', 'cookie_expire = 604800']] }],
  ['gate.csrf-expire', 'no unit', { gate: [['cookie_csrf_expire = "15m"', 'cookie_csrf_expire = 900']] }],
  ['gate.config-readable', 'an invalid boolean', { env: { OAUTH2_PROXY_SKIP_JWT_BEARER_TOKENS: 'yes' } }],
  [
    'gate.config-readable',
    'settings in another file',
    { env: { OAUTH2_PROXY_ALPHA_CONFIG: '/etc/alpha.yaml' } },
  ],
  [
    'gate.config-readable',
    'another file',
    { runBy: 'compose', compose: [["'/etc/oauth2-proxy.cfg']", "'/etc/other.cfg']"]] },
  ],
  ['gate.prefix', 'another prefix', { env: { OAUTH2_PROXY_PROXY_PREFIX: '/auth' } }],
  [
    'gate.redirect',
    'the old name',
    { env: { OAUTH2_PROXY_REDIRECT_URL: 'https://old.example.org/oauth2/callback' } },
  ],
  [
    'gate.redirect',
    'plain http',
    { env: { OAUTH2_PROXY_REDIRECT_URL: 'http://desk.example.org/oauth2/callback' } },
  ],
  ['gate.redis-agrees', 'another database', { env: { GATE_REDIS_URL: 'redis://:p@127.0.0.1:6379/1' } }],
  ['redis.writable', 'a replica', redis({ refusesWrites: 'a replica' })],
  ['redis.writable', 'no room for its snapshot', redis({ refusesWrites: 'its snapshot failed' })],
  [
    'redis.tls',
    'a Sentinel on another machine',
    {
      env: {
        OAUTH2_PROXY_REDIS_USE_SENTINEL: 'true',
        OAUTH2_PROXY_REDIS_SENTINEL_CONNECTION_URLS: 'redis://10.1.2.3:26379',
      },
    },
  ],
  [
    'network.upstream-app',
    'another port',
    { gate: [['"http://127.0.0.1:3000/"', '"http://127.0.0.1:3001/"']] },
  ],
  [
    'network.upstream-app',
    'the metrics as well',
    { env: { OAUTH2_PROXY_UPSTREAMS: 'http://127.0.0.1:3000/,http://127.0.0.1:9464/metrics' } },
  ],
  [
    'network.upstream-app',
    'a folder as well',
    { env: { OAUTH2_PROXY_UPSTREAMS: 'http://127.0.0.1:3000/,file:///srv/gatehouse/#/files/' } },
  ],
  [
    'network.published-ports',
    'in an override',
    {
      env: { COMPOSE_PROFILES: 'redis' },
      override: ["services:\n    redis:\n        ports:\n            - '6379:6379'\n"],
    },
  ],
  ['compose.readable', 'an env file', { compose: [[ownMemory, `${ownMemory}\n    env_file: [other.env]`]] }],
  [
    'compose.readable',
    'an included file',
    { override: ['include: [x.yml]\nservices:\n  app:\n    init: true\n'] },
  ],
  [
    'compose.readable',
    'extends a service in a file that is not read',
    { override: ['services:\n  app-2:\n    extends: { file: ../other.yml, service: app }\n'] },
  ],
  [
    'network.published-ports',
    'through the extended service',
    { override: ["services:\n  x:\n    ports: ['1:1']\n  y:\n    extends:\n      service: x\n"] },
  ],
  [
    'network.published-ports',
    'everything in flow style',
    { override: ["services: {app: {ports: ['3000:3000']}}\n"] },
  ],
  [
    'network.published-ports',
    'through an alias',
    { override: ["x-a: &a\n  ports: ['3000:3000']\nservices:\n  app:\n    <<: *a\n"] },
  ],
  [
    'access.trusted-ips',
    'in an env file',
    {
      runBy: 'compose',
      compose: [["    group_add: ['1000']", "    group_add: ['1000']\n    env_file: .env"]],
      files: { '.env': 'OAUTH2_PROXY_TRUSTED_IPS=10.0.0.0/8\n' },
    },
  ],
  [
    'secret.in-config',
    'in an address',
    {
      gate: [
        [
          'provider = "google"',
          'provider = "google"\nredis_connection_url = "redis://:hunter2@127.0.0.1:6379/0"',
        ],
      ],
    },
  ],
  [
    'secret.in-config',
    'in docker-compose.yml',
    { override: ['services:\n  app:\n    environment:\n      CONFLUENCE_API_TOKEN: "ATATT3xFfGF0"\n'] },
  ],
  [
    'secret.in-config',
    'on the command line',
    {
      runBy: 'compose',
      compose: [
        ["'/etc/oauth2-proxy.cfg']", "'/etc/oauth2-proxy.cfg', '--client-secret=GOCSPX-b8Kq2Lw9Xr4Tz7Vn']"],
      ],
    },
  ],
  [
    'secret.strength',
    'in an address',
    { env: { REDIS_PASSWORD: undefined, REDIS_URL: 'redis://:changeme@127.0.0.1:6379/0' } },
  ],
  ['files.env-git', 'a copy', files({ git: { found: { tracked: false, trackedCopies: ['prod.env'] } } })],
  [
    'files.secret-files',
    'readable by all',
    files({ secretFiles: { found: [{ path: 'secrets/key', mode: 0o644 }] } }),
  ],
  ['files.data-writable', 'owned by root', files({ notWritable: { found: ['data/gatehouse.db'] } })],
  ['files.space', 'full', files({ freeBytes: { found: 4096 } })],
  [
    'live.sign-in',
    'refused by the proxy in front',
    { facts: liveWith('dashboard', { status: 403, location: undefined }) },
  ],
  [
    'live.sign-in',
    'over plain http',
    { facts: liveWith('dashboard', { location: 'http://desk.example.org/oauth2/start' }) },
  ],
  [
    'live.sign-in',
    'another address sent to Google',
    {
      facts: liveWith('dashboard', {
        location:
          'https://accounts.google.com/o/oauth2/auth?redirect_uri=http%3A%2F%2Fdesk.example.org%2Foauth2%2Fcallback',
      }),
    },
  ],
  ['live.health', 'hangs', { facts: withoutAnswer('health') }],
  ['live.sign-in', 'hangs', { facts: withoutAnswer('dashboard') }],
  ['live.headers', 'a weaker policy', landingHeader('content-security-policy', "default-src * 'nonce-x'")],
  ['live.headers', 'readable by other sites', landingHeader('access-control-allow-origin', '*')],
];

/** Valid deployments that were once reported as faulty. */
const sound: readonly (readonly [how: string, changes: Changes])[] = [
  ['the guard on this machine', guard({ listen: { kind: 'port', host: '127.0.0.1', port: 3010 } })],
  ['the guard on a network of one’s own', guard({ listen: { kind: 'port', host: '10.0.0.5', port: 3010 } })],
  [
    'one trusted proxy that removes X-Forwarded-Uri, as was tested',
    { gate: [[trustNobody, 'trusted_proxy_ips = ["127.0.0.1"]']] },
  ],
  ['full messages since 7.15.5', { env: { OAUTH2_PROXY_STANDARD_LOGGING_FORMAT: '{{.Message}}' } }],
  ['Go’s own anchors', { gate: [[`"${routes}",`, `"${routes}", "GET=\\\\A/ping\\\\z",`]] }],
  ['a case-insensitive pattern', { gate: [[`"${routes}",`, `"${routes}", "GET=(?i)^/ping$",`]] }],
  ['a socket', { env: { OAUTH2_PROXY_HTTP_ADDRESS: 'unix:///run/oauth2-proxy.sock' } }],
  ['no plain port', { env: { OAUTH2_PROXY_HTTP_ADDRESS: '-' } }],
  [
    'a gate page that offers the sign-in',
    { facts: liveWith('dashboard', { status: 403, location: undefined, isGatePage: true }) },
  ],
  ['the same Redis under another name', { env: { GATE_REDIS_URL: 'redis://:p@localhost:6379' } }],
  [
    'indentation of four spaces',
    { override: ['services:\n    app:\n        environment:\n            LOG_LEVEL: info\n'] },
  ],
  ['a second app', { override: [shippedFile('docker-compose.rolling.yml')] }],
  ['outside access for Confluence', { override: [shippedFile('docker-compose.confluence.yml')] }],
  ['a Redis that says how it runs, at a URL that says nothing', redis({ mode: 'standalone' })],
  ['the usual port of Redis, written or not', { env: { GATE_REDIS_URL: 'redis://:p@127.0.0.1/0' } }],
  ['a derived redirect address', { env: { OAUTH2_PROXY_REDIRECT_URL: '' } }],
];

/** What a finding says is there. */
const said: readonly (readonly [seen: RegExp, how: string, changes: Changes])[] = [
  [/^cookie_samesite is not set\.$/, 'SameSite unset', { gate: [['cookie_samesite = "lax"', '']] }],
  [
    /^cookie_samesite is none\.$/,
    'SameSite none',
    { gate: [['cookie_samesite = "lax"', 'cookie_samesite = "none"']] },
  ],
  [/^set_xauthrequest is on\.$/, 'X-Auth-Request', { env: { OAUTH2_PROXY_SET_XAUTHREQUEST: 'true' } }],
  [
    /opens \/dashboard/,
    'a wide route beside one that cannot be read',
    { gate: [[`"${routes}",`, `"${routes}", "GET=^/dash.*$", "GET=^/(?P<name>x)$",`]] },
  ],
  [
    /redis\+cluster:\/\//,
    'a cluster behind the URL of a single server',
    redis({ mode: 'cluster', isClusterUrl: false }),
  ],
  [
    /is `standalone`, but its URL is that of a cluster/,
    'a single server behind the URL of a cluster',
    redis({ mode: 'standalone', isClusterUrl: true }),
  ],
];

/** Deployments with one fault that concerns two checks. */
const twofold: readonly (readonly [ids: readonly string[], how: string, changes: Changes])[] = [
  [
    ['gate.version', 'gate.log-errors'],
    'full messages before 7.15.5',
    {
      facts: { gateVersion: '7.15.4' },
      env: { OAUTH2_PROXY_STANDARD_LOGGING_FORMAT: '{{.Message}}' },
    },
  ],
  [
    ['gate.log-errors'],
    'whole messages in a version that nobody knows',
    {
      facts: { gateVersion: 'devel' },
      env: { OAUTH2_PROXY_STANDARD_LOGGING_FORMAT: '{{.Message}}' },
    },
  ],
  [
    ['gate.cookie-prefix', 'gate.cookie-domain'],
    'for all subdomains',
    {
      env: { GATE_COOKIE_NAME: '__Secure-gate', OAUTH2_PROXY_COOKIE_DOMAINS: '.example.org' },
      gate: [['"__Host-_oauth2_proxy"', '"__Secure-gate"']],
    },
  ],
  [
    ['gate.cookie-size', 'gate.session-store'],
    'a large cookie',
    {
      env: { OAUTH2_PROXY_SESSION_STORE_TYPE: '', GATE_SESSION_STORE: 'cookie' },
      gate: [['scope = "openid email"', 'scope = "openid email https://www.googleapis.com/auth/drive"']],
    },
  ],
  [
    ['app.closed', 'app.no-redirect'],
    'a WebSocket is opened',
    { facts: appWith('socket', { status: 101, noStore: false }) },
  ],
  [
    ['app.closed', 'app.no-redirect'],
    'a form is answered by the app',
    { facts: appWith('post', { status: 404, noStore: false }) },
  ],
  [
    ['gate.cookie-prefix', 'gate.cookie-domain', 'guard.gate-domains'],
    'a gate cookie for every app',
    {
      env: { GATE_COOKIE_NAME: '__Secure-gate', OAUTH2_PROXY_COOKIE_DOMAINS: '.example.net' },
      gate: [['"__Host-_oauth2_proxy"', '"__Secure-gate"']],
    },
  ],
  [
    ['gate.refresh', 'lifetime.fits-gate'],
    'a day at the gate, a week here',
    { env: { OAUTH2_PROXY_COOKIE_REFRESH: '0', OAUTH2_PROXY_COOKIE_EXPIRE: '24h' } },
  ],
  [
    ['files.env-copies-mode', 'files.env-copies'],
    'a backup readable by all',
    files({ envCopies: [{ path: '.env.old', mode: 0o644 }] }),
  ],
];

suite('the check-up over deployments with one fault each', () => {
  const whole = wholeParts();
  after(whole.close);

  test('every address of the app is among those that must not be public', () => {
    const app = createApp({
      config: configOf({
        SECRET_KEY: goodEnv['SECRET_KEY'] ?? '',
        GATE_SECRET: goodEnv['GATE_SECRET'] ?? '',
      }),
      store: {} as never,
      logger: createLogger('silent'),
      recorder: keepEvents(),
      ...whole.parts,
    });
    const open = ['/', '/signed-out', '/privacy-notice', '/health'];
    const paths = routesOf({ app }).map(({ path }) => path);
    const missing = paths
      .filter((path) => !path.includes('*') && !open.includes(path))
      .map((path) => path.replace(/:\w+/g, 'x'))
      .filter((path) => !closed.includes(path));
    assert.deepEqual([...new Set(missing)], []);
  });

  test('the hardened one: no findings, nothing left out', () => {
    const report = checkUp(deploymentWith({}));
    assert.deepEqual(report.findings, []);
    // Unless `.env` says so, the ports of the profile `guard` are not published.
    assert.deepEqual(
      report.notChecked.map(({ id }) => id),
      ['network.published-ports'],
    );
    assert.equal(report.passed.length, checks.length - 1);
    assert.equal(report.ok, true);
  });

  test('the same in containers: no findings', () => {
    const report = checkUp(deploymentWith({ runBy: 'compose', env: { COMPOSE_PROFILES: 'redis' } }));
    assert.deepEqual(report.findings, []);
  });

  for (const [id, how, changes] of broken) {
    test(`${id}: ${how}`, () => {
      const env = changes.runBy === 'compose' ? { COMPOSE_PROFILES: 'redis', ...changes.env } : changes.env;
      const { findings } = checkUp(deploymentWith({ ...changes, ...(env && { env }) }));
      assert.deepEqual(
        findings.map((finding) => finding.id),
        [id],
        JSON.stringify(findings, null, 1),
      );
    });
  }

  for (const [how, changes] of sound) {
    test(`no findings: ${how}`, () => {
      assert.deepEqual(checkUp(deploymentWith(changes)).findings, []);
    });
  }

  for (const [seen, how, changes] of said) {
    test(`it says what it saw: ${how}`, () => {
      const { findings } = checkUp(deploymentWith(changes));
      assert.ok(
        findings.some((finding) => seen.test(finding.seen)),
        JSON.stringify(findings, null, 1),
      );
    });
  }

  test('each permission of somebody else is found, and none of the owner', () => {
    const ids = (mode: number) =>
      checkUp(
        deploymentWith(
          files({
            env: { found: { path: '.env', mode } },
            data: { found: { path: 'data', mode, openFiles: [] } },
            envCopies: [{ path: '.env.old', mode }],
          }),
        ),
      ).findings.map(({ id }) => id);
    for (const bit of [0o1, 0o2, 0o4, 0o10, 0o20, 0o40])
      assert.deepEqual(ids(0o600 | bit).sort(), [
        'files.data-mode',
        'files.env-copies',
        'files.env-copies-mode',
        'files.env-mode',
      ]);
    assert.deepEqual(ids(0o700), ['files.env-copies']);
  });

  for (const [ids, how, changes] of twofold) {
    test(`${ids.join(' and ')}: ${how}`, () => {
      const { findings } = checkUp(deploymentWith(changes));
      assert.deepEqual(
        findings.map((finding) => finding.id),
        ids,
      );
    });
  }

  test('every check has a deployment in which it finds something', () => {
    // These two have their own tests: one below, one in doctor-advisories.test.ts.
    const elsewhere = ['live.reachable', 'versions.advisories-age'];
    const seen = new Set([...broken.map(([id]) => id), ...twofold.flatMap(([ids]) => ids), ...elsewhere]);
    assert.deepEqual(
      checks.map(({ id }) => id).filter((id) => !seen.has(id)),
      [],
    );
    assert.ok(broken.length >= 40);
  });

  test('an address that does not answer is reported once, and the rest as not checked', () => {
    const { findings, notChecked } = checkUp(
      deploymentWith({
        facts: { live: { url: 'https://desk.example.org', unreachable: 'ENOTFOUND', answers: {} } },
      }),
    );
    assert.deepEqual(
      findings.map(({ id }) => id),
      ['live.reachable'],
    );
    assert.ok(
      notChecked.some(({ id }) => id === 'live.gate') && notChecked.some(({ id }) => id === 'live.closed'),
    );
  });

  test('an anonymous request without an answer does not count as closed', () => {
    for (const name of ['metrics', 'envFile', 'gitHead', 'forgedUri', 'forgedMember'] as const) {
      const { passed, unread, findings } = checkUp(deploymentWith({ facts: withoutAnswer(name) }));
      const id = { forgedUri: 'live.forged-uri', forgedMember: 'live.forged-identity' }[name as string];
      assert.ok(!passed.includes(id ?? 'live.closed'), name);
      assert.ok(
        unread.some((one) => one.id === (id ?? 'live.closed')),
        name,
      );
      assert.deepEqual(findings, []);
    }
  });

  test('what an app does not show never passes', () => {
    const closed = { showsHeaders: false, showsCookies: false };
    const { passed, notChecked, findings } = checkUp(deploymentWith(echo(closed)));
    assert.deepEqual(findings, []);
    for (const id of ['app.forged-identity', 'app.forged-address', 'app.cookies', 'app.key-hidden']) {
      assert.ok(!passed.includes(id), id);
      assert.match(notChecked.find((one) => one.id === id)?.reason ?? '', /^not seen: /);
    }
  });

  test('a request to an app that got no answer, or another refusal than the guard’s, never passes', () => {
    const by: Partial<Record<AppRequest, string>> = {
      page: 'app.closed',
      fetch: 'app.no-redirect',
      post: 'app.closed',
      socket: 'app.closed',
      otherSite: 'app.sign-in',
      forgedUri: 'app.forged-uri',
      forgedKey: 'app.forged-key',
      forgedIdentity: 'app.forged-identity-refused',
    };
    for (const name of appRequests) {
      const id = by[name] ?? '';
      const { passed, unread, findings } = checkUp(deploymentWith({ facts: appWith(name, undefined) }));
      assert.ok(!passed.includes(id) && unread.some((one) => one.id === id), name);
      assert.deepEqual(findings, [], name);
    }
    for (const status of [403, 503]) {
      const facts = appWith('fetch', { status });
      const { unread } = checkUp(deploymentWith({ facts }));
      assert.ok(
        unread.some(({ id }) => id === 'app.closed'),
        String(status),
      );
    }
    for (const changes of [
      { oddPaths: [undefined] },
      { deskPaths: [undefined] },
      { silentOthers: ['files'] },
    ])
      assert.equal(checkUp(deploymentWith(app(changes))).unread.length, 1, JSON.stringify(changes));
  });

  test('what cannot be checked is reported as such and never passes', () => {
    const missing = { missing: 'not here' };
    const blind = {
      guard: missing,
      app: missing,
      config: missing,
      gate: missing,
      compose: missing,
      files: missing,
      redis: missing,
    };
    const { passed, notChecked, findings } = checkUp({
      ...deploymentWith({}),
      ...blind,
      network: missing,
      retention: missing,
      room: missing,
      live: missing,
      software: { node: '24.21.0', gate: missing, packages: missing },
    });
    assert.deepEqual(findings, []);
    // Checks that only need the problems, the secrets, the running Node.js and the date.
    assert.deepEqual(passed, [
      'settings.valid',
      'settings.misspelt',
      'secret.strength',
      'secret.reused',
      'versions.node-advisories',
      'versions.advisories-age',
      'versions.node',
    ]);
    assert.equal(notChecked.length, checks.length - passed.length);
  });

  test('a file that exists but cannot be read never passes', () => {
    const unread = { missing: 'it is there', unread: true } as const;
    const blind = {
      guard: unread,
      app: unread,
      config: unread,
      gate: unread,
      compose: unread,
      files: unread,
      redis: unread,
    };
    const report = checkUp({
      ...deploymentWith({}),
      ...blind,
      doubts: { config: 'it is there', gate: 'it is there' },
      network: unread,
      live: unread,
      retention: unread,
      room: unread,
      software: { node: '24.21.0', gate: unread, packages: unread },
    });
    assert.equal(report.ok, false);
    assert.deepEqual(
      report.findings.map(({ id }) => id),
      ['gate.config-readable'],
    );
    assert.deepEqual(report.notChecked, []);
    // Checks that only need the running Node.js and the date.
    assert.deepEqual(report.passed, ['versions.node-advisories', 'versions.advisories-age', 'versions.node']);
    assert.match(summaryOf(report), /\d+ could not be read, so this is not an all-clear\.$/);
  });

  test('doubts about what is running leave open the checks that would have passed, and nothing else', () => {
    const well = deploymentWith({});
    const doubted = { ...well, doubts: { config: 'it may be another', gate: 'it may be another' } };
    const { unread, findings, passed } = checkUp(doubted);
    assert.deepEqual(findings, []);
    const ids = unread.map(({ id }) => id);
    for (const id of ['settings.https', 'gate.strip-headers', 'gate.cookie-name', 'secret.in-config'])
      assert.ok(ids.includes(id), id);
    assert.ok(passed.includes('files.env-mode') && passed.includes('live.gate'));
    const open = deploymentWith({ env: { RATE_LIMIT: 'off' } });
    const faulty = checkUp({ ...open, doubts: doubted.doubts });
    assert.deepEqual(
      faulty.findings.map(({ id }) => id),
      ['settings.rate-limit'],
    );
  });

  test('ids are unique, and every symptom leads to existing checks', () => {
    const ids = checks.map(({ id }) => id);
    assert.equal(new Set(ids).size, ids.length);
    for (const symptom of symptoms) {
      assert.ok(symptom.checks.length > 0);
      for (const id of symptom.checks) assert.ok(ids.includes(id), `${symptom.id}: ${id}`);
    }
  });

  test('a check that throws hides no other', () => {
    const table = checks.map((check) =>
      check.id === 'cookie.secure'
        ? {
            ...check,
            judge() {
              throw new Error('unexpected');
            },
          }
        : check,
    );
    const look = () => checkUp(deploymentWith({ env: { RATE_LIMIT: 'off' } }), 'high', table);
    assert.doesNotThrow(look);
    const report = look();
    assert.deepEqual(
      report.findings.map(({ id }) => id),
      ['settings.rate-limit'],
    );
    assert.deepEqual(
      report.unread.map(({ id }) => id),
      ['cookie.secure'],
    );
    assert.equal(checkUp(deploymentWith({}), 'high', table).ok, false, 'what failed is no all-clear');
  });
});
