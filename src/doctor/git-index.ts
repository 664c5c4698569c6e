// Whether git knows a file, and whether it is told to leave it alone: read from its own files, since git may not be installed.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';

export interface GitState {
  readonly tracked: boolean;
  readonly ignored: boolean;
  /** Of the copies beside it, those that git knows. */
  readonly trackedCopies: readonly string[];
}

/** @returns undefined outside of a repository @throws where its index is in a form that is not read here */
export function gitStateOf(path: string, copies: readonly string[] = []): GitState | undefined {
  const work = workTreeOf(dirname(resolve(path)));
  if (!work) return undefined;
  const nameOf = (file: string) => relative(work.folder, resolve(file)).split(sep).join('/');
  const index = join(work.gitFolder, 'index');
  const config = join(work.commonFolder, 'config');
  if (existsSync(config) && /^\s*objectformat\s*=\s*(?!sha1)/im.test(readFileSync(config, 'utf8')))
    throw new Error('longer names than are read here');
  const known = new Set(existsSync(index) ? indexedNames(readFileSync(index)) : []);
  return {
    tracked: known.has(nameOf(path)),
    ignored: isIgnored(nameOf(path), work.folder, work.commonFolder),
    trackedCopies: copies.filter((copy) => known.has(nameOf(copy))),
  };
}

function workTreeOf(from: string): { folder: string; gitFolder: string; commonFolder: string } | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const git = join(folder, '.git');
    const kind = statSync(git, { throwIfNoEntry: false });
    if (kind?.isDirectory()) return { folder, gitFolder: git, commonFolder: git };
    if (kind?.isFile()) {
      const gitFolder = resolve(folder, /^gitdir: (.*)$/m.exec(readFileSync(git, 'utf8'))?.[1] ?? '.');
      const common = join(gitFolder, 'commondir');
      const commonFolder = existsSync(common)
        ? resolve(gitFolder, readFileSync(common, 'utf8').trim())
        : gitFolder;
      return { folder, gitFolder, commonFolder };
    }
    if (dirname(folder) === folder) return undefined;
  }
}

/** gitformat-index: versions 2 to 4, with SHA-1 names. */
export function indexedNames(index: Buffer): string[] {
  if (index.toString('latin1', 0, 4) !== 'DIRC') throw new Error('no index');
  const [version, count] = [index.readUInt32BE(4), index.readUInt32BE(8)];
  if (version < 2 || version > 4) throw new Error('an unknown version');
  const names: string[] = [];
  let at = 12;
  for (let i = 0; i < count; i++) {
    const flags = index.readUInt16BE(at + 60);
    const start = at + 62 + (version >= 3 && (flags & 0x4000) !== 0 ? 2 : 0);
    let from = start;
    let kept = '';
    if (version === 4) {
      let drop = (index[from] ?? 0) & 0x7f;
      while (((index[from++] ?? 0) & 0x80) !== 0) drop = ((drop + 1) << 7) | ((index[from] ?? 0) & 0x7f);
      const before = names.at(-1) ?? '';
      kept = before.slice(0, before.length - drop);
    }
    const end = index.indexOf(0, from);
    if (end < 0) throw new Error('cut off');
    names.push(kept + index.toString('latin1', from, end));
    at = version === 4 ? end + 1 : at + (Math.floor((end - at) / 8) + 1) * 8;
  }
  return names;
}

/** gitignore: the last pattern that matches wins, deeper files before higher ones. */
function isIgnored(name: string, work: string, gitFolder: string): boolean {
  const folders = name.split('/').slice(0, -1);
  const sources = [
    [join(gitFolder, 'info', 'exclude'), name] as const,
    ...[...folders.keys(), folders.length].map(
      (depth) =>
        [
          join(work, ...folders.slice(0, depth), '.gitignore'),
          name.split('/').slice(depth).join('/'),
        ] as const,
    ),
  ];
  let ignored = false;
  for (const [file, inner] of sources) {
    if (!existsSync(file)) continue;
    for (const line of readFileSync(file, 'utf8').split(/\r?\n/)) {
      const pattern = line.replace(/(?<!\\)\s+$/, '');
      if (pattern === '' || pattern.startsWith('#')) continue;
      const negated = pattern.startsWith('!');
      if (matchesPattern(inner, negated ? pattern.slice(1) : pattern)) ignored = !negated;
    }
  }
  return ignored;
}

function matchesPattern(name: string, pattern: string): boolean {
  const bare = pattern.replace(/\/$/, '');
  const isRooted = bare.includes('/');
  const parts = name.split('/');
  // A pattern for folders alone matches those above the file.
  const whole = pattern.endsWith('/') ? parts.slice(0, -1) : parts;
  const regex = new RegExp(`^${toRegex(bare.replace(/^\//, ''))}$`);
  return isRooted
    ? whole.some((_part, i) => regex.test(whole.slice(0, i + 1).join('/')))
    : whole.some((part) => regex.test(part));
}

function toRegex(pattern: string): string {
  return pattern.replace(/\*\*\/|\*\*|\*|\?|\[[^\]]*\]|[.+^${}()|\\]/g, (part) => {
    if (part === '**/') return '(?:.*/)?';
    if (part === '**') return '.*';
    if (part === '*') return '[^/]*';
    if (part === '?') return '[^/]';
    return part.startsWith('[') ? part.replace('[!', '[^') : `\\${part}`;
  });
}
