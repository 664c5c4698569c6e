// Reads a Compose file as a tree that knows where each part stands. What it cannot be sure of it marks as unread.
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
  /** How it is laid over what an earlier file says. */
  readonly tag?: 'reset' | 'override';
}

export type Tree =
  | (At & { readonly kind: 'map'; readonly entries: ReadonlyMap<string, Tree> })
  | (At & { readonly kind: 'list'; readonly items: readonly Tree[] })
  /**
   * A text, number or boolean, its variables filled in; `raw` as it stands in the file.
   * Where a variable that must be set is not, `text` is empty and `missing` says so: Compose refuses to start.
   */
  | (At & { readonly kind: 'text'; readonly text: string; readonly raw: string; readonly missing?: string })
  | (At & { readonly kind: 'null' })
  | (At & { readonly kind: 'unread'; readonly why: string });

export type TreeMap = Extract<Tree, { kind: 'map' }>;

/** Compose's own limit, against files whose aliases multiply. */
const mostNodes = 100_000;
const deepest = 200;

/** Each document of the file, or the one reason why none can be read. No reason quotes the file: it could hold a secret. */
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
  if (versioned) return [{ kind: 'unread', at: `${file}:1`, why: 'a YAML version of its own' }];
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
  if (tag === 'unknown') return unread('a tag that is not read here');
  if (tag === 'reset') return { kind: 'null', at, tag };
  const how = tag === 'override' ? { at, tag } : { at };
  if (isScalar(node)) return scalar(node, how, tag === 'text', context.env);
  if (isSeq(node)) {
    const items = node.items.map((item) => toTree(item as Node | null, inner));
    return { kind: 'list', ...how, items: items.filter((item) => item.tag !== 'reset') };
  }
  if (!isMap(node)) return unread('a form that is not read here');
  return mapping(node.items, how, inner);
}

/** The keys of its own win over those that `<<` brings, and among these the first. */
function mapping(pairs: readonly unknown[], how: At, context: Context): Tree {
  const own = new Map<string, Tree>();
  const merged: Tree[] = [];
  for (const pair of pairs) {
    const key: unknown = isPair(pair) ? pair.key : undefined;
    if (!isPair(pair) || !isScalar(key) || typeof key.source !== 'string' || tagOf(key) !== undefined)
      return { kind: 'unread', at: how.at, why: 'a key that is no plain text' };
    const value = toTree(pair.value as Node | null, context);
    const isMerge = key.source === '<<' && key.type === Scalar.PLAIN;
    // An empty value has no place of its own.
    const at = context.place(key.range?.[0] ?? 0);
    if (!isMerge)
      own.set(key.source, value.kind === 'null' || value.kind === 'text' ? { ...value, at } : value);
    else if (value.kind === 'list') merged.push(...value.items);
    else merged.push(value);
  }
  for (const from of merged) {
    if (from.kind !== 'map') return { kind: 'unread', at: from.at, why: '<< of what is no mapping' };
    for (const [key, value] of from.entries) {
      const mine = own.get(key);
      if (!mine) own.set(key, value);
      // `!reset` takes away what earlier files say and its own value, and so uncovers what is merged.
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
/** Numbers that come out as they stand here. */
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
  // A block's source still has its indentation: its value is the text.
  const text = typeof node.value === 'string' ? node.value : raw;
  const filled = interpolate(text, env);
  if ('missing' in filled) return { kind: 'text', ...how, text: '', raw: text, missing: filled.missing };
  if ('why' in filled) return { kind: 'unread', ...how, why: filled.why };
  if (isUnsure(filled.text))
    return { kind: 'unread', ...how, why: 'a variable that Compose reads differently from .env' };
  return { kind: 'text', ...how, text: filled.text, raw: text };
}
