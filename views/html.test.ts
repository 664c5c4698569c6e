// The escaping tag: whatever a value contains, it stays text or the value of one attribute.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Content, escapeHtml, html, raw } from './html.ts';

const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };

/** What a browser decodes from the five entities. */
function decoded(markup: string): string {
  return markup.replace(/&(amp|lt|gt|quot|#39);/g, (_, name: string) => entities[name] ?? '');
}

const nasty = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .array(fc.constantFrom('<', '>', '"', "'", '&', '&lt;', '&#39;', '</p>', '<script>', ' onclick=', 'a'))
    .map((parts) => parts.join('')),
);

test('escaped text adds no tag, leaves no quoted attribute, and decodes to the same text', () => {
  fc.assert(
    fc.property(nasty, (text) => {
      const escaped = escapeHtml(text);
      assert.doesNotMatch(escaped, /[<>"']/);
      assert.equal(decoded(escaped), text);
    }),
  );
});

test('a template keeps its structure around any values', () => {
  fc.assert(
    fc.property(nasty, nasty, nasty, (title, data, body) => {
      const markup = html`<p title="${title}" data-x='${data}'>${body}</p>`.markup;
      const parts = /^<p title="([^"]*)" data-x='([^']*)'>([^<>]*)<\/p>$/.exec(markup);
      assert.deepEqual(parts?.slice(1).map(decoded), [title, data, body]);
    }),
  );
});

test('lists are joined, nothing renders as nothing, markup is unchanged', () => {
  const items: Content[] = ['<a>', html`<b>${'&'}</b>`, undefined, null, false, 0, ['x', raw('<i>')]];
  assert.equal(html`[${items}]`.markup, '[&lt;a&gt;<b>&amp;</b>0x<i>]');
});

test('an object that only looks like markup is not treated as markup', () => {
  const forged = { markup: '<script>' } as unknown as string;
  assert.throws(() => html`${forged}`);
});
