// The environment and the secrets of a service in Compose files.
import type { ComposeSource } from './compose-layers.ts';
import type { Tree } from './compose-tree.ts';
import { hasLiteral } from './compose-variables.ts';
import { isUnsure, readVariables, type Variables } from './env-file.ts';

export interface Environment {
  /** A value of undefined: the variable is named without a value, and is not set outside either. */
  readonly environment: ReadonlyMap<string, string | undefined>;
  /** Variables whose value is at least partly written in the file itself. */
  readonly written: readonly string[];
}

/** Where a secret comes from. */
export type SecretPlace = { readonly file: string } | { readonly variable: string };

/** Reports a part that could not be read. */
export type Tell = (key: string, tree: Tree, why: string) => void;

interface Surroundings {
  readonly env: Variables;
  readonly read: ComposeSource['read'];
  readonly tell: Tell;
}

/** @param files the items of `env_file`; later ones take precedence, and `environment` takes precedence over all */
export function environmentOf(
  tree: Tree | undefined,
  files: readonly Tree[],
  { env, read, tell }: Surroundings,
): Environment {
  const environment = new Map<string, string | undefined>();
  const written: string[] = [];
  for (const file of files) {
    const values = fileOf(file, read);
    if (typeof values === 'string') tell('env_file', file, values);
    else for (const [name, value] of Object.entries(values)) environment.set(name, value);
  }
  if (tree && tree.kind !== 'map') tell('environment', tree, 'neither a list nor a mapping');
  for (const [name, value] of tree?.kind === 'map' ? tree.entries : []) {
    if (value.tag === 'reset') continue;
    if (value.kind === 'text') {
      environment.set(name, value.text);
      if (hasLiteral(value.raw)) written.push(name);
    } else if (value.kind === 'null') environment.set(name, env[name]);
    else
      tell('environment', value, value.kind === 'unread' ? `${name}: ${value.why}` : `${name}: not a string`);
  }
  for (const [name, value] of environment) {
    if (value === undefined || !isUnsure(value)) continue;
    tell('environment', tree ?? { kind: 'null', at: '.env' }, `${name}: Compose reads it differently`);
    environment.delete(name);
  }
  return { environment, written };
}

/** The variables of a file, or why they cannot be read. */
function fileOf(item: Tree, read: ComposeSource['read']): Readonly<Record<string, string>> | string {
  if (item.kind === 'unread') return item.why;
  const part = (key: string) => {
    const tree = item.kind === 'map' ? item.entries.get(key) : undefined;
    return tree?.kind === 'text' ? tree.text : undefined;
  };
  const path = item.kind === 'text' ? item.text : part('path');
  if (path === undefined) return 'an unsupported form';
  const found = read(path);
  if ('why' in found) return part('required') === 'false' ? {} : `the file ${found.why}`;
  if (part('format') === 'raw') return 'a file in the raw format';
  return readVariables(found.text);
}

/** A secret whose source cannot be read is left out: the setting that names its path is then reported as invalid. */
export function secretsOf(
  own: readonly Tree[],
  all: Tree | undefined,
  { tell }: Surroundings,
): ReadonlyMap<string, SecretPlace> {
  const found = new Map<string, SecretPlace>();
  for (const item of own) {
    const part = (tree: Tree | undefined, key: string) => {
      const value = tree?.kind === 'map' ? tree.entries.get(key) : undefined;
      return value?.kind === 'text' ? value.text : undefined;
    };
    const name = item.kind === 'text' ? item.text : part(item, 'source');
    if (name === undefined) {
      tell('secrets', item, item.kind === 'unread' ? item.why : 'an unsupported form');
      continue;
    }
    const target = part(item, 'target') ?? name;
    const path = target.startsWith('/') ? target : `/run/secrets/${target}`;
    const secret = all?.kind === 'map' ? all.entries.get(name) : undefined;
    const [file, variable] = [part(secret, 'file'), part(secret, 'environment')];
    if (file !== undefined) found.set(path, { file });
    else if (variable !== undefined) found.set(path, { variable });
  }
  return found;
}
