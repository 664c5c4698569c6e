// Addresses that a page may link to: http, https and mailto, rewritten by the same URL parser that browsers use.

const schemes = new Set(['http:', 'https:', 'mailto:']);

/**
 * @param base what a relative address is resolved against; undefined: relative addresses are rejected
 * @returns undefined for anything that is not such an address
 */
export function safeAddress(text: string, base: string | undefined): string | undefined {
  if (text.length > 4000) return undefined;
  const url = URL.parse(text.toWellFormed(), base);
  if (!url || !schemes.has(url.protocol)) return undefined;
  // `https://desk.example@evil.example/` looks like another host.
  url.username = '';
  url.password = '';
  return url.href;
}

/** The id of a heading or anchor. Never a name that could mean something else. */
export function anchorId(name: string): string {
  // Normalisation can turn one letter into eighteen.
  const words = name
    .slice(0, 500)
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-+|-+$/g, '');
  return `p-${words.slice(0, 80)}`;
}

/** The address of a page by title at Confluence; both kinds understand it. */
export function originalByTitle(url: string | undefined, space: string, title: string): string | undefined {
  if (url === undefined) return undefined;
  return safeAddress(
    `${url.replace(/\/+$/, '')}/display/${encodeURIComponent(space)}/${encodeURIComponent(title)}`,
    undefined,
  );
}

/** The id of the page that an address of this Confluence refers to, in any form that people paste. */
export function pageIdOf(address: string, url: string | undefined): string | undefined {
  if (url === undefined) return undefined;
  const [asked, home] = [URL.parse(address), URL.parse(url)];
  if (!asked || !home || asked.host !== home.host) return undefined;
  const id = asked.searchParams.get('pageId') ?? /\/pages\/(\d+)(?:\/|$)/.exec(asked.pathname)?.[1];
  return id && /^\d{1,20}$/.test(id) ? id : undefined;
}
