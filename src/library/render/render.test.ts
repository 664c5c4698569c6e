// Rendering: each macro as it should look, hostile input as a tree that a strict parser accepts, never an error.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { hostileBodies } from '../../../test/support/hostile-pages.ts';
import { confluenceUrl, onePage } from '../../../test/support/library.ts';
import { everyMacro } from '../../../test/support/library-page.ts';
import { faultsOf } from '../../../test/support/strict-html.ts';
import type { Attachment, LibraryPages, Page } from '../contract.ts';
import { markupOf } from './markup.ts';
import { cleanPage, renderPage } from './render.ts';
import { sanitise } from './sanitise.ts';
import { textOf } from './text.ts';

const here: Page = { ...onePage('', 'Deploying'), id: '77' };
const picture: Attachment = {
  id: 'att1',
  page: '1',
  title: 'a.png',
  mediaType: 'image/png',
  size: 1,
  path: '/x',
};
const pages = {
  spaces: () => [],
  tree: () => [],
  page: (id: string) => (id === '77' ? here : undefined),
  pageByTitle: (space: string, title: string) =>
    space === 'DOC' && title === 'Deploying' ? here : undefined,
  children: () => [{ id: '77', title: 'Deploying' }],
  attachmentsOf: () => [picture, { ...picture, id: 'att2', title: 'b.svg', mediaType: 'image/svg+xml' }],
  attachment: () => undefined,
} as unknown as LibraryPages;

const render = (body: string, title?: string) =>
  renderPage(onePage(body, title), { pages, url: confluenceUrl });
const firstWall = (body: string, title: string) =>
  markupOf(cleanPage(onePage(body, title), { pages, url: confluenceUrl }));
const macro = (name: string, inner = '') =>
  `<ac:structured-macro ac:name="${name}">${inner}</ac:structured-macro>`;
const parameter = (name: string, value: string) => `<ac:parameter ac:name="${name}">${value}</ac:parameter>`;
const rich = (text: string) => `<ac:rich-text-body>${text}</ac:rich-text-body>`;
const code = (text: string) => `<ac:plain-text-body><![CDATA[${text}]]></ac:plain-text-body>`;
const out = 'rel="noopener noreferrer" target="_blank"';
const top = 'rel="noopener noreferrer" target="_top"';

