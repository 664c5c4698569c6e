// Markdown: nothing that people wrote becomes HTML, a link or a new cell, and no page grows to hundreds of times its size.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { onePage } from '../../../test/support/library.ts';
import type { LibraryPages } from '../contract.ts';
import { markdownOf } from './markdown.ts';
import { cleanPage } from './render.ts';

const pages = { attachmentsOf: () => [] } as unknown as LibraryPages;
const write = (body: string) =>
  markdownOf('T', cleanPage(onePage(body), { pages, url: undefined }), () => undefined);
const written = (body: string) => write(body)?.replace(/^# T\n\n/, '');
const code = (text: string) =>
  `<ac:structured-macro ac:name="code"><ac:plain-text-body><![CDATA[${text}]]></ac:plain-text-body></ac:structured-macro>`;
const cell = (inner: string) => `<table><tr><td>${inner}</td></tr></table>`;

suite('people’s text stays text', () => {
  const cases: readonly (readonly [about: string, body: string, markdown: string])[] = [
    [
      'a lone CR in quoted code does not end the quote',
      `<blockquote>${code('a\r<xss>')}</blockquote>`,
      '> ```\n> a\n> <xss>\n> ```\n',
    ],
    [
      'a pipe after a backslash does not end the cell',
      cell('<code>a\\|&lt;xss&gt;</code>'),
      '| a\\\\&#124;&lt;xss&gt; |\n| --- |\n',
    ],
    [
      'code in a cell needs no fence',
      cell(`${code('<xss>')}${code('b ```')}`),
      '| &lt;xss&gt; b &#96;&#96;&#96; |\n| --- |\n',
    ],
    ['a pipe in a cell', cell('a | b'), '| a &#124; b |\n| --- |\n'],
    [
      'code in a task stays code',
      `<ac:task-list><ac:task><ac:task-body>${code('<xss>')}</ac:task-body></ac:task></ac:task-list>`,
      '- [ ]\n\n  ```\n  <xss>\n  ```\n',
    ],
    [
      'special characters in an address do not end it',
      '<p><a href="mailto:`a\\&gt;](javascript:x)">x</a> <code>b</code></p>',
      '[x](<mailto:%60a%5C%3E]%28javascript:x%29>) `b`\n',
    ],
    [
      'backticks in text do not start code',
      '<p>` <code>&lt;xss&gt; `</code></p>',
      '&#96; &lt;xss&gt; &#96;\n',
    ],
    [
      'an address before code does not take its first backtick',
      '<p>www.a.b<code>[a](javascript:x)</code></p>',
      'www.a.b\\[a\\]\\(javascript:x)\n',
    ],
    ['code', '<p>a <code>b[0] *c* &amp;lt;</code></p>', 'a `b[0] *c* &lt;`\n'],
    ['references', '<p>&amp;lt;xss&gt; AT&amp;T</p>', '&amp;lt;xss&gt; AT&T\n'],
    ['a link', '<p>![a](javascript:x)</p>', '!\\[a\\]\\(javascript:x)\n'],
  ];
  for (const [about, body, markdown] of cases) test(about, () => assert.equal(written(body), markdown));

  test('a fence is longer than any run of backticks', () => {
    const text = write(code(`${'` '.repeat(12_000)}\n\`\`\`\`\n<xss>`)) ?? '';
    assert.match(text, /\n`{5}\n/);
  });
});

test('size and time stay within bounds', () => {
  const wide = `<table><tr>${'<td colspan="60"></td>'.repeat(500)}</tr>${'<tr><td></td></tr>'.repeat(300)}</table>`;
  const began = performance.now();
  assert.ok((write(wide) ?? '').length < 2_000_000);
  assert.equal(write(`${'<blockquote>'.repeat(190)}<pre>${'\n'.repeat(200_000)}x</pre>`), undefined);
  write(`<p><strong>a${'&nbsp;'.repeat(80_000)}b</strong></p>`);
  write(cell(`<pre>a${' '.repeat(300_000)}b</pre>`));
  write(`<p><code>${'` '.repeat(200_000)}</code></p>`);
  assert.ok(performance.now() - began < 8000, `${Math.round(performance.now() - began)} ms`);
});
