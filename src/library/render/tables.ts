// Rebuilds tables row by row: browsers would move anything between rows and cells elsewhere.
import { hueOf } from './colours.ts';
import type { RenderContext } from './context.ts';
import { append, attribute, type Element, element, isElement, type Node } from './tree.ts';

export function table(node: Element, context: RenderContext): Node[] {
  const rows: Element[] = [];
  const strays: Node[] = [];
  const captions: Node[] = [];
  collect(node.children, context, rows, strays, captions);
  if (rows.length === 0) return strays;
  const heads = rows.findIndex((row) => row.children.some((cell) => !isElement(cell, 'th')));
  const headCount = heads === -1 ? rows.length : heads;
  const caption = captions.length > 0 ? [element('caption', {}, captions)] : [];
  const head = headCount > 0 ? [element('thead', {}, rows.slice(0, headCount))] : [];
  const body = headCount < rows.length ? [element('tbody', {}, rows.slice(headCount))] : [];
  return [
    ...strays,
    element('div', { class: 'table' }, [element('table', {}, [...caption, ...head, ...body])]),
  ];
}

function collect(
  nodes: readonly Node[],
  context: RenderContext,
  rows: Element[],
  strays: Node[],
  captions: Node[],
): void {
  for (const node of nodes) {
    if (!isElement(node)) {
      if (node.trim() !== '') strays.push(element('p', {}, [node]));
    } else if (['thead', 'tbody', 'tfoot'].includes(node.name)) {
      collect(node.children, context, rows, strays, captions);
    } else if (node.name === 'tr') {
      const cells = node.children.flatMap((cell) =>
        isElement(cell, 'td', 'th') ? [cellOf(cell, context)] : [],
      );
      if (cells.length > 0) rows.push(element('tr', {}, cells));
    } else if (node.name === 'caption') {
      append(captions, context.clean(node.children, context));
    } else if (node.name !== 'colgroup' && node.name !== 'col') {
      append(strays, context.clean([node], context));
    }
  }
}

function cellOf(cell: Element, context: RenderContext): Element {
  const classes = (attribute(cell, 'class') ?? '').split(/\s+/, 20);
  const colour =
    attribute(cell, 'data-highlight-colour') ??
    classes.find((name) => name.startsWith('highlight-'))?.slice(10);
  const hue = colour ? hueOf(colour) : undefined;
  const kept = [
    ...(classes.includes('numberingColumn') ? ['numbering'] : []),
    ...(hue ? [`tint-${hue}`] : []),
  ];
  return element(
    cell.name,
    { ...span('colspan', cell, 60), ...span('rowspan', cell, 1000), class: kept.join(' ') },
    context.clean(cell.children, context),
  );
}

function span(name: 'colspan' | 'rowspan', cell: Element, most: number): Record<string, string> {
  const value = attribute(cell, name) ?? '';
  const count = /^\d{1,4}$/.test(value) ? Number(value) : 1;
  return count > 1 ? { [name]: String(Math.min(count, most)) } : {};
}
