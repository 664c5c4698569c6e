// The routes of sessions and of the allow-list, bound to session control.
import { createAccess } from '../access/access.ts';
import { createAccessFile } from '../access/file.ts';
import { accessRoutes } from '../access/routes.ts';
import type { RevocationRecorder } from '../audit/recorder.ts';
import type { Config } from '../config/derive.ts';
import type { Logger } from '../http/log.ts';
import { type BoundRoute, bindRoutes } from '../http/routes.ts';
import { endPersonByEmail } from '../sessions/revocation/by-email.ts';
import { type SessionRouteOptions, sessionRoutes } from '../sessions/routes.ts';
import type { Store } from '../store/contract.ts';
import type { SessionControl } from './session-control.ts';

/** The options of the session routes that come from the store, session control and the configuration. */
type FromSessionControl =
  | 'sessions'
  | 'notes'
  | 'people'
  | 'revocation'
  | 'limits'
  | 'gateSessions'
  | 'cannotReach'
  | 'cookieName'
  | 'cookie';

export interface SessionRouteParts extends Omit<SessionRouteOptions, FromSessionControl> {
  readonly config: Config;
  readonly store: Store;
  readonly sessionControl: SessionControl;
  readonly logger: Logger;
  readonly recorder: RevocationRecorder;
}

export function bindSessions({
  config,
  store,
  sessionControl,
  logger,
  recorder,
  ...parts
}: SessionRouteParts): BoundRoute[] {
  const { sessions, notes, people } = store;
  const { revocation, atGate, gateSessions } = sessionControl;
  const { emailsFile, emailDomains } = config.access;
  const access = createAccess({
    file: createAccessFile(emailsFile),
    logger,
    recorder,
    operators: config.gate.operators,
    emailDomains,
    endPerson: (email, by) =>
      endPersonByEmail(email, { reason: 'access_removed', by }, { sessions, revocation }),
  });
  return [
    ...bindRoutes(sessionRoutes, {
      ...parts,
      sessions,
      notes,
      people,
      revocation,
      limits: config.session,
      gateSessions,
      cannotReach: atGate.cannotReach,
      cookieName: config.session.cookieName,
      cookie: config.ownCookies,
    }),
    ...bindRoutes(accessRoutes, { access }),
  ];
}
