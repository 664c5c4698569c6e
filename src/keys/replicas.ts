// Which keys each server of this deployment accepts; every server announces its own in the shared store. Fingerprints only, never a key.
import { randomToken } from '../crypto/tokens.ts';
import type { FactTable } from '../store/contract.ts';

export interface ReplicasOptions {
  readonly facts: FactTable;
  readonly now: () => number;
  /** A monotonic clock, milliseconds; by default the process's own. */
  readonly elapsed?: () => number;
}

export interface Replicas {
  /** Announces which keys this server accepts, by fingerprint; call again every `announceEveryMs`. @throws StoreUnavailable */
  announce(fingerprints: () => readonly string[]): Promise<void>;
  /** The fingerprints that each other server accepts. @throws StoreUnavailable */
  others(): Promise<readonly (readonly string[])[]>;
  /** Removes this server's entry when it stops. @throws StoreUnavailable */
  leave(): Promise<void>;
}

export const announceEveryMs = 20_000;
/** A server that has not announced for this long is gone: a crashed one does not remove its entry. */
const silentMs = 3 * announceEveryMs;
const fact = 'keys:replicas';
const mostTries = 100;

type Board = Readonly<Record<string, { readonly at: number; readonly accepts: readonly string[] }>>;

export function createReplicas({ facts, now, elapsed = () => performance.now() }: ReplicasOptions): Replicas {
  const own = randomToken(9);
  /** Since when, by `elapsed`, another server's entry is unchanged: used if its `at` is in the future. */
  const unchanged = new Map<string, { readonly at: number; readonly since: number }>();
  const boardOf = (text: string | undefined) => (text === undefined ? {} : JSON.parse(text)) as Board;
  const living = (board: Board) =>
    Object.entries(board).filter(([id, { at }]) => id !== own && isLiving(id, at));

  /** A clock set back on either server must not keep a dead server alive until the clock has caught up. */
  function isLiving(id: string, at: number): boolean {
    if (now() - at >= 0) return now() - at < silentMs;
    const known = unchanged.get(id);
    if (known?.at === at) return elapsed() - known.since < silentMs;
    unchanged.set(id, { at, since: elapsed() });
    return true;
  }

  /** All servers share one entry, written by compare-and-set; a lock could be left behind by a killed server. On a conflict, read again. */
  async function write(mine: () => Board): Promise<void> {
    for (let tries = 0; tries < mostTries; tries++) {
      const before = await facts.read(fact);
      const text = JSON.stringify({ ...Object.fromEntries(living(boardOf(before))), ...mine() });
      const isWritten =
        before === undefined
          ? (await facts.create(fact, text)) === text
          : await facts.replace(fact, before, text);
      if (isWritten) return;
    }
    // Gives up: the next announcement will write it.
  }

  return {
    // Calls `accepts` at each write: the keys may be replaced while this waits.
    announce: (accepts) => write(() => ({ [own]: { at: now(), accepts: accepts() } })),
    others: async () => living(boardOf(await facts.read(fact))).map(([, { accepts }]) => accepts),
    leave: () => write(() => ({})),
  };
}

/**
 * Which of `own`, newest first, may sign: the newest that every server accepts, so that no server receives a signature that it
 * cannot verify yet. If there is none, the newest.
 */
export function signingIndex(own: readonly string[], others: readonly (readonly string[])[]): number {
  const index = own.findIndex((fingerprint) => others.every((accepts) => accepts.includes(fingerprint)));
  return Math.max(0, index);
}
