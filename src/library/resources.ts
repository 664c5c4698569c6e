// Links, pictures and people, as Confluence names them (`ac:link`, `ac:image`, `ri:*`). Pictures come from this machine only.
import { anchorId, originalByTitle, pageIdOf, safeAddress } from './addresses.ts';
import type { Attachment, Page } from './contract.ts';
import { link, pageLink, quietLine, type Scene, shortName } from './scene.ts';
import { attribute, childOf, type Element, element, isElement, type Node, textBelow } from './tree.ts';

/** `<ac:link>`: to a page, a file, a person, a space or an anchor. */
export function acLink(node: Element, scene: Scene): Node {
  const body = linkBody(node, scene);
  const anchor = attribute(node, 'ac:anchor');
  const target = node.children.find(
    (child): child is Element => isElement(child) && child.name.startsWith('ri:'),
  );
  const words = (fallback: string): Node[] =>
    textBelow(body).trim() || body.some(isPicture) ? body : [fallback];
  if (!target) {
    if (anchor === undefined) return element('span', {}, words(''));
    return link(scene, `#${anchorId(anchor)}`, words(anchor));
  }
  switch (target.name) {
    case 'ri:page':
    case 'ri:blog-post': {
      const title = attribute(target, 'ri:content-title') ?? scene.page.title;
      const space = attribute(target, 'ri:space-key') ?? scene.page.space;
      const page = scene.pages.pageByTitle(space, title);
      if (page?.id === scene.page.id && anchor !== undefined)
        return link(scene, `#${anchorId(anchor)}`, words(title));
      const original = originalByTitle(scene.url, space, title);
      const at = { page, original, ...(anchor !== undefined && { anchor: anchorId(anchor) }) };
      return pageLink(scene, at, words(title));
    }
    case 'ri:content-entity': {
      const id = attribute(target, 'ri:content-id') ?? '';
      const page = scene.pages.page(id);
      const original =
        scene.url &&
        safeAddress(`${scene.url}/pages/viewpage.action?pageId=${encodeURIComponent(id)}`, undefined);
      return pageLink(scene, { page, original }, words(page?.title ?? `Page ${shortName(id)}`));
    }
    case 'ri:attachment': {
      const name = attribute(target, 'ri:filename') ?? '';
      const file = attachmentOf(target, scene);
      return file
        ? link(scene, scene.links.attachment(file), words(name))
        : element('span', { class: 'away' }, words(name));
    }
    case 'ri:user':
      return person(target, body);
    case 'ri:space': {
      const key = attribute(target, 'ri:space-key') ?? '';
      const original = scene.url && safeAddress(`${scene.url}/display/${encodeURIComponent(key)}`, undefined);
      return element('span', { class: 'away' }, [link(scene, original, words(key))]);
    }
    case 'ri:url':
      return link(scene, safeAddress(attribute(target, 'ri:value') ?? '', scene.url), words('link'));
    default:
      return element('span', {}, words(shortName(attribute(target, 'ri:value') ?? '')));
  }
}

/** `<a>`: what it leads to, here where it names a page that is at hand. */
export function anchor(node: Element, scene: Scene): Node {
  const children = scene.clean(node.children, { ...scene, inLink: true });
  const href = attribute(node, 'href');
  if (href === undefined) return element('span', {}, children);
  if (href.startsWith('#')) return link(scene, `#${anchorId(href.slice(1))}`, children);
  const address = safeAddress(href, scene.url);
  const id = address && pageIdOf(address, scene.url);
  const page = id === undefined ? undefined : scene.pages.page(id);
  const here = page && scene.links.page(page);
  return link(scene, here ?? address, children);
}

/** `<ac:image>` and `<img>`. */
export function image(node: Element, scene: Scene): Node {
  const caption = childOf(node, 'ac:caption');
  const shown = picture(node, scene);
  if (!caption) return shown;
  return element('figure', {}, [shown, element('figcaption', {}, scene.clean(caption.children, scene))]);
}

function picture(node: Element, scene: Scene): Node {
  const named = childOf(node, 'ri:attachment');
  if (named) {
    const name = attribute(named, 'ri:filename') ?? '';
    const file = attachmentOf(named, scene);
    return file
      ? attachedPicture(file, node, scene)
      : quietLine([`Picture “${shortName(name)}” is not in the library.`]);
  }
  const remote = childOf(node, 'ri:url');
  const source = remote ? attribute(remote, 'ri:value') : attribute(node, 'src');
  const address = source === undefined ? undefined : safeAddress(source, scene.url);
  if (address === undefined || address.startsWith('mailto:'))
    return quietLine(['A picture that has no address here.']);
  const shown = shortName(address);
  return quietLine(['Picture of another site, not loaded: ', link(scene, address, [shown])]);
}

/** A file of another kind than the pictures that are served is a link. */
export function attachedPicture(file: Attachment, node: Element, scene: Scene): Node {
  if (!isShownMedia(file.mediaType)) return link(scene, scene.links.attachment(file), [file.title]);
  const alt = attribute(node, 'ac:alt') ?? attribute(node, 'alt') ?? '';
  return element('img', {
    src: `/library/attachments/${encodeURIComponent(file.id)}`,
    alt: shortName(alt),
    ...length('width', attribute(node, 'ac:width')),
    ...length('height', attribute(node, 'ac:height')),
    ...(attribute(node, 'ac:thumbnail') === 'true' && { class: 'thumbnail' }),
    loading: 'lazy',
  });
}

const shownMedia = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/avif']);

/** Pictures that browsers only ever show. SVG is not among them: it is a document that can run and load. */
export function isShownMedia(mediaType: string): boolean {
  return shownMedia.has(mediaType.toLowerCase());
}

function attachmentOf(named: Element, scene: Scene): Attachment | undefined {
  const owner = childOf(named, 'ri:page') ?? childOf(named, 'ri:content-entity');
  const page = owner ? ownerOf(owner, scene) : scene.page;
  const name = attribute(named, 'ri:filename');
  return page && scene.pages.attachmentsOf(page.id).find(({ title }) => title === name);
}

function ownerOf(owner: Element, scene: Scene): Page | undefined {
  const title = attribute(owner, 'ri:content-title');
  if (title === undefined) return scene.pages.page(attribute(owner, 'ri:content-id') ?? '');
  return scene.pages.pageByTitle(attribute(owner, 'ri:space-key') ?? scene.page.space, title);
}

/** A mention. Cloud names people by a number, which says nothing to a reader. */
export function person(target: Element, body: readonly Node[] = []): Node {
  const name = attribute(target, 'ri:username');
  const known = textBelow(body).trim();
  return element('span', { class: 'mention' }, [`@${shortName(known || name || 'someone')}`]);
}

function linkBody(node: Element, scene: Scene): Node[] {
  const plain = childOf(node, 'ac:plain-text-link-body');
  if (plain) return [textBelow(plain.children)];
  const rich = childOf(node, 'ac:link-body');
  return rich ? scene.clean(rich.children, { ...scene, inLink: true }) : [];
}

function isPicture(node: Node): boolean {
  return isElement(node) && (node.name === 'img' || node.children.some(isPicture));
}

function length(name: string, value: string | undefined): Record<string, string> {
  const pixels = /^\d{1,4}$/.test(value ?? '') ? Number(value) : 0;
  return pixels > 0 ? { [name]: String(pixels) } : {};
}
