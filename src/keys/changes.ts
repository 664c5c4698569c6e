// Writes an audit entry when a new secret comes into use and when a former one is no longer accepted: once, by whichever server
// notices first, after a reload or a restart.
import type { Recorder } from '../audit/recorder.ts';
import type { Config } from '../config/derive.ts';
import type { Logger } from '../http/log.ts';
import type { NoteTable } from '../store/contract.ts';
import type { KeyDates } from './dates.ts';
import { printOf } from './inventory.ts';

export interface KeyChangesOptions {
  readonly notes: NoteTable;
  readonly dates: KeyDates;
  readonly recorder: Recorder;
  readonly logger: Logger;
  readonly now: () => number;
}

/** The accepted fingerprints by secret name, newest first. */
type Prints = Readonly<Record<string, readonly string[]>>;

const key = 'keys:known';
const tenYearsMs = 10 * 365 * 86_400_000;

/** @returns a function that compares the configuration with the stored fingerprints, records changes and stores the new ones; never throws if the store is down */
export function createKeyChanges({ notes, dates, recorder, logger, now }: KeyChangesOptions) {
  return async (config: Config): Promise<void> => {
    try {
      const known = (await notes.read(key, now())) as Prints | undefined;
      const present = printsOf(config);
      if (JSON.stringify(known) === JSON.stringify(present)) return;
      await notes.write(key, present, now() + tenYearsMs);
      for (const [name, prints] of Object.entries(present)) {
        tell(name, known?.[name] ?? [], prints);
        // SECRET_KEY is in use only once it signs.
        if (name !== 'SECRET_KEY' && prints[0] !== undefined) await dates.since(prints[0]);
      }
    } catch (error) {
      logger.warn({ event: 'keys.change_not_told', err: error });
    }
  };

  function tell(name: string, before: readonly string[], after: readonly string[]): void {
    const [former] = before;
    const [newest] = after;
    if (former === undefined) return;
    if (newest !== undefined && newest !== former && !before.includes(newest)) {
      const facts = { secret: name, fingerprint: newest, former, formerAccepted: after.includes(former) };
      recorder.note({ event: 'secret.rotated', by: 'terminal', facts });
    }
    for (const gone of before.filter((print) => !after.includes(print))) {
      recorder.note({ event: 'secret.pruned', by: 'terminal', facts: { secret: name, fingerprint: gone } });
    }
  }
}

function printsOf(config: Config): Prints {
  const { passphrase } = config.vault;
  const lists = {
    SECRET_KEY: config.secretKeys,
    GATE_SECRET: config.gate.secrets,
    VAULT_PASSPHRASE: passphrase === undefined ? [] : [passphrase],
    AUDIT_KEY_FALLBACKS: config.audit.formerKeys,
  };
  return Object.fromEntries(
    Object.entries(lists).map(([name, secrets]) => [
      name,
      secrets.flatMap((secret) => printOf(secret) ?? []),
    ]),
  );
}
