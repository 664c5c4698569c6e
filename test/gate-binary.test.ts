// Which oauth2-proxy binaries are accepted, and how their version is determined.
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import { findOauth2Proxy } from '../demo/oauth2-proxy.ts';
import { lookForGateBinary } from '../src/doctor/look/software.ts';

suite('oauth2-proxy binaries', { skip: process.platform === 'win32' && 'needs a shell' }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-binary-'));
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** A program that prints what oauth2-proxy prints, followed by Go's build information as in a real binary. */
  function binary(name: string, says: string, builtFrom: string): string {
    const path = join(folder, name);
    const information = `path\tgithub.com/oauth2-proxy/oauth2-proxy/v7\nmod\tgithub.com/oauth2-proxy/oauth2-proxy/v7\t${builtFrom}\th1:x=\n`;
    writeFileSync(
      path,
      `#!/bin/sh\necho 'oauth2-proxy ${says} (built with go1.26.8)'\nexit 0\n\0${information}`,
    );
    chmodSync(path, 0o755);
    return path;
  }

  async function versionOf(path: string): Promise<string> {
    const seen = await lookForGateBinary({ OAUTH2_PROXY_BIN: path });
    return 'found' in seen ? seen.found.version : `missing: ${seen.missing}`;
  }

  test('the version comes from the binary’s own output, or else from Go’s build information', async () => {
    assert.equal(await versionOf(binary('stamped', 'v7.15.6', '(devel)')), '7.15.6');
    assert.equal(await versionOf(binary('installed', 'undefined', 'v7.15.6')), '7.15.6');
    assert.equal(await versionOf(binary('both', 'v7.15.5', 'v7.15.6')), '7.15.5');
    assert.match(await versionOf(binary('neither', 'undefined', '(devel)')), /does not report its version/);
  });

  test('a binary from `go install` is accepted for the demo and the tests, an old one is not', async (t) => {
    const before = process.env['OAUTH2_PROXY_BIN'];
    t.after(() => {
      if (before === undefined) delete process.env['OAUTH2_PROXY_BIN'];
      else process.env['OAUTH2_PROXY_BIN'] = before;
    });
    process.env['OAUTH2_PROXY_BIN'] = binary('new', 'undefined', 'v7.15.6');
    assert.equal(await findOauth2Proxy(), process.env['OAUTH2_PROXY_BIN']);
    for (const [name, version] of [
      ['old', 'v7.15.1'],
      ['next', 'v8.0.0'],
      ['own', '(devel)'],
    ] as const) {
      process.env['OAUTH2_PROXY_BIN'] = binary(name, 'undefined', version);
      await assert.rejects(findOauth2Proxy(), /is not an oauth2-proxy 7\.15\.2 or newer/, version);
    }
  });
});
