// Normalizes the parts of a Compose file that have several forms, and merges one tree over another.
import { resolve } from 'node:path';
import type { Tree, TreeMap } from './compose-tree.ts';

export function unread({ at }: Tree, why: string): Tree {
  return { kind: 'unread', at, why };
}

export function mapValues<T>(
  map: ReadonlyMap<string, T>,
  change: (value: T, key: string) => T,
): Map<string, T> {
  return new Map([...map].map(([key, value]) => [key, change(value, key)]));
}

export function atKey(tree: TreeMap, key: string, change: (value: Tree) => Tree): TreeMap {
  const value = tree.entries.get(key);
  return value ? { ...tree, entries: new Map(tree.entries).set(key, change(value)) } : tree;
}

/** Turns lists that stand for a mapping into one, and makes paths absolute. */
export function normalized(service: Tree, project: string): Tree {
  if (service.kind !== 'map') return service;
  return [
    ['environment', pairs] as const,
    ['networks', names] as const,
    ['env_file', (tree: Tree) => paths(tree, project)] as const,
  ].reduce((so: TreeMap, [key, change]) => atKey(so, key, change), service);
}

/** Makes the path of a secret's file absolute. */
export function secretFile(secret: Tree, project: string): Tree {
  if (secret.kind !== 'map') return secret;
  return atKey(secret, 'file', (file) =>
    file.kind === 'text' ? { ...file, text: resolve(project, file.text) } : file,
  );
}

function pairs(tree: Tree): Tree {
  if (tree.kind !== 'list') return tree;
  const entries = new Map<string, Tree>();
  for (const item of tree.items) {
    if (item.kind !== 'text') return item.kind === 'unread' ? item : unread(item, 'not a list of strings');
    const [, name = '', value] = /^([^=]*)(?:=(.*))?$/s.exec(item.text) ?? [];
    const raw = item.raw.slice(item.raw.indexOf('=') + 1);
    entries.set(
      name,
      value === undefined ? { kind: 'null', at: item.at } : { kind: 'text', at: item.at, text: value, raw },
    );
  }
  return { kind: 'map', at: tree.at, ...(tree.tag && { tag: tree.tag }), entries };
}

function names(tree: Tree): Tree {
  if (tree.kind !== 'list') return tree;
  const entries = new Map<string, Tree>();
  for (const item of tree.items) {
    if (item.kind !== 'text') return item.kind === 'unread' ? item : unread(item, 'not a list of names');
    entries.set(item.text, { kind: 'null', at: item.at });
  }
  return { kind: 'map', at: tree.at, ...(tree.tag && { tag: tree.tag }), entries };
}

function paths(tree: Tree, project: string): Tree {
  const whole = (path: Tree): Tree =>
    path.kind === 'text' ? { ...path, text: resolve(project, path.text) } : path;
  const one = (item: Tree): Tree => (item.kind === 'map' ? atKey(item, 'path', whole) : whole(item));
  if (tree.kind === 'list') return { ...tree, items: tree.items.map(one) };
  if (tree.kind !== 'text') return tree;
  return { kind: 'list', at: tree.at, ...(tree.tag && { tag: tree.tag }), items: [one(tree)] };
}

const replaced = new Set(['command', 'entrypoint', 'healthcheck']);

/** Merges `above` over `below`. @param path the position in the model: `['services', 'app', 'ports']` */
export function overlay(below: Tree | undefined, above: Tree, path: readonly string[]): Tree {
  if (below === undefined || below.tag === 'reset' || above.tag !== undefined) return above;
  if (path[0] === 'services' && path.length === 3 && replaced.has(path[2] ?? '')) return above;
  // A variable without a value takes it from the environment, even if an earlier file set one.
  const isVariable = path[0] === 'services' && path.length === 4 && path[2] === 'environment';
  if (above.kind === 'null') return isVariable ? above : below;
  if (above.kind === 'unread') return above;
  if (below.kind === 'unread') return below;
  if (below.kind === 'map' && above.kind === 'map') {
    const entries = new Map(below.entries);
    for (const [key, value] of above.entries)
      entries.set(key, overlay(entries.get(key), value, [...path, key]));
    return { kind: 'map', at: above.at, entries };
  }
  if (below.kind === 'list' && above.kind === 'list')
    return { kind: 'list', at: above.at, items: [...below.items, ...above.items] };
  return above;
}

/** Removes the `!reset` and `!override` tags of an extended service: they have taken effect once it is read. */
export function untagged(tree: Tree): Tree {
  const { tag: _tag, ...rest } = tree;
  if (rest.kind === 'list') return { ...rest, items: rest.items.map(untagged) };
  if (rest.kind !== 'map') return rest;
  const kept = [...rest.entries].filter(([, { tag }]) => tag !== 'reset');
  return { ...rest, entries: new Map(kept.map(([key, value]) => [key, untagged(value)])) };
}
