// Keeps to what readers of HTML do with elements in one another, so that the text they read is the tree that was written.
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

/** A paragraph; around a block it is a `div`, since a reader would end the paragraph there. */
export function paragraph(children: readonly Node[], classes: string): Element {
  if (!hasBlock(children)) return element('p', { class: classes }, children);
  return element('div', { class: ['para', classes].filter(Boolean).join(' ') }, children);
}

const words = new WeakSet<Element>();

/** What may stand in a heading or a summary: words and small pictures, no blocks. */
export function wordsOnly(nodes: readonly Node[]): Node[] {
  return nodes.flatMap((node): Node[] => {
    // Headings in headings would be walked once for each.
    if (typeof node === 'string' || words.has(node)) return [node];
    if (node.name === 'toc') return [];
    const children = wordsOnly(node.children);
    if (blockNames.has(node.name)) return node.name === 'hr' ? [' '] : [...children, ' '];
    const kept = element(node.name, node.attributes, children);
    words.add(kept);
    return [kept];
  });
}
