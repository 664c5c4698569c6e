// The desk's addresses, behind the gate, the session and the anti-forgery check: one's own devices, everyone's, and who may come in.
import type { Express, RequestHandler, Response } from 'express';
import { createAccess } from './access/access.ts';
import { createAccessFile } from './access/file.ts';
import { accessPage, addAccess, confirmRemoveAccess, removeAccess } from './access/pages.ts';
import type { Recorder } from './audit/recorder.ts';
import type { Config } from './config/derive.ts';
import type { Desk } from './desk.ts';
import { onlyMethods } from './http/errors.ts';
import type { Logger } from './http/log.ts';
import { deleteAnySession, listAllSessions, revokePerson } from './sessions/api-everyone.ts';
import { deleteOwnSession, listOwnSessions, revokeOtherSessions } from './sessions/api-sessions.ts';
import { endPersonByEmail } from './sessions/by-email.ts';
import type { DeskOptions } from './sessions/desk.ts';
import { confirmEndOtherDevices, devicesPage, endDevice, endOtherDevices } from './sessions/devices.ts';
import {
  confirmEndAll,
  confirmEndThePerson,
  endAll,
  endAnyDevice,
  endThePerson,
  everyonePage,
} from './sessions/everyone.ts';
import { devicesSeen, endNotMine, notMinePage } from './sessions/new-devices.ts';
import { anyReceiptPage, ownReceiptPage } from './sessions/receipt-page.ts';
import type { Store } from './store/contract.ts';

/** Everything here needs the member chain before it. `/api/*path` has it already. */
export const deskPaths = ['/devices', '/devices/*path', '/radar', '/radar/*path', '/access', '/access/*path'];

export interface DeskRoutes {
  readonly config: Config;
  readonly store: Store;
  readonly desk: Desk;
  readonly logger: Logger;
  readonly recorder: Recorder;
  readonly now: () => number;
  /** Lets only operators on. */
  readonly operator: RequestHandler;
  readonly personOf: (res: Response) => {
    readonly id: string;
    readonly email: string;
    readonly operator: boolean;
  };
}

export function addDeskRoutes(
  app: Express,
  { config, store, desk, logger, recorder, now, operator, personOf }: DeskRoutes,
): void {
  const { sessions, notes, people } = store;
  const { ending, atGate, gateSessions } = desk;
  const options: DeskOptions = { sessions, notes, ending, limits: config.session, now, personOf };
  const receipts = { ...options, cannotReach: atGate.cannotReach };

  // Members: their own alone.
  app.get('/devices', devicesPage(options));
  app.post('/devices/end', endDevice(options));
  app.get('/devices/end-others', confirmEndOtherDevices(options));
  app.post('/devices/end-others', endOtherDevices(options));
  app.get('/devices/receipt', ownReceiptPage(receipts));
  app.post('/devices/seen', devicesSeen(options));
  app.post('/devices/not-me', endNotMine(options));
  app.get('/devices/not-me', notMinePage());
  app.get('/api/sessions', listOwnSessions(options));
  app.post('/api/sessions/revoke-others', revokeOtherSessions(options));
  app.delete('/api/sessions/:handle', deleteOwnSession(options));

  // Operators: everyone's.
  app.all(['/radar', '/radar/*path', '/access', '/access/*path', '/api/admin/*path'], operator);
  app.get('/radar', everyonePage({ ...options, gateSessions }));
  app.post('/radar/end', endAnyDevice(options));
  app.get('/radar/end-person', confirmEndThePerson(options));
  app.post('/radar/end-person', endThePerson(options));
  app.get('/radar/end-everyone', confirmEndAll(options));
  app.post('/radar/end-everyone', endAll(options));
  app.get('/radar/receipt', anyReceiptPage(receipts));
  app.get('/api/admin/sessions', listAllSessions(options));
  app.delete('/api/admin/sessions/:handle', deleteAnySession(options));
  app.post('/api/admin/users/:id/revoke', revokePerson({ ...options, people }));

  // Operators: who may come in.
  const { emailsFile, emailDomains } = config.access;
  const access = createAccess({
    file: createAccessFile(emailsFile),
    logger,
    recorder,
    operators: config.gate.operators,
    emailDomains,
    endPerson: (email, by) => endPersonByEmail(email, { reason: 'access_removed', by }, { sessions, ending }),
  });
  const accessPages = { access, personOf };
  app.get('/access', accessPage(accessPages));
  app.post('/access/add', addAccess(accessPages));
  app.get('/access/remove', confirmRemoveAccess(accessPages));
  app.post('/access/remove', removeAccess(accessPages));

  app.all(['/devices', '/devices/receipt', '/radar', '/radar/receipt', '/access'], onlyMethods('GET'));
  app.all(['/devices/end', '/devices/seen', '/radar/end', '/access/add'], onlyMethods('POST'));
  app.all(
    ['/devices/end-others', '/devices/not-me', '/radar/end-person', '/radar/end-everyone', '/access/remove'],
    onlyMethods('GET', 'POST'),
  );
  app.all(['/api/sessions', '/api/admin/sessions'], onlyMethods('GET'));
  app.all(['/api/sessions/revoke-others', '/api/admin/users/:id/revoke'], onlyMethods('POST'));
  app.all(['/api/sessions/:handle', '/api/admin/sessions/:handle'], onlyMethods('DELETE'));
}
