// Enforces limits of age, idle time and number on gate sessions: every minute, on one replica at a time, and at first as a dry run.
import type { RevocationRecorder } from '../audit/recorder.ts';
import { digest, randomToken } from '../crypto/tokens.ts';
import type { Logger } from '../http/log.ts';
import type { ClaimTable, NoteTable } from '../store/contract.ts';
import { createFirstSeen } from './first-seen.ts';
import { type GovernorRules, plan, type Verdict } from './governor-rules.ts';
import type { EndTarget, GateLink } from './revocation.ts';
import type { Owner } from './session-owners.ts';
import type { ScanSnapshot } from './session-scan.ts';

export interface GovernorOptions {
  readonly mode: 'dry-run' | 'on';
  readonly rules: GovernorRules;
  /** OAUTH2_PROXY_COOKIE_EXPIRE. */
  readonly expireMs: number;
  readonly snapshot: () => ScanSnapshot;
  /** By key, for the sessions that Gatehouse knows (`session-owners.ts`). */
  readonly ownersOf: (keys: readonly string[]) => Promise<ReadonlyMap<string, Owner>>;
  /** Ends it at the gate, and Gatehouse's own session if there is one. */
  readonly end: (target: EndTarget, owner: Owner | undefined) => Promise<unknown>;
  readonly notes: NoteTable;
  readonly claims: ClaimTable;
  readonly now: () => number;
  /** While the clock is in doubt, every session could look too old, or none. Absent: the clock is never in doubt. */
  readonly isClockDoubted?: () => boolean;
  readonly logger: Logger;
  readonly recorder: RevocationRecorder;
}

export interface GovernorReport {
  readonly at: number;
  readonly mode: 'dry-run' | 'on';
  /** What it ended, or would end. */
  readonly verdicts: readonly Verdict[];
}

export interface Governor {
  /** @returns undefined if another replica does it, or the scan is not complete yet */
  run(): Promise<GovernorReport | undefined>;
  /** The last report of this replica. */
  report(): GovernorReport | undefined;
  /** Runs every `everyMs`. @returns a function that stops it */
  start(everyMs?: number): () => void;
}

const minuteMs = 60_000;
/** The replica of the last run keeps the lease until it has been silent for this long. */
const leaseMs = 2.5 * minuteMs;

export function createGovernor(options: GovernorOptions): Governor {
  const { mode, rules, expireMs, snapshot, ownersOf, end, notes, claims, now, logger, recorder } = options;
  const firstSeen = createFirstSeen(notes, now, expireMs);
  const me = randomToken(9);
  let last: GovernorReport | undefined;

  async function run(): Promise<GovernorReport | undefined> {
    const { sweptAt, faultAt, sessions } = snapshot();
    if (options.isClockDoubted?.()) return undefined;
    if (sweptAt === undefined || faultAt !== undefined) return undefined;
    if ((await claims.claim('gate:governor', me, now(), now() + leaseMs)) !== me) return undefined;
    const seen = await firstSeen.of(sessions);
    const owners = await ownersOf(sessions.map(({ key }) => key));
    const governed = sessions.map(({ key, lastUsedAt }) => {
      const personId = owners.get(key)?.personId;
      return {
        key,
        lastUsedAt,
        firstSeenAt: seen.get(key) ?? now(),
        ...(personId !== undefined && { personId }),
      };
    });
    const verdicts = plan(governed, rules, now());
    if (mode === 'on')
      for (const verdict of verdicts) await carryOut(verdict, owners.get(verdict.session.key));
    else if (verdicts.length !== (last?.verdicts.length ?? 0))
      logger.info({ event: 'governor.would_end', count: verdicts.length });
    last = { at: now(), mode, verdicts };
    return last;
  }

  /** A session that cannot be ended does not stop the others from being ended. */
  async function carryOut({ session, reasons }: Verdict, owner: Owner | undefined): Promise<void> {
    const { key } = session;
    const handle = owner?.handle ?? `gate-${digest(key).slice(0, 12)}`;
    const link: GateLink = owner?.link ?? { state: 'verified', key, createdAt: session.firstSeenAt };
    try {
      // Before it ends (invariant 8).
      await recorder.writeEnding({
        event: 'governor.ended',
        session: handle,
        reason: reasons.join(', '),
        ...(owner && { person: { id: owner.personId, email: owner.email } }),
      });
      await end({ handle, link }, owner);
      await firstSeen.forget(key);
    } catch (error) {
      logger.error({ event: 'governor.failed', handle, err: error });
    }
  }

  return {
    run,
    report: () => last,
    start(everyMs = minuteMs) {
      const timer = setInterval(
        () => void run().catch((error: unknown) => logger.error({ event: 'governor.failed', err: error })),
        everyMs,
      ).unref();
      return () => clearInterval(timer);
    },
  };
}
