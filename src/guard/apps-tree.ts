// Parses the apps file into mappings, lists and scalars that know their lines. Whatever YAML allows beyond that (anchors, aliases, merge
// keys, tags, keys given twice) is a fault: two readers must not understand the file differently.
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseAllDocuments,
  Scalar,
  type YAMLMap,
} from 'yaml';
import { deepLine } from './apps-depth.ts';
import { yamlWords } from './yaml-words.ts';

interface At {
  /** Counted from 1. */
  readonly line: number;
}

export type Tree =
  | (At & { readonly kind: 'map'; readonly entries: ReadonlyMap<string, Entry> })
  | (At & { readonly kind: 'list'; readonly items: readonly Tree[] })
  /** `text` as it is in the file, and for a string its value. */
  | (At & { readonly kind: 'string' | 'number' | 'flag'; readonly text: string })
  | (At & { readonly kind: 'nothing' })
  /** What is wrong with it has been told. */
  | (At & { readonly kind: 'told' });

export interface Entry extends At {
  readonly value: Tree;
}

export type Tell = (line: number | undefined, message: string) => void;

const oneDocument = 'The file must be one YAML document: remove the `---` or `...` before this line.';

/** The file as a tree; undefined if it is not YAML, which has been told. */
export function parseTree(file: string, tell: Tell): Tree | undefined {
  // The parser accepts a byte-order mark, and would accept a directive after it.
  const text = file.replace(/^\ufeff/, '');
  const tooDeep = deepLine(text);
  if (tooDeep !== undefined) {
    tell(tooDeep, 'The file is nested too deeply here.');
    return undefined;
  }
  const lines = new LineCounter();
  const lineOf = (offset: number) => lines.linePos(offset).line || 1;
  const documents = parseAllDocuments(text, {
    lineCounter: lines,
    prettyErrors: false,
    logLevel: 'silent',
    // Compares each key with each other one, which takes minutes for a hostile file; `mapping` does better.
    uniqueKeys: false,
  });
  const [document, second] = documents;
  const directive = text.split('\n').findIndex((line) => line.startsWith('%'));
  if (directive >= 0) tell(directive + 1, 'A line must not begin with `%`.');
  const broken = new Set<number>();
  for (const { code, message, pos } of documents.flatMap(({ errors }) => errors)) {
    const line = lineOf(pos[0]);
    // What follows in the same line is most often a consequence.
    if (!broken.has(line)) tell(line, yamlWords(code, message));
    broken.add(line);
  }
  if (second) tell(lineOf(second.range?.[0] ?? 0), oneDocument);
  if (directive >= 0 || second || broken.size > 0) return undefined;
  return toTree(document?.contents, 1, { lineOf, tell });
}

interface Context {
  readonly lineOf: (offset: number) => number;
  readonly tell: Tell;
}

/** @param above the line for a node without a position of its own */
function toTree(node: Node | null | undefined, above: number, context: Context): Tree {
  const { lineOf, tell } = context;
  if (!node) return { kind: 'nothing', line: above };
  const line = node.range ? lineOf(node.range[0]) : above;
  const refused = (message: string): Tree => {
    tell(line, message);
    return { kind: 'told', line };
  };
  if (isAlias(node)) return refused('Aliases (`*name`) are not allowed: write the value itself.');
  if ('anchor' in node && node.anchor !== undefined)
    return refused('Anchors (`&name`) are not allowed: write the value each time.');
  if (node.tag !== undefined) return refused('Tags (`!name`) are not allowed.');
  if (isMap(node)) return { kind: 'map', line, entries: mapping(node, line, context) };
  if (isSeq(node))
    return {
      kind: 'list',
      line,
      items: node.items.map((item) => toTree(item as Node | null, line, context)),
    };
  if (isScalar(node)) return scalar(node, line, above);
  return refused('This is neither a mapping, a list nor a value.');
}

function mapping({ items }: YAMLMap, above: number, context: Context): ReadonlyMap<string, Entry> {
  const { lineOf, tell } = context;
  const entries = new Map<string, Entry>();
  for (const { key, value } of items) {
    const line = (isScalar(key) || isMap(key) || isSeq(key)) && key.range ? lineOf(key.range[0]) : above;
    if (!isScalar(key) || key.anchor !== undefined || key.tag !== undefined || key.source === undefined) {
      tell(line, 'A key must be a plain word.');
      continue;
    }
    const name = typeof key.value === 'string' ? key.value : key.source;
    const earlier = entries.get(name);
    if (name === '<<') tell(line, 'Merge keys (`<<`) are not allowed: write the keys themselves.');
    else if (earlier) tell(line, `\`${shown(name)}\` is already given in line ${earlier.line}.`);
    else entries.set(name, { line, value: toTree(value as Node | null, line, context) });
  }
  return entries;
}

function scalar(node: Scalar, line: number, above: number): Tree {
  const text = node.source ?? '';
  if (typeof node.value === 'string') return { kind: 'string', line, text: node.value };
  // An empty value stands wherever the next token begins.
  if (node.value === null)
    return { kind: 'nothing', line: text === '' && node.type === Scalar.PLAIN ? above : line };
  return { kind: typeof node.value === 'boolean' ? 'flag' : 'number', line, text };
}

/** At most 60 characters, on one line, without backticks. */
export function shown(text: string): string {
  const clean = text.toWellFormed().replace(/[\s\p{Cc}\p{Cf}`]+/gu, ' ');
  return clean.length > 60 ? `${clean.slice(0, 60).toWellFormed()}…` : clean;
}
