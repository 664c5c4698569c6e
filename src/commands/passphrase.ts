// The passphrase of a sealed `.env`: from a file, from a file descriptor, or from the terminal without an echo.
import { readFileSync } from 'node:fs';
import { shortestPassphrase } from '../backup/sealed-env.ts';
import type { Passphrase } from './backup-options.ts';
import type { AskSecret } from './question.ts';
import type { Wrong } from './terminal.ts';

/** @param isNew ask twice, and require the minimum length. @returns the passphrase, or what is wrong, in words */
export async function readPassphrase(
  { file, fd }: Passphrase,
  ask: AskSecret,
  isNew: boolean,
): Promise<{ readonly passphrase: string } | Wrong> {
  const source = file ?? fd;
  const passphrase =
    source === undefined
      ? await ask('Passphrase for .env: ')
      : readFileSync(source, 'utf8').split(/\r?\n/, 1)[0];
  if (passphrase === undefined)
    return {
      wrong: 'there is no terminal to ask for the passphrase in: use --passphrase-file or --passphrase-fd',
    };
  if (isNew && passphrase.length < shortestPassphrase)
    return {
      wrong: `the passphrase needs at least ${shortestPassphrase} characters; four random words make a good one`,
    };
  if (isNew && source === undefined && (await ask('Once more: ')) !== passphrase)
    return { wrong: 'the two passphrases differ; nothing was written' };
  return { passphrase };
}
