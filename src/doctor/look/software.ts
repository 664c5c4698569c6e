// Gathers what is installed: the packages, compared with package-lock.json, and the oauth2-proxy binary.
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { z } from 'zod';
import type { Deployment, Software } from '../deployment.ts';
import { versionOfGateBinary } from './gate-binary.ts';

const lockFile = z.object({
  packages: z.record(z.string(), z.object({ version: z.string().optional() })),
});
const manifest = z.object({ version: z.string(), dependencies: z.record(z.string(), z.string()).optional() });

/** @param programFolder where package.json, package-lock.json and node_modules are */
export function lookAtPackages(programFolder: string): Software['packages'] {
  const read = (path: string): unknown => JSON.parse(readFileSync(join(programFolder, path), 'utf8'));
  if (!existsSync(join(programFolder, 'package-lock.json'))) return { missing: 'no package-lock.json here' };
  try {
    const locked = lockFile.parse(read('package-lock.json')).packages;
    const { dependencies = {} } = manifest.parse(read('package.json'));
    return {
      found: Object.keys(dependencies).flatMap((name) => {
        const path = `node_modules/${name}`;
        const installed = existsSync(join(programFolder, path, 'package.json'))
          ? manifest.parse(read(`${path}/package.json`)).version
          : 'nothing';
        return [{ name, installed, locked: locked[path]?.version ?? 'nothing' }];
      }),
    };
  } catch {
    return { missing: 'package-lock.json or a package’s package.json cannot be read', unread: true };
  }
}

/** The version of the oauth2-proxy binary that would be started. */
export async function lookForGateBinary(
  env: Readonly<Record<string, string | undefined>>,
): Promise<Deployment['software']['gate']> {
  const folders = [...(env['PATH'] ?? '').split(delimiter), join(homedir(), 'go', 'bin')].filter(Boolean);
  const path = [env['OAUTH2_PROXY_BIN'] ?? '', ...folders.map((folder) => join(folder, 'oauth2-proxy'))].find(
    (candidate) => candidate !== '' && existsSync(candidate),
  );
  if (path === undefined) return { missing: 'no oauth2-proxy binary is on the path here' };
  const version = await versionOfGateBinary(path);
  return version === undefined
    ? { missing: 'oauth2-proxy is here but does not report its version', unread: true }
    : { found: { version, from: 'the oauth2-proxy on the path' } };
}
