// Rules between several settings. Each names the setting to correct, and is skipped if one of its settings is already faulty.
import { isLoopback, isNear } from './local-addresses.ts';
import { isPlaceholder, secretFault } from './secret-strength.ts';
import type { Problem } from './setting.ts';
import type { SettingName, SettingValues } from './settings.ts';
import { findSharedSecrets } from './shared-secrets.ts';

/** What the rules need besides the settings themselves. */
export interface Situation {
  readonly production: boolean;
  readonly publicOrigin: string;
  readonly secure: boolean;
  readonly gateSecure: boolean;
  readonly prefix: string;
  readonly cookieNames: readonly string[];
}

type Refuse = (name: SettingName, message: string, ...others: readonly SettingName[]) => void;

const origin = ['PUBLIC_URL', 'FUNNEL_HOSTNAME'] as const;
const overHttp = 'is true but PUBLIC_URL is plain http: browsers would drop the cookie; use https';

/** Adds every violated rule to `problems`. */
export function checkRules(values: SettingValues, situation: Situation, problems: Problem[]): void {
  const faulty = new Set(problems.map((problem) => problem.name));
  const refuse: Refuse = (name, message, ...others) => {
    if (![name, ...others].some((involved) => faulty.has(involved))) problems.push({ name, message });
  };
  if (situation.production) refuseUnfinishedProduction(values, refuse);
  refuseLostCookies(values, situation, refuse);
  refuseLostGateCookies(values, situation, refuse);
  if (values.OAUTH2_PROXY_COOKIE_REFRESH >= values.OAUTH2_PROXY_COOKIE_EXPIRE) {
    const message = 'must be less than OAUTH2_PROXY_COOKIE_EXPIRE, or oauth2-proxy does not start; try 24h';
    refuse('OAUTH2_PROXY_COOKIE_REFRESH', message, 'OAUTH2_PROXY_COOKIE_EXPIRE');
  }
  refuseOwnAlias(values, situation, refuse);
  for (const { name, with: other } of findSharedSecrets(values)) {
    const message = `holds the same secret as ${other}: one leak would open both; make another one`;
    if (!faulty.has(name) && !faulty.has(other)) problems.push({ name, message, kind: 'shared' });
  }
  if (values.DEV_MODE) refuseUnsafeDevMode(values, situation, refuse);
  if (values.SESSION_BACKEND === 'redis') refusePlainTextRedis('REDIS_URL', values.REDIS_URL, refuse);
  if (values.GATE_REDIS_URL !== undefined)
    refusePlainTextRedis('GATE_REDIS_URL', values.GATE_REDIS_URL, refuse);
  refuseUselessGovernor(values, refuse);
  if (values.PORT !== 0 && values.PORT === values.OPS_PORT) {
    refuse('OPS_PORT', 'is the same as PORT; choose another one', 'PORT');
  }
}

/** Whether oauth2-proxy keeps its sessions in Redis: as configured, else in the same place as the app's own. */
export function hasGateSessionsInRedis(values: SettingValues): boolean {
  return (values.GATE_SESSION_STORE ?? (values.SESSION_BACKEND === 'redis' ? 'redis' : 'cookie')) === 'redis';
}

/** Browsers accept a Secure cookie over https, and on localhost. */
function keepsSecureCookies({ publicOrigin }: Situation): boolean {
  return publicOrigin.startsWith('https:') || isLoopback(new URL(publicOrigin).hostname);
}

/** An alias would redirect to itself. Behind oauth2-proxy the scheme is unknown, so hosts are compared. */
function refuseOwnAlias(values: SettingValues, { publicOrigin }: Situation, refuse: Refuse): void {
  const own = new URL(publicOrigin).host;
  if (values.PUBLIC_URL_ALIASES.some((alias) => new URL(alias).host === own))
    refuse('PUBLIC_URL_ALIASES', 'has the name of PUBLIC_URL itself; leave it out', ...origin);
}

/** Refuses attributes of the app's cookies with which browsers would silently drop them, so that nobody could sign in. */
function refuseLostCookies(values: SettingValues, situation: Situation, refuse: Refuse): void {
  const { secure, prefix, cookieNames } = situation;
  const decides = ['SESSION_COOKIE_SECURE', ...origin] as const;
  if (secure && !keepsSecureCookies(situation)) refuse('SESSION_COOKIE_SECURE', overHttp, ...origin);
  if (!secure && prefix) {
    refuse('COOKIE_PREFIX', `is ${prefix}, which needs SESSION_COOKIE_SECURE=true`, ...decides);
  }
  if (prefix === '__Host-Http-' && !values.SESSION_COOKIE_HTTPONLY) {
    const message = 'is __Host-Http-, which needs SESSION_COOKIE_HTTPONLY=true';
    refuse('COOKIE_PREFIX', message, 'SESSION_COOKIE_HTTPONLY');
  }
  if (!secure && values.SESSION_COOKIE_SAMESITE === 'none') {
    refuse('SESSION_COOKIE_SAMESITE', 'is None, which needs SESSION_COOKIE_SECURE=true; use Lax', ...decides);
  }
  if (new Set(cookieNames).size < cookieNames.length) {
    const message = 'is the name of another cookie; choose another one';
    refuse('SESSION_COOKIE_NAME', message, 'COOKIE_PREFIX', 'GATE_COOKIE_NAME');
  }
}

