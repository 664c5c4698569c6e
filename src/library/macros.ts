// Confluence's macros, one function each. One that is not in the table becomes a quiet box that names it.
import { anchorId, originalByTitle } from './addresses.ts';
import { code, parametersOf, plainBody } from './macro-code.ts';
import { attachedPicture, isShownMedia } from './resources.ts';
import { link, pageLink, quietBox, quietLine, type Scene, shortName } from './scene.ts';
import { attribute, childOf, type Element, element, isElement, type Node, textBelow } from './tree.ts';

type Macro = (node: Element, scene: Scene) => Node[];

const panelWords = { info: 'Info', note: 'Note', tip: 'Tip', warning: 'Warning' } as const;
type PanelKind = keyof typeof panelWords;
/** A page of a thousand lists of a thousand things would be a million. */
const oncePerPage = new Set(['toc', 'children', 'attachments', 'gallery']);
/** Pages that are listed below one; beyond it the space’s own list serves better. */
const childrenLimit = 500;
const statusHues = new Set(['red', 'yellow', 'green', 'blue', 'purple']);

const macros: Readonly<Record<string, Macro>> = {
  code: (node) => [code(node, { isCode: true })],
  noformat: (node) => [code(node, { isCode: false })],
  info: named('info'),
  note: named('note'),
  tip: named('tip'),
  warning: named('warning'),
  panel: (node, scene) => [panel(undefined, parametersOf(node)['title'], richBody(node, scene))],
  quote: (node, scene) => [element('blockquote', {}, richBody(node, scene))],
  expand(node, scene) {
    const title = parametersOf(node)['title']?.trim() || 'Show more';
    return [
      element('details', { class: 'expand' }, [element('summary', {}, [title]), ...richBody(node, scene)]),
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
  excerpt: (node, scene) => richBody(node, scene),
  'excerpt-include': included('The excerpt of'),
  include: included('The page'),
  section: (node, scene) => [element('div', { class: 'columns' }, richBody(node, scene))],
  column: (node, scene) => [element('div', { class: 'cell' }, richBody(node, scene))],
  children(_node, scene) {
    const below = scene.pages.children(scene.page.id);
    if (below.length === 0) return [quietBox(['No pages stand below this one.'])];
    const items = below.slice(0, childrenLimit).map(({ id, title }) => {
      const here = scene.links.page({ id });
      const to = here === undefined ? { page: scene.pages.page(id), original: undefined } : undefined;
      return element('li', {}, [to ? pageLink(scene, to, [title]) : link(scene, here, [title])]);
    });
    const more = below.length - items.length;
    const rest = more > 0 ? [element('li', {}, [quietLine([`and ${more} more`])])] : [];
    return [element('ul', { class: 'children' }, [...items, ...rest])];
  },
  attachments(_node, scene) {
    const files = scene.pages.attachmentsOf(scene.page.id);
    if (files.length === 0) return [quietBox(['This page has no attachments.'])];
    const items = files.map((file) =>
      element('li', {}, [link(scene, scene.links.attachment(file), [file.title])]),
    );
    return [element('ul', { class: 'files' }, items)];
  },
  gallery(node, scene) {
    const files = scene.pages.attachmentsOf(scene.page.id).filter(({ mediaType }) => isShownMedia(mediaType));
    return [
      element(
        'div',
        { class: 'gallery' },
        files.map((file) => attachedPicture(file, node, scene)),
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
export function macro(node: Element, scene: Scene): Node[] {
  const name = (attribute(node, 'ac:name') ?? '').toLowerCase();
  const known = Object.hasOwn(macros, name) ? macros[name] : undefined;
  if (oncePerPage.has(name)) {
    if (scene.had.has(name)) return [];
    scene.had.add(name);
  }
  if (known) return known(node, scene);
  const text = plainBody(node);
  const body = text.trim() === '' ? [] : [element('pre', {}, [element('code', {}, [text])])];
  const what: Node[] = name
    ? ['The macro ', element('code', {}, [shortName(name)])]
    : ['A macro without a name'];
  return [quietBox([...what, ' is not shown here.'], [...richBody(node, scene), ...body])];
}

/** Cloud's newer extensions: a panel, or whatever they say to show instead. */
export function extension(node: Element, scene: Scene): Node[] {
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
        scene.clean(content.children, scene),
      ),
    ];
  }
  const instead = childOf(node, 'ac:adf-fallback');
  return instead ? scene.clean(instead.children, scene) : [quietBox(['An extension is not shown here.'])];
}

function named(kind: PanelKind): Macro {
  return (node, scene) => [panel(kind, parametersOf(node)['title'], richBody(node, scene))];
}

function panel(kind: PanelKind | undefined, title: string | undefined, body: readonly Node[]): Element {
  const words = title?.trim() || (kind && panelWords[kind]);
  const head = words ? [element('p', { class: 'panel-title' }, [words])] : [];
  return element('div', { class: `panel ${kind ?? 'plain'}` }, [...head, ...body]);
}

function included(what: string): Macro {
  return (node, scene) => {
    const named = firstOf(node, 'ri:page');
    if (!named) return [quietBox([`${what} another page is not shown here.`])];
    const title = attribute(named, 'ri:content-title') ?? '';
    const space = attribute(named, 'ri:space-key') ?? scene.page.space;
    const page = scene.pages.pageByTitle(space, title);
    const to = pageLink(scene, { page, original: originalByTitle(scene.url, space, title) }, [
      shortName(title),
    ]);
    return [quietBox([`${what} `, to, ' stands here.'])];
  };
}

function file(node: Element, scene: Scene): Node[] {
  const named = firstOf(node, 'ri:attachment');
  const name = named ? (attribute(named, 'ri:filename') ?? '') : (parametersOf(node)['name'] ?? '');
  const found = scene.pages.attachmentsOf(scene.page.id).find(({ title }) => title === name);
  if (!found) return [quietBox([`The file “${shortName(name)}” is not in the library.`])];
  return [quietBox(['File: ', link(scene, scene.links.attachment(found), [found.title])])];
}

function richBody(node: Element, scene: Scene): Node[] {
  const body = childOf(node, 'ac:rich-text-body');
  return body ? scene.clean(body.children, scene) : [];
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
