// npm 11 and later refuse a lockfile that was created without the packages of some platforms (npm/cli issue 9846): finds such gaps.
import { readFileSync } from 'node:fs';

interface Locked {
  readonly version?: string;
  readonly dependencies?: Record<string, string>;
  readonly optionalDependencies?: Record<string, string>;
}

const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
  packages: Record<string, Locked>;
};

/** Whether the lockfile has `name` where Node.js would look for it from `from`: its own node_modules, then each one above. */
function isLocked(name: string, from: string): boolean {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
    if (packages[`${folder ? `${folder}/` : ''}node_modules/${name}`]) return true;
    if (!folder) return false;
  }
}

const gaps = Object.entries(packages).flatMap(([path, { dependencies, optionalDependencies }]) =>
  Object.keys({ ...dependencies, ...optionalDependencies })
    .filter((name) => !isLocked(name, path))
    .map((name) => `${path || 'this package'} needs ${name}, which package-lock.json does not have`),
);
for (const gap of gaps) process.stderr.write(`${gap}\n`);
process.exitCode = gaps.length > 0 ? 1 : 0;
