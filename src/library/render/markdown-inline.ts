// Text, links, pictures and marks of a page as Markdown. Whatever could start HTML, code or a cell is escaped.
import { type Element, type Node, textBelow, visible } from './tree.ts';

/** The path of a picture next to the file. @returns undefined: only its text is written */
export type PictureAt = (src: string) => string | undefined;

export function paragraph(nodes: readonly Node[], pictureAt: PictureAt): string {
  const text = inline(nodes, pictureAt)
    .replace(/[^\S\n]+/g, ' ')
    .replace(/ ?\n ?/g, '\n')
    .trim();
  // Escapes what would start a block at the beginning of a line.
  return text.replace(/^(\d{1,9})([.)])(?=\s|$)/gm, '$1\\$2').replace(/^([-+=~#>])/gm, '\\$1');
}

const marks: Readonly<Record<string, string>> = { strong: '**', em: '*', s: '~~' };

export function inline(nodes: readonly Node[], pictureAt: PictureAt): string {
  return nodes
    .map((node) => (typeof node === 'string' ? escaped(node) : inlineElement(node, pictureAt)))
    .join('');
}

function inlineElement(node: Element, pictureAt: PictureAt): string {
  if (node.name === 'br') return '\\\n';
  if (node.name === 'code') return span(textBelow(node.children));
  if (node.name === 'img') {
    const { src = '', alt = '' } = node.attributes;
    const at = pictureAt(src);
    return at === undefined ? escaped(alt) : `![${escaped(alt)}](<${at}>)`;
  }
  const words = inline(node.children, pictureAt);
  if (node.name === 'a') {
    const href = node.attributes['href'] ?? '';
    // Markdown renderers assign their own anchors.
    return href === '' || href.startsWith('#') || words.trim() === ''
      ? words
      : `[${words}](<${addressOf(href)}>)`;
  }
  const mark = marks[node.name];
  const inner = words.trim();
  if (!mark || inner === '') return words;
  const before = words.slice(0, words.length - words.trimStart().length);
  const after = words.slice(words.trimEnd().length);
  return `${before}${mark}${inner}${mark}${after}`;
}

/** Stays plain text if characters in it could end the code span or its cell. */
function span(text: string): string {
  const plain = visible(text).replace(/\s+/g, ' ').trim();
  if (plain === '') return '';
  return /[`|\\<]|\][([:]/.test(plain) ? escaped(plain) : `\`${plain}\``;
}

/** Escapes characters that would end the address, its cell or a code span around it. */
export function addressOf(href: string): string {
  const coded = href.replace(
    /[<>\s\\`|()]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
  return coded.replaceAll('&', '&amp;');
}

const references: Readonly<Record<string, string>> = {
  '<': '&lt;',
  '>': '&gt;',
  '`': '&#96;',
  '|': '&#124;',
};

/**
 * Escapes Markdown's special characters. Those that could start HTML, code or a cell become character references, which no renderer
 * splits.
 */
function escaped(text: string): string {
  return visible(text)
    .replace(/\r\n?/g, '\n')
    .replace(/&(?=#?\w+;)/g, '&amp;')
    .replace(/[\\*_[\]~]|(?<=^|\])\(/g, '\\$&')
    .replace(/[<>`|]/g, (char) => references[char] ?? '');
}
