// Follows the HTML parser's nesting rules, so that what a browser parses is the tree that was written.
import { type Element, element, type Node } from './tree.ts';

const blockNames = new Set(
  'p div h2 h3 h4 h5 h6 ul ol li dl dt dd table thead tbody tr th td caption blockquote pre figure figcaption details summary hr toc'.split(
    ' ',
  ),
);
const known = new WeakMap<Element, boolean>();

function hasBlock(nodes: readonly Node[]): boolean {
  return nodes.some((node) => {
    if (typeof node === 'string') return false;
    const seen = known.get(node);
    if (seen !== undefined) return seen;
    const found = blockNames.has(node.name) || hasBlock(node.children);
    known.set(node, found);
    return found;
  });
}

/** A paragraph; around a block it is a `div`, since a parser would end the paragraph there. */
export function paragraph(children: readonly Node[], classes: string): Element {
  if (!hasBlock(children)) return element('p', { class: classes }, children);
  return element('div', { class: ['para', classes].filter(Boolean).join(' ') }, children);
}

const words = new WeakSet<Element>();

/** What a heading or summary may contain: text and small pictures, no blocks. */
export function wordsOnly(nodes: readonly Node[]): Node[] {
  return nodes.flatMap((node): Node[] => {
    // Otherwise nested headings would be walked once per level.
    if (typeof node === 'string' || words.has(node)) return [node];
    if (node.name === 'toc') return [];
    const children = wordsOnly(node.children);
    if (blockNames.has(node.name)) return node.name === 'hr' ? [' '] : [...children, ' '];
    const kept = element(node.name, node.attributes, children);
    words.add(kept);
    return [kept];
  });
}
