// Turns what Confluence stored into what may be displayed: only elements that are named here come out, with attributes made here.
import { classesOf } from './colours.ts';
import type { RenderContext } from './context.ts';
import { emoticon } from './emoticons.ts';
import { extension, macro } from './macros.ts';
import { paragraph, wordsOnly } from './nesting.ts';
import { acLink, anchor, image, person } from './resources.ts';
import { table } from './tables.ts';
import {
  append,
  attribute,
  childOf,
  type Element,
  element,
  isElement,
  type Node,
  textBelow,
} from './tree.ts';

/** Removed with everything inside: they run, load, or mean something else to a browser than to this parser. */
const dropped = new Set(
  (
    'script style template noscript iframe frame frameset object embed applet svg math textarea select option title head ' +
    'xmp plaintext noembed noframes audio video canvas portal link meta base param source track input button keygen ' +
    'ac:placeholder ac:parameter ac:plain-text-body ac:task-id ac:adf-attribute'
  ).split(' '),
);

/** Inline elements; each maps to the HTML element after it. */
const inline: Readonly<Record<string, string>> = {
  strong: 'strong',
  b: 'strong',
  em: 'em',
  i: 'em',
  u: 'u',
  ins: 'u',
  s: 's',
  del: 's',
  strike: 's',
  code: 'code',
  kbd: 'kbd',
  samp: 'samp',
  var: 'var',
  tt: 'code',
  sub: 'sub',
  sup: 'sup',
  small: 'small',
  big: 'span',
  mark: 'mark',
  cite: 'cite',
  q: 'q',
  abbr: 'abbr',
  font: 'span',
  span: 'span',
};
const blocks = new Set(
  'div section article aside main header footer nav address center figure figcaption'.split(' '),
);
const layoutTypes = new Set([
  'two_equal',
  'two_left_sidebar',
  'two_right_sidebar',
  'three_equal',
  'three_with_sidebars',
  'four_equal',
  'five_equal',
]);

export function clean(nodes: readonly Node[], context: RenderContext): Node[] {
  return nodes.flatMap((node) => (typeof node === 'string' ? [node] : cleanElement(node, context)));
}

function cleanElement(node: Element, context: RenderContext): Node[] {
  const { name } = node;
  if (dropped.has(name)) return [];
  const below = (inner = context) => clean(node.children, inner);
  const classes = () => classesOf(attribute(node, 'style')).join(' ');
  if (Object.hasOwn(inline, name)) {
    const children = below();
    return children.length === 0 ? [] : [element(inline[name] ?? 'span', { class: classes() }, children)];
  }
  if (blocks.has(name)) return [element('div', { class: classes() }, below())];
  const heading = /^h([1-6])$/.exec(name)?.[1];
  if (heading) {
    const words = wordsOnly(below());
    // The page's title is the first level.
    return words.length === 0 ? [] : [element(`h${Math.min(6, Number(heading) + 1)}`, {}, words)];
  }
  switch (name) {
    case 'p':
      return [paragraph(below(), classes())];
    case 'br':
    case 'hr':
      return [element(name)];
    case 'ul':
    case 'ol':
    case 'dir':
    case 'menu':
      return list(node, context);
    case 'blockquote':
      return [element('blockquote', {}, below())];
    case 'pre':
      return [element('pre', {}, below())];
    case 'table':
      return table(node, context);
    case 'a':
      return [context.inLink ? element('span', {}, below()) : anchor(node, context)];
    case 'img':
    case 'ac:image':
      return [image(node, context)];
    case 'time':
      return day(node);
    case 'details':
      return [element('details', { class: 'expand' }, details(node, context))];
    case 'dl':
      return definitions(node, context);
    case 'ac:link':
      return [acLink(node, context)];
    case 'ri:user':
      return [person(node)];
    case 'ac:emoticon':
      return [emoticon(node)];
    case 'ac:structured-macro':
    case 'ac:macro':
      return macro(node, context);
    case 'ac:adf-extension':
      return extension(node, context);
    case 'ac:task-list':
      return tasks(node, context);
    case 'ac:layout-section':
      return section(node, context);
    case 'ac:layout-cell':
      return [element('div', { class: 'cell' }, below())];
    default:
      // Unknown: what is in it stays, the element does not.
      return below();
  }
}

function list(node: Element, context: RenderContext): Node[] {
  const items: Node[][] = [];
  for (const child of node.children) {
    if (isElement(child, 'li')) items.push(clean(child.children, context));
    else if (isElement(child, 'ul', 'ol')) {
      // A list directly inside a list belongs to the item before it.
      const last = items.at(-1);
      if (last) append(last, clean([child], context));
      else items.push(clean([child], context));
    } else if (isElement(child) || child.trim() !== '') {
      items.push(clean([child], context));
    }
  }
  if (items.length === 0) return [];
  const start = attribute(node, 'start') ?? '';
  const begins =
    node.name === 'ol' && /^\d{1,6}$/.test(start) && Number(start) !== 1
      ? { start: String(Number(start)) }
      : {};
  return [
    element(
      node.name === 'ol' ? 'ol' : 'ul',
      begins,
      items.map((children) => element('li', {}, children)),
    ),
  ];
}

function definitions(node: Element, context: RenderContext): Node[] {
  const items = node.children.flatMap((child) =>
    isElement(child, 'dt', 'dd') ? [element(child.name, {}, clean(child.children, context))] : [],
  );
  return items.length > 0 ? [element('dl', {}, items)] : [];
}

function details(node: Element, context: RenderContext): Node[] {
  const summary = childOf(node, 'summary');
  const rest = node.children.filter((child) => child !== summary);
  const words = summary ? wordsOnly(clean(summary.children, { ...context, inLink: true })) : [];
  return [element('summary', {}, words.length > 0 ? words : ['Show more']), ...clean(rest, context)];
}

function tasks(node: Element, context: RenderContext): Node[] {
  const items = node.children.flatMap((child) => {
    if (!isElement(child, 'ac:task')) return [];
    const status = childOf(child, 'ac:task-status');
    const done = status !== undefined && textBelow(status.children).trim() === 'complete';
    const body = childOf(child, 'ac:task-body');
    const box = element('span', { class: 'box' }, [done ? '☑' : '☐']);
    const words = element('div', { class: 'task' }, body ? clean(body.children, context) : []);
    return [element('li', done ? { class: 'done' } : {}, [box, words])];
  });
  return items.length > 0 ? [element('ul', { class: 'tasks' }, items)] : [];
}

function section(node: Element, context: RenderContext): Node[] {
  const type = attribute(node, 'ac:type') ?? '';
  const cells = clean(node.children, context);
  if (!layoutTypes.has(type)) return cells;
  const kept = cells.filter((cell) => isElement(cell) || cell.trim() !== '');
  return [element('div', { class: `columns ${type.replaceAll('_', '-')}` }, kept)];
}

const months = 'January February March April May June July August September October November December'.split(
  ' ',
);

/** `<time datetime="2026-11-23"/>`, which Confluence leaves empty. */
function day(node: Element): Node[] {
  const date = attribute(node, 'datetime') ?? '';
  const [, year, month, dayOfMonth] = /^(\d{4})-(\d\d)-(\d\d)/.exec(date) ?? [];
  const name = months[Number(month) - 1];
  if (!year || !name) return [textBelow(node.children)];
  return [element('time', { datetime: date.slice(0, 10) }, [`${Number(dayOfMonth)} ${name} ${year}`])];
}
