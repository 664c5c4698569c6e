// A change that a request asked for: whether it may still be made is asked again after it was recorded, as the last step before it
// (invariant 3). The question travels with the request's asynchronous context, so that whatever is recorded first is covered by that,
// in every feature; outside of a request (a timer, the terminal, a sign-in) there is nothing to ask.
import { AsyncLocalStorage } from 'node:async_hooks';
import type { RecordedEvent, Recorder, RevocationRecorder } from './recorder.ts';

/** Resolves where the session that asks may still change something. @throws where not, or where that cannot be known */
export type Confirm = () => Promise<void>;

const asking = new AsyncLocalStorage<Confirm>();

/** Runs the rest of a request that may change something. */
export function duringChange(confirm: Confirm, rest: () => void): void {
  asking.run(confirm, rest);
}

/**
 * Asks again, where a change waited for something else than the record, or goes on for long. Nothing to ask: resolves at once.
 * @throws what `Confirm` throws
 */
export async function confirmChange(): Promise<void> {
  await asking.getStore()?.();
}

/** Runs what has to come to its end once it was begun, also where it ends the session that asked for it. */
export function committed<T>(work: () => T): T {
  return asking.exit(work);
}

/** Keeps the question for callbacks that run in another context: messages of a child process. */
export function keepAsking(): <T>(work: () => T) => T {
  return AsyncLocalStorage.snapshot();
}

/** `write` of a recorder, followed by the question. What is refused then has a second entry that says so. */
export function writeAndConfirm({ write, note }: Pick<Recorder, 'write' | 'note'>): Recorder['write'] {
  return async (event: RecordedEvent) => {
    await write(event);
    await orTell(event, note);
  };
}

async function orTell(event: RecordedEvent, note: Recorder['note']): Promise<void> {
  try {
    await confirmChange();
  } catch (error) {
    note({ ...event, outcome: 'refused', reason: 'session_ended' });
    throw error;
  }
}

/** The same of `writeEnding`: an ended session ends nobody else's. */
export function endAndConfirm({
  writeEnding,
  note,
}: Pick<RevocationRecorder, 'writeEnding' | 'note'>): RevocationRecorder['writeEnding'] {
  return async (event) => {
    const noted = await writeEnding(event);
    await orTell(event, note);
    return noted;
  };
}
