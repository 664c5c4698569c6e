// A clean page tree as Markdown (CommonMark with GitHub's tables and task lists). It contains no active HTML.

import { inline, type PictureAt, paragraph } from './markdown-inline.ts';
import { type Element, element, isElement, type Node, textBelow, visible } from './tree.ts';

/**
 * Characters per file. Every line in a quote or a list is indented, so deep nesting could make the file hundreds of times larger than
 * its page.
 */
const lengthLimit = 8_000_000;

class TooLarge extends Error {}

/** @returns undefined if it would be too large */
export function markdownOf(title: string, nodes: readonly Node[], pictureAt: PictureAt): string | undefined {
  try {
    const body = blocks(nodes, pictureAt);
    const head = `# ${inline([title], pictureAt).replace(/\s+/g, ' ').trim() || 'Untitled'}`;
    return `${[head, ...body].filter((block) => block.trim() !== '').join('\n\n')}\n`;
  } catch (error) {
    if (error instanceof TooLarge) return undefined;
    throw error;
  }
}

function bounded(text: string): string {
  if (text.length > lengthLimit) throw new TooLarge();
  return text;
}

const blockNames = new Set('p div h2 h3 h4 h5 h6 ul ol dl table blockquote pre figure details hr'.split(' '));

/** Each is a block without blank lines around it. Text between blocks becomes a paragraph. */
function blocks(nodes: readonly Node[], pictureAt: PictureAt): string[] {
  const done: string[] = [];
  let words: Node[] = [];
  const flush = () => {
    const text = paragraph(words, pictureAt);
    if (text !== '') done.push(text);
    words = [];
  };
  for (const node of nodes) {
    if (typeof node === 'string' || (!blockNames.has(node.name) && !hasBlock(node))) {
      words.push(node);
      continue;
    }
    flush();
    done.push(...block(node, pictureAt));
  }
  flush();
  return done;
}

function hasBlock(node: Element): boolean {
  return node.children.some(
    (child) => typeof child !== 'string' && (blockNames.has(child.name) || hasBlock(child)),
  );
}

function block(node: Element, pictureAt: PictureAt): string[] {
  const classes = (node.attributes['class'] ?? '').split(' ');
  switch (node.name) {
    case 'h2':
    case 'h3':
    case 'h4':
    case 'h5':
    case 'h6': {
      const words = inline(node.children, pictureAt).replace(/\s+/g, ' ').trim();
      return words === '' ? [] : [`${'#'.repeat(Number(node.name.slice(1)))} ${words}`];
    }
    case 'p':
      return [
        classes.includes('panel-title')
          ? `**${paragraph(node.children, pictureAt)}**`
          : paragraph(node.children, pictureAt),
      ];
    case 'ul':
    case 'ol':
      return [list(node, pictureAt)];
    case 'blockquote':
      return [prefixed(blocks(node.children, pictureAt).join('\n\n'), '> ')];
    case 'pre':
      return [fence(textBelow(node.children), '')];
    case 'hr':
      return ['---'];
    case 'table':
      return [table(node, pictureAt)];
    case 'figure':
      return classes.includes('code') ? code(node, pictureAt) : blocks(node.children, pictureAt);
    case 'details': {
      if (classes.includes('code')) return code(node, pictureAt);
      const [summary, ...rest] = node.children;
      const words = isElement(summary) ? paragraph(summary.children, pictureAt) : '';
      return [words === '' ? '' : `**${words}**`, ...blocks(rest, pictureAt)];
    }
    case 'div':
      if (classes.includes('panel') || classes.includes('quiet'))
        return [prefixed(blocks(node.children, pictureAt).join('\n\n'), '> ')];
      return classes.includes('toc') ? [] : blocks(node.children, pictureAt);
    default:
      return blocks(node.children, pictureAt);
  }
}

