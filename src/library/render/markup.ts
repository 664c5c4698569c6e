// Serialises a clean tree. Everything is escaped here, whatever earlier steps did.
import { type Element, type Node, visible } from './tree.ts';

const voidNames = new Set(['br', 'hr', 'img']);
const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

function escapeText(text: string): string {
  return visible(text).replace(/[&<>]/g, (char) => escapes[char] ?? '');
}

function escapeAttribute(text: string): string {
  return visible(text).replace(/[&<>"]/g, (char) => escapes[char] ?? '');
}

export function markupOf(nodes: readonly Node[]): string {
  const parts: string[] = [];
  for (const node of nodes) write(node, parts);
  return parts.join('');
}

function write(node: Node, parts: string[]): void {
  if (typeof node === 'string') {
    parts.push(escapeText(node));
    return;
  }
  parts.push(`<${node.name}${attributesOf(node)}`);
  if (voidNames.has(node.name)) {
    parts.push(' />');
    return;
  }
  parts.push('>');
  for (const child of node.children) write(child, parts);
  parts.push(`</${node.name}>`);
}

function attributesOf({ attributes }: Element): string {
  return Object.entries(attributes)
    .filter(([name, value]) => value !== '' || name === 'alt')
    .map(([name, value]) => ` ${name}="${escapeAttribute(value)}"`)
    .join('');
}
