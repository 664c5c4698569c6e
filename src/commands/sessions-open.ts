// What `gatehouse sessions` works with: the store as the server sees it, and the ending of sessions here and at the gate.
import type { Config } from '../config/derive.ts';
import { openGateRedis, openUnfinished } from '../open-store.ts';
import { openDeployment } from './deployment.ts';
import type { SessionsParts } from './sessions.ts';

export async function openSessions(config: Config): ReturnType<SessionsParts['open']> {
  const deployment = await openDeployment(config);
  const { logger, recorder } = deployment;
  const unfinished = openUnfinished(config, deployment.store, logger);
  const store = { ...deployment.store, sessions: unfinished.sessions };
  let leaveGate = () => {};
  return {
    store,
    async ending() {
      const { createDesk } = await import('../desk.ts');
      const gateRedis = openGateRedis(config, logger);
      leaveGate = () => gateRedis?.disconnect();
      return createDesk({ config, store, logger, recorder, now: Date.now, gateRedis, unfinished }).ending;
    },
    async close() {
      await deployment.close();
      leaveGate();
    },
  };
}