const golden: readonly (readonly [about: string, body: string, html: string])[] = [
  [
    'code',
    macro(
      'code',
      parameter('language', 'java') + parameter('title', 'A.java') + code('int a;\n\n  b &lt; <c>\n'),
    ),
    '<figure class="code"><figcaption><span class="title">A.java</span><span class="language">Java</span></figcaption><pre><code>int a;\n\n  b &amp;lt; &lt;c&gt;</code></pre></figure>',
  ],
  [
    'code with ]]> in it',
    macro('code', '<ac:plain-text-body><![CDATA[a]]]]><![CDATA[>b]]></ac:plain-text-body>'),
    '<figure class="code"><pre><code>a]]&gt;b</code></pre></figure>',
  ],
  [
    'folded code',
    macro('code', parameter('collapse', 'true') + code('x')),
    '<details class="code"><summary>Code</summary><pre><code>x</code></pre></details>',
  ],
  ['noformat', macro('noformat', code('x  y')), '<figure class="code"><pre><code>x  y</code></pre></figure>'],
  [
    'info',
    macro('info', parameter('title', 'T') + rich('<p>x</p>')),
    '<div class="panel info"><p class="panel-title">T</p><p>x</p></div>',
  ],
  [
    'note',
    macro('note', rich('<p>x</p>')),
    '<div class="panel note"><p class="panel-title">Note</p><p>x</p></div>',
  ],
  ['tip', macro('tip', rich('x')), '<div class="panel tip"><p class="panel-title">Tip</p>x</div>'],
  [
    'warning',
    macro('warning', rich('x')),
    '<div class="panel warning"><p class="panel-title">Warning</p>x</div>',
  ],
  ['panel', macro('panel', parameter('bgColor', 'red') + rich('x')), '<div class="panel plain">x</div>'],
  ['quote', macro('quote', rich('x')), '<blockquote>x</blockquote>'],
  [
    'expand',
    macro('expand', parameter('title', 'More') + rich('<p>x</p>')),
    '<details class="expand"><summary>More</summary><p>x</p></details>',
  ],
  [
    'status',
    macro('status', parameter('colour', 'Green') + parameter('title', 'Done')),
    '<span class="status green">Done</span>',
  ],
  [
    'a status without a colour',
    macro('status', parameter('title', 'Done')),
    '<span class="status grey">Done</span>',
  ],
  [
    'tasks',
    '<ac:task-list><ac:task><ac:task-id>1</ac:task-id><ac:task-status>complete</ac:task-status><ac:task-body>a</ac:task-body></ac:task><ac:task><ac:task-status>incomplete</ac:task-status><ac:task-body>b</ac:task-body></ac:task></ac:task-list>',
    '<ul class="tasks"><li class="done"><span class="box">☑</span><div class="task">a</div></li><li><span class="box">☐</span><div class="task">b</div></li></ul>',
  ],
  [
    'a table',
    '<table><colgroup><col /></colgroup><tbody><tr><th class="numberingColumn"></th><th colspan="2">A</th></tr><tr><td class="numberingColumn">1</td><td rowspan="2" data-highlight-colour="#e3fcef">x</td><td>y</td></tr></tbody></table>',
    '<div class="table"><table><thead><tr><th class="numbering"></th><th colspan="2">A</th></tr></thead><tbody><tr><td class="numbering">1</td><td rowspan="2" class="tint-green">x</td><td>y</td></tr></tbody></table></div>',
  ],
  [
    'a page in the library',
    '<ac:link><ri:page ri:content-title="Deploying" /></ac:link>',
    `<a href="/library/pages/77" ${top}>Deploying</a>`,
  ],
  [
    'an anchor on a page in the library',
    '<ac:link ac:anchor="How to"><ri:page ri:content-title="Deploying" /><ac:link-body><em>x</em></ac:link-body></ac:link>',
    `<a href="/library/pages/77#p-how-to" ${top}><em>x</em></a>`,
  ],
  [
    'a page that is not in the library',
    '<ac:link><ri:page ri:space-key="OPS" ri:content-title="A &amp; B" /></ac:link>',
    `<span class="away"><a href="${confluenceUrl}/display/OPS/A%20%26%20B" ${out}>A &amp; B</a></span>`,
  ],
  [
    'the address of a page in the library',
    `<a href="${confluenceUrl}/spaces/DOC/pages/77/Deploying">x</a>`,
    `<a href="/library/pages/77" ${top}>x</a>`,
  ],
  [
    'an external address',
    '<a href="https://example.org/a?b=c&amp;d">x</a>',
    `<a href="https://example.org/a?b=c&amp;d" ${out}>x</a>`,
  ],
  [
    'an attached file',
    '<ac:link><ri:attachment ri:filename="b.svg" /></ac:link>',
    `<a href="/library/attachments/att2" ${top}>b.svg</a>`,
  ],
  [
    'an image',
    '<p><ac:image ac:width="300" ac:alt="Plan"><ri:attachment ri:filename="a.png" /></ac:image></p>',
    '<p><img src="/library/attachments/att1" alt="Plan" width="300" loading="lazy" /></p>',
  ],
  [
    'an image that is not one',
    '<ac:image><ri:attachment ri:filename="b.svg" /></ac:image>',
    `<a href="/library/attachments/att2" ${top}>b.svg</a>`,
  ],
  [
    'a missing image',
    '<ac:image><ri:attachment ri:filename="c.png" /></ac:image>',
    '<span class="quiet">Picture “c.png” is not in the library.</span>',
  ],
  [
    'an external image',
    '<ac:image><ri:url ri:value="https://example.org/x.png" /></ac:image>',
    `<span class="quiet">Picture of another site, not loaded: <a href="https://example.org/x.png" ${out}>https://example.org/x.png</a></span>`,
  ],
  [
    'an image with a caption',
    '<ac:image><ri:attachment ri:filename="a.png" /><ac:caption><p>So</p></ac:caption></ac:image>',
    '<figure><img src="/library/attachments/att1" alt="" loading="lazy" /><figcaption><p>So</p></figcaption></figure>',
  ],
  [
    'children',
    macro('children'),
    `<ul class="children"><li><a href="/library/pages/77" ${top}>Deploying</a></li></ul>`,
  ],
  [
    'attachments',
    macro('attachments'),
    `<ul class="files"><li><a href="/library/attachments/att1" ${top}>a.png</a></li><li><a href="/library/attachments/att2" ${top}>b.svg</a></li></ul>`,
  ],
  [
    'contents',
    `${macro('toc', parameter('maxLevel', '1'))}<h1>One</h1><h2>Two</h2><h1>One</h1>`,
    '<div class="toc"><p class="panel-title">On this page</p><ul><li class="level-1"><a href="#p-one">One</a></li><li class="level-1"><a href="#p-one-2">One</a></li></ul></div><h2 id="p-one">One</h2><h3 id="p-two">Two</h3><h2 id="p-one-2">One</h2>',
  ],
  [
    'anchors',
    `<ac:link ac:anchor="Here"><ac:plain-text-link-body><![CDATA[go]]></ac:plain-text-link-body></ac:link><p>${macro('anchor', parameter('', 'Here'))}x</p><a href="#nowhere">y</a>`,
    '<a href="#p-here">go</a><p><span id="p-here"></span>x</p><span>y</span>',
  ],
  [
    'a mention',
    '<ac:link><ri:user ri:username="ada" /></ac:link> <ac:link><ri:user ri:account-id="5b" /></ac:link>',
    '<span class="mention">@ada</span> <span class="mention">@someone</span>',
  ],
  ['a date', '<time datetime="2026-11-03" />', '<time datetime="2026-11-03">3 November 2026</time>'],
  [
    'emoticons',
    '<ac:emoticon ac:name="tick" /><ac:emoticon ac:name="x" ac:emoji-fallback="🚀" /><ac:emoticon ac:name="x" ac:emoji-shortname=":custom:" ac:emoji-fallback=":custom:" />',
    '✅🚀:custom:',
  ],
  [
    'columns',
    '<ac:layout><ac:layout-section ac:type="two_equal"><ac:layout-cell>a</ac:layout-cell><ac:layout-cell>b</ac:layout-cell></ac:layout-section></ac:layout>',
    '<div class="columns two-equal"><div class="cell">a</div><div class="cell">b</div></div>',
  ],
  ['an excerpt', macro('excerpt', rich('<p>x</p>')), '<p>x</p>'],
  [
    'an include',
    macro('include', parameter('', '<ac:link><ri:page ri:content-title="Deploying" /></ac:link>')),
    `<div class="quiet"><p class="what">The page <a href="/library/pages/77" ${top}>Deploying</a> stands here.</p></div>`,
  ],
  [
    'a Jira issue',
    macro('jira', parameter('key', 'OPS-1')),
    '<span class="quiet">Jira <code>OPS-1</code></span>',
  ],
  [
    'an unknown macro',
    macro('gliffy', parameter('name', 'x') + rich('<p>kept</p>')),
    '<div class="quiet"><p class="what">The macro <code>gliffy</code> is not shown here.</p><p>kept</p></div>',
  ],
  [
    'a new panel',
    '<ac:adf-extension><ac:adf-node type="panel"><ac:adf-attribute key="panel-type">error</ac:adf-attribute><ac:adf-content><p>x</p></ac:adf-content></ac:adf-node><ac:adf-fallback>y</ac:adf-fallback></ac:adf-extension>',
    '<div class="panel warning"><p class="panel-title">Warning</p><p>x</p></div>',
  ],
  [
    'styles as class names',
    '<p style="text-align: center; color: red; position: fixed"><span style="color: rgb(0, 102, 204)">x</span></p>',
    '<p class="center ink-red"><span class="ink-blue">x</span></p>',
  ],
  [
    'a block in a paragraph',
    `<p>a ${macro('code', code('x'))}</p>`,
    '<div class="para">a <figure class="code"><pre><code>x</code></pre></figure></div>',
  ],
  ['entities', '<p>&nbsp;&rarr; &lt;b&gt; &amp;amp;</p>', '<p>\u00a0→ &lt;b&gt; &amp;amp;</p>'],
  [
    'comments and markers',
    '<p>a<!-- b --><ac:inline-comment-marker ac:ref="1">c</ac:inline-comment-marker><ac:placeholder>d</ac:placeholder></p>',
    '<p>ac</p>',
  ],
];

