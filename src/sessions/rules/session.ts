// The rules of a session: what it holds and when it ends. Pure functions. Invariant 7: idle and absolute limits, by the server's clock.
import type { SignIn } from '../../store/contract.ts';
import type { EndReason, SessionEnd, SessionRow } from '../../store/contract-sessions.ts';

export interface SessionLimits {
  /** Absolute limit, from creation. */
  readonly lifetimeMs: number;
  /** Idle limit, from the last request. */
  readonly idleMs: number;
}

/** What a session stores besides the columns of its row. */
export interface SessionFacts {
  csrfSecret: string;
  staySignedIn: boolean;
  device: SignIn['device'];
  /** The IP address of the sign-in. */
  network: string;
  /** The previous sign-in; undefined at the person's first. */
  previousSignIn?: SignIn;
  /** The link to the session at the gate; only src/gate knows its form. */
  gate?: unknown;
  /** Whether this is the person's first sign-in from such a device. */
  newDevice?: boolean;
  /** When this session's owner last looked at new devices. */
  devicesSeenAt?: number;
  /** When the cookie was last re-signed because a former key had signed it. */
  resignedAt?: number;
}

/** How often `lastSeenAt` is written: at most once a minute, but often enough for a short idle limit. */
export function touchIntervalMs({ idleMs }: SessionLimits): number {
  return Math.min(60_000, Math.floor(idleMs / 10));
}

/** The session's absolute end. A lifetime that was shortened later applies to existing sessions too. */
export function absoluteEndOf(
  row: Pick<SessionRow, 'createdAt' | 'expiresAt'>,
  { lifetimeMs }: SessionLimits,
): number {
  return Math.min(row.expiresAt, row.createdAt + lifetimeMs);
}

/** Clocks of replicas differ by less than this. A time further ahead was written by a wrong clock. */
export const clockSkewMs = 300_000;

/** Whether a wrong clock recorded this time. Its real age is unknown, so no limit may treat it as recent. */
export function isInFuture(at: number, now: number): boolean {
  return at > now + clockSkewMs;
}

/**
 * How and when the session ended; undefined while it is live. A session created or last seen in the future has ended: a clock that
 * was a day ahead would otherwise extend its limits by a day.
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

/** How long an id stays valid after the browser first presented its successor, for requests in flight. */
export const graceMs = 30_000;

/**
 * The validity of an id with a valid signature: `valid`: the current one. `previous`: the one before, within its grace period.
 * `replayed`: somebody has a copy of a cookie that was replaced (invariant 6).
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
