// Reads what the check-up needs from the Compose files: images, ports, networks, environments and commands of services.
import {
  type Environment,
  environmentOf,
  type SecretPlace,
  secretsOf,
  type Tell,
} from './compose-environment.ts';
import { type ComposeSource, composeModel } from './compose-layers.ts';
import { type PublishedPort, portOf } from './compose-ports.ts';
import type { Tree, TreeMap } from './compose-tree.ts';
import type { Variables } from './env-file.ts';

export interface ComposeService extends Environment {
  readonly name: string;
  readonly image: string | undefined;
  /** The Dockerfile that it is built from; undefined: it is not built, or not from this folder. */
  readonly dockerfile: string | undefined;
  readonly ports: readonly PublishedPort[];
  /** How it is attached to the host's network: "network_mode: host"; undefined: it is not. */
  readonly onHost: string | undefined;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  /** Whether it is started by a script of several lines. */
  readonly isScript: boolean;
  /** The secrets that are mounted, by their path in the container. */
  readonly secrets: ReadonlyMap<string, SecretPlace>;
  /** The mounted files of this folder, by their path in the container. */
  readonly mounts: ReadonlyMap<string, string>;
  /** Profiles of which one must be active; empty: it always runs. */
  readonly profiles: readonly string[];
  readonly isOn: boolean;
}

/** A part of the Compose files that the check-up could not read. */
export interface Unread {
  /** undefined: it does not belong to a single service. */
  readonly service: string | undefined;
  /** The key in the service, like `ports`; `*`: it may concern any key. */
  readonly key: string;
  /** `docker-compose.yml:12`. */
  readonly at: string;
  readonly why: string;
}

export interface ComposeFile {
  readonly services: readonly ComposeService[];
  readonly unread: readonly Unread[];
}

/** @param env `.env` and the environment, which takes precedence */
export function readCompose(source: ComposeSource, env: Variables): ComposeFile {
  const { model, broken } = composeModel(source, env);
  const unread: Unread[] = broken.map((one) => ({ ...one, service: undefined, key: '*' }));
  const services = model.entries.get('services');
  const networks = model.entries.get('networks');
  const allSecrets = model.entries.get('secrets');
  const profiles = (env['COMPOSE_PROFILES'] ?? '').split(',').map((name) => name.trim());
  if (services?.kind === 'unread') unread.push({ ...services, service: undefined, key: '*' });
  else if (services?.kind !== 'map' || services.entries.size === 0)
    unread.push({ at: source.files[0] ?? '', why: 'no services', service: undefined, key: '*' });
  const found: ComposeService[] = [];
  for (const [name, tree] of services?.kind === 'map' ? services.entries : []) {
    if (tree.tag === 'reset') continue;
    const tell: Tell = (key, { at }, why) => void unread.push({ service: name, key, at, why });
    if (tree.kind === 'unread') tell('*', tree, tree.why);
    const parts: TreeMap = tree.kind === 'map' ? tree : { kind: 'map', at: tree.at, entries: new Map() };
    found.push(readService(name, parts, { networks, allSecrets, profiles, env, read: source.read, tell }));
  }
  return { services: found, unread };
}

interface Context {
  readonly networks: Tree | undefined;
  readonly allSecrets: Tree | undefined;
  readonly profiles: readonly string[];
  readonly env: Variables;
  readonly read: ComposeSource['read'];
  readonly tell: Tell;
}