function code(node: Element, pictureAt: PictureAt): string[] {
  const head = node.children.find((child) => isElement(child, 'figcaption', 'summary'));
  const pre = node.children.find((child) => isElement(child, 'pre'));
  const spans = isElement(head) ? head.children.filter((child) => isElement(child, 'span')) : [];
  const language = spans.find((span) => isElement(span) && span.attributes['class'] === 'language');
  const title = spans.find((span) => isElement(span) && span.attributes['class'] === 'title');
  const name = isElement(language)
    ? textBelow(language.children)
        .toLowerCase()
        .replace(/[^\w+#.-]/g, '')
    : '';
  return [
    ...(isElement(title) ? [`**${paragraph(title.children, pictureAt)}**`] : []),
    fence(isElement(pre) ? textBelow(pre.children) : '', name),
  ];
}

/** A fence longer than any run of backticks in it. A lone CR would start a line outside the quote or indent. */
function fence(text: string, language: string): string {
  let longest = 2;
  for (const [run] of text.matchAll(/`+/g)) longest = Math.max(longest, run.length);
  const marks = '`'.repeat(longest + 1);
  const lines = visible(text).replace(/\r\n?/g, '\n').replace(/\n$/, '');
  return `${marks}${language}\n${lines}\n${marks}`;
}

function list(node: Element, pictureAt: PictureAt): string {
  const isTasks = node.attributes['class'] === 'tasks';
  const start = Number(node.attributes['start'] ?? 1);
  const items = node.children.filter((child): child is Element => isElement(child, 'li'));
  return items
    .map((item, index) => {
      const done = item.attributes['class'] === 'done';
      const children = isTasks ? item.children.slice(1) : item.children;
      const mark = isTasks ? `- [${done ? 'x' : ' '}] ` : node.name === 'ol' ? `${start + index}. ` : '- ';
      const indent = ' '.repeat(isTasks ? 2 : mark.length);
      const text = blocks(children, pictureAt)
        .filter((one) => one !== '')
        .join('\n\n');
      // Only text can follow a task's checkbox; a fence there would be read as plain text.
      const begin = isTasks && /^(?:`{3}|[>|#-]|\d+\. )/.test(text) ? `${mark.trimEnd()}\n\n${indent}` : mark;
      return bounded(begin + text.replace(/\n(?=[^\n])/g, `\n${indent}`));
    })
    .join('\n');
}

function table(node: Element, pictureAt: PictureAt): string {
  const rows = rowsOf(node).map((row) =>
    row.children.flatMap((cell) => {
      if (typeof cell === 'string') return [];
      // Renderers disagree on what splits a cell, so no literal bar is left in one.
      const text = blocks(inCell(cell.children), pictureAt)
        .flatMap((block) => block.split('\n'))
        .map((part) => part.replace(/\\$/, '').trim())
        .join(' ')
        .replaceAll('|', '&#124;');
      // Markdown has no merged cells: the further columns stay empty.
      const merged = Math.min(mergedLimit, Number(cell.attributes['colspan'] ?? 1));
      return [text, ...Array<string>(merged - 1).fill('')];
    }),
  );
  const width = rows.reduce((most, row) => Math.max(most, row.length), 1);
  // The renderer pads rows that are shorter than the first.
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const [head = [], ...rest] = rows;
  const first = [...head, ...Array<string>(width - head.length).fill('')];
  return [line(first), `|${' --- |'.repeat(width)}`, ...rest.map(line)].join('\n');
}

const mergedLimit = 60;

/** A cell is one line, where fences do not work: code blocks become inline code. */
function inCell(nodes: readonly Node[]): Node[] {
  return nodes.map((node) => {
    if (typeof node === 'string') return node;
    if (node.name === 'pre') return element('code', {}, [textBelow(node.children)]);
    const isCode = (node.attributes['class'] ?? '') === 'code';
    return element(isCode ? 'p' : node.name, isCode ? {} : node.attributes, inCell(node.children));
  });
}

function rowsOf(node: Element): Element[] {
  return node.children.flatMap((child) =>
    typeof child === 'string' ? [] : child.name === 'tr' ? [child] : rowsOf(child),
  );
}

function prefixed(text: string, prefix: string): string {
  return bounded(
    text
      .split('\n')
      .map((line) => (prefix + line).trimEnd())
      .join('\n'),
  );
}
