// The second pass: unique ids for headings and anchors, links to them, and tables of contents.
import { anchorId } from './addresses.ts';
import { type Element, element, type Node, textBelow } from './tree.ts';

interface Heading {
  readonly id: string;
  readonly level: number;
  readonly text: string;
}

/** @param title Confluence also writes a heading's anchor as `PageTitleHeadingText` */
export function outline(nodes: readonly Node[], title: string): Node[] {
  const used = new Set<string>();
  const ids = new Map<string, string>();
  const headings: Heading[] = [];
  const own = letters(anchorId(title));

  function unique(wanted: string): string {
    let id = wanted;
    // Few headings share a text; the count is stored, so that many do not take quadratic time.
    for (let next = counts.get(wanted) ?? 2; used.has(id); next++) {
      id = `${wanted}-${next}`;
      counts.set(wanted, next + 1);
    }
    used.add(id);
    return id;
  }
  const counts = new Map<string, number>();

  function name(node: Node): Node {
    if (typeof node === 'string') return node;
    const level = /^h([2-6])$/.exec(node.name)?.[1];
    const wanted = level ? anchorId(textBelow(node.children)) : node.attributes['id'];
    const children = node.children.map(name);
    if (wanted === undefined) return { ...node, children };
    const id = unique(wanted);
    const key = letters(wanted);
    if (!ids.has(key)) ids.set(key, id);
    if (level) {
      headings.push({ id, level: Number(level), text: textBelow(node.children).replace(/\s+/g, ' ').trim() });
      if (!ids.has(own + key)) ids.set(own + key, id);
    }
    return element(node.name, { ...node.attributes, id }, children);
  }

  function connect(node: Node): Node[] {
    if (typeof node === 'string') return [node];
    if (node.name === 'toc') return contents(node, headings);
    const href = node.attributes['href'];
    const children = node.children.flatMap(connect);
    if (!href?.startsWith('#')) return [{ ...node, children }];
    const id = ids.get(letters(href.slice(1)));
    return [id === undefined ? element('span', {}, children) : element('a', { href: `#${id}` }, children)];
  }

  return nodes.map(name).flatMap(connect);
}

function letters(id: string): string {
  return id.slice(2).replaceAll('-', '');
}

const contentsLimit = 500;

function contents(toc: Element, headings: readonly Heading[]): Node[] {
  const [from, to] = [levelOf(toc.attributes['from'], 1), levelOf(toc.attributes['to'], 6)];
  const shown = headings
    .filter(({ level, text }) => text !== '' && level - 1 >= from && level - 1 <= to)
    .slice(0, contentsLimit);
  if (shown.length === 0) return [];
  const top = Math.min(...shown.map(({ level }) => level));
  const rows = shown.map(({ id, text, level }) =>
    element('li', { class: `level-${level - top + 1}` }, [element('a', { href: `#${id}` }, [text])]),
  );
  return [
    element('div', { class: 'toc' }, [
      element('p', { class: 'panel-title' }, ['On this page']),
      element('ul', {}, rows),
    ]),
  ];
}

function levelOf(text: string | undefined, otherwise: number): number {
  return /^[1-6]$/.test(text ?? '') ? Number(text) : otherwise;
}
