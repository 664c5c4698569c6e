// `gatehouse restore` at the terminal.
import { createReadStream } from 'node:fs';
import type { Writable } from 'node:stream';
import { findingWords } from '../audit/finding-words.ts';
import type { Verdict } from '../audit/verify.ts';
import { BadArchive } from './archive.ts';
import { plain, type RestoreTask, readRestoreArgs, restoreHelp } from './cli-options.ts';
import { type AskSecret, readPassphrase } from './passphrase.ts';
import type { Place } from './place.ts';
import {
  type Change,
  discard,
  putUnpacked,
  type Unpacked,
  unpack,
  verifyUnpacked,
  whatIsHere,
} from './restore.ts';
import { openEnv } from './sealed-env.ts';
import { whyOf } from './words.ts';

/** Where the backup goes, and with which secrets: known by the settings, which may be in the backup itself. */
export interface Destination {
  readonly place: Place;
  /** 64 hex digits each. */
  readonly keys: readonly string[];
  /** Ends every session, and refuses what the gate issued until now. @returns how many sessions */
  readonly endEveryone: (store: Parameters<Change>[0]) => Promise<number>;
  /** Writes into the restored record that it was restored. */
  readonly record: (
    store: Parameters<Change>[0],
    folder: string,
    facts: Readonly<Record<string, string | number>>,
  ) => Promise<void>;
  /** A server that uses the store at this moment, in words. */
  readonly whoUsesIt: () => Promise<string | undefined>;
  close(): void;
}

export interface RestoreCommand {
  /** Takes the lock of DATA_DIR, alone. @returns what is in the way, in words */
  lock(): Promise<{ readonly dataDir: string; release(): void } | { readonly wrong: string }>;
  /** By the settings that are here, or by those of `env`. @returns what is wrong with them, in words */
  destination(env: string | undefined): Destination | { readonly wrong: string };
  /** Puts `.env` in place where there is none. @returns whether it did */
  writeEnv(text: string): boolean;
  readonly ask: AskSecret;
  /** Asks for a word that can be seen; undefined where there is no terminal. */
  readonly askWord: (question: string) => Promise<string | undefined>;
  readonly input: NodeJS.ReadableStream;
  readonly output: Writable;
  err(line: string): void;
}

/** @returns the exit code */
export async function runRestore(args: readonly string[], command: RestoreCommand): Promise<number> {
  const task = readRestoreArgs(args);
  if (task === 'help') {
    command.output.write(`${restoreHelp}\n`);
    return 0;
  }
  const say = (line: string) => command.err(`gatehouse restore: ${line}`);
  if ('wrong' in task) {
    say(`${task.wrong}; see \`gatehouse restore --help\``);
    return 2;
  }
  const locked = await command.lock();
  if ('wrong' in locked) {
    say(locked.wrong);
    return 2;
  }
  let unpacked: Unpacked | undefined;
  try {
    const input = task.file === '-' ? command.input : createReadStream(task.file);
    unpacked = await unpack(locked.dataDir, input as AsyncIterable<Uint8Array>);
    return await restore(task, unpacked, command);
  } catch (error) {
    const isBad = error instanceof BadArchive;
    say(
      isBad ? `${plain(task.file)} cannot be restored: ${whyOf(error)}. Nothing was changed` : whyOf(error),
    );
    return isBad ? 1 : 2;
  } finally {
    // After a restore it is gone already.
    if (unpacked) discard(locked.dataDir, unpacked);
    locked.release();
  }
}

async function restore(task: RestoreTask, unpacked: Unpacked, command: RestoreCommand): Promise<number> {
  const say = (line: string) => command.err(`gatehouse restore: ${line}`);
  const env = task.env && (await unsealed(task.env, unpacked, command));
  if (env && 'wrong' in env) {
    say(env.wrong);
    return 2;
  }
  const destination = command.destination(env?.text);
  if ('wrong' in destination) {
    say(destination.wrong);
    return 2;
  }
  try {
    const { place, keys } = destination;
    unpacked.judge(keys);
    const verdict = await verifyUnpacked({ dataDir: place.dataDir, unpacked, keys });
    tellWhatItIs(unpacked, verdict, command);
    if (verdict.state !== 'intact' && !task.evenIfTampered) {
      say(
        'the record in it is not as it was written, so nothing was changed; --even-if-tampered restores it all the same',
      );
      return 1;
    }
    if (task.check) return verdict.state === 'intact' ? 0 : 1;
    const refusal = await mayReplace(task, destination, command);
    if (refusal !== undefined) {
      say(refusal);
      return 2;
    }
    // First: a restore that is cut off is finished with these settings.
    const wroteEnv = env !== undefined && command.writeEnv(env.text);
    let ended = 0;
    await putUnpacked(place, unpacked, async (store, folder) => {
      if (!task.keepSessions) ended = await destination.endEveryone(store);
      await destination.record(store, folder, { madeAt: unpacked.manifest.madeAt, ended });
    });
    tellDone(task, ended, wroteEnv, command);
    return 0;
  } finally {
    destination.close();
  }
}

async function mayReplace(
  { replace, yes }: RestoreTask,
  { place, whoUsesIt }: Destination,
  { askWord, err }: RestoreCommand,
): Promise<string | undefined> {
  const user = await whoUsesIt();
  if (user !== undefined) return user;
  const here = await whatIsHere(place);
  if (here.length === 0) return undefined;
  if (!replace)
    return `there is something here already: ${here.join(', ')}. --replace puts the backup in its place`;
  err(`This will be replaced, and cannot be brought back but from another backup: ${here.join(', ')}.`);
  if (yes) return undefined;
  const word = await askWord('Type "replace" to go on: ');
  if (word === undefined) return 'there is no terminal to ask on: --yes stands for the word';
  return word.trim() === 'replace' ? undefined : 'nothing was changed';
}

async function unsealed(
  passphrase: NonNullable<RestoreTask['env']>,
  { sealedEnv }: Unpacked,
  { ask }: RestoreCommand,
): Promise<{ readonly text: string } | { readonly wrong: string }> {
  if (sealedEnv === undefined)
    return { wrong: 'no .env was sealed into it; use the one that you kept elsewhere' };
  const read = await readPassphrase(passphrase, ask, false);
  if ('wrong' in read) return read;
  const text = await openEnv(sealedEnv, read.passphrase);
  return text === undefined ? { wrong: 'that is not the passphrase of this backup' } : { text };
}

function tellWhatItIs({ manifest }: Unpacked, verdict: Verdict, { err }: RestoreCommand): void {
  const { madeAt, address, program } = manifest;
  err(
    `A backup of ${plain(address)}, made ${madeAt} by Gatehouse ${plain(program)}; every file is as it was.`,
  );
  if (verdict.state === 'intact')
    err(`Its record is intact: ${verdict.count} entries, ${verdict.from} to ${verdict.to}.`);
  else err(`Its record was tampered with: ${findingWords(verdict.first)}`);
}

function tellDone(
  { keepSessions }: RestoreTask,
  ended: number,
  wroteEnv: boolean,
  { err }: RestoreCommand,
): void {
  err('Restored. Start the server now.');
  if (wroteEnv) err('.env is in place, with mode 0600.');
  if (keepSessions)
    err(
      'Sessions go on as they were at the time of the backup. Whoever was signed out since is signed in again: end those now.',
    );
  else err(`${ended} ${ended === 1 ? 'session was' : 'sessions were'} ended: everybody signs in again.`);
  err(
    'Look at the allow-list: whoever was taken off it since the backup is on it again. Who was erased since has to be erased again.',
  );
}
