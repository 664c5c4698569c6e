// Reads parts of the apps file: each function returns the value, or reports what is wrong and returns undefined.
import { type Entry, shown, type Tell, type Tree } from './apps-tree.ts';

/** A name of an app or a group. */
const nameShape = /^[a-z\d][a-z\d-]{0,31}$/;

/** Each reader gets `what`, the begin of a sentence (`` `url` of `grafana` ``), and `want`, the end of "must be …". */
export function stringOf(tree: Tree, what: string, want: string, tell: Tell): string | undefined {
  if (tree.kind === 'string') return tree.text;
  tellKind(tree, what, want, tell);
  return undefined;
}

/** The text of a string or a number, as it is in the file: `name: 2048`. */
export function plainOf(tree: Tree, what: string, want: string, tell: Tell): string | undefined {
  if (tree.kind === 'string' || tree.kind === 'number') return tree.text;
  tellKind(tree, what, want, tell);
  return undefined;
}

export function itemsOf(
  tree: Tree,
  what: string,
  want: string,
  most: number,
  tell: Tell,
): readonly Tree[] | undefined {
  if (tree.kind !== 'list') tellKind(tree, what, want, tell);
  else if (tree.items.length > most) tell(tree.line, `${what} has more than ${most} entries.`);
  else return tree.items;
  return undefined;
}

/** The entries of a mapping whose keys are all among `allowed`. */
export function fieldsOf(
  tree: Tree,
  allowed: readonly string[],
  what: string,
  want: string,
  tell: Tell,
): ReadonlyMap<string, Entry> | undefined {
  if (tree.kind !== 'map') {
    tellKind(tree, what, want, tell);
    return undefined;
  }
  for (const [key, { line }] of tree.entries) {
    if (allowed.includes(key)) continue;
    const all = allowed.map((one) => `\`${one}\``).join(', ');
    tell(line, `\`${shown(key)}\` is unknown in ${within(what)}, which may have ${all}.`);
  }
  return tree.entries;
}

/** The entries of a mapping whose keys are names of the operator's choice. Those with another key are left out. */
export function namedOf(
  tree: Tree,
  what: string,
  most: number,
  tell: Tell,
): readonly (readonly [string, Entry])[] {
  if (tree.kind !== 'map') {
    tellKind(tree, what, 'a mapping, or `{}` for none', tell);
    return [];
  }
  if (tree.entries.size > most) {
    tell(tree.line, `${what} has more than ${most} entries.`);
    return [];
  }
  return [...tree.entries].filter(([name, { line }]) => {
    if (nameShape.test(name)) return true;
    tell(
      line,
      `\`${shown(name)}\` in ${what} is not a valid name: use lower-case letters, digits and \`-\`, at most 32.`,
    );
    return false;
  });
}

/** `what` in the middle of a sentence. */
export function within(what: string): string {
  return what.replace(/^(?:An|The) /, (article) => article.toLowerCase());
}

function tellKind(tree: Tree, what: string, want: string, tell: Tell): void {
  if (tree.kind === 'told') return;
  tell(
    tree.line,
    tree.kind === 'nothing' ? `${what} is empty; it must be ${want}.` : `${what} must be ${want}.`,
  );
}