suite('each macro', () => {
  for (const [about, body, html] of golden) test(about, () => assert.equal(render(body), html));
});

suite('whatever people stored', () => {
  for (const [about, body] of [...hostileBodies, ['everything', everyMacro] as const]) {
    test(`${about}: a strict parser finds nothing forbidden`, () => {
      let html = '';
      assert.doesNotThrow(() => {
        html = render(body, about);
      });
      assert.deepEqual(faultsOf(html), []);
      assert.equal(firstWall(body, about), html, 'the second wall has nothing left to do');
      assert.doesNotMatch(textOf(body), /[\ue000\ue001]/);
    });
  }

  const names = [
    'p',
    'div',
    'a',
    'table',
    'tr',
    'td',
    'li',
    'ul',
    'h1',
    'svg',
    'math',
    'style',
    'script',
    'template',
    'select',
    'form',
    'b',
    'pre',
    'details',
    'summary',
    'br',
    'img',
    'ac:link',
    'ac:image',
    'ac:layout-section',
    'ac:structured-macro',
    'ac:rich-text-body',
    'ac:plain-text-body',
    'ac:task-list',
    'ac:task',
    'ri:page',
    'x:y',
    '__proto__',
  ];
  const piece = fc.oneof(
    fc.constantFrom(...names).map((name) => `<${name}>`),
    fc.constantFrom(...names).map((name) => `</${name}>`),
    fc
      .tuple(
        fc.constantFrom(...names),
        fc.constantFrom(
          'href',
          'src',
          'style',
          'ac:name',
          'ac:anchor',
          'id',
          'class',
          'onclick',
          'ri:content-title',
          'datetime',
          'colspan',
          '__proto__',
        ),
        fc.string({ unit: 'grapheme' }),
      )
      .map(([name, key, value]) => `<${name} ${key}="${value}">`),
    fc.constantFrom(
      '<![CDATA[',
      ']]>',
      '<!--',
      '-->',
      '<?',
      '&#0;',
      '&lt;script&gt;',
      'javascript:',
      '"',
      "'",
      '<',
      '>',
      '\0',
      '\ud800',
      macro('code'),
      macro('toc'),
      macro('children'),
    ),
    fc.string({ unit: 'binary' }),
  );
  test('anything at all: rendered, strict, and reproducible', () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), fc.string({ unit: 'binary' }), (parts, title) => {
        const body = parts.join('');
        const html = render(body, title);
        assert.deepEqual(faultsOf(html), []);
        assert.equal(firstWall(body, title), html);
        assert.equal(sanitise(html), html);
        textOf(body);
      }),
      { numRuns: 4000 },
    );
  });

  test('a table with more stray elements than a call takes arguments', () => {
    assert.ok(render(`<table><x>${'<br/>'.repeat(145_000)}</x></table>`).length > 700_000);
  });

  test('time grows linearly with the length', () => {
    const patterns = [
      '<b>',
      '<p>',
      '</p>',
      '<a href="x">',
      '<table><tr><td>',
      '&amp;',
      '<!--',
      '<![CDATA[',
      '<li>',
      '<h1>x</h1>',
      '<svg>',
      '<br />',
      '<ac:link>',
      '<script>',
      '<p><table>',
      '"<',
      '<h1>',
      macro('toc'),
      `${macro('toc')}<h1>x</h1>`,
      macro('children'),
      '<ul><li>y</li></ul>',
    ];
    for (const pattern of patterns) {
      const body =
        pattern === '<ul><li>y</li></ul>'
          ? `<ul>${pattern.repeat(40_000)}</ul>`
          : pattern.repeat(300_000 / pattern.length);
      const began = performance.now();
      render(body);
      const tookMs = performance.now() - began;
      assert.ok(tookMs < 10_000, `${pattern}: ${Math.round(tookMs)} ms`);
    }
  });
});

