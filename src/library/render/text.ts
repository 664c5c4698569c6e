// The text of a page for full-text search: what people see, code and macro titles, without markup.
import { parseStorage } from './parse.ts';
import { attribute, type Element, isElement, type Node } from './tree.ts';

const silent = new Set(
  'script style template noscript iframe object svg math ac:task-id ac:task-status ac:placeholder'.split(' '),
);
const inLine = new Set(
  'a b strong em i u s del span code sub sup small mark ac:inline-comment-marker ac:link'.split(' '),
);
const textLimit = 1_000_000;

/** @param body in the storage format. An unreadable body gives no text. */
export function textOf(body: string): string {
  const parsed = parseStorage(body);
  if (parsed.kind !== 'tree') return '';
  const parts: string[] = [];
  collect(parsed.nodes, parts);
  // U+E000 and U+E001 mark matches in search results.
  const text = parts.join('').replace(/[\ue000\ue001]/g, '');
  return text
    .replace(/[^\S\n]+/g, ' ')
    .replace(/ ?\n[\s]*/g, '\n')
    .trim()
    .slice(0, textLimit)
    .toWellFormed();
}

function collect(nodes: readonly Node[], parts: string[]): void {
  for (const node of nodes) {
    if (typeof node === 'string') parts.push(node);
    else if (!silent.has(node.name)) within(node, parts);
  }
}

function within(node: Element, parts: string[]): void {
  if (node.name === 'ac:parameter' && attribute(node, 'ac:name') !== 'title') return;
  const named = attribute(node, 'ri:content-title') ?? attribute(node, 'ri:filename');
  const apart = !inLine.has(node.name);
  if (apart) parts.push('\n');
  if (node.name === 'ac:link' && hasWords(node))
    collect(
      node.children.filter((child) => !isElement(child) || !child.name.startsWith('ri:')),
      parts,
    );
  else {
    if (named !== undefined) parts.push(named);
    collect(node.children, parts);
  }
  if (apart) parts.push('\n');
}

function hasWords(link: Element): boolean {
  return link.children.some((child) => isElement(child, 'ac:link-body', 'ac:plain-text-link-body'));
}
