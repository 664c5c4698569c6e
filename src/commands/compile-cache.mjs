// Keeps compiled code between runs: a warm start takes about half the time. Anyone who can write to that folder can run code here, so it
// is used only if nobody else can. Plain JavaScript, so that it can be enabled before Node loads what removes types from TypeScript, which
// takes about 10 MB of memory.
import { existsSync, lstatSync, mkdirSync, realpathSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';

/**
 * Never fails and never prints anything: without the cache everything works, but starts more slowly.
 * @param {NodeJS.ProcessEnv} env
 */
export function useCompileCache(env = process.env) {
  // In that case Node has enabled it itself. The container image contains its own cache, which nobody can write to.
  if (env['NODE_COMPILE_CACHE'] || env['NODE_DISABLE_COMPILE_CACHE']) return;
  const folder = cacheFolder(env);
  if (folder !== undefined) enableCompileCache(folder);
}

/**
 * @param {NodeJS.ProcessEnv} env
 * @returns {string | undefined} systemd's CacheDirectory=, or this user's cache folder; undefined if others could write to it
 */
export function cacheFolder(env) {
  try {
    const [systemd] = (env['CACHE_DIRECTORY'] ?? '').split(':');
    const base = systemd || env['XDG_CACHE_HOME'] || join(env['HOME'] || homedir(), '.cache');
    if (!isAbsolute(base)) return undefined;
    const folder = join(base, 'gatehouse-compiled');
    // Not recursive: a missing home folder is not created, and Node's recursive mkdir never returns below /proc.
    for (const path of [base, folder]) if (!existsSync(path)) mkdirSync(path, { mode: 0o700 });
    const real = realpathSync(folder);
    return isPrivate(real, process.getuid?.()) ? real : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Whether only this user and root can change the folder, or replace it or one above it.
 * @param {string} folder
 * @param {number | undefined} uid
 */
function isPrivate(folder, uid) {
  if (uid === undefined) return false;
  for (let path = folder; ; path = dirname(path)) {
    const { mode, uid: owner } = lstatSync(path);
    const isOurs = owner === uid || owner === 0;
    const isSticky = (mode & 0o1000) !== 0 && path !== folder;
    if (!isOurs || ((mode & 0o022) !== 0 && !isSticky)) return false;
    if (path === dirname(path)) return true;
  }
}
