// Merges Compose files with what they include and extend, by Compose's rules.
import { dirname, relative, resolve } from 'node:path';
import { atKey, mapValues, normalized, overlay, secretFile, unread, untagged } from './compose-forms.ts';
import { readTrees, type Tree, type TreeMap } from './compose-tree.ts';
import { type FileText, notThere, readVariables, type Variables } from './env-file.ts';

export interface ComposeSource {
  /** The files that Compose reads, in the order in which it merges them. */
  readonly files: readonly string[];
  /** The folder that the file names are relative to. */
  readonly folder: string;
  readonly read: (path: string) => FileText;
  /** Reasons why Compose may read something else than the check-up does. */
  readonly notes: readonly Broken[];
}

/** A file or document that could not be read. */
export interface Broken {
  /** `docker-compose.yml:12`. */
  readonly at: string;
  readonly why: string;
}

export interface ComposeModel {
  readonly model: TreeMap;
  readonly broken: readonly Broken[];
}

/** @param env `.env` and the environment, which takes precedence */
export function composeModel(source: ComposeSource, env: Variables): ComposeModel {
  const broken: Broken[] = [...source.notes];
  const files = source.files.map((file) => resolve(source.folder, file));
  const project = dirname(files[0] ?? source.folder);
  const model = load(files, { ...source, project, env, chain: [], broken });
  return { model, broken };
}

interface Context extends Pick<ComposeSource, 'folder' | 'read'> {
  /** The folder that paths in the files are relative to. */
  readonly project: string;
  readonly env: Variables;
  /** The files and services that led here by `include` or `extends`. */
  readonly chain: readonly string[];
  readonly broken: Broken[];
}

const nothing: TreeMap = { kind: 'map', at: '', entries: new Map() };

function load(files: readonly string[], context: Context): TreeMap {
  let model = nothing;
  for (const file of files) {
    for (const document of documentsOf(file, context)) {
      const whole = withExtended(withIncluded(document, file, context), file, context);
      const laid = overlay(model, whole, []);
      if (laid.kind === 'map') model = laid;
      else if (laid.kind === 'unread') context.broken.push(laid);
    }
  }
  return model;
}

/** Each document of a file, with its services normalized. */
function documentsOf(file: string, context: Context): readonly Tree[] {
  const inside = relative(context.folder, file);
  const shown = inside.startsWith('..') ? file : inside;
  const found = context.read(file);
  if ('why' in found) return [{ kind: 'unread', at: shown, why: found.why }];
  return readTrees(shown, found.text, context.env).map((document) => {
    if (document.kind !== 'map')
      return document.kind === 'unread' ? document : unread(document, 'not a mapping');
    const each = (change: (tree: Tree, project: string) => Tree) => (all: Tree) =>
      all.kind === 'map'
        ? { ...all, entries: mapValues(all.entries, (one) => change(one, context.project)) }
        : all;
    return atKey(atKey(document, 'services', each(normalized)), 'secrets', each(secretFile));
  });
}

function withIncluded(document: Tree, file: string, context: Context): Tree {
  const list = document.kind === 'map' ? document.entries.get('include') : undefined;
  if (!list || list.kind === 'null') return document;
  const chain = [...context.chain, file];
  const items = list.kind === 'list' ? list.items : [unread(list, 'not a list')];
  const models = items.map((item) => included(item, { ...context, chain }));
  // Earlier includes take precedence over later ones, and the file itself over both.
  return models.reduce((above: Tree, below) => overlay(below, above, []), document);
}

function included(item: Tree, context: Context): Tree {
  const skip = (why: string) => {
    context.broken.push({ at: item.at, why: `include: ${why}` });
    return nothing;
  };
  if (item.kind === 'unread') return skip(item.why);
  const part = (key: string) => (item.kind === 'map' ? item.entries.get(key) : undefined);
  const files = textsOf(item.kind === 'map' ? part('path') : item);
  const envFiles = textsOf(part('env_file'));
  const folder = textsOf(part('project_directory'));
  const [first] = files ?? [];
  if (!files || first === undefined || !envFiles || !folder) return skip('an unsupported form');
  const paths = files.map((path) => resolve(context.project, path));
  const [main = ''] = paths;
  if (context.chain.includes(main)) return skip('it includes itself');
  const project = folder[0] === undefined ? dirname(main) : resolve(context.project, folder[0]);
  const variables = (envFiles.length > 0 ? envFiles : [resolve(project, '.env')])
    .map((path) => context.read(resolve(context.project, path)))
    .filter((found) => envFiles.length > 0 || !('why' in found && found.why === notThere));
  const values = variables.map((found) => ('text' in found ? readVariables(found.text) : undefined));
  if (values.includes(undefined)) return skip('its file of variables cannot be read');
  return load(paths, { ...context, project, env: Object.assign({}, ...values, context.env) as Variables });
}

/** undefined: neither a string nor a list of strings. */
function textsOf(tree: Tree | undefined): string[] | undefined {
  if (!tree || tree.kind === 'null') return [];
  const items = tree.kind === 'list' ? tree.items : [tree];
  return items.every((item) => item.kind === 'text') ? items.map(({ text }) => text) : undefined;
}

function withExtended(document: Tree, file: string, context: Context): Tree {
  if (document.kind !== 'map') return document;
  return atKey(document, 'services', (services) => {
    if (services.kind !== 'map') return services;
    const whole = (one: Tree, name: string) =>
      extended(one, services, { ...context, chain: [`${file}#${name}`] });
    return { ...services, entries: mapValues(services.entries, whole) };
  });
}

function extended(service: Tree, services: TreeMap, context: Context): Tree {
  const how = service.kind === 'map' ? service.entries.get('extends') : undefined;
  if (service.kind !== 'map' || !how || how.kind === 'null') return service;
  const not = (why: string) => {
    const entries = new Map(service.entries).set('extends', unread(how, why));
    return { ...service, entries };
  };
  const part = (key: string) => (how.kind === 'map' ? how.entries.get(key) : undefined);
  const [file, name] = [part('file'), how.kind === 'text' ? how : part('service')];
  if (name?.kind !== 'text' || (file && file.kind !== 'text')) return not('an unsupported form');
  const path = file ? resolve(context.project, file.text) : context.chain.at(-1)?.split('#')[0];
  const link = `${path}#${name.text}`;
  if (context.chain.includes(link)) return not('it extends itself');
  const there = file ? servicesOf(path ?? '', context) : services;
  if (there.kind === 'unread') return not(`${there.at} ${there.why}`);
  const base = there.kind === 'map' ? there.entries.get(name.text) : undefined;
  if (there.kind !== 'map' || !base) return not('there is no such service');
  const project = file ? dirname(path ?? '') : context.project;
  const whole = extended(base, there, { ...context, project, chain: [...context.chain, link] });
  const entries = new Map(service.entries);
  entries.delete('extends');
  return overlay(untagged(whole), { ...service, entries }, ['services', name.text]);
}

function servicesOf(path: string, context: Context): Tree {
  let model: Tree = nothing;
  for (const document of documentsOf(path, { ...context, project: dirname(path) })) {
    if (document.kind === 'unread') return document;
    model = overlay(model, document, []);
  }
  const services = model.kind === 'map' ? model.entries.get('services') : undefined;
  return services ?? { kind: 'unread', at: path, why: 'has no services' };
}
