// Puts the desk together from the configuration: how sessions end, here and at the gate, and what watches the gate.
// The server and the commands of the terminal share it.
import { setTimeout as delay } from 'node:timers/promises';
import type { Response } from 'express';
import type { GateSessionsProps } from '../../views/gate-sessions.ts';
import { createAliases } from '../audit/aliases.ts';
import type { RevocationRecorder } from '../audit/recorder.ts';
import type { Config } from '../config/derive.ts';
import { createCookieRevocation } from '../gate/cookie-revocation.ts';
import { createGovernor, type Governor } from '../gate/governor.ts';
import { createRedisRevocation } from '../gate/redis-revocation.ts';
import {
  type GateLink,
  type GateRevocation,
  isNewLink,
  isNewSignIn,
  isSameBrowser,
} from '../gate/revocation.ts';
import { createSessionOwners } from '../gate/session-owners.ts';
import { createSessionScan, type SessionScan } from '../gate/session-scan.ts';
import type { Logger } from '../http/log.ts';
import type { AdmittedSession, LoadedSession } from '../sessions/admission/express-store.ts';
import { createPendingRevocations, type PendingRevocations } from '../sessions/revocation/pending.ts';
import { createRevocation, type Revocation } from '../sessions/revocation/revoke.ts';
import type { SessionEnd, Store } from '../store/contract.ts';
import type { RedisClient } from '../store/redis-client.ts';

export interface SessionControlParts {
  readonly config: Config;
  readonly store: Store;
  readonly logger: Logger;
  readonly recorder: RevocationRecorder;
  readonly now: () => number;
  /** The gate's own Redis, a connection of its own; undefined: the gate keeps sessions in its cookie, or there is none. */
  readonly gateRedis: RedisClient | undefined;
  /** What keeps the endings that the store does not take; absent: this desk's own, in memory. */
  readonly pendingRevocations?: PendingRevocations;
  /** While it is, nothing ends for its age at the gate; absent: never. */
  readonly isClockDoubted?: () => boolean;
}

export interface SessionControl {
  readonly atGate: GateRevocation;
  readonly revocation: Revocation;
  /** Whether this request brought a newer tie to the gate's session than the one that its session keeps. */
  readonly isNewGateLink: (res: Response, session: AdmittedSession) => boolean;
  /** Keeps a newer tie in the session. */
  readonly keepGateLink: (res: Response, live: LoadedSession) => void;
  /** Notes whose the gate's session is, for the radar and the governor. */
  readonly rememberOwner: (res: Response, session: AdmittedSession) => void;
  /** Whether the person passed the provider again since a session ended so. */
  readonly isNewSignIn: (res: Response, end: SessionEnd) => boolean;
  /** Whether a session's tie is to the gate's session of this request: the same browser. */
  readonly isThisBrowser: (res: Response, tie: unknown) => boolean;
  /** What the gate holds at this moment; undefined where it cannot be listed. */
  readonly gateSessions: () => Promise<GateSessionsProps | undefined>;
  /** Begins to watch the gate, and to finish what could not be ended. @returns how to stop. */
  start(): Promise<() => Promise<void>>;
}

function isNewGateLink({ locals: { gate } }: Response, session: AdmittedSession): boolean {
  return gate !== undefined && isNewLink(gate, session.gate as GateLink | undefined);
}

const sweepEveryMs = 60_000;
const freshForMs = 3_000;
const listed = 100;

