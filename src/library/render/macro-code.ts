// What macros contain: parameters and text. Also code, with its lines unchanged.
import { attribute, childOf, type Element, element, isElement, type Node, textBelow } from './tree.ts';

/** Keyed by lower-case name; the first of each name counts. */
export function parametersOf(node: Element): Record<string, string> {
  const found = new Map<string, string>();
  for (const child of node.children) {
    if (!isElement(child, 'ac:parameter')) continue;
    const name = (attribute(child, 'ac:name') ?? '').toLowerCase();
    if (!found.has(name)) found.set(name, textBelow(child.children));
  }
  return { ...Object.fromEntries(found) };
}

export function plainBody(node: Element): string {
  const body = childOf(node, 'ac:plain-text-body');
  return body ? textBelow(body.children).replaceAll('\r\n', '\n') : '';
}

/** Languages that Confluence names differently from how people write them. */
const languages: Readonly<Record<string, string>> = {
  actionscript3: 'ActionScript',
  bash: 'Bash',
  'c#': 'C#',
  csharp: 'C#',
  cpp: 'C++',
  css: 'CSS',
  html: 'HTML',
  'html/xml': 'HTML',
  java: 'Java',
  javascript: 'JavaScript',
  js: 'JavaScript',
  json: 'JSON',
  php: 'PHP',
  powershell: 'PowerShell',
  py: 'Python',
  python: 'Python',
  ruby: 'Ruby',
  sh: 'Shell',
  sql: 'SQL',
  ts: 'TypeScript',
  typescript: 'TypeScript',
  vb: 'Visual Basic',
  xml: 'XML',
  yaml: 'YAML',
  yml: 'YAML',
};

export function code(node: Element, { isCode }: { readonly isCode: boolean }): Element {
  const { language = '', title = '', collapse } = parametersOf(node);
  const text = plainBody(node).replace(/^\n/, '').trimEnd();
  const label = isCode ? languageName(language) : '';
  const name = title.trim();
  const head = [
    ...(name ? [element('span', { class: 'title' }, [name])] : []),
    ...(label ? [element('span', { class: 'language' }, [label])] : []),
  ];
  const block: Node = element('pre', {}, [element('code', {}, [text])]);
  if (collapse === 'true') {
    const summary = element('summary', {}, head.length > 0 ? head : ['Code']);
    return element('details', { class: 'code' }, [summary, block]);
  }
  return element('figure', { class: 'code' }, [
    ...(head.length > 0 ? [element('figcaption', {}, head)] : []),
    block,
  ]);
}

function languageName(language: string): string {
  const name = language.trim().toLowerCase();
  if (['', 'none', 'text', 'plain'].includes(name)) return '';
  return Object.hasOwn(languages, name)
    ? (languages[name] ?? '')
    : /^[\w+#./ -]{1,30}$/.test(name)
      ? name
      : '';
}
