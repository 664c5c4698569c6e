// Describes the machine and the versions without naming the machine.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { arch, cpus, platform, totalmem } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { versionOfGateBinary } from '../src/doctor/look/gate-binary.ts';
import { mustHave } from '../test/support/requirement.ts';

const modules = join(import.meta.dirname, '..', 'node_modules');

/**
 * One paragraph.
 * @param extent the name of the run: `whole`
 * @param proxy the binary of oauth2-proxy, if it was measured
 * @param load the load average before it began
 */
export async function aboutRun(extent: string, proxy: string | undefined, load: number): Promise<string> {
  const gigabytes = Math.round(totalmem() / 1024 ** 3);
  const libraries = ['express', 'express-session', 'connect-redis', 'ioredis', 'helmet'].map(
    (name) => `${name} ${versionOf(name)}`,
  );
  const versions = [
    `Node.js ${process.versions.node}`,
    `Redis ${await redisVersion()}`,
    ...(proxy === undefined ? [] : [`oauth2-proxy ${await versionOfGateBinary(proxy)}`]),
    ...libraries,
  ];
  return (
    `Measured on ${new Date().toISOString().slice(0, 10)} (${extent} run) on ${cpus().length} × ${cpus()[0]?.model.trim()}, ` +
    `${gigabytes} GB, ${platform()} ${arch()}, load average ${load.toFixed(1)} before it began. ${versions.join(', ')}.`
  );
}

function versionOf(library: string): string {
  return (JSON.parse(readFileSync(join(modules, library, 'package.json'), 'utf8')) as { version: string })
    .version;
}

async function redisVersion(): Promise<string> {
  const { stdout } = await promisify(execFile)(await mustHave('redis-server'), ['--version']);
  return /\bv=(\S+)/.exec(stdout)?.[1] ?? 'of an unknown version';
}