export function createSessionControl(parts: SessionControlParts): SessionControl {
  const { config, store, logger, recorder, now, gateRedis, isClockDoubted = () => false } = parts;
  const { cookie, governor: rules } = config.gate;
  const { notes, claims, sessions } = store;
  const shared = { cookieName: cookie.name, expireMs: cookie.expireMs, notes, claims, now };
  const wait = (ms: number) => delay(ms, undefined, { ref: false });
  const atGate = gateRedis
    ? createRedisRevocation({ ...shared, redis: gateRedis, logger, recorder, wait })
    : createCookieRevocation(shared);
  const sessionOwners = createSessionOwners(notes, now, cookie.expireMs);
  const pendingRevocations =
    parts.pendingRevocations ??
    createPendingRevocations({ sessions: store.sessions, path: undefined, logger });
  const revocation = createRevocation({
    pendingRevocations,
    sessions,
    gate: atGate,
    now,
    recorder,
    pseudonymOf: createAliases(store.aliases).of,
  });
  const sessionScan = gateRedis && createSessionScan({ ...shared, redis: gateRedis, logger });
  const governor = sessionScan && rules.mode !== 'off' ? govern(sessionScan, rules.mode) : undefined;

  function governorReport(): GateSessionsProps['governor'] {
    const report = governor?.report();
    if (!report) return undefined;
    const { at, mode, verdicts } = report;
    const reasons = [...new Set(verdicts.flatMap((verdict) => verdict.reasons))].join(', ');
    return {
      at,
      isDryRun: mode === 'dry-run',
      keys: verdicts.map(({ session }) => session.key.slice(-8)),
      reasons,
    };
  }

  /** Whoever looks sees what is there now, not what the last sweep saw; a large gate is read on in steps. */
  async function refresh(watched: SessionScan): Promise<void> {
    const { sweptAt } = watched.snapshot();
    if (sweptAt !== undefined && Math.abs(now() - sweptAt) < freshForMs) return;
    await watched.step().catch((error: unknown) => logger.warn({ event: 'radar.failed', err: error }));
  }

  function govern(watched: SessionScan, mode: 'dry-run' | 'on'): Governor {
    return createGovernor({
      ...shared,
      mode,
      isClockDoubted,
      rules,
      snapshot: watched.snapshot,
      ownersOf: sessionOwners.ownersOf,
      logger,
      recorder,
      async end(target, owner) {
        const row = owner && (await sessions.findByHandle(owner.handle));
        const kept = row?.data['gate'] as GateLink | undefined;
        const isTied =
          kept?.state === 'verified' && target.link?.state === 'verified' && kept.key === target.link.key;
        if (row && !row.ended && isTied) await revocation.one(row, { reason: 'gate_limit' });
        else await atGate.end(target);
      },
    });
  }

  return {
    atGate,
    revocation,
    isNewGateLink,
    keepGateLink(res, live) {
      if (isNewGateLink(res, live)) live.gate = res.locals.gate;
    },
    rememberOwner(res, session) {
      const { gate } = res.locals;
      if (gate?.state !== 'verified') return;
      const { personId, email, handle } = session;
      sessionOwners
        .remember({ personId, email, handle, link: gate })
        .catch((error: unknown) => logger.warn({ event: 'gate.tie_failed', err: error }));
    },
    isNewSignIn: (res, end) => isNewSignIn(res.locals.gate, end.gate as GateLink | undefined, end.at),
    isThisBrowser: (res, tie) => isSameBrowser(res.locals.gate, tie as GateLink | undefined),
    async gateSessions() {
      if (!sessionScan) return undefined;
      await refresh(sessionScan);
      const { sessions: found, total, sweptAt, faultAt } = sessionScan.snapshot();
      const shown = found.slice(0, listed);
      const owners = await sessionOwners.ownersOf(shown.map(({ key }) => key));
      return {
        totals: { sessions: total },
        readAt: sweptAt,
        failed: faultAt !== undefined,
        cannotReach: atGate.cannotReach,
        governor: governorReport(),
        sessions: shown.map(({ key, lastUsedAt, savedAt, expiresAt }) => ({
          // The end of the key tells them apart; the whole key is of no use without the browser's secret, and of none here.
          key: key.slice(-8),
          email: owners.get(key)?.email,
          lastUsedAt,
          refreshedAt: savedAt,
          expiresAt,
          inApp: owners.has(key),
        })),
      };
    },
    async start() {
      const stopFinishing = await pendingRevocations.start(revocation.finish);
      const stopRadar = await sessionScan?.start(sweepEveryMs);
      const stopGovernor = governor?.start();
      return async () => {
        stopGovernor?.();
        stopRadar?.();
        await stopFinishing();
      };
    },
  };
}
