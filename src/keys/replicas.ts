// Which keys the servers of this house accept, each told by itself through the store they share. Fingerprints alone, never a key.
import { randomToken } from '../crypto/tokens.ts';
import type { ClaimTable, NoteTable } from '../store/contract.ts';

export interface ReplicasOptions {
  readonly notes: NoteTable;
  readonly claims: ClaimTable;
  readonly now: () => number;
  /** Milliseconds. */
  readonly wait: (ms: number) => Promise<unknown>;
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
const keptMs = 86_400_000;
const key = 'keys:replicas';
const lockMs = 3_000;

type Board = Readonly<Record<string, { readonly at: number; readonly accepts: readonly string[] }>>;

export function createReplicas({ notes, claims, now, wait }: ReplicasOptions): Replicas {
  const own = randomToken(9);
  const read = async () => ((await notes.read(key, now())) ?? {}) as Board;
  const living = (board: Board) =>
    Object.entries(board).filter(([id, { at }]) => id !== own && now() - at < silentMs);

  /** One board for all: whoever writes holds the lock, or what two write at once would be half lost. */
  async function write(mine: () => Board): Promise<void> {
    const lock = `${key}:lock`;
    const turn = randomToken(9);
    for (let tries = 0; (await claims.claim(lock, turn, now(), now() + lockMs)) !== turn; tries++) {
      // Whoever holds it for longer is dead or stuck; what is lost now is said again soon.
      if (tries > 200) return;
      await wait(25);
    }
    try {
      await notes.write(key, { ...Object.fromEntries(living(await read())), ...mine() }, now() + keptMs);
    } finally {
      await claims.release(lock);
    }
  }

  return {
    // Asked when it is written: keys may be exchanged while this waits for its turn.
    announce: (accepts) => write(() => ({ [own]: { at: now(), accepts: accepts() } })),
    others: async () => living(await read()).map(([, { accepts }]) => accepts),
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
