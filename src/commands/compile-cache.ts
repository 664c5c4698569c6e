// Keeps compiled code between runs: a warm start takes about half of the time. Whoever can write to that folder can run code here, so it is
// used only where nobody else can.
import { existsSync, lstatSync, mkdirSync, realpathSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';

/** Never a reason to fail, and not worth a word: without it everything works, and starts more slowly. */
export function useCompileCache(env: NodeJS.ProcessEnv = process.env): void {
  // Node has turned it on itself by then. The container's image brings its own, which nobody can write to.
  if (env['NODE_COMPILE_CACHE'] || env['NODE_DISABLE_COMPILE_CACHE']) return;
  const folder = cacheFolder(env);
  if (folder !== undefined) enableCompileCache(folder);
}

/** systemd's CacheDirectory=, or the cache folder of this user; undefined where others could write to it. */
export function cacheFolder(env: NodeJS.ProcessEnv): string | undefined {
  try {
    const [systemd] = (env['CACHE_DIRECTORY'] ?? '').split(':');
    const base = systemd || env['XDG_CACHE_HOME'] || join(env['HOME'] || homedir(), '.cache');
    if (!isAbsolute(base)) return undefined;
    const folder = join(base, 'gatehouse-compiled');
    // Not recursively: a home that is not there is not made, and Node never returns from that below /proc.
    for (const path of [base, folder]) if (!existsSync(path)) mkdirSync(path, { mode: 0o700 });
    const real = realpathSync(folder);
    return isPrivate(real, process.getuid?.()) ? real : undefined;
  } catch {
    return undefined;
  }
}

/** Only this user and root can change the folder, or put another one in the place of it or of one above it. */
function isPrivate(folder: string, uid: number | undefined): boolean {
  if (uid === undefined) return false;
  for (let path = folder; ; path = dirname(path)) {
    const { mode, uid: owner } = lstatSync(path);
    const isOurs = owner === uid || owner === 0;
    const isSticky = (mode & 0o1000) !== 0 && path !== folder;
    if (!isOurs || ((mode & 0o022) !== 0 && !isSticky)) return false;
    if (path === dirname(path)) return true;
  }
}
