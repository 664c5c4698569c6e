// Which keys the servers of this house accept, each told by itself through the store they share. Fingerprints alone, never a key.
import { randomToken } from '../crypto/tokens.ts';
import type { FactTable } from '../store/contract.ts';

export interface ReplicasOptions {
  readonly facts: FactTable;
  readonly now: () => number;
  /** Milliseconds by a clock that nobody sets; the process's own where it is absent. */
  readonly elapsed?: () => number;
}

export interface Replicas {
  /** Says which keys this server accepts, by fingerprint; to be said again every `sayAgainMs`. @throws StoreUnavailable */
  announce(fingerprints: () => readonly string[]): Promise<void>;
  /** What each other server accepts. @throws StoreUnavailable */
  others(): Promise<readonly (readonly string[])[]>;
  /** This server is gone. @throws StoreUnavailable */
  leave(): Promise<void>;
}

export const sayAgainMs = 20_000;
/** Who has been silent for so long is gone: a crash says nothing. */
const silentMs = 3 * sayAgainMs;
const fact = 'keys:replicas';
const mostTries = 100;

type Board = Readonly<Record<string, { readonly at: number; readonly accepts: readonly string[] }>>;

export function createReplicas({ facts, now, elapsed = () => performance.now() }: ReplicasOptions): Replicas {
  const own = randomToken(9);
  /** Since when, by `elapsed`, another server's word is the same: asked where its `at` is still to come. */
  const unchanged = new Map<string, { readonly at: number; readonly since: number }>();
  const boardOf = (text: string | undefined) => (text === undefined ? {} : JSON.parse(text)) as Board;
  const living = (board: Board) =>
    Object.entries(board).filter(([id, { at }]) => id !== own && isLiving(id, at));

  /** A clock that was set back, here or there, must not make a dead server live until it has caught up. */
  function isLiving(id: string, at: number): boolean {
    if (now() - at >= 0) return now() - at < silentMs;
    const known = unchanged.get(id);
    if (known?.at === at) return elapsed() - known.since < silentMs;
    unchanged.set(id, { at, since: elapsed() });
    return true;
  }

  /** One board for all, without a lock that a killed server could leave behind: whoever was overtaken reads again. */
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
    // What is lost now is said again soon.
  }

  return {
    // Asked when it is written: keys may be exchanged while this waits for its turn.
    announce: (accepts) => write(() => ({ [own]: { at: now(), accepts: accepts() } })),
    others: async () => living(boardOf(await facts.read(fact))).map(([, { accepts }]) => accepts),
    leave: () => write(() => ({})),
  };
}

/**
 * Which of `own`, newest first, may sign: the newest that every server accepts, so that no server meets a signature that it
 * cannot know yet. Where they have none in common, the newest.
 */
export function signingIndex(own: readonly string[], others: readonly (readonly string[])[]): number {
  const index = own.findIndex((fingerprint) => others.every((accepts) => accepts.includes(fingerprint)));
  return Math.max(0, index);
}
