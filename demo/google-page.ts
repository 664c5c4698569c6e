// The account chooser of the stand-in for Google: one form, no script. It says what it is.
import { escapeHtml } from '../views/html.ts';
import type { Account } from './google-tokens.ts';

const css = `
:root { color-scheme: light dark; --line: light-dark(#d8dbe0, #3a3f47); --quiet: light-dark(#5a616b, #a4abb6);
  --card: light-dark(#fff, #1c1f24); --accent: light-dark(#1f5fbf, #8ab4f8); }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100dvh; display: grid; place-items: center; padding: 1.5rem;
  background: light-dark(#f2f3f5, #121417); color: light-dark(#1b1e23, #e8eaed);
  font: 1rem/1.5 system-ui, sans-serif; }
main { width: min(28rem, 100%); background: var(--card); border: 1px solid var(--line); border-radius: 1rem; padding: 1.75rem; }
.label { display: inline-block; margin: 0 0 1rem; padding: .2rem .7rem; border-radius: 99px; font-size: .85rem; font-weight: 600;
  background: light-dark(#fff1c9, #4a3b07); color: light-dark(#5b4300, #ffe08a); }
h1 { margin: 0; font-size: 1.4rem; line-height: 1.25; text-wrap: balance; }
p { margin: .4rem 0 0; color: var(--quiet); overflow-wrap: anywhere; }
form { display: grid; gap: .6rem; margin-top: 1.4rem; }
button { display: grid; grid-template-columns: 2.5rem 1fr; column-gap: .9rem; align-items: center; width: 100%;
  padding: .75rem .9rem; border: 1px solid var(--line); border-radius: .7rem; background: transparent; color: inherit;
  font: inherit; text-align: left; cursor: pointer; }
button:hover { border-color: var(--accent); }
button:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.face { grid-row: 1 / 4; display: grid; place-items: center; width: 2.5rem; height: 2.5rem; border-radius: 50%;
  background: var(--accent); color: var(--card); font-weight: 700; }
.about { font-size: .85rem; color: var(--quiet); }
.email { font-size: .9rem; }
.cancel { display: block; text-align: center; color: var(--quiet); }
`;

/** @param query the authorization request, passed on with the account that is chosen. */
export function chooserPage(query: URLSearchParams, accounts: readonly Account[]): string {
  const host = URL.parse(query.get('redirect_uri') ?? '')?.host ?? '';
  const hidden = [...query]
    .filter(([name]) => name !== 'login_hint')
    .map(([name, value]) => `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}">`);
  const buttons = accounts.map(
    ({ email, name, about }) => `<button name="login_hint" value="${escapeHtml(email)}">
<span class="face" aria-hidden="true">${escapeHtml(name.slice(0, 1))}</span><strong>${escapeHtml(name)}</strong>
<span class="email">${escapeHtml(email)}</span><span class="about">${escapeHtml(about)}</span></button>`,
  );
  return page(
    'Choose an account',
    `<h1>Choose an account</h1><p>to go on to ${escapeHtml(host)}</p>
<form action="/choose">${hidden.join('')}${buttons.join('\n')}
<button class="cancel" name="login_hint" value="">Cancel</button></form>`,
  );
}

export function refusalPage(message: string): string {
  return page('Not possible', `<h1>That does not work here</h1><p>${escapeHtml(message)}</p>`);
}

function page(title: string, content: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${title} · Stand-in for Google</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">
<link rel="icon" href="data:,"><style>${css}</style></head>
<body><main><div class="label">Stand-in for Google. Not Google.</div>${content}</main></body></html>`;
}
