// The rules of a session: what it holds, and when it is over. Pure. Invariant 7: both limits, by the server's clock.
import type { EndReason, SessionEnd, SessionRow, SignIn } from '../../store/contract.ts';

export interface SessionLimits {
  /** From the beginning, whatever happens. */
  readonly lifetimeMs: number;
  /** From the last request. */
  readonly idleMs: number;
}

/** What a session remembers beside the columns of its row. */
export interface SessionFacts {
  csrfSecret: string;
  staySignedIn: boolean;
  device: SignIn['device'];
  /** The address that signed in. */
  network: string;
  /** The sign-in before this one; undefined at the person's first. */
  previousSignIn?: SignIn;
  /** The tie to the session at the gate, in the gate's own form. */
  gate?: unknown;
  /** Whether the person had not signed in from such a device before. */
  newDevice?: boolean;
  /** Until when this session's owner has looked at new devices. */
  devicesSeenAt?: number;
  /** When the cookie was last signed anew because a former key had signed it. */
  resignedAt?: number;
}

/** Seen at most once a minute (a write each time), and often enough that a short idle limit is still met. */
export function touchIntervalMs({ idleMs }: SessionLimits): number {
  return Math.min(60_000, Math.floor(idleMs / 10));
}

/** When the session ends whatever happens: a lifetime that was shortened since holds for it too. */
export function absoluteEndOf(
  row: Pick<SessionRow, 'createdAt' | 'expiresAt'>,
  { lifetimeMs }: SessionLimits,
): number {
  return Math.min(row.expiresAt, row.createdAt + lifetimeMs);
}

/** Clocks of replicas differ by less. What is further ahead was written by a clock that was wrong. */
const clockSkewMs = 300_000;

/** Whether an instant is one of a clock that was wrong: how long ago it was is not known, so no limit may count it as just now. */
export function isInFuture(at: number, now: number): boolean {
  return at > now + clockSkewMs;
}

/**
 * How and when the session ended; undefined while it lives. One that began or was last seen in the future is over: a clock that
 * was a day ahead would give it a day more than its limits.
 */
export function endOf(row: SessionRow, limits: SessionLimits, now: number): SessionEnd | undefined {
  if (row.ended) return row.ended;
  const limitReached = (since: number, at: number, reason: EndReason) => {
    if (isInFuture(since, now)) return { at: now, reason };
    return now >= at ? { at, reason } : undefined;
  };
  return (
    limitReached(row.createdAt, absoluteEndOf(row, limits), 'expired') ??
    limitReached(row.lastSeenAt, row.lastSeenAt + limits.idleMs, 'idle')
  );
}

/** After the successor of an id came back, the id is good for so long: requests that were under way. */
export const graceMs = 30_000;

/**
 * What an id is worth that this house has signed: the valid one, the one before within its grace, or a replay:
 * somebody has a copy of a cookie that was replaced (invariant 6).
 */
export type IdState = 'valid' | 'previous' | 'replayed';

export function stateOfId(
  row: Pick<SessionRow, 'idHash' | 'previous'>,
  idHash: string,
  now: number,
): IdState {
  if (row.idHash === idHash) return 'valid';
  const { previous } = row;
  if (previous?.idHash !== idHash) return 'replayed';
  const { successorSeenAt } = previous;
  if (successorSeenAt === undefined) return 'previous';
  return now <= successorSeenAt + graceMs && !isInFuture(successorSeenAt, now) ? 'previous' : 'replayed';
}
