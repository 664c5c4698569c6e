// Parses a Compose file into a tree that knows the line of each part. Marks whatever it cannot read reliably as unread.
import {
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseAllDocuments,
  Scalar,
} from 'yaml';
import { interpolate } from './compose-variables.ts';
import { isUnsure, type Variables } from './env-file.ts';

interface At {
  /** `docker-compose.yml:12`, counted from 1. */
  readonly at: string;
  /** How it is merged with the same part of an earlier file. */
  readonly tag?: 'reset' | 'override';
}

export type Tree =
  | (At & { readonly kind: 'map'; readonly entries: ReadonlyMap<string, Tree> })
  | (At & { readonly kind: 'list'; readonly items: readonly Tree[] })
  /**
   * A string, number or boolean with its variables substituted; `raw` is the text in the file.
   * If a required variable is not set, `text` is empty and `missing` names it: Compose refuses to start.
   */
  | (At & { readonly kind: 'text'; readonly text: string; readonly raw: string; readonly missing?: string })
  | (At & { readonly kind: 'null' })
  | (At & { readonly kind: 'unread'; readonly why: string });

export type TreeMap = Extract<Tree, { kind: 'map' }>;

/** Compose's own limit, against files whose aliases multiply. */
const mostNodes = 100_000;
const deepest = 200;

/** The documents of the file, or one reason why it cannot be read. No reason quotes the file: it could contain a secret. */
export function readTrees(file: string, text: string, env: Variables): readonly Tree[] {
  const lines = new LineCounter();
  const place = (offset: number) => `${file}:${lines.linePos(offset).line || 1}`;
  const documents = parseAllDocuments(text, {
    lineCounter: lines,
    prettyErrors: false,
    logLevel: 'silent',
    keepSourceTokens: false,
  });
  if (!Array.isArray(documents)) return [];
  const [error] = documents.flatMap(({ errors }) => errors);
  if (error) return [{ kind: 'unread', at: place(error.pos[0]), why: `not valid YAML, ${error.code}` }];
  const versioned = documents.find(({ directives }) => directives.yaml.explicit);
  if (versioned) return [{ kind: 'unread', at: `${file}:1`, why: 'it has a %YAML directive' }];
  const budget = { left: mostNodes };
  return documents.map((document) => toTree(document.contents, { document, place, env, budget, depth: 0 }));
}

interface Context {
  readonly document: Document.Parsed;
  readonly place: (offset: number) => string;
  readonly env: Variables;
  readonly budget: { left: number };
  readonly depth: number;
}

function toTree(node: Node | null | undefined, context: Context): Tree {
  const at = context.place(node?.range?.[0] ?? 0);
  const unread = (why: string): Tree => ({ kind: 'unread', at, why });
  if (--context.budget.left < 0 || context.depth > deepest) return unread('too deep or too many parts');
  const inner = { ...context, depth: context.depth + 1 };
  if (!node) return { kind: 'null', at };
  if (isAlias(node)) {
    const target = node.resolve(context.document);
    return target ? { ...toTree(target, inner), at } : unread('an alias of nothing');
  }
  const tag = tagOf(node);
  if (tag === 'unknown') return unread('an unsupported tag');
  if (tag === 'reset') return { kind: 'null', at, tag };
  const how = tag === 'override' ? { at, tag } : { at };
  if (isScalar(node)) return scalar(node, how, tag === 'text', context.env);
  if (isSeq(node)) {
    const items = node.items.map((item) => toTree(item as Node | null, inner));
    return { kind: 'list', ...how, items: items.filter((item) => item.tag !== 'reset') };
  }
  if (!isMap(node)) return unread('an unsupported form');
  return mapping(node.items, how, inner);
}

/** The mapping's own keys take precedence over those merged with `<<`, and among these the first. */
function mapping(pairs: readonly unknown[], how: At, context: Context): Tree {
  const own = new Map<string, Tree>();
  const merged: Tree[] = [];
  for (const pair of pairs) {
    const key: unknown = isPair(pair) ? pair.key : undefined;
    if (!isPair(pair) || !isScalar(key) || typeof key.source !== 'string' || tagOf(key) !== undefined)
      return { kind: 'unread', at: how.at, why: 'a key that is not a plain string' };
    const value = toTree(pair.value as Node | null, context);
    const isMerge = key.source === '<<' && key.type === Scalar.PLAIN;
    // An empty value has no position of its own.
    const at = context.place(key.range?.[0] ?? 0);
    if (!isMerge)
      own.set(key.source, value.kind === 'null' || value.kind === 'text' ? { ...value, at } : value);
    else if (value.kind === 'list') merged.push(...value.items);
    else merged.push(value);
  }
  for (const from of merged) {
    if (from.kind !== 'map')
      return { kind: 'unread', at: from.at, why: '<< with something other than a mapping' };
    for (const [key, value] of from.entries) {
      const mine = own.get(key);
      if (!mine) own.set(key, value);
      // `!reset` removes the value of earlier files and its own, and so reveals the merged value.
      else if (mine.tag === 'reset' && value.tag !== 'reset') own.set(key, { ...value, tag: 'override' });
    }
  }
  return { kind: 'map', ...how, entries: own };
}

function tagOf(node: Node): At['tag'] | 'text' | 'unknown' | undefined {
  switch (node.tag) {
    case undefined:
    case 'tag:yaml.org,2002:map':
    case 'tag:yaml.org,2002:seq':
      return undefined;
    case '!':
    case 'tag:yaml.org,2002:str':
      return 'text';
    case '!reset':
      return 'reset';
    case '!override':
      return 'override';
    default:
      return 'unknown';
  }
}

const number = /^[-+]?(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:e[-+]?\d+)?$|^[-+]?0[xob]|^[-+]?\.(?:inf|nan)$/i;
/** Numbers that Compose writes in the same form. */
const plainNumber = /^-?(?:0|[1-9]\d{0,14})(?:\.\d{0,8}[1-9])?$/;
const date = /^\d{4}-\d{1,2}-\d{1,2}(?:$|[Tt ])/;

function scalar(node: Scalar, how: At, isText: boolean, env: Variables): Tree {
  const raw = node.source ?? '';
  const isPlain = node.type === Scalar.PLAIN && !isText;
  if (isPlain && /^(?:~|null|Null|NULL|)$/.test(raw)) return { kind: 'null', ...how };
  if (isPlain && (number.test(raw) ? !plainNumber.test(raw) : date.test(raw)))
    return { kind: 'unread', ...how, why: 'a number or date that Compose would write in another form' };
  if (isPlain && /^(?:true|True|TRUE|false|False|FALSE)$/.test(raw))
    return { kind: 'text', ...how, text: raw.toLowerCase(), raw };
  // The source of a block scalar still has its indentation; its value does not.
  const text = typeof node.value === 'string' ? node.value : raw;
  const filled = interpolate(text, env);
  if ('missing' in filled) return { kind: 'text', ...how, text: '', raw: text, missing: filled.missing };
  if ('why' in filled) return { kind: 'unread', ...how, why: filled.why };
  if (isUnsure(filled.text))
    return { kind: 'unread', ...how, why: 'a variable that Compose reads differently from .env' };
  return { kind: 'text', ...how, text: filled.text, raw: text };
}
