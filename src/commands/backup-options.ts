// Arguments that backup, restore and move-store share.
import type { Wrong } from './terminal.ts';

export interface Passphrase {
  /** The file to read it from; undefined, like `fd`: ask at the terminal. */
  readonly file: string | undefined;
  readonly fd: number | undefined;
}
export const passphraseOptions = {
  'with-env': { type: 'boolean', default: false },
  'passphrase-file': { type: 'string' },
  'passphrase-fd': { type: 'string' },
} as const;

/** @returns undefined if `.env` is not to be included */
export function passphraseOf(values: {
  'with-env': boolean;
  'passphrase-file'?: string | undefined;
  'passphrase-fd'?: string | undefined;
}): Passphrase | Wrong | undefined {
  const { 'passphrase-file': file, 'passphrase-fd': fd } = values;
  if (!values['with-env'])
    return file === undefined && fd === undefined
      ? undefined
      : { wrong: 'a passphrase is only used with --with-env' };
  if (file !== undefined && fd !== undefined)
    return { wrong: '--passphrase-file or --passphrase-fd, not both' };
  if (fd !== undefined && !/^\d{1,3}$/.test(fd)) return { wrong: '--passphrase-fd takes a number' };
  return { file, fd: fd === undefined ? undefined : Number(fd) };
}

/** @param what the missing argument, as named in the message */
export function onlyOne(positionals: readonly string[], what: string): string | Wrong {
  const [first, ...more] = positionals;
  return first && more.length === 0 ? first : { wrong: `give ${what}, and nothing else` };
}
