// The escaping template tag that builds every page: values are inserted as text unless they are Html.

/** Markup that may be inserted into a page unescaped. Only `html` and `raw` create it. */
export class Html {
  readonly markup: string;
  constructor(markup: string) {
    this.markup = markup;
  }
  toString(): string {
    return this.markup;
  }
}

/** What a template accepts: text is escaped; lists are joined; `undefined`, `null` and `false` render as nothing. */
export type Content = Html | string | number | undefined | null | false | readonly Content[];

const escapes: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Escapes text for element content and quoted attribute values. */
export function escapeHtml(text: string): string {
  return /[&<>"']/.test(text) ? text.replace(/[&<>"']/g, (char) => escapes[char] ?? char) : text;
}

/** Tag: `html\`<p>${text}</p>\``. Attribute values must be quoted. */
export function html(strings: TemplateStringsArray, ...values: readonly Content[]): Html {
  let out = strings[0] ?? '';
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    out += value instanceof Html ? value.markup : render(value);
    out += strings[i + 1] ?? '';
  }
  return new Html(out);
}

/** Markup from a trusted constant of this program; never from a request or the store. */
export function raw(markup: string): Html {
  return new Html(markup);
}

function render(value: Content): string {
  if (typeof value === 'string') return escapeHtml(value);
  if (value instanceof Html) return value.markup;
  if (typeof value === 'number') return String(value);
  if (value === undefined || value === null || value === false) return '';
  let out = '';
  for (const item of value) out += render(item);
  return out;
}
