// Confirms a change once more: after its entry is written, and as the last step before the change, the request's session is checked again
// (invariant 3). The check travels in the request's asynchronous context, so it covers whatever is recorded first, in every feature.
// Outside a request (a timer, the terminal, a sign-in) there is nothing to check.
import { AsyncLocalStorage } from 'node:async_hooks';
import type { RecordedEvent, Recorder, RevocationRecorder } from './recorder.ts';

/** Resolves if the requesting session may still make changes. @throws if it may not, or if that cannot be determined */
export type Confirm = () => Promise<void>;

const asking = new AsyncLocalStorage<Confirm>();

/** Runs the rest of a request that may change something. */
export function duringChange(confirm: Confirm, rest: () => void): void {
  asking.run(confirm, rest);
}

/**
 * Checks again, for a change that waited for something other than the audit log, or that runs for long. Resolves immediately if there is
 * nothing to check.
 * @throws what `Confirm` throws
 */
export async function confirmChange(): Promise<void> {
  await asking.getStore()?.();
}

/** Runs work that must finish once it has started, even if it ends the session that requested it. */
export function committed<T>(work: () => T): T {
  return asking.exit(work);
}

/** Keeps the check for callbacks that run in another context, such as messages of a child process. */
export function keepAsking(): <T>(work: () => T) => T {
  return AsyncLocalStorage.snapshot();
}

/** A recorder's `write`, followed by the check. If the check refuses, a second entry says so. */
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

/** The same for `writeEnding`: a session that has ended cannot end another person's session. */
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
