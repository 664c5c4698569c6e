// The two trees of rendering, of one type: what Confluence stored, and the clean one that may be displayed.

export interface Element {
  /** Lower case, with its prefix: `ac:link`. In a clean tree an HTML element name. */
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly Node[];
}

export type Node = string | Element;

export function element(
  name: string,
  attributes: Readonly<Record<string, string>> = {},
  children: readonly Node[] = [],
): Element {
  return { name, attributes, children };
}

export function isElement(node: Node | undefined, ...names: readonly string[]): node is Element {
  return typeof node === 'object' && (names.length === 0 || names.includes(node.name));
}

/** Like `push`, for any number of items: a call accepts only so many arguments. */
export function append(nodes: Node[], more: readonly Node[]): void {
  for (const node of more) nodes.push(node);
}

/** The first child with that name. */
export function childOf(parent: Element, name: string): Element | undefined {
  return parent.children.find((node): node is Element => isElement(node, name));
}

/** All text below, unchanged. */
export function textBelow(nodes: readonly Node[]): string {
  let text = '';
  for (const node of nodes) text += typeof node === 'string' ? node : textBelow(node.children);
  return text;
}

/** An attribute's value, ignoring properties that every object inherits. */
export function attribute(node: Element, name: string): string | undefined {
  return Object.hasOwn(node.attributes, name) ? node.attributes[name] : undefined;
}

/** Removes what no reader sees: control characters, unpaired surrogates. */
export function visible(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  return text.toWellFormed().replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\ufffe\uffff]/g, '');
}
