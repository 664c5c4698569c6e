// Every preset keeps the rules that the apps file sets for headers, and tells people what to do.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readApps } from './apps-document.ts';
import { presets } from './presets.ts';

test('every preset can be named in the apps file', () => {
  for (const [name, { headers }] of presets) {
    const text = `apps:\n  a:\n    url: https://a.example.org\n    who: []\n    headers: ${name}\n`;
    const read = readApps(text, 'https://desk.example.org');
    assert.ok('apps' in read, JSON.stringify(read));
    assert.deepEqual(read.apps.apps.get('a')?.headers, headers);
  }
});

test('the headers of every preset would be accepted if they were written out', () => {
  for (const [name, { headers }] of presets) {
    const { userIs, ...names } = headers;
    const own = JSON.stringify({ ...names, ...(names.user !== undefined && { 'user-is': userIs }) });
    const text = `apps:\n  a:\n    url: https://a.example.org\n    who: []\n    headers: ${own}\n`;
    const read = readApps(text, 'https://desk.example.org');
    assert.ok('apps' in read, `${name}: ${JSON.stringify(read)}`);
    assert.deepEqual(read.apps.apps.get('a')?.headers, headers);
  }
});

test('no preset tells an app the part before the @, which is not unique', () => {
  for (const [name, { headers }] of presets) assert.equal(headers.userIs, 'email', name);
});

test('a preset names its headers in its setup, or says that people sign in twice', () => {
  for (const [name, { headers, setup }] of presets) {
    assert.doesNotMatch(setup, /\n/);
    const header = headers.user ?? headers.email;
    if (header === undefined) assert.match(setup, /a second time/, name);
    // Gitea's, Forgejo's and Paperless-ngx's are the apps' defaults.
    else if (!['gitea', 'forgejo', 'paperless-ngx'].includes(name)) {
      assert.match(setup, new RegExp(`${header}|HTTP_${header.replaceAll('-', '_')}`, 'i'), name);
    }
  }
});
