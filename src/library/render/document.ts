// A rendered body as a separate document: in the frame, and in a file. Its policy allows nothing but this one stylesheet.
import { createHash } from 'node:crypto';
import { html, raw } from '../../../views/html.ts';

export interface PageStyle {
  readonly css: string;
  /** The CSP source of the only style that the policy allows. */
  readonly source: string;
}

/** @param css a stylesheet of Gatehouse */
export function pageStyle(css: string): PageStyle {
  return { css, source: `'sha256-${createHash('sha256').update(css).digest('base64')}'` };
}

/** What the frame may do: be read by the page around it (for its height), and follow links that a person clicks. It runs no script. */
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
  /** The original page; undefined if it has no valid address. */
  readonly url: string | undefined;
}

/** A self-contained file that makes no requests. @param body sanitised, its pictures as `data:` */
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
