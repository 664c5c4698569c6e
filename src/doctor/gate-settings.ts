// oauth2-proxy's settings as they hold: flags before environment before file (its own order), secrets replaced by fingerprints.
import { type GateFile, type GateValue, readGateFile } from './gate-file.ts';

export interface GateSettings {
  /** Its text; undefined where nothing sets it. Of a secret the fingerprint. */
  text(name: string): string | undefined;
  list(name: string): readonly string[];
  flag(name: string, byDefault: boolean): boolean;
  /** What set it: "oauth2-proxy.cfg", "OAUTH2_PROXY_SCOPE"; undefined: nothing did. */
  from(name: string): string | undefined;
  /** Secrets that stand in the file itself. */
  readonly secretsInFile: readonly string[];
  /** Secrets that stand on the command line. */
  readonly secretsInFlags: readonly string[];
  readonly unreadLines: readonly number[];
  /** Settings that are elsewhere: another file, or one of the kind that replaces most settings. */
  readonly unreadSources: readonly string[];
  /** Switches with a value that stops oauth2-proxy. */
  readonly faultySwitches: readonly string[];
}

export interface GateSources {
  /** Of oauth2-proxy.cfg. */
  readonly text: string;
  /** What its process has, or will have, in its environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Of its command line. */
  readonly flags: readonly string[];
  readonly fingerprint: (secret: string) => string;
}

const secrets = new Set([
  'client_secret',
  'cookie_secret',
  'basic_auth_password',
  'redis_password',
  'redis_sentinel_password',
  'signature_key',
  'jwt_key',
  'github_token',
]);
/** Flags in the singular that can be given again and again; the file and the environment use the plural, but for the last two. */
const repeated =
  /^(?:upstream|email-domain|whitelist-domain|cookie-domain|trusted-ip|trusted-proxy-ip|skip-auth-route|api-route|allowed-group|extra-jwt-issuer|skip-auth-regex|google-group)$/;
const singular = /^(?:skip-auth-regex|google-group)$/;
/** What decides about security and is on or off. */
const switches =
  /^(?:reverse_proxy|prefer_email_to_user|skip_auth_(?:strip_headers|preflight)|skip_jwt_bearer_tokens|pass_\w+|set_\w+|cookie_(?:secure|httponly|csrf_per_request)|insecure_\w+|ssl_\w+_skip_verify|redis_use_\w+|force_https)$/;
const goBoolean = /^(?:1|t|T|TRUE|true|True|0|f|F|FALSE|false|False)$/;
const prefix = 'OAUTH2_PROXY_';
const configFlag = 'config';
const alphaFlag = 'alpha-config';
const fileName = 'oauth2-proxy.cfg';

interface Entry {
  readonly value: GateValue;
  readonly from: string;
}

export function readGateSettings({ text, env, flags, fingerprint }: GateSources): GateSettings {
  const file = readGateFile(text);
  const flagged = fromFlags(flags);
  const entries = new Map<string, Entry>([...fromFile(file), ...fromEnvironment(env), ...flagged]);
  const holdsSecret = (name: string, value: GateValue) =>
    secrets.has(name)
      ? value !== ''
      : String(value) !== withoutUser(String(value)) && /:\/\/[^/]*:[^/]+@/.test(String(value));
  const faultySwitches = [...entries].flatMap(([name, { value, from }]) =>
    switches.test(name) && typeof value !== 'boolean' && value !== '' && !goBoolean.test(String(value))
      ? [from === fileName ? name : from]
      : [],
  );
  for (const [name, { value, from }] of entries) entries.set(name, { value: veil(name, value), from });

  function veil(name: string, value: GateValue): GateValue {
    if (secrets.has(name)) return value === '' ? '' : fingerprint(String(value));
    if (typeof value === 'string') return withoutUser(value);
    return isList(value) ? value.map(withoutUser) : value;
  }

  return {
    text(name) {
      const value = entries.get(name)?.value;
      return value === undefined || value === '' ? undefined : String(value);
    },
    list(name) {
      const value = entries.get(name)?.value;
      if (value === undefined || value === '') return [];
      return isList(value) ? value : String(value).split(',').filter(Boolean);
    },
    flag(name, byDefault) {
      const value = entries.get(name)?.value;
      if (value === undefined || value === '') return byDefault;
      // Go's ParseBool; what it does not know stops oauth2-proxy.
      return typeof value === 'boolean' ? value : /^(?:1|t|true)$/i.test(String(value));
    },
    from: (name) => entries.get(name)?.from,
    secretsInFile: [...file.values].filter(([name, value]) => holdsSecret(name, value)).map(([name]) => name),
    secretsInFlags: flagged
      .filter(([name, { value }]) => holdsSecret(name, value))
      .map(([, { from }]) => from),
    unreadLines: file.unread,
    unreadSources: sourcesElsewhere(env, flags),
    faultySwitches,
  };
}

function isList(value: GateValue): value is readonly string[] {
  return Array.isArray(value);
}

function fromFile(file: GateFile): [string, Entry][] {
  return [...file.values].map(([name, value]) => [name, { value, from: fileName }]);
}

/** An empty variable counts as unset (viper). */
function fromEnvironment(env: GateSources['env']): [string, Entry][] {
  return Object.entries(env).flatMap(([variable, value]) =>
    variable.startsWith(prefix) && value
      ? [[variable.slice(prefix.length).toLowerCase(), { value, from: variable }] as const]
      : [],
  ) as [string, Entry][];
}

function fromFlags(flags: readonly string[]): [string, Entry][] {
  const given = new Map<string, Entry>();
  for (const [i, flag] of flags.entries()) {
    const [, name, inline] = /^--?([a-z][a-z0-9-]*)(?:=(.*))?$/s.exec(flag) ?? [];
    if (name === undefined || name === configFlag || name === alphaFlag) continue;
    const next = flags[i + 1];
    const value = inline ?? (next === undefined || next.startsWith('-') ? 'true' : next);
    const isPlural = repeated.test(name) && !singular.test(name);
    const setting = `${name.replaceAll('-', '_')}${isPlural ? 's' : ''}`;
    const before = given.get(setting)?.value;
    given.set(setting, {
      value: repeated.test(name) ? [...(before && isList(before) ? before : []), ...value.split(',')] : value,
      from: `--${name}`,
    });
  }
  return [...given];
}

/** oauth2-proxy takes its file from `--config`; what `--alpha-config` names replaces most of what is read here. */
function sourcesElsewhere(env: GateSources['env'], flags: readonly string[]): string[] {
  const named = (flag: string) => {
    const at = flags.findIndex((one) => new RegExp(`^--?${flag}(?:=|$)`).test(one));
    const inline = /=(.*)$/s.exec(flags[at] ?? '')?.[1];
    return at < 0 ? env[`${prefix}${flag.toUpperCase().replace('-', '_')}`] : (inline ?? flags[at + 1] ?? '');
  };
  const [config, alpha] = [named(configFlag), named(alphaFlag)];
  return [
    ...(config && config.split(/[\\/]/).at(-1) !== fileName ? [config] : []),
    ...(alpha ? [alpha] : []),
  ];
}

/** A URL can carry a password. */
export function withoutUser(text: string): string {
  return text.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/]*@/i, '$1');
}