function readService(name: string, { entries }: TreeMap, context: Context): ComposeService {
  const { tell, profiles, networks, allSecrets } = context;
  const part = (key: string): Tree | undefined => {
    const tree = entries.get(key);
    if (tree?.kind === 'unread') tell(key, tree, tree.why);
    return tree?.kind === 'unread' || tree?.kind === 'null' ? undefined : tree;
  };
  const extended = entries.get('extends');
  if (extended) tell('*', extended, extended.kind === 'unread' ? extended.why : 'extends');
  const text = (key: string): string | undefined => {
    const tree = part(key);
    if (!tree) return undefined;
    if (tree.kind === 'text' && tree.missing === undefined) return tree.text;
    tell(key, tree, tree.kind === 'text' ? `${tree.missing} is not set` : 'an unsupported form');
    return undefined;
  };
  const items = (key: string): readonly Tree[] => {
    const tree = part(key);
    if (tree && tree.kind !== 'list') tell(key, tree, 'not a list');
    return tree?.kind === 'list' ? tree.items : [];
  };
  const texts = (key: string): string[] =>
    items(key).flatMap((item) => {
      if (item.kind === 'text') return [item.text];
      tell(key, item, item.kind === 'unread' ? item.why : 'not a list of strings');
      return [];
    });
  const ports = items('ports').flatMap((item) => {
    const port = portOf(item);
    if (!port) tell('ports', item, item.kind === 'unread' ? item.why : 'a port in an unsupported form');
    return port ? [port] : [];
  });
  const own = texts('profiles');
  const [entrypoint, command] = ['entrypoint', 'command'].map((key) => words(part(key), key, tell));
  const { image, dockerfile } = { image: text('image'), dockerfile: builtBy(part('build')) };
  return {
    name,
    image,
    dockerfile,
    ports,
    onHost: onHost(text('network_mode'), part('networks'), networks, tell),
    ...environmentOf(part('environment'), items('env_file'), context),
    secrets: secretsOf(items('secrets'), allSecrets, context),
    entrypoint: entrypoint ?? [],
    command: command ?? [],
    isScript: [entrypoint, command].includes(undefined),
    mounts: new Map(items('volumes').flatMap(mount)),
    profiles: own,
    isOn: own.length === 0 || profiles.includes('*') || own.some((profile) => profiles.includes(profile)),
  };
}

/** undefined: a script of several lines. */
function words(tree: Tree | undefined, key: string, tell: Tell): string[] | undefined {
  if (!tree) return [];
  if (tree.kind === 'list') {
    const unread = tree.items.find(({ kind }) => kind !== 'text');
    if (unread) tell(key, unread, unread.kind === 'unread' ? unread.why : 'not a list of strings');
    const found = tree.items.flatMap((item) => (item.kind === 'text' ? [item.text] : []));
    return found.some((word) => word.includes('\n')) ? undefined : found;
  }
  if (tree.kind !== 'text') return [];
  // Compose splits it like a shell and removes the quotes.
  if (/["'\\]/.test(tree.text)) tell(key, tree, 'a command line with quotes');
  return tree.text.split(/\s+/).filter(Boolean);
}

function builtBy(tree: Tree | undefined): string | undefined {
  const part = (key: string) => (tree?.kind === 'map' ? tree.entries.get(key) : undefined);
  const context = tree?.kind === 'map' ? (part('context') ?? tree) : tree;
  const isHere = context?.kind === 'map' || (context?.kind === 'text' && /^\.\/?$/.test(context.text));
  if (!tree || !isHere || part('dockerfile_inline') || part('target')) return undefined;
  const file = part('dockerfile');
  if (file && file.kind !== 'text') return undefined;
  return file?.text.replace(/^\.\//, '') ?? 'Dockerfile';
}

/** A mounted file by its path in the container. A volume that cannot be read is left out, so a lookup of its path fails. */
function mount(item: Tree): [string, string][] {
  if (item.kind === 'map') {
    const [source, target] = ['source', 'target'].map((key) => item.entries.get(key));
    return source?.kind === 'text' && target?.kind === 'text' ? [[target.text, source.text]] : [];
  }
  const [source, target] = item.kind === 'text' ? item.text.split(':') : [];
  return source && target ? [[target, source]] : [];
}

/** The host, macvlan and ipvlan networks give a container ports of the host or an address in the host's network. */
function onHost(
  mode: string | undefined,
  own: Tree | undefined,
  all: Tree | undefined,
  tell: Tell,
): string | undefined {
  if (mode !== undefined) return mode === 'host' ? 'network_mode: host' : undefined;
  if (own && own.kind !== 'map') tell('networks', own, 'neither a list nor a mapping');
  if (all?.kind === 'unread') tell('networks', all, all.why);
  for (const name of own?.kind === 'map' ? own.entries.keys() : ['default']) {
    const network = all?.kind === 'map' ? all.entries.get(name) : undefined;
    if (network?.kind === 'unread') tell('networks', network, network.why);
    if (network?.kind !== 'map') continue;
    const text = (key: string) => {
      const tree = network.entries.get(key);
      if (tree?.kind === 'unread') tell('networks', tree, tree.why);
      return tree?.kind === 'text' ? tree.text : undefined;
    };
    const kind = [text('driver'), text('name')].find((one) => /^(?:host|macvlan|ipvlan)$/.test(one ?? ''));
    if (kind) return `the network ${name} (${kind})`;
  }
  return undefined;
}
