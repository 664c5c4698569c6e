// Confluence's macros, one function each. A macro that is not in the table becomes a muted box with its name.
import { anchorId, originalByTitle } from './addresses.ts';
import { link, pageLink, quietBox, quietLine, type RenderContext, shortName } from './context.ts';
import { code, parametersOf, plainBody } from './macro-code.ts';
import { attachedPicture, isShownMedia } from './resources.ts';
import { attribute, childOf, type Element, element, isElement, type Node, textBelow } from './tree.ts';

type Macro = (node: Element, context: RenderContext) => Node[];

const panelWords = { info: 'Info', note: 'Note', tip: 'Tip', warning: 'Warning' } as const;
type PanelKind = keyof typeof panelWords;
/** A thousand lists of a thousand items on one page would make a million. */
const oncePerPage = new Set(['toc', 'children', 'attachments', 'gallery']);
/** Pages listed below a page; beyond this the space's own list is more useful. */
const childrenLimit = 500;
const statusHues = new Set(['red', 'yellow', 'green', 'blue', 'purple']);

const macros: Readonly<Record<string, Macro>> = {
  code: (node) => [code(node, { isCode: true })],
  noformat: (node) => [code(node, { isCode: false })],
  info: named('info'),
  note: named('note'),
  tip: named('tip'),
  warning: named('warning'),
  panel: (node, context) => [panel(undefined, parametersOf(node)['title'], richBody(node, context))],
  quote: (node, context) => [element('blockquote', {}, richBody(node, context))],
  expand(node, context) {
    const title = parametersOf(node)['title']?.trim() || 'Show more';
    return [
      element('details', { class: 'expand' }, [element('summary', {}, [title]), ...richBody(node, context)]),
    ];
  },
  status(node) {
    const { title = '', colour = '', color = colour } = parametersOf(node);
    const hue = color.toLowerCase();
    return [
      element('span', { class: `status ${statusHues.has(hue) ? hue : 'grey'}` }, [title || hue || 'status']),
    ];
  },
  anchor: (node) => [element('span', { id: anchorId(firstParameter(node)) })],
  toc(node) {
    const { minlevel = '1', maxlevel = '6' } = parametersOf(node);
    return [element('toc', { from: minlevel, to: maxlevel })];
  },
  excerpt: (node, context) => richBody(node, context),
  'excerpt-include': included('The excerpt of'),
  include: included('The page'),
  section: (node, context) => [element('div', { class: 'columns' }, richBody(node, context))],
  column: (node, context) => [element('div', { class: 'cell' }, richBody(node, context))],
  children(_node, context) {
    const below = context.pages.children(context.page.id);
    if (below.length === 0) return [quietBox(['No pages stand below this one.'])];
    const items = below.slice(0, childrenLimit).map(({ id, title }) => {
      const here = context.links.page({ id });
      const to = here === undefined ? { page: context.pages.page(id), original: undefined } : undefined;
      return element('li', {}, [to ? pageLink(context, to, [title]) : link(context, here, [title])]);
    });
    const more = below.length - items.length;
    const rest = more > 0 ? [element('li', {}, [quietLine([`and ${more} more`])])] : [];
    return [element('ul', { class: 'children' }, [...items, ...rest])];
  },
  attachments(_node, context) {
    const files = context.pages.attachmentsOf(context.page.id);
    if (files.length === 0) return [quietBox(['This page has no attachments.'])];
    const items = files.map((file) =>
      element('li', {}, [link(context, context.links.attachment(file), [file.title])]),
    );
    return [element('ul', { class: 'files' }, items)];
  },
  gallery(node, context) {
    const files = context.pages
      .attachmentsOf(context.page.id)
      .filter(({ mediaType }) => isShownMedia(mediaType));
    return [
      element(
        'div',
        { class: 'gallery' },
        files.map((file) => attachedPicture(file, node, context)),
      ),
    ];
  },
  'view-file': file,
  viewpdf: file,
  viewdoc: file,
  viewxls: file,
  viewppt: file,
  multimedia: file,
  jira(node) {
    const { key, jqlquery } = parametersOf(node);
    if (key) return [quietLine(['Jira ', element('code', {}, [shortName(key)])])];
    return [
      quietBox([
        'A list of Jira issues',
        ...(jqlquery ? [': ', element('code', {}, [shortName(jqlquery)])] : []),
      ]),
    ];
  },
};