/** The same for oauth2-proxy's cookie. */
function refuseLostGateCookies(values: SettingValues, situation: Situation, refuse: Refuse): void {
  const decides = ['OAUTH2_PROXY_COOKIE_SECURE', ...origin] as const;
  if (situation.gateSecure && !keepsSecureCookies(situation)) {
    refuse('OAUTH2_PROXY_COOKIE_SECURE', overHttp, ...origin);
  }
  if (situation.gateSecure) return;
  if (/^__(Host|Secure|Http)-/i.test(values.GATE_COOKIE_NAME ?? '')) {
    const message =
      'has a prefix that needs https; over plain http set it to _oauth2_proxy, and OAUTH2_PROXY_COOKIE_SECURE=false';
    refuse('GATE_COOKIE_NAME', message, ...decides);
  }
  if (values.OAUTH2_PROXY_COOKIE_SAMESITE === 'none') {
    const message = 'is none, which needs OAUTH2_PROXY_COOKIE_SECURE=true; use lax';
    refuse('OAUTH2_PROXY_COOKIE_SAMESITE', message, ...decides);
  }
}

/** Also checks the secrets of oauth2-proxy and Redis if the same `.env` holds them. */
function refuseUnfinishedProduction(values: SettingValues, refuse: Refuse): void {
  if (!values.PUBLIC_URL && !values.FUNNEL_HOSTNAME && !values.DEV_MODE) {
    const message = 'is missing; set it to the address that browsers use, like https://desk.example.org';
    refuse('PUBLIC_URL', message, 'FUNNEL_HOSTNAME', 'DEV_MODE');
  }
  const others = [
    ['OAUTH2_PROXY_COOKIE_SECRET', 16, 'oauth2'],
    ['REDIS_PASSWORD', 32, 'redis'],
  ] as const;
  for (const [name, minLength, word] of others) {
    const value = values[name];
    const fault = value ? secretFault(value, minLength) : undefined;
    if (!value || !fault) continue;
    const option = isPlaceholder(value) ? '' : ` --rotate ${word}`;
    refuse(name, `${fault}; run \`node generate-secrets.ts${option}\` to make one`);
  }
}

/** DEV_MODE lets everyone in as an operator: it must only be reachable from this machine. */
function refuseUnsafeDevMode(values: SettingValues, situation: Situation, refuse: Refuse): void {
  if (situation.production) refuse('DEV_MODE', 'is true with NODE_ENV=production; unset one of them');
  if (!isLoopback(values.HOST)) {
    refuse('DEV_MODE', 'needs HOST=127.0.0.1: it lets in everyone who can reach the app', 'HOST');
  }
  if (!isLoopback(new URL(situation.publicOrigin).hostname)) {
    const message = 'needs a PUBLIC_URL on localhost: it lets in everyone who can reach the app';
    refuse('DEV_MODE', message, ...origin);
  }
}

/** ASVS 12.3.1: no plain-text connection to another machine. A name without a dot is a service in the same container network. */
function refusePlainTextRedis(name: SettingName, url: string, refuse: Refuse): void {
  if (/^rediss:/i.test(url)) return;
  const hosts = url
    .replace(/^[a-z+]+:\/\//i, '')
    .replace(/[/?].*$/, '')
    .replace(/^.*@/, '')
    .split(',');
  const remote = hosts
    .map((host) => host.replace(/:\d+$/, '').replace(/^\[|\]$/g, ''))
    .find((host) => !isNear(host));
  if (remote) refuse(name, `reaches ${remote} without TLS; use rediss://, or a Redis on this machine`);
}

/** A governor without a limit, or without sessions that it can read, would do nothing. */
function refuseUselessGovernor(values: SettingValues, refuse: Refuse): void {
  if (values.GATE_GOVERNOR === 'off') return;
  if (!hasGateSessionsInRedis(values)) {
    refuse(
      'GATE_GOVERNOR',
      'needs oauth2-proxy’s sessions in Redis: set GATE_SESSION_STORE=redis',
      'GATE_SESSION_STORE',
    );
  }
  if (values.GATE_MAX_AGE === 0 && values.GATE_MAX_IDLE === 0 && values.GATE_MAX_SESSIONS === 0) {
    refuse(
      'GATE_GOVERNOR',
      'has no limit to enforce: set GATE_MAX_AGE, GATE_MAX_IDLE or GATE_MAX_SESSIONS',
      'GATE_MAX_AGE',
    );
  }
}
