// Finds the services of the app and of oauth2-proxy in the Compose files, their settings, and why those may be incomplete.
import { resolve } from 'node:path';
import type { ComposeFile, ComposeService, Unread } from './compose-file.ts';
import type { Variables } from './env-file.ts';
import { namesFile } from './gate-settings.ts';

export interface Containers {
  readonly app: ReadVariables;
  readonly gate: ReadVariables & {
    readonly image: string | undefined;
    readonly flags: readonly string[];
    /** Whether its command line names oauth2-proxy.cfg. */
    readonly readsFile: boolean;
  };
}

export interface ReadVariables {
  readonly env: Variables;
  /** Why other settings may apply than those read; the end of a sentence. */
  readonly doubt: string | undefined;
}

export interface ContainersOptions {
  readonly compose: ComposeFile;
  readonly folder: string;
  /** `.env` and the environment; used if the Compose files do not show which service is the app. */
  readonly env: Variables;
  readonly dockerfile: string | undefined;
}

export function containersOf({ compose, folder, env, dockerfile }: ContainersOptions): Containers {
  const broken = compose.unread.find(({ service, key }) => service === undefined && key === '*');
  const nothing = broken && `${placeOf(broken)} could not be read`;
  const on = compose.services.filter(({ isOn }) => isOn);
  const [gate, ...otherGates] = on.filter(({ image }) => isGate(image));
  const [app, ...otherApps] = on.filter(
    ({ image, environment }) =>
      !isGate(image) && (environment.has('SECRET_KEY') || environment.has('SECRET_KEY_FILE')),
  );
  const appEnv = app && withSecrets(app, env);
  const production = app && productionOf(app, dockerfile);
  return {
    app: {
      env: appEnv ? { ...(production?.isKnown && { NODE_ENV: production.value }), ...appEnv } : env,
      doubt: app
        ? firstOf([
            unreadOf(app, compose.unread),
            otherThan(app, otherApps),
            !production?.isKnown && 'NODE_ENV may be set in an image that the check-up does not read',
          ])
        : (nothing ?? 'no active service has a SECRET_KEY, so it is unclear which one is the app'),
    },
    gate: {
      env: gate ? withSecrets(gate, env) : env,
      image: gate?.image,
      flags: gate?.command ?? [],
      readsFile: gate ? namesFile(gate.command) : true,
      doubt: gate
        ? firstOf([unreadOf(gate, compose.unread), otherThan(gate, otherGates), startOf(gate, folder)])
        : (nothing ?? 'no active service uses the image of oauth2-proxy'),
    },
  };
}

export function isGate(image: string | undefined): boolean {
  return /(?:^|\/)oauth2-proxy(?::|@|$)/.test(image ?? '');
}

function firstOf(doubts: readonly (string | false | undefined)[]): string | undefined {
  return doubts.find((doubt) => doubt !== false && doubt !== undefined) || undefined;
}

const looked = new Set(['*', 'image', 'environment', 'env_file', 'command', 'entrypoint', 'secrets']);

function unreadOf({ name }: ComposeService, unread: readonly Unread[]): string | undefined {
  const found = unread.find(
    ({ service, key }) => looked.has(key) && (service === undefined || service === name),
  );
  return found && `${placeOf(found)} could not be read`;
}

/** `docker-compose.yml:12 (app: ports)`. */
export function placeOf({ at, service, key }: Unread): string {
  const part = [service, key === '*' ? undefined : key].filter(Boolean).join(': ');
  return part ? `${at} (${part})` : at;
}

function otherThan(one: ComposeService, others: readonly ComposeService[]): string | undefined {
  const shape = ({ environment, command }: ComposeService) =>
    JSON.stringify([[...environment].toSorted(([a], [b]) => (a < b ? -1 : 1)), command]);
  const other = others.find((candidate) => shape(candidate) !== shape(one));
  return other && `${other.name} has different settings than ${one.name}, and only ${one.name} was checked`;
}

/** Why oauth2-proxy may be started in another way, or with another file than the oauth2-proxy.cfg of this folder. */
function startOf(gate: ComposeService, folder: string): string | undefined {
  const { entrypoint, command, isScript, mounts } = gate;
  if (isScript || (entrypoint[0] !== undefined && !/(?:^|\/)oauth2-proxy$/.test(entrypoint[0])))
    return `${gate.name} is started by another program`;
  if (entrypoint.length > 1) return `${gate.name} has flags in its entrypoint`;
  const at = command.findIndex((word) => /^--config(?:=|$)/.test(word));
  if (at < 0) return undefined;
  const path = command[at]?.split('=')[1] ?? command[at + 1] ?? '';
  const source = mounts.get(path);
  return source !== undefined && resolve(folder, source) === resolve(folder, 'oauth2-proxy.cfg')
    ? undefined
    : `it is unclear which file is at ${path} in ${gate.name}`;
}

/** The environment of a service, including the secrets that Compose mounts as files. */
function withSecrets({ environment, secrets }: ComposeService, env: Variables): Variables {
  const told: Record<string, string | undefined> = Object.fromEntries(environment);
  for (const [name, path] of environment) {
    const place = name.endsWith('_FILE') && path !== undefined ? secrets.get(path) : undefined;
    if (!place) continue;
    if ('file' in place) told[name] = place.file;
    else {
      delete told[name];
      told[name.replace(/_FILE$/, '')] = env[place.variable];
    }
  }
  return told;
}

function productionOf(
  { environment, dockerfile: own }: ComposeService,
  dockerfile: string | undefined,
): { readonly isKnown: boolean; readonly value?: string | undefined } {
  if (environment.get('NODE_ENV') !== undefined) return { isKnown: true };
  if (own !== 'Dockerfile' || dockerfile === undefined) return { isKnown: false };
  // The last ENV applies; a value that contains a variable is not known.
  const lines = dockerfile.replace(/\\\r?\n/g, ' ').split(/\r?\n/);
  const values = lines.flatMap((line) => {
    const assigned = /^\s*ENV\s.*?\bNODE_ENV(?:=|\s+)["']?([^\s"']+)/i.exec(line)?.[1];
    return assigned === undefined ? [] : [assigned];
  });
  const value = values.at(-1);
  return value?.includes('$') ? { isKnown: false } : { isKnown: true, value };
}
