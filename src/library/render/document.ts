// A rendered body as a document of its own: in the frame, and in a file. Its policy lets nothing in but this one stylesheet.
import { createHash } from 'node:crypto';
import { html, raw } from '../../../views/html.ts';

export interface PageStyle {
  readonly css: string;
  /** The only style that the policy lets through. */
  readonly source: string;
}

/** @param css a stylesheet of this program */
export function pageStyle(css: string): PageStyle {
  return { css, source: `'sha256-${createHash('sha256').update(css).digest('base64')}'` };
}

/** What the frame may do: be read by its own page (for its height), and follow links where a person clicks. It runs nothing. */
export const frameSandbox =
  'allow-same-origin allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation';

/** @param pictures where pictures may come from */
export function bodyPolicy(style: PageStyle, pictures: string): string {
  return [
    "default-src 'none'",
    `style-src ${style.source}`,
    `img-src ${pictures}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'self'",
    `sandbox ${frameSandbox}`,
  ].join('; ');
}

/** @param body sanitised */
export function frameDocument(
  page: { readonly title: string; readonly theme: string },
  body: string,
  style: PageStyle,
): string {
  return html`<!doctype html>
<html lang="en" data-theme="${page.theme}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${page.title}</title>
<style>${raw(style.css)}</style>
</head>
<body class="framed">
<main>${raw(body)}</main>
</body>
</html>
`.markup;
}

export interface FileFacts {
  readonly title: string;
  /** "Platform handbook · version 12 · fetched 23 November 2026, 15:04 UTC". */
  readonly facts: string;
  /** The original; undefined where it is no address. */
  readonly url: string | undefined;
}

/** One file that needs nothing beside it and asks nobody for anything. @param body sanitised, its pictures as `data:` */
export function fileDocument(page: FileFacts, body: string, style: PageStyle): string {
  const policy = `default-src 'none'; style-src ${style.source}; img-src data:; base-uri 'none'; form-action 'none'`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${page.title}</title>
<style>${raw(style.css)}</style>
</head>
<body class="file">
<header><h1>${page.title}</h1><p class="facts">${page.facts}${page.url !== undefined && html` · <a href="${page.url}" rel="noopener noreferrer">Original</a>`}</p></header>
<main>${raw(body)}</main>
</body>
</html>
`.markup;
}
