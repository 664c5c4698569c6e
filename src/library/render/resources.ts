// Links, pictures and people, as Confluence writes them (`ac:link`, `ac:image`, `ri:*`). Pictures come from this machine only.

import type { Attachment, Page } from '../contract.ts';
import { anchorId, originalByTitle, pageIdOf, safeAddress } from './addresses.ts';
import { link, pageLink, quietLine, type RenderContext, shortName } from './context.ts';
import { attribute, childOf, type Element, element, isElement, type Node, textBelow } from './tree.ts';

/** `<ac:link>`: to a page, a file, a person, a space or an anchor. */
export function acLink(node: Element, context: RenderContext): Node {
  const body = linkBody(node, context);
  const anchor = attribute(node, 'ac:anchor');
  const target = node.children.find(
    (child): child is Element => isElement(child) && child.name.startsWith('ri:'),
  );
  const words = (fallback: string): Node[] =>
    textBelow(body).trim() || body.some(isPicture) ? body : [fallback];
  if (!target) {
    if (anchor === undefined) return element('span', {}, words(''));
    return link(context, `#${anchorId(anchor)}`, words(anchor));
  }
  switch (target.name) {
    case 'ri:page':
    case 'ri:blog-post': {
      const title = attribute(target, 'ri:content-title') ?? context.page.title;
      const space = attribute(target, 'ri:space-key') ?? context.page.space;
      const page = context.pages.pageByTitle(space, title);
      if (page?.id === context.page.id && anchor !== undefined)
        return link(context, `#${anchorId(anchor)}`, words(title));
      const original = originalByTitle(context.url, space, title);
      const at = { page, original, ...(anchor !== undefined && { anchor: anchorId(anchor) }) };
      return pageLink(context, at, words(title));
    }
    case 'ri:content-entity': {
      const id = attribute(target, 'ri:content-id') ?? '';
      const page = context.pages.page(id);
      const original =
        context.url &&
        safeAddress(`${context.url}/pages/viewpage.action?pageId=${encodeURIComponent(id)}`, undefined);
      return pageLink(context, { page, original }, words(page?.title ?? `Page ${shortName(id)}`));
    }
    case 'ri:attachment': {
      const name = attribute(target, 'ri:filename') ?? '';
      const file = attachmentOf(target, context);
      return file
        ? link(context, context.links.attachment(file), words(name))
        : element('span', { class: 'away' }, words(name));
    }
    case 'ri:user':
      return person(target, body);
    case 'ri:space': {
      const key = attribute(target, 'ri:space-key') ?? '';
      const original =
        context.url && safeAddress(`${context.url}/display/${encodeURIComponent(key)}`, undefined);
      return element('span', { class: 'away' }, [link(context, original, words(key))]);
    }
    case 'ri:url':
      return link(context, safeAddress(attribute(target, 'ri:value') ?? '', context.url), words('link'));
    default:
      return element('span', {}, words(shortName(attribute(target, 'ri:value') ?? '')));
  }
}

/** `<a>`: links to its target, or to the library if that has the page. */
export function anchor(node: Element, context: RenderContext): Node {
  const children = context.clean(node.children, { ...context, inLink: true });
  const href = attribute(node, 'href');
  if (href === undefined) return element('span', {}, children);
  if (href.startsWith('#')) return link(context, `#${anchorId(href.slice(1))}`, children);
  const address = safeAddress(href, context.url);
  const id = address && pageIdOf(address, context.url);
  const page = id === undefined ? undefined : context.pages.page(id);
  const here = page && context.links.page(page);
  return link(context, here ?? address, children);
}

/** `<ac:image>` and `<img>`. */
export function image(node: Element, context: RenderContext): Node {
  const caption = childOf(node, 'ac:caption');
  const shown = picture(node, context);
  if (!caption) return shown;
  return element('figure', {}, [shown, element('figcaption', {}, context.clean(caption.children, context))]);
}

function picture(node: Element, context: RenderContext): Node {
  const named = childOf(node, 'ri:attachment');
  if (named) {
    const name = attribute(named, 'ri:filename') ?? '';
    const file = attachmentOf(named, context);
    return file
      ? attachedPicture(file, node, context)
      : quietLine([`Picture “${shortName(name)}” is not in the library.`]);
  }
  const remote = childOf(node, 'ri:url');
  const source = remote ? attribute(remote, 'ri:value') : attribute(node, 'src');
  const address = source === undefined ? undefined : safeAddress(source, context.url);
  if (address === undefined || address.startsWith('mailto:'))
    return quietLine(['A picture that has no address here.']);
  const shown = shortName(address);
  return quietLine(['Picture of another site, not loaded: ', link(context, address, [shown])]);
}

/** A file that is not of a displayed picture type becomes a link. */
export function attachedPicture(file: Attachment, node: Element, context: RenderContext): Node {
  if (!isShownMedia(file.mediaType)) return link(context, context.links.attachment(file), [file.title]);
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

/** Picture types that browsers only display. SVG is excluded: it is a document that can run scripts and load resources. */
export function isShownMedia(mediaType: string): boolean {
  return shownMedia.has(mediaType.toLowerCase());
}

function attachmentOf(named: Element, context: RenderContext): Attachment | undefined {
  const owner = childOf(named, 'ri:page') ?? childOf(named, 'ri:content-entity');
  const page = owner ? ownerOf(owner, context) : context.page;
  const name = attribute(named, 'ri:filename');
  return page && context.pages.attachmentsOf(page.id).find(({ title }) => title === name);
}

function ownerOf(owner: Element, context: RenderContext): Page | undefined {
  const title = attribute(owner, 'ri:content-title');
  if (title === undefined) return context.pages.page(attribute(owner, 'ri:content-id') ?? '');
  return context.pages.pageByTitle(attribute(owner, 'ri:space-key') ?? context.page.space, title);
}

/** A mention. Cloud identifies people by an account id, which means nothing to a reader. */
export function person(target: Element, body: readonly Node[] = []): Node {
  const name = attribute(target, 'ri:username');
  const known = textBelow(body).trim();
  return element('span', { class: 'mention' }, [`@${shortName(known || name || 'someone')}`]);
}

function linkBody(node: Element, context: RenderContext): Node[] {
  const plain = childOf(node, 'ac:plain-text-link-body');
  if (plain) return [textBelow(plain.children)];
  const rich = childOf(node, 'ac:link-body');
  return rich ? context.clean(rich.children, { ...context, inLink: true }) : [];
}

function isPicture(node: Node): boolean {
  return isElement(node) && (node.name === 'img' || node.children.some(isPicture));
}

function length(name: string, value: string | undefined): Record<string, string> {
  const pixels = /^\d{1,4}$/.test(value ?? '') ? Number(value) : 0;
  return pixels > 0 ? { [name]: String(pixels) } : {};
}
