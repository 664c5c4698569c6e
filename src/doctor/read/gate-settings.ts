// oauth2-proxy's effective settings: flags before environment before file (oauth2-proxy's order), with secrets replaced by fingerprints.
import { decode, type GateFile, type GateValue } from './gate-file.ts';
import { kindOf, settingsOf } from './gate-options.ts';

export interface GateSettings {
  /** The value as a string, or a secret's fingerprint; undefined if nothing sets it. */
  text(name: string): string | undefined;
  list(name: string): readonly string[];
  flag(name: string, byDefault: boolean): boolean;
  /** Where it is set: "oauth2-proxy.cfg", "OAUTH2_PROXY_SCOPE"; undefined: nowhere. */
  from(name: string): string | undefined;
  /** The names of secrets in the file itself. */
  readonly secretsInFile: readonly string[];
  /** The flags on the command line that hold a secret. */
  readonly secretsInFlags: readonly string[];
  /** Sentences about what oauth2-proxy refuses or reads from elsewhere: its effective settings are then not known. */
  readonly unread: readonly string[];
  /** Variables that oauth2-proxy ignores because no setting has that name. */
  readonly ignored: readonly string[];
}

export interface GateSources {
  /** oauth2-proxy.cfg; undefined: it is not read. */
  readonly file: GateFile | undefined;
  /** The environment of its process. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Its command-line arguments. */
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
const prefix = 'OAUTH2_PROXY_';
const configFlag = 'config';
const alphaFlag = 'alpha-config';
const ownFlags = new Set([configFlag, alphaFlag, 'config-test']);
const fileName = 'oauth2-proxy.cfg';

interface Entry {
  readonly value: GateValue;
  readonly from: string;
}

export function readGateSettings({ file, env, flags, fingerprint }: GateSources): GateSettings {
  const set = fromEnvironment(env);
  const flagged = fromFlags(flags);
  const entries = new Map<string, Entry>([...fromFile(file), ...set.entries, ...flagged.entries]);
  const holdsSecret = (name: string, value: GateValue) =>
    secrets.has(name)
      ? value !== ''
      : String(value) !== withoutUser(String(value)) && /:\/\/[^/]*:[^/]+@/.test(String(value));
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
      return value !== undefined && isList(value) ? value : [];
    },
    flag(name, byDefault) {
      const value = entries.get(name)?.value;
      return typeof value === 'boolean' ? value : byDefault;
    },
    from: (name) => entries.get(name)?.from,
    secretsInFile: [...(file?.values ?? [])]
      .filter(([name, value]) => holdsSecret(name, value))
      .map(([name]) => name),
    secretsInFlags: flagged.entries
      .filter(([name, { value }]) => holdsSecret(name, value))
      .map(([, { from }]) => from),
    unread: [
      ...refusedWords([...(file?.refused ?? []), ...set.refused, ...flagged.refused]),
      ...[...entries].flatMap(([name, { value, from }]) =>
        value === '' && neverEmpty.has(name) ? [`${from} sets ${name} to an empty value.`] : [],
      ),
      ...flagged.elsewhere.map((path) => `Its settings are in ${path}, which the check-up does not read.`),
    ],
    ignored: set.unknown,
  };
}

/** Settings for which an empty value does not mean the default. */
const neverEmpty = new Set([
  'cookie_name',
  'cookie_path',
  'http_address',
  'proxy_prefix',
  'session_store_type',
]);

function refusedWords(names: readonly string[]): string[] {
  return names.length === 0 ? [] : [`oauth2-proxy refuses ${names.slice(0, 8).join(', ')}.`];
}

function isList(value: GateValue): value is readonly string[] {
  return Array.isArray(value);
}

function fromFile(file: GateFile | undefined): [string, Entry][] {
  return [...(file?.values ?? [])].map(([name, value]) => [name, { value, from: fileName }]);
}

interface Given {
  readonly entries: [string, Entry][];
  /** Names whose value has a type that oauth2-proxy does not accept. */
  readonly refused: string[];
}

/** Variables of Gatehouse, not of oauth2-proxy. */
const ours = new Set(['OAUTH2_PROXY_BIN']);

/** As viper reads them: an empty variable counts as unset, and one that names no setting is ignored. */
function fromEnvironment(env: GateSources['env']): Given & { readonly unknown: string[] } {
  const given: Given & { readonly unknown: string[] } = { entries: [], refused: [], unknown: [] };
  for (const [variable, raw] of Object.entries(env)) {
    if (!variable.startsWith(prefix) || !raw || ours.has(variable)) continue;
    const name = variable.slice(prefix.length).toLowerCase();
    const value = decode(name, raw);
    if (value !== undefined) given.entries.push([name, { value, from: variable }]);
    else (kindOf(name) === undefined ? given.unknown : given.refused).push(variable);
  }
  return given;
}

/** As pflag reads them: a boolean flag takes no argument, every other flag takes the next one, whatever it is. */
function fromFlags(flags: readonly string[]): Given & { readonly elsewhere: string[] } {
  const entries = new Map<string, Entry>();
  const refused: string[] = [];
  const elsewhere: string[] = [];
  for (let i = 0; i < flags.length; i++) {
    const [, dashes = '', flag = '', inline] = /^(--?)([^=]*)(?:=(.*))?$/s.exec(flags[i] ?? '') ?? [];
    if (dashes === '--' && flag === '') break;
    if (dashes === '') continue;
    const settings = settingsOf(flag);
    const isOwn = ownFlags.has(flag);
    const isSwitch = flag === 'config-test' || settings.some((name) => kindOf(name) === 'switch');
    const raw = inline ?? (isSwitch ? 'true' : (flags[++i] ?? ''));
    if (isOwn && flag !== 'config-test' && (flag === alphaFlag || raw.split(/[\\/]/).at(-1) !== fileName))
      elsewhere.push(raw);
    // oauth2-proxy parses a list as CSV. Quoted values are not supported here.
    const values = settings.map((name) => [name, raw.includes('"') ? undefined : decode(name, raw)] as const);
    if (!isOwn && (dashes === '-' || values.length === 0)) refused.push(`${dashes}${flag}`);
    for (const [name, value] of values) {
      const before = entries.get(name)?.value;
      if (value === undefined) refused.push(`--${flag}`);
      else
        entries.set(name, {
          value: isList(value) && before !== undefined && isList(before) ? [...before, ...value] : value,
          from: `--${flag}`,
        });
    }
  }
  return { entries: [...entries], refused, elsewhere };
}

/** Whether a command line names a configuration file; without one, oauth2-proxy reads none. */
export function namesFile(flags: readonly string[]): boolean {
  return flags.some((flag) => new RegExp(`^--${configFlag}(?:=|$)`).test(flag));
}

/** Removes the user and password from a URL. */
export function withoutUser(text: string): string {
  return text.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/]*@/i, '$1');
}
