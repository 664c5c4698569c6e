// The layout of every page: head, rail or bottom bar (signed in) or top bar (visitors), and one column of content.
import { type Content, type Html, html } from './html.ts';
import { icon, notice } from './parts.ts';
import { rail } from './rail.ts';

export type Theme = 'auto' | 'light' | 'dark';

/** What the layout of a page needs, built once per request. */
export interface Frame {
  readonly theme: Theme;
  /** The request's CSP nonce; every `<script>` carries it. */
  readonly nonce: string;
  /** Public path of a file in `public/`, with its content hash: `asset('gatehouse.css')`. */
  readonly asset: (name: string) => string;
  /** The path of this page, to mark it in the rail. */
  readonly path: string;
  readonly devMode: boolean;
  /** Whether the guard is on, which has pages of its own. */
  readonly hasApps?: boolean;
  /** Where "Sign in" leads. */
  readonly signInPath: string;
  /** Absent on public pages, where everyone is a visitor. */
  readonly person?: { readonly email: string; readonly operator: boolean };
  /** Included in every form of a signed-in page as `_csrf`. */
  readonly csrfToken?: string;
  /** A form of this page arrived after the gate's session had ended, and was rejected. */
  readonly signedInAgain?: true;
}

export interface PageHead {
  /** What this page is about: "Where you are signed in". */
  readonly title: string;
  /** The heading, if it says more than the window title. */
  readonly heading?: Content;
  /** A small element above the heading: a lamp, a status. */
  readonly above?: Content;
  readonly lead?: Content;
  /** Seconds after which the browser reloads by itself (for an outage page). */
  readonly refreshAfterS?: number;
  /** `narrow`: a single message and one thing to do. `landing`: the front page. */
  readonly shape?: 'wide' | 'narrow' | 'landing';
  /** The reader’s session is known to be over: all that is left to do is sign in. */
  readonly isOver?: true;
}

const schemes = { auto: 'light dark', light: 'light', dark: 'dark' } as const;

/** A complete HTML document. */
export function layout(frame: Frame, head: PageHead, body: Content): Html {
  const { person } = frame;
  return html`<!doctype html>
<html lang="en" data-theme="${frame.theme}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="${schemes[frame.theme]}">
${head.refreshAfterS !== undefined && html`<meta http-equiv="refresh" content="${head.refreshAfterS}">`}
<title>${head.title} · Gatehouse</title>
<link rel="icon" href="${frame.asset('favicon.svg')}" type="image/svg+xml">
<link rel="stylesheet" href="${frame.asset('gatehouse.css')}">
<script src="${frame.asset('gatehouse.js')}" nonce="${frame.nonce}" defer></script>
</head>
<body class="${person === undefined ? 'public' : 'member'}">
<a class="skip" href="#main">Skip to the content</a>
${person === undefined ? topLine(frame, head.isOver === true) : rail(frame, person)}
<div class="page">
${frame.devMode && devBanner(frame)}
<main id="main" tabindex="-1" class="${head.shape ?? 'wide'}">
<div class="head">${head.above}<div><h1>${head.heading ?? head.title}</h1>${head.lead !== undefined && html`<p class="lead">${head.lead}</p>`}</div></div>
${frame.signedInAgain && html`<div role="status">${notice(frame, 'weak', 'You had to sign in again. Nothing was changed.')}</div>`}
${body}
</main>
<footer class="foot"><a href="/privacy-notice"${frame.path === '/privacy-notice' && html` aria-current="page"`}>Privacy notice</a></footer>
</div>
</body>
</html>
`;
}

// Public pages do not know who the visitor is, so they offer both links: somebody who is signed in should not have to go through Google
// again.
function topLine(frame: Frame, isOver: boolean): Html {
  return html`<header class="top"><a class="mark" href="/">${icon(frame, 'lamp')}Gatehouse</a><nav aria-label="Main">${!isOver && html`<a href="/dashboard">Dashboard</a>`}<a class="button" href="${frame.signInPath}">Sign in</a></nav></header>`;
}

function devBanner(frame: Frame): Html {
  return html`<aside class="dev" aria-label="Development mode">${icon(frame, 'weak')}<p><strong>Development mode: no gate.</strong> Everyone who reaches this page is dev@localhost, an operator.</p></aside>`;
}
