// The routes of sessions and of the allow-list, put together from the desk.
import { createAccess } from './access/access.ts';
import { createAccessFile } from './access/file.ts';
import { accessRoutes } from './access/routes.ts';
import type { EndingRecorder } from './audit/recorder.ts';
import type { Config } from './config/derive.ts';
import type { Desk } from './desk.ts';
import type { Logger } from './http/log.ts';
import { type BoundRoute, bindRoutes } from './http/routes.ts';
import { endPersonByEmail } from './sessions/by-email.ts';
import { type SessionRouteOptions, sessionRoutes } from './sessions/routes.ts';
import type { Store } from './store/contract.ts';

/** What of the session routes' options the store, the desk and the configuration give. */
type FromDesk =
  | 'sessions'
  | 'notes'
  | 'people'
  | 'ending'
  | 'limits'
  | 'gateSessions'
  | 'cannotReach'
  | 'cookieName'
  | 'cookie';

export interface DeskParts extends Omit<SessionRouteOptions, FromDesk> {
  readonly config: Config;
  readonly store: Store;
  readonly desk: Desk;
  readonly logger: Logger;
  readonly recorder: EndingRecorder;
}

export function bindDesk({ config, store, desk, logger, recorder, ...parts }: DeskParts): BoundRoute[] {
  const { sessions, notes, people } = store;
  const { ending, atGate, gateSessions } = desk;
  const { emailsFile, emailDomains } = config.access;
  const access = createAccess({
    file: createAccessFile(emailsFile),
    logger,
    recorder,
    operators: config.gate.operators,
    emailDomains,
    endPerson: (email, by) => endPersonByEmail(email, { reason: 'access_removed', by }, { sessions, ending }),
  });
  return [
    ...bindRoutes(sessionRoutes, {
      ...parts,
      sessions,
      notes,
      people,
      ending,
      limits: config.session,
      gateSessions,
      cannotReach: atGate.cannotReach,
      cookieName: config.session.cookieName,
      cookie: config.ownCookies,
    }),
    ...bindRoutes(accessRoutes, { access, personOf: parts.personOf }),
  ];
}
