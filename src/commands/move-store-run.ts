// What `gatehouse move-store` does, and what it prints.
import { type MovePlace, moveToFile, moveToRedis, outlook } from '../backup/move.ts';
import { whyOf } from './backup-words.ts';
import type { ExitCode, Say, Wrong } from './terminal.ts';

export interface MoveTask {
  readonly to: 'redis' | 'filesystem';
  readonly replace: boolean;
  readonly yes: boolean;
}

export interface MoveParts {
  /** The current value of SESSION_BACKEND. */
  readonly from: MoveTask['to'];
  /** Takes the exclusive lock, and requires that no server uses Redis. @returns what prevents it, in words */
  open(): Promise<(MovePlace & { close(): void }) | Wrong>;
  /** Adds an entry to the record before the record is moved. */
  record(place: MovePlace, to: MoveTask['to']): Promise<void>;
  readonly askWord: (question: string) => Promise<string | undefined>;
}

const names = { redis: 'Redis', filesystem: 'the file in DATA_DIR' } as const;

export async function runMove(task: MoveTask, parts: MoveParts, say: Say): Promise<ExitCode> {
  if (task.to === parts.from) {
    say.fault(`according to SESSION_BACKEND, sessions are already in ${names[task.to]}`);
    return 2;
  }
  const place = await parts.open();
  if ('wrong' in place) {
    say.fault(place.wrong);
    return 2;
  }
  try {
    const refusal = await refusalOf(task, place, parts);
    if (refusal !== undefined) {
      say.fault(refusal);
      return 2;
    }
    await parts.record(place, task.to);
    const entries = await (task.to === 'redis' ? moveToRedis(place) : moveToFile(place));
    say.note(`Moved to ${names[task.to]}, with ${entries} entries of the record. Nobody was signed out.`);
    say.note(
      `Set SESSION_BACKEND=${task.to} in .env now, and start the server. ${names[parts.from]} is closed.`,
    );
    return 0;
  } catch (error) {
    say.fault(`${whyOf(error)}. Run the same command again`);
    return 2;
  } finally {
    place.close();
  }
}

async function refusalOf(
  { to, replace, yes }: MoveTask,
  place: MovePlace,
  parts: MoveParts,
): Promise<string | undefined> {
  const state = await outlook(place, to);
  if (state === 'no source') return `there is nothing to move in ${names[parts.from]}`;
  if (state === 'moved away') return `it has already been moved; set SESSION_BACKEND=${to}`;
  if (state === 'free') return undefined;
  if (!replace)
    return `there are already sessions in ${names[to]}; --replace replaces them with those of ${names[parts.from]}`;
  if (yes) return undefined;
  const word = await parts.askWord(`What ${names[to]} holds will be lost. Type "replace" to continue: `);
  if (word === undefined) return 'there is no terminal to ask in: use --yes instead of typing the word';
  return word.trim() === 'replace' ? undefined : 'nothing was changed';
}
