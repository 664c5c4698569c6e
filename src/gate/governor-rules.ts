// Decides which gate sessions exceed limits that oauth2-proxy cannot enforce itself: age, idle time and number per person. Pure.
import type { ScannedSession } from './session-scan.ts';

/** 0 means no limit. */
export interface GovernorRules {
  readonly maxAgeMs: number;
  readonly maxIdleMs: number;
  readonly maxSessions: number;
}

export interface GovernedSession extends Pick<ScannedSession, 'key' | 'lastUsedAt'> {
  /** Noted separately, because a refresh resets oauth2-proxy's created-at. */
  readonly firstSeenAt: number;
  /** Set if the gate session was ever linked to a session of Gatehouse. */
  readonly personId?: string;
}

export type GovernorReason = 'age' | 'idle' | 'number';

export interface Verdict {
  readonly session: GovernedSession;
  /** At least one. */
  readonly reasons: readonly GovernorReason[];
}

/** The clocks of replicas differ by less than this. */
const clockSkewMs = 300_000;

/** The sessions to end, in the given order. If a person has too many, those first seen most recently are kept. */
export function plan(sessions: readonly GovernedSession[], rules: GovernorRules, now: number): Verdict[] {
  const { maxAgeMs, maxIdleMs, maxSessions } = rules;
  const byLimits = sessions.map((session) => {
    const reasons: GovernorReason[] = [];
    const age = now - session.firstSeenAt;
    // First seen in the future means that a clock was wrong: the age is unknown, which is not the same as zero.
    if (maxAgeMs > 0 && (age > maxAgeMs || age < -clockSkewMs)) reasons.push('age');
    if (maxIdleMs > 0 && session.lastUsedAt !== undefined && now - session.lastUsedAt > maxIdleMs)
      reasons.push('idle');
    return { session, reasons };
  });
  const within = byLimits.filter(({ reasons }) => reasons.length === 0).map(({ session }) => session);
  const tooMany = maxSessions > 0 ? beyond(within, maxSessions) : new Set<string>();
  return byLimits
    .map(({ session, reasons }) =>
      tooMany.has(session.key) ? { session, reasons: ['number' as const] } : { session, reasons },
    )
    .filter(({ reasons }) => reasons.length > 0);
}

function beyond(sessions: readonly GovernedSession[], maxSessions: number): ReadonlySet<string> {
  const byPerson = Map.groupBy(
    sessions.filter(({ personId }) => personId !== undefined),
    ({ personId }) => personId,
  );
  const oldest = [...byPerson.values()].flatMap((own) =>
    own
      .toSorted((a, b) => b.firstSeenAt - a.firstSeenAt || (a.key < b.key ? -1 : 1))
      .slice(maxSessions)
      .map(({ key }) => key),
  );
  return new Set(oldest);
}
