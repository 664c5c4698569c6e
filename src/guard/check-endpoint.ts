// `GET /check`: the answer to the front about one request to an app. Requests that arrive in one turn of the event loop are decided together.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Recorder } from '../audit/recorder.ts';
import { randomToken } from '../crypto/tokens.ts';
import type { ImmediateLimit } from '../http/limits.ts';
import type { Logger } from '../http/log.ts';
import { StoreUnavailable } from '../store/contract.ts';
import type { SessionRow } from '../store/contract-sessions.ts';
import { lead, openUrl, reasonHeader, refusedUrl, type Style, send, sendUnavailable } from './answers.ts';
import type { CheckRequest, Verdict } from './check.ts';
import type { GuardedApp, GuardReason } from './contract.ts';
import { type WantedHeader, wantedHeaders } from './front/input.ts';
import type { FrontRequest } from './front-request.ts';
import { readStartCookie, startCookieLine } from './guard-cookie.ts';
import { createRefusedNotes } from './refused-notes.ts';

/** A request of the front that proved which app it is about. */
export interface Asked extends CheckRequest {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly front: FrontRequest;
}

export interface CheckEndpointOptions {
  readonly deskOrigin: string;
  readonly isPublic: (app: GuardedApp, uri: string) => boolean;
  readonly check: (requests: readonly CheckRequest[]) => Promise<readonly Verdict[]>;
  /** A JWT about the person, for apps that verify one; undefined: this app wants none. */
  readonly assertion: (
    app: GuardedApp,
    row: SessionRow,
    groups: readonly string[],
  ) => Promise<string> | undefined;
  readonly noteUse: (row: SessionRow, app: GuardedApp, at: number) => void;
  /** Ends a session because a replaced guard cookie was used again, and raises the alarm. Never rejects because something cannot be recorded. */
  readonly endReplayed: (row: SessionRow, front: FrontRequest) => Promise<void>;
  readonly byPerson: ImmediateLimit;
  readonly recorder: Recorder;
  readonly logger: Logger;
  readonly now: () => number;
  /** The `Cookie` header that an app may see; undefined: none is left. */
  readonly cookiesForApp: (header: string) => string | undefined;
  readonly onCheck: (app: string, outcome: CheckOutcome) => void;
}

export type CheckOutcome = GuardReason | 'admitted' | 'public' | 'unavailable';

export function createCheckEndpoint(options: CheckEndpointOptions) {
  const { deskOrigin, isPublic, check, logger, now, onCheck } = options;
  const noteRefused = createRefusedNotes(options.recorder, now);
  let waiting: Asked[] = [];

  async function decideAll(): Promise<void> {
    const group = waiting;
    waiting = [];
    let verdicts: readonly Verdict[];
    try {
      verdicts = await check(group);
    } catch (error) {
      for (const one of group) fail(one, error);
      return;
    }
    for (const [i, one] of group.entries()) answer(one, verdicts[i]).catch((error) => fail(one, error));
  }

  /** For a front that passes headers on under their own names: those that the app wants, and the cookies that it may see. */
  function finalHeaders({ app, req }: Asked, identity: Identity): string[] {
    const named = wantedHeaders(app.headers).flatMap(({ from, to }) => pair([to, identity[from]]));
    return [...named, ...pair(['Cookie', options.cookiesForApp(req.headers.cookie ?? '')])];
  }

  function fail({ app, res }: Asked, error: unknown): void {
    if (!(error instanceof StoreUnavailable)) logger.error({ event: 'guard.failed', err: error });
    onCheck(app.name, 'unavailable');
    sendUnavailable(res);
  }

  async function answer(one: Asked, verdict: Verdict | undefined): Promise<void> {
    if (!verdict) throw new Error('a request was not decided');
    if (verdict.kind === 'sign in') {
      // Before the answer, so that the copy is refused from then on.
      if (verdict.reason === 'replayed' && verdict.row) await options.endReplayed(verdict.row, one.front);
      return signIn(one, verdict.reason);
    }
    const { row } = verdict;
    if (verdict.kind === 'refused') return refuse(one, verdict.reason, row);
    if (!options.byPerson.take(row.personId)) {
      onCheck(one.app.name, 'too-many-requests');
      return send(one.res, 403, reasonHeader(styleOf(one), 'too-many-requests'));
    }
    const { app, front, res } = one;
    const assertion = await options.assertion(app, row, verdict.groups);
    onCheck(app.name, 'admitted');
    const identity = {
      'X-Auth-User': userOf(app, row),
      'X-Auth-Email': row.email,
      'X-Auth-Groups': verdict.groups.join(','),
      'X-Guard-Assertion': assertion,
    };
    send(
      res,
      204,
      front.kind === 'traefik' ? finalHeaders(one, identity) : Object.entries(identity).flatMap(pair),
    );
    options.noteUse(row, app, now());
  }

  /** A browser that opens a page goes by the desk, which signs the person in if need be. A script is never redirected. */
  function signIn(one: Asked, reason: GuardReason): void {
    const { req, res, app, front, isNavigation } = one;
    const style = styleOf(one);
    onCheck(app.name, reason);
    if (!isNavigation) {
      const location = openUrl(deskOrigin, app, { to: '/' });
      send(res, 401, ['X-Guard-Location', location, ...reasonHeader(style, reason)]);
      return;
    }
    const known = readStartCookie(req, app);
    const start = known ?? randomToken();
    // Kept if there is one, so that tabs which begin at the same time share it.
    const cookie = known === undefined ? ['Set-Cookie', startCookieLine(app, start)] : [];
    const location = openUrl(deskOrigin, app, { to: front.uri, start });
    lead(res, style, 401, location, [...cookie, ...reasonHeader(style, reason)]);
  }

  function refuse(one: Asked, reason: GuardReason, row: SessionRow): void {
    const { res, app, front, isNavigation } = one;
    const style = styleOf(one);
    onCheck(app.name, reason);
    noteRefused({ row, app, reason, network: front.ip });
    if (isNavigation) lead(res, style, 403, refusedUrl(deskOrigin, app, reason), reasonHeader(style, reason));
    else send(res, 403, reasonHeader(style, reason));
  }

  return (asked: Asked): void => {
    const { app, front, res } = asked;
    if (isPublic(app, front.uri)) {
      onCheck(app.name, 'public');
      send(res, 204);
      return;
    }
    if (waiting.length === 0) setImmediate(() => void decideAll());
    waiting.push(asked);
  };
}

type Identity = Readonly<Record<WantedHeader['from'], string | undefined>>;

const styleOf = ({ front }: Asked): Style => (front.kind === 'traefik' ? 'redirect' : 'header');

const pair = ([name, value]: readonly [string, string | undefined]) =>
  value === undefined ? [] : [name, value];

/** The name that the app knows the person by. */
function userOf({ headers }: GuardedApp, { email, personId }: SessionRow): string {
  if (headers.userIs === 'id') return personId;
  return headers.userIs === 'name' ? email.slice(0, email.lastIndexOf('@')) : email;
}
