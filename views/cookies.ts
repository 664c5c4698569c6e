// Every cookie that this browser sent: who set it, its purpose, how it is protected, its size. Never its value.
import { bytes, count } from './format.ts';
import { type Html, html } from './html.ts';
import { type Frame, layout } from './layout.ts';
import { card, empty, meter, pill, tag } from './parts.ts';

export type Verdict = 'good' | 'weak' | 'unknown';

export interface CookieAttribute {
  /** "Secure", "HttpOnly", "SameSite", "Path", "Domain", "Lifetime", "Prefix", "Size". */
  readonly name: string;
  /** "yes", "Lax", "/", "6 days left", "not visible to a server". */
  readonly value: string;
  readonly verdict: Verdict;
  /** One sentence: the reason for the verdict. */
  readonly why: string;
}

export interface CookieReport {
  readonly name: string;
  /** How many cookies had this name (the parts of a split cookie count under one name). */
  readonly parts: number;
  readonly setBy: 'Gatehouse' | 'oauth2-proxy' | 'something else';
  readonly purpose: string;
  /** Name, `=` and value, in bytes. */
  readonly bytes: number;
  /** 4096 per part. */
  readonly limitBytes: number;
  readonly attributes: readonly CookieAttribute[];
}

export interface CookiesProps {
  readonly cookies: readonly CookieReport[];
  /** The size of the whole `Cookie` header, next to what proxies and Node.js accept for all headers together. */
  readonly header: { readonly bytes: number; readonly budgetBytes: number };
}

export function cookies(frame: Frame, props: CookiesProps): Html {
  return layout(
    frame,
    {
      title: 'Cookies',
      heading: 'The cookies your browser sent',
      lead: 'Whose they are, what they are for and how well each is protected. Their values are never shown.',
    },
    props.cookies.length === 0
      ? empty(
          frame,
          'cookie',
          'No cookies came with this page',
          'They would stand here, one card each. A browser that blocks cookies sends none, and cannot stay signed in.',
        )
      : html`${headerCard(props.header)}${props.cookies.map((cookie) => cookieCard(frame, cookie))}`,
  );
}

function headerCard(header: CookiesProps['header']): Html {
  const size = fullness(header.bytes, header.budgetBytes);
  return card(
    'All together',
    html`<p class="spread"><span>${size.words}</span><span class="number">${bytes(header.bytes)} of ${bytes(header.budgetBytes)}</span></p>
${meter({ label: 'All cookies together', value: header.bytes, max: header.budgetBytes, text: size.text, tone: size.tone })}
<p class="muted small">Cookies travel with every request, in one header. Servers refuse headers that grow too large.</p>`,
  );
}

function cookieCard(frame: Frame, cookie: CookieReport): Html {
  const size = fullness(cookie.bytes, cookie.limitBytes);
  return card(
    html`<code>${cookie.name}</code>`,
    html`<p class="muted under">${cookie.purpose}</p>
<p class="pills">${tag(`Set by ${cookie.setBy}`)}${cookie.parts > 1 && tag(`In ${cookie.parts} parts`)}</p>
<p class="spread"><span>${size.words}</span><span class="number">${count(cookie.bytes)} of ${count(cookie.limitBytes)} bytes</span></p>
${meter({ label: `Size of ${cookie.name}`, value: cookie.bytes, max: cookie.limitBytes, text: size.text, tone: size.tone })}
<ul class="attributes">${cookie.attributes.map((attribute) => attributeRow(frame, attribute))}</ul>`,
    overall(frame, cookie),
  );
}

function attributeRow(frame: Frame, attribute: CookieAttribute): Html {
  return html`<li><span class="strong">${attribute.name}</span><span class="value">${attribute.value}</span>${pill(frame, attribute.verdict, attribute.verdict)}<span class="why muted small">${attribute.why}</span></li>`;
}

function overall(frame: Frame, cookie: CookieReport): Html {
  const weak = cookie.attributes.filter((attribute) => attribute.verdict === 'weak').length;
  if (weak > 0) return pill(frame, 'weak', `${count(weak)} weak ${weak === 1 ? 'point' : 'points'}`);
  const unknown = cookie.attributes.some((attribute) => attribute.verdict === 'unknown');
  return unknown ? pill(frame, 'unknown', 'Partly unknown') : pill(frame, 'good', 'No weak point');
}

interface Fullness {
  readonly words: string;
  readonly text: string;
  readonly tone: 'calm' | 'weak' | 'bad';
}

function fullness(used: number, limit: number): Fullness {
  const share = `${count(used)} of ${count(limit)} bytes`;
  if (used > limit)
    return { words: 'Larger than the limit', text: `${share}, larger than the limit`, tone: 'bad' };
  if (used > limit * 0.8)
    return { words: 'Close to the limit', text: `${share}, close to the limit`, tone: 'weak' };
  return { words: 'Size', text: share, tone: 'calm' };
}
