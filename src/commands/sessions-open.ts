// What `gatehouse sessions` works with: the store as the server sees it, and the revocation of sessions, here and at the gate.
import type { Config } from '../config/derive.ts';
import type { Revocation } from '../sessions/revocation/revoke.ts';
import type { SessionLimits } from '../sessions/rules/session.ts';
import type { Store } from '../store/contract.ts';
import { openGateRedis, openPendingRevocations } from '../wiring/store.ts';
import { openDeployment } from './deployment.ts';

export interface SessionsParts {
  /** The store and a way to end sessions, opened once the arguments are valid. */
  open(): Promise<{
    readonly store: Pick<Store, 'sessions'>;
    /** Called only if something is to be ended. */
    revocation(): Promise<Revocation>;
    close(): Promise<void>;
  }>;
  readonly limits: SessionLimits;
  readonly now: () => number;
  /** Resolves after this many milliseconds. */
  readonly wait: (ms: number) => Promise<unknown>;
}

export async function openSessions(config: Config): ReturnType<SessionsParts['open']> {
  const deployment = await openDeployment(config);
  const { logger, recorder } = deployment;
  const pendingRevocations = openPendingRevocations(config, deployment.store, logger);
  const store = { ...deployment.store, sessions: pendingRevocations.sessions };
  let leaveGate = () => {};
  return {
    store,
    async revocation() {
      const { createSessionControl } = await import('../wiring/session-control.ts');
      const gateRedis = openGateRedis(config, logger);
      leaveGate = () => gateRedis?.disconnect();
      return createSessionControl({
        config,
        store,
        logger,
        recorder,
        now: Date.now,
        gateRedis,
        pendingRevocations,
      }).revocation;
    },
    async close() {
      await deployment.close();
      leaveGate();
    },
  };
}
