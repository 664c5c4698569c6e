// Assembles session control from the configuration: how sessions end, here and at oauth2-proxy, and what watches oauth2-proxy's sessions.
// The server and the terminal commands share it.
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
  type GateRevocation,
  type GateState,
  isNewLink,
  isNewSignIn,
  isSameBrowser,
  storedLink,
} from '../gate/revocation.ts';
import { createSessionOwners } from '../gate/session-owners.ts';
import { createSessionScan, type SessionScan } from '../gate/session-scan.ts';
import type { Logger } from '../http/log.ts';
import type { AdmittedSession, LoadedSession } from '../sessions/admission/express-store.ts';
import { createPendingRevocations, type PendingRevocations } from '../sessions/revocation/pending.ts';
import { createRevocation, type Revocation } from '../sessions/revocation/revoke.ts';
import type { Store } from '../store/contract.ts';
import type { SessionEnd } from '../store/contract-sessions.ts';
import type { RedisClient } from '../store/redis-client.ts';

export interface SessionControlParts {
  readonly config: Config;
  readonly store: Store;
  readonly logger: Logger;
  readonly recorder: RevocationRecorder;
  readonly now: () => number;
  /** A separate connection to oauth2-proxy's Redis; undefined: oauth2-proxy keeps sessions in its cookie, or there is none. */
  readonly gateRedis: RedisClient | undefined;
  /** Keeps the revocations that the store does not accept; absent: in memory. */
  readonly pendingRevocations?: PendingRevocations;
  /** While true, nothing ends for its age at oauth2-proxy; absent: never. */
  readonly isClockDoubted?: () => boolean;
}

export interface SessionControl {
  readonly atGate: GateRevocation;
  readonly revocation: Revocation;
  /** Whether this request carries a newer link to oauth2-proxy's session than the one that its session keeps. */
  readonly isNewGateLink: (gate: GateState | undefined, session: AdmittedSession) => boolean;
  /** Stores a newer link in the session. */
  readonly keepGateLink: (res: Response, live: LoadedSession) => void;
  /** Notes who owns oauth2-proxy's session, for the radar and the governor. */
  readonly rememberOwner: (res: Response, session: AdmittedSession) => void;
  /** Whether there is nothing to note. */
  readonly isOwnerRemembered: (gate: GateState, session: AdmittedSession) => boolean;
  /** Whether the person has signed in at the provider again since a session ended like this. */
  readonly isNewSignIn: (res: Response, end: SessionEnd) => boolean;
  /** Whether a session is linked to the oauth2-proxy session of this request, so that it is the same browser. */
  readonly isThisBrowser: (res: Response, link: unknown) => boolean;
  /** The sessions that oauth2-proxy holds now; undefined if they cannot be listed. */
  readonly gateSessions: () => Promise<GateSessionsProps | undefined>;
  /** Starts watching oauth2-proxy and finishing what could not be ended. @returns a function that stops it */
  start(): Promise<() => Promise<void>>;
}

function isNewGateLink(gate: GateState | undefined, session: AdmittedSession): boolean {
  return gate !== undefined && isNewLink(gate, storedLink(session.gate));
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

  /** The page shows what is there now, not what the last sweep saw; a large Redis is read in steps. */
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
        const kept = storedLink(row?.data['gate']);
        const isLinked =
          kept?.state === 'verified' && target.link?.state === 'verified' && kept.key === target.link.key;
        if (row && !row.ended && isLinked) await revocation.one(row, { reason: 'gate_limit' });
        else await atGate.end(target);
      },
    });
  }

  return {
    atGate,
    revocation,
    isNewGateLink,
    keepGateLink(res, live) {
      if (isNewGateLink(res.locals.gate, live)) live.gate = res.locals.gate;
    },
    rememberOwner(res, session) {
      const { gate } = res.locals;
      if (gate?.state !== 'verified') return;
      const { personId, email, handle } = session;
      sessionOwners
        .remember({ personId, email, handle, link: gate })
        .catch((error: unknown) => logger.warn({ event: 'gate.tie_failed', err: error }));
    },
    isOwnerRemembered: (gate, { personId, email, handle }) =>
      gate.state !== 'verified' || sessionOwners.isRemembered({ personId, email, handle, link: gate }),
    isNewSignIn: (res, end) => isNewSignIn(res.locals.gate, storedLink(end.gate), end.at),
    isThisBrowser: (res, link) => isSameBrowser(res.locals.gate, storedLink(link)),
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
          // The end of the key is enough to tell them apart. Nobody needs the whole key, which is useless without the browser's secret.
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
