// Which sessions at the gate go beyond what oauth2-proxy itself cannot limit: age, idle time, number a person. Pure.
import type { ScannedSession } from './session-scan.ts';

/** Each 0: no limit. */
export interface GovernorRules {
  readonly maxAgeMs: number;
  readonly maxIdleMs: number;
  readonly maxSessions: number;
}

export interface GovernedSession extends Pick<ScannedSession, 'key' | 'lastUsedAt'> {
  /** A refresh makes the gate's own created-at young again, so this is noted beside it. */
  readonly firstSeenAt: number;
  /** Where the session was ever tied to a session of the house. */
  readonly personId?: string;
}

export type GovernorReason = 'age' | 'idle' | 'number';

export interface Verdict {
  readonly session: GovernedSession;
  /** At least one. */
  readonly reasons: readonly GovernorReason[];
}

/** Clocks of replicas differ by less. */
const clockSkewMs = 300_000;

/** Those to end, in the order given. Of more than a person may have, those first seen last stay. */
export function plan(sessions: readonly GovernedSession[], rules: GovernorRules, now: number): Verdict[] {
  const { maxAgeMs, maxIdleMs, maxSessions } = rules;
  const byLimits = sessions.map((session) => {
    const reasons: GovernorReason[] = [];
    const age = now - session.firstSeenAt;
    // First seen in the future: by a clock that was wrong, so how old it is is not known, and is not nothing.
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
