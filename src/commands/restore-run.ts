// What `gatehouse restore` does, in which order, and what it prints.
import { createReadStream } from 'node:fs';
import { findingWords } from '../audit/finding-words.ts';
import type { Verdict } from '../audit/verify.ts';
import { BadArchive } from '../backup/archive.ts';
import type { Place } from '../backup/place.ts';
import {
  type Change,
  discard,
  putUnpacked,
  type Unpacked,
  unpack,
  verifyUnpacked,
  whatIsHere,
} from '../backup/restore.ts';
import { openEnv } from '../backup/sealed-env.ts';
import type { Passphrase } from './backup-options.ts';
import { whyOf } from './backup-words.ts';
import { readPassphrase } from './passphrase.ts';
import type { AskSecret } from './question.ts';
import type { ExitCode, Say, Wrong } from './terminal.ts';

export interface RestoreTask {
  readonly file: string;
  readonly check: boolean;
  readonly replace: boolean;
  readonly yes: boolean;
  readonly keepSessions: boolean;
  readonly evenIfTampered: boolean;
  readonly env: Passphrase | undefined;
}

/** Where the backup goes, and with which secrets: known by the settings, which may be in the backup itself. */
export interface Destination {
  readonly place: Place;
  /** 64 hex digits each. */
  readonly keys: readonly string[];
  /** Ends every session, and refuses everything that the gate has issued so far. @returns how many sessions */
  readonly endEveryone: (store: Parameters<Change>[0]) => Promise<number>;
  /** Writes into the restored record that it was restored. */
  readonly record: (
    store: Parameters<Change>[0],
    folder: string,
    facts: Readonly<Record<string, string | number>>,
  ) => Promise<void>;
  /** A server that is using the store right now, in words. */
  readonly whoUsesIt: () => Promise<string | undefined>;
  close(): void;
}

export interface RestoreParts {
  /** Takes the exclusive lock of DATA_DIR. @returns what prevents it, in words */
  lock(): Promise<{ readonly dataDir: string; release(): void } | Wrong>;
  /** From the current settings, or from those in `env`. @returns what is wrong with them, in words */
  destination(env: string | undefined): Destination | Wrong;
  /** Writes `.env` if there is none. @returns whether it did */
  writeEnv(text: string): boolean;
  readonly ask: AskSecret;
  /** Asks for a word, with an echo; undefined if there is no terminal. */
  readonly askWord: (question: string) => Promise<string | undefined>;
  readonly input: NodeJS.ReadableStream;
}

export async function runRestore(task: RestoreTask, parts: RestoreParts, say: Say): Promise<ExitCode> {
  const locked = await parts.lock();
  if ('wrong' in locked) {
    say.fault(locked.wrong);
    return 2;
  }
  let unpacked: Unpacked | undefined;
  try {
    const input = task.file === '-' ? parts.input : createReadStream(task.file);
    unpacked = await unpack(locked.dataDir, input as AsyncIterable<Uint8Array>);
    return await restore(task, unpacked, parts, say);
  } catch (error) {
    const isBad = error instanceof BadArchive;
    say.fault(isBad ? `${task.file} cannot be restored: ${whyOf(error)}. Nothing was changed` : whyOf(error));
    return isBad ? 1 : 2;
  } finally {
    // After a restore it has been moved already.
    if (unpacked) discard(locked.dataDir, unpacked);
    locked.release();
  }
}

async function restore(
  task: RestoreTask,
  unpacked: Unpacked,
  parts: RestoreParts,
  say: Say,
): Promise<ExitCode> {
  const env = task.env && (await unsealed(task.env, unpacked, parts));
  if (env && 'wrong' in env) {
    say.fault(env.wrong);
    return 2;
  }
  const destination = parts.destination(env?.text);
  if ('wrong' in destination) {
    const [first = '', ...rest] = destination.wrong.split('\n');
    say.fault(first);
    for (const line of rest) say.note(line);
    return 2;
  }
  try {
    const { place, keys } = destination;
    unpacked.judge(keys);
    const verdict = await verifyUnpacked({ dataDir: place.dataDir, unpacked, keys });
    tellWhatItIs(unpacked, verdict, say);
    if (verdict.state !== 'intact' && !task.evenIfTampered) {
      say.fault(
        'the record in it is not intact, so nothing was changed; --even-if-tampered restores it anyway',
      );
      return 1;
    }
    if (task.check) return verdict.state === 'intact' ? 0 : 1;
    const refusal = await mayReplace(task, destination, parts, say);
    if (refusal !== undefined) {
      say.fault(refusal);
      return 2;
    }
    // First, because an interrupted restore is finished with these settings.
    const wroteEnv = env !== undefined && parts.writeEnv(env.text);
    let ended = 0;
    await putUnpacked(place, unpacked, async (store, folder) => {
      if (!task.keepSessions) ended = await destination.endEveryone(store);
      await destination.record(store, folder, { madeAt: unpacked.manifest.madeAt, ended });
    });
    tellDone(task, ended, wroteEnv, say);
    return 0;
  } finally {
    destination.close();
  }
}

async function mayReplace(
  { replace, yes }: RestoreTask,
  { place, whoUsesIt }: Destination,
  { askWord }: RestoreParts,
  { note }: Say,
): Promise<string | undefined> {
  const user = await whoUsesIt();
  if (user !== undefined) return user;
  const here = await whatIsHere(place);
  if (here.length === 0) return undefined;
  if (!replace)
    return `this deployment already has data: ${here.join(', ')}. --replace replaces it with the backup`;
  note(`This will be replaced, and only another backup could bring it back: ${here.join(', ')}.`);
  if (yes) return undefined;
  const word = await askWord('Type "replace" to continue: ');
  if (word === undefined) return 'there is no terminal to ask in: use --yes instead of typing the word';
  return word.trim() === 'replace' ? undefined : 'nothing was changed';
}

async function unsealed(
  passphrase: NonNullable<RestoreTask['env']>,
  { sealedEnv }: Unpacked,
  { ask }: RestoreParts,
): Promise<{ readonly text: string } | Wrong> {
  if (sealedEnv === undefined)
    return { wrong: 'it does not include a .env; use the one that you kept elsewhere' };
  const read = await readPassphrase(passphrase, ask, false);
  if ('wrong' in read) return read;
  const text = await openEnv(sealedEnv, read.passphrase);
  return text === undefined ? { wrong: 'that is not the passphrase of this backup' } : { text };
}

function tellWhatItIs({ manifest }: Unpacked, verdict: Verdict, { note }: Say): void {
  const { madeAt, address, program } = manifest;
  note(`A backup of ${address}, made ${madeAt} by Gatehouse ${program}; every file is intact.`);
  if (verdict.state === 'intact')
    note(`Its record is intact: ${verdict.count} entries, ${verdict.from} to ${verdict.to}.`);
  else note(`Its record was tampered with: ${findingWords(verdict.first)}`);
}

function tellDone({ keepSessions }: RestoreTask, ended: number, wroteEnv: boolean, { note }: Say): void {
  note('Restored. Start the server now.');
  if (wroteEnv) note('.env is in place, with mode 0600.');
  if (keepSessions)
    note(
      'Sessions continue as they were at the time of the backup. People who were signed out since then are signed in again: end those sessions now.',
    );
  else
    note(`${ended} ${ended === 1 ? 'session was' : 'sessions were'} ended: everyone has to sign in again.`);
  note(
    'Check the allow-list: addresses that were removed since the backup are on it again. People who were erased since then have to be erased again.',
  );
}
