// The second line of defence on its own, with markup that the clean tree would never produce.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sanitise } from './sanitise.ts';

test('a link leads within the page, to the library, or to an allowed scheme; anything else becomes text', () => {
  for (const [href, attributes] of [
    ['#p-one', 'href="#p-one"'],
    [
      'https://example.org/a?b=1',
      'href="https://example.org/a?b=1" rel="noopener noreferrer" target="_blank"',
    ],
    ['http://example.org/', 'href="http://example.org/" rel="noopener noreferrer" target="_blank"'],
    ['mailto:ada@example.org', 'href="mailto:ada@example.org" rel="noopener noreferrer" target="_blank"'],
    ['/library/pages/1', 'href="/library/pages/1" rel="noopener noreferrer" target="_top"'],
    ['./page.html', 'href="./page.html" rel="noopener noreferrer" target="_top"'],
  ])
    assert.equal(sanitise(`<a href="${href}" onclick="x">y</a>`), `<a ${attributes}>y</a>`);
  for (const href of [
    '//evil.example/',
    '\\\\evil.example/',
    '/\\evil.example/',
    '/logout',
    '/library',
    'javascript:alert(1)',
    'JaVaScRiPt:alert(1)',
    'java&#10;script:alert(1)',
    'data:text/html,x',
    'vbscript:x',
    'ftp://example.org/',
    'tel:1',
    ' https://example.org/',
    '#other',
    '../up',
    '',
  ])
    assert.equal(sanitise(`<a href="${href}" target="_self">y</a>`), '<a>y</a>', href);
});

test('an image comes from the library or is left out', () => {
  const own = '/library/attachments/12-a%20b_c.~.png';
  assert.equal(
    sanitise(`<img src="${own}" alt="a" onerror="x" srcset="/x" loading="lazy">`),
    `<img src="${own}" alt="a" loading="lazy" />`,
  );
  assert.equal(
    sanitise(`<img src="/library/attachments/${'a'.repeat(200)}">`).length,
    '<img src="/library/attachments/" />'.length + 200,
  );
  for (const src of [
    'https://evil.example/a.png',
    'http://evil.example/library/attachments/a',
    '//evil.example/library/attachments/a',
    'data:image/png;base64,AAAA',
    'javascript:alert(1)',
    'mailto:ada@example.org',
    '/library/attachments/',
    '/library/attachments/../pages/1',
    '/library/attachments/a?b',
    `/library/attachments/${'a'.repeat(201)}`,
    '/logout',
    '',
  ])
    assert.equal(sanitise(`a<img src="${src}">b`), 'ab', src);
  assert.equal(sanitise('<img alt="no source">'), '');
});

test('elements nested deeper than 400 are left out', () => {
  const nested = (depth: number) => `${'<div>'.repeat(depth)}x${'</div>'.repeat(depth)}`;
  assert.equal(sanitise(nested(400)), nested(400));
  assert.equal(sanitise(nested(401)).match(/<div>/g)?.length, 400);
});

test('only ids and classes set by the clean tree are kept', () => {
  const colours = 'grey red yellow green teal blue purple'.split(' ');
  const steps = [1, 2, 3, 4, 5, 6];
  const kept = [
    ...colours.flatMap((name) => [`<td class="tint-${name}">x</td>`, `<span class="${name}">x</span>`]),
    ...colours.map((name) => `<p class="ink-${name}">x</p>`),
    ...steps.flatMap((step) => [`<p class="indent-${step}">x</p>`, `<li class="level-${step}">x</li>`]),
    '<h2 id="p-one">x</h2>',
  ].map((cell) => (cell.startsWith('<td') ? `<table><tbody><tr>${cell}</tr></tbody></table>` : cell));
  for (const markup of kept) assert.equal(sanitise(markup), markup);
  for (const [markup, left] of [
    ['<p class="indent-0 indent-7 indent-8 indent-10 indent-12 rail">x</p>', '<p>x</p>'],
    ['<li class="level-0 level-7 level-8 level-10 level-12">x</li>', '<li>x</li>'],
    ['<h2 id="one">x</h2>', '<h2>x</h2>'],
    ['<p id="p-one" style="color:red">x</p>', '<p>x</p>'],
  ] as const)
    assert.equal(sanitise(markup), left);
});

test('anything that could run, load or imitate the site is left out', () => {
  for (const [markup, left] of [
    ['a<script>x</script>b', 'ab'],
    ['a<style>x</style>b', 'ab'],
    ['a<iframe src="/x"></iframe>b', 'ab'],
    ['a<form action="/logout"><button>y</button></form>b', 'ayb'],
    ['a<svg><a href="javascript:x">y</a></svg>b', 'a<a>y</a>b'],
    ['a<base href="//evil.example">b', 'ab'],
  ] as const)
    assert.equal(sanitise(markup), left);
});