test('the second defence holds alone, and the strict parser notices what it should', () => {
  for (const [about, body] of hostileBodies.filter(([, text]) => text.length < 30_000))
    assert.deepEqual(
      faultsOf(sanitise(body.toWellFormed().replaceAll('\0', ''))).filter(
        (fault) => !/^(a control|a link in)/.test(fault),
      ),
      [],
      about,
    );
  for (const bad of [
    '<script>x</script>',
    '<p onclick="x">x</p>',
    '<a href="javascript:x">x</a>',
    '<img src="https://x/y.png" alt="" />',
    '<p>x',
    '<p>x</b></p>',
    'a & b',
    '<p id="p-x">x</p>',
    '<a href="/x">x</a>',
    '<span id="x">x</span>',
    "<p class='x'>",
  ])
    assert.notDeepEqual(faultsOf(bad), [], bad);
});

test('the text for the search: code and titles are included, markup is not', () => {
  const text = textOf(everyMacro);
  for (const words of [
    'kubectl --context "$region"',
    'Before you start',
    'the on-call rota',
    'Older incidents',
    'runs',
  ])
    assert.ok(words === 'runs' || text.includes(words), words);
  assert.doesNotMatch(text, /CDATA|ac:|<p>|account-id|bgColor|#ff0000/);
});
