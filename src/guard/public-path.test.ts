// A table of request targets: only those that every server reads as the same path can be public.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { PublicPath } from './contract.ts';
import { isPublic, parsePublicPath } from './public-path.ts';

function pathsOf(...texts: string[]): { publicPaths: PublicPath[] } {
  const publicPaths = texts.map((text) => {
    const found = parsePublicPath(text);
    assert.ok('path' in found, text);
    return found.path;
  });
  return { publicPaths };
}

const app = pathsOf('/api/health', '/public/*', '/docs/', '/.well-known/*', '/a.b/*');

const open = [
  '/api/health',
  '/api/health?x=1&y=/../z',
  '/api/health?',
  '/api/health?#%2e%2e',
  '/public/',
  '/public/img/logo.png',
  "/public/a-b_c~d!$&'()*+,=:@e.js",
  '/public/x/',
  '/public/.hidden',
  '/docs/',
  '/.well-known/jwks.json',
  '/a.b/c',
];

const closed: readonly (readonly [uri: string, why: string])[] = [
  ['/', 'not listed'],
  ['', 'empty'],
  ['*', 'asterisk-form'],
  ['/api', 'above an exact path'],
  ['/api/health/', 'another path than without the slash'],
  ['/api/healthz', 'only begins alike'],
  ['/API/health', 'case counts'],
  ['/public', 'the folder without its slash'],
  ['/publicity', 'only begins alike'],
  ['/docs', 'listed with its slash'],
  ['/docs/x', 'below an exact path'],
  ['/a.bc/c', 'only begins alike'],
  ['/a-b/c', 'the dot is a dot'],
  ['/public/../admin', 'a part ..'],
  ['/public/..', 'a part .. at the end'],
  ['/public/..?x', 'a part .. before the query'],
  ['/public/.../admin', 'three dots'],
  ['/public/a..b', 'two dots in a name'],
  ['/public/./admin', 'a part .'],
  ['/public/.', 'a part . at the end'],
  ['/public//admin', 'two slashes'],
  ['//public/x', 'two slashes at the begin'],
  ['/public/x//', 'two slashes at the end'],
  ['/public/%2e%2e/admin', 'encoded dots'],
  ['/public/%2E%2E/admin', 'encoded dots'],
  ['/public/.%2e/admin', 'half encoded dots'],
  ['/public/%252e%252e/admin', 'doubly encoded'],
  ['/public/%2fadmin', 'an encoded slash'],
  ['/public/%5cadmin', 'an encoded backslash'],
  ['/public/%00', 'an encoded NUL'],
  ['/public/%61', 'an encoded letter'],
  ['/public/%', 'a percent sign alone'],
  ['/publi%63/x', 'an encoded letter in the folder'],
  ['/api/health%20', 'an encoded space'],
  ['/api/health%3fx', 'an encoded question mark'],
  ['/public/..;/admin', 'a parameter after dots'],
  ['/public/;/../admin', 'a parameter'],
  ['/public/x;jsessionid=1', 'a parameter'],
  ['/api/health;x', 'a parameter'],
  ['/public\\..\\admin', 'backslashes'],
  ['/public/\\admin', 'a backslash'],
  ['\\public/x', 'a backslash at the begin'],
  ['/public/x#y', 'a fragment'],
  ['/api/health#', 'an empty fragment'],
  ['/public/x\t', 'a tab'],
  ['/public/x\n', 'a line feed'],
  ['/public/x\r\nX-A: b', 'a header'],
  ['/public/x\0', 'a NUL'],
  ['/public/x\x7f', 'DEL'],
  ['/public/x y', 'a space'],
  [' /public/x', 'a space at the begin'],
  ['/public/ä', 'a raw character beyond ASCII'],
  ['/public/\u2025/admin', 'two dots in one character'],
  ['/public/\uff0e\uff0e/admin', 'full-width dots'],
  ['/public/"x"', 'quotation marks'],
  ['/public/<x>', 'angle brackets'],
  ['/public/{x}', 'braces'],
  ['/public/[x]', 'brackets'],
  ['/public/x|y', 'a bar'],
  ['/public/x^y', 'a caret'],
  ['/public/`x`', 'backticks'],
  ['http://app.example.org/public/x', 'absolute-form'],
  ['https:/public/x', 'a scheme'],
  ['app.example.org:443', 'authority-form'],
  ['public/x', 'no slash'],
  ['?/public/x', 'a query alone'],
];

test('what is listed is public, whatever the query says', () => {
  for (const uri of open) assert.equal(isPublic(app, uri), true, uri);
});

test('what is not listed, or could be read as another path, is not public', () => {
  for (const [uri, why] of closed) assert.equal(isPublic(app, uri), false, `${JSON.stringify(uri)}: ${why}`);
});

test('without public paths nothing is', () => {
  for (const uri of [...open, '/', '']) assert.equal(isPublic({ publicPaths: [] }, uri), false);
});

test('whatever is public stays below its folder, however it is decoded and normalised', () => {
  const part = fc.constantFrom(
    '..',
    '.',
    '/',
    '//',
    '%2e',
    '%2f',
    '%5c',
    '\\',
    ';',
    'x',
    '?',
    '#',
    '%',
    'admin',
  );
  const uri = fc.array(part, { maxLength: 8 }).map((parts) => `/public/${parts.join('')}`);
  fc.assert(
    fc.property(uri, (raw) => {
      if (!isPublic(app, raw)) return;
      const path = raw.split('?', 1)[0] ?? '';
      const decoded = decodeURIComponent(decodeURIComponent(path))
        .replaceAll('\\', '/')
        .replace(/;[^/]*/g, '');
      assert.ok(new URL(decoded, 'http://x').pathname.startsWith('/public/'), raw);
      assert.equal(new URL(decoded, 'http://x').pathname, path);
    }),
    { numRuns: 2000 },
  );
});