/** `<ac:structured-macro>` and the older `<ac:macro>`. */
export function macro(node: Element, context: RenderContext): Node[] {
  const name = (attribute(node, 'ac:name') ?? '').toLowerCase();
  const known = Object.hasOwn(macros, name) ? macros[name] : undefined;
  if (oncePerPage.has(name)) {
    if (context.had.has(name)) return [];
    context.had.add(name);
  }
  if (known) return known(node, context);
  const text = plainBody(node);
  const body = text.trim() === '' ? [] : [element('pre', {}, [element('code', {}, [text])])];
  const what: Node[] = name
    ? ['The macro ', element('code', {}, [shortName(name)])]
    : ['A macro without a name'];
  return [quietBox([...what, ' is not shown here.'], [...richBody(node, context), ...body])];
}

/** Cloud's newer extensions: a panel, or the fallback that they contain. */
export function extension(node: Element, context: RenderContext): Node[] {
  const inner = childOf(node, 'ac:adf-node');
  const content = inner && childOf(inner, 'ac:adf-content');
  if (inner && content && attribute(inner, 'type') === 'panel') {
    const kind = inner.children.find(
      (child) => isElement(child, 'ac:adf-attribute') && attribute(child, 'key') === 'panel-type',
    );
    const type = isElement(kind) ? textBelow(kind.children).trim() : '';
    const kinds: Record<string, PanelKind> = {
      note: 'note',
      warning: 'note',
      error: 'warning',
      success: 'tip',
      tip: 'tip',
    };
    return [
      panel(
        Object.hasOwn(kinds, type) ? kinds[type] : 'info',
        undefined,
        context.clean(content.children, context),
      ),
    ];
  }
  const instead = childOf(node, 'ac:adf-fallback');
  return instead ? context.clean(instead.children, context) : [quietBox(['An extension is not shown here.'])];
}

function named(kind: PanelKind): Macro {
  return (node, context) => [panel(kind, parametersOf(node)['title'], richBody(node, context))];
}

function panel(kind: PanelKind | undefined, title: string | undefined, body: readonly Node[]): Element {
  const words = title?.trim() || (kind && panelWords[kind]);
  const head = words ? [element('p', { class: 'panel-title' }, [words])] : [];
  return element('div', { class: `panel ${kind ?? 'plain'}` }, [...head, ...body]);
}

function included(what: string): Macro {
  return (node, context) => {
    const named = firstOf(node, 'ri:page');
    if (!named) return [quietBox([`${what} another page is not shown here.`])];
    const title = attribute(named, 'ri:content-title') ?? '';
    const space = attribute(named, 'ri:space-key') ?? context.page.space;
    const page = context.pages.pageByTitle(space, title);
    const to = pageLink(context, { page, original: originalByTitle(context.url, space, title) }, [
      shortName(title),
    ]);
    return [quietBox([`${what} `, to, ' stands here.'])];
  };
}

function file(node: Element, context: RenderContext): Node[] {
  const named = firstOf(node, 'ri:attachment');
  const name = named ? (attribute(named, 'ri:filename') ?? '') : (parametersOf(node)['name'] ?? '');
  const found = context.pages.attachmentsOf(context.page.id).find(({ title }) => title === name);
  if (!found) return [quietBox([`The file “${shortName(name)}” is not in the library.`])];
  return [quietBox(['File: ', link(context, context.links.attachment(found), [found.title])])];
}

function richBody(node: Element, context: RenderContext): Node[] {
  const body = childOf(node, 'ac:rich-text-body');
  return body ? context.clean(body.children, context) : [];
}

function firstParameter(node: Element): string {
  const parameter = childOf(node, 'ac:parameter') ?? childOf(node, 'ac:default-parameter');
  return parameter ? textBelow(parameter.children) : '';
}

function firstOf(node: Element, name: string): Element | undefined {
  for (const child of node.children) {
    if (!isElement(child)) continue;
    const found = child.name === name ? child : firstOf(child, name);
    if (found) return found;
  }
  return undefined;
}
