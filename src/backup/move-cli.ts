// `gatehouse move-store` at the terminal.
import type { Writable } from 'node:stream';
import { type MoveTask, moveHelp, readMoveArgs } from './cli-options.ts';
import { type MovePlace, moveToFile, moveToRedis, outlook } from './move.ts';
import { whyOf } from './words.ts';

export interface MoveCommand {
  /** What SESSION_BACKEND says now. */
  readonly from: MoveTask['to'];
  /** Alone, and at a Redis that no server uses. @returns what is in the way, in words */
  open(): Promise<(MovePlace & { close(): void }) | { readonly wrong: string }>;
  /** Writes into the record that it moves, before it does. */
  record(place: MovePlace, to: MoveTask['to']): Promise<void>;
  readonly askWord: (question: string) => Promise<string | undefined>;
  readonly output: Writable;
  err(line: string): void;
}

const names = { redis: 'Redis', filesystem: 'the file in DATA_DIR' } as const;

/** @returns the exit code */
export async function runMove(args: readonly string[], command: MoveCommand): Promise<number> {
  const task = readMoveArgs(args);
  if (task === 'help') {
    command.output.write(`${moveHelp}\n`);
    return 0;
  }
  const say = (line: string) => command.err(`gatehouse move-store: ${line}`);
  if ('wrong' in task) {
    say(`${task.wrong}; see \`gatehouse move-store --help\``);
    return 2;
  }
  if (task.to === command.from) {
    say(`SESSION_BACKEND says that sessions are in ${names[task.to]} already`);
    return 2;
  }
  const place = await command.open();
  if ('wrong' in place) {
    say(place.wrong);
    return 2;
  }
  try {
    const refusal = await refusalOf(task, place, command);
    if (refusal !== undefined) {
      say(refusal);
      return 2;
    }
    await command.record(place, task.to);
    const entries = await (task.to === 'redis' ? moveToRedis(place) : moveToFile(place));
    command.err(`Moved to ${names[task.to]}, with ${entries} entries of the record. Nobody was signed out.`);
    command.err(
      `Set SESSION_BACKEND=${task.to} in .env now, and start the server. ${names[command.from]} is closed.`,
    );
    return 0;
  } catch (error) {
    say(`${whyOf(error)}. Run the same command again`);
    return 2;
  } finally {
    place.close();
  }
}

async function refusalOf(
  { to, replace, yes }: MoveTask,
  place: MovePlace,
  command: MoveCommand,
): Promise<string | undefined> {
  const state = await outlook(place, to);
  if (state === 'no source') return `there is nothing to move in ${names[command.from]}`;
  if (state === 'moved away') return `it was moved already; set SESSION_BACKEND=${to}`;
  if (state === 'free') return undefined;
  if (!replace)
    return `there are sessions in ${names[to]} already; --replace puts those of ${names[command.from]} in their place`;
  if (yes) return undefined;
  const word = await command.askWord(`What ${names[to]} holds will be lost. Type "replace" to go on: `);
  if (word === undefined) return 'there is no terminal to ask on: --yes stands for the word';
  return word.trim() === 'replace' ? undefined : 'nothing was changed';
}
