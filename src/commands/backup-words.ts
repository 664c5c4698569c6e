// How backup and restore describe what went wrong.
import { BadArchive } from '../backup/archive.ts';

/** One line, without a full stop. */
export function whyOf(error: unknown): string {
  const { name, message, code, path, cause } = error as NodeJS.ErrnoException & { readonly cause?: unknown };
  if (error instanceof BadArchive) return message;
  if (name === 'StoreUnavailable') return 'the store does not answer';
  if (code === 'ENOSPC') return 'the disk is full';
  if (code === 'ENOENT' && path !== undefined) return `${path} does not exist`;
  if (code !== undefined && /^E[A-Z\d]+$/.test(code)) return `${path ?? 'a file'} cannot be used: ${code}`;
  if (cause !== undefined && message === '') return whyOf(cause);
  return message;
}

/** A size in kB or MB, for people. */
export function sizeOf(bytes: number): string {
  return bytes < 1_000_000 ? `${Math.ceil(bytes / 1000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}
