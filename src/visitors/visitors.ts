// Visitors: who comes without signing in. Known by a random id alone, and only what they chose is kept.
import type { Request, Response } from 'express';
import type { Keyring } from '../crypto/keyring.ts';
import { HttpError } from '../http/errors.ts';
import type { Logger } from '../http/log.ts';
import { isAmbiguous, singleCookie } from '../http/request-cookies.ts';
import { type OwnCookieAttributes, setCookie } from '../http/response-cookies.ts';
import { type Choices, StoreUnavailable, type VisitorTable } from '../store/contract.ts';
import { issueVisitor, readVisitor, resignVisitor, type VisitorId } from './visitor-cookie.ts';

export interface VisitorOptions {
  readonly table: VisitorTable;
  readonly keyring: Keyring;
  readonly cookieName: string;
  readonly cookie: OwnCookieAttributes;
  readonly ttlMs: number;
  readonly consent: 'notice' | 'required';
  readonly now: () => number;
  readonly logger: Logger;
  /** Takes one of the visitors that this request's network may have kept. @returns false where there are too many */
  readonly takeRoom: (req: Request) => Promise<boolean>;
}

declare global {
  namespace Express {
    interface Locals {
      /** When the visitor cookie that this answer sets will end. */
      visitorEndsAt?: number;
    }
  }
}

export interface Visitors {
  /** The choices of whoever opens a public page; gives a new visitor a cookie where that is agreed. Never throws for an outage. */
  meet(req: Request, res: Response): Promise<Choices>;
  /**
   * Keeps what a visitor chose. Choosing is agreeing.
   * @returns false where nothing may be kept
   * @throws HttpError too_many_requests where this network has very many visitors already
   */
  choose(req: Request, res: Response, choices: Choices): Promise<boolean>;
  /** Elsewhere than on public pages: a cookie that a former key signed is signed anew, so that no page keeps an old key in use. */
  renew(req: Request, res: Response): Promise<void>;
  /** At sign-in: the old id is dead, a new one takes its place (invariant 5). @returns what was chosen. */
  replace(req: Request, res: Response): Promise<Choices>;
  /** Milliseconds that the browser's visitor cookie has left after this answer; undefined where it has none of ours. */
  timeLeftMs(req: Request, res: Response): number | undefined;
  /** Whether anything may be kept of this visitor. */
  mayKeep(req: Request): boolean;
}

export function createVisitors(options: VisitorOptions): Visitors {
  const { table, keyring, cookieName, cookie, ttlMs, consent, now, logger } = options;

  const sent = (req: Request): VisitorId | undefined => {
    const value = isAmbiguous(req, cookieName) ? undefined : singleCookie(req, cookieName);
    return value === undefined ? undefined : readVisitor(value, keyring, now(), ttlMs);
  };
  const issue = (res: Response): VisitorId => {
    const { visitor, value } = issueVisitor(keyring, now(), ttlMs);
    setCookie(res, cookieName, value, cookie, ttlMs);
    res.locals.visitorEndsAt = visitor.expiresAt;
    return visitor;
  };
  const mayKeep = (req: Request) => consent === 'notice' || req.headers['sec-gpc'] !== '1';

  return {
    mayKeep,
    async meet(req, res) {
      const visitor = sent(req);
      try {
        const row = visitor && (await table.read(visitor.idHash, now()));
        if (visitor && row?.state !== 'retired') {
          if (visitor.signedBy === 'fallback') resign(req, res, visitor);
          return row?.choices ?? {};
        }
        if (consent === 'notice') issue(res);
        return {};
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) throw error;
        // Public pages stay up; the cookie is left as it is.
        logger.error({ event: 'store.unavailable', reqId: req.id, err: error });
        return {};
      }
    },
    async choose(req, res, choices) {
      if (!mayKeep(req)) return false;
      const visitor = sent(req);
      const row = visitor && (await table.read(visitor.idHash, now()));
      if (row?.state !== 'live' && !(await options.takeRoom(req))) throw new HttpError('too_many_requests');
      if (visitor && (await table.choose(visitor.idHash, choices, now(), visitor.expiresAt))) return true;
      const fresh = issue(res);
      return table.choose(fresh.idHash, choices, now(), fresh.expiresAt);
    },
    async renew(req, res) {
      if (!keyring.hasFormer() || res.locals.visitorEndsAt !== undefined) return;
      const visitor = sent(req);
      if (visitor?.signedBy !== 'fallback') return;
      const row = await table.read(visitor.idHash, now()).catch(() => ({ state: 'retired' as const }));
      if (row?.state !== 'retired') resign(req, res, visitor);
    },
    async replace(req, res) {
      const visitor = sent(req);
      const row = visitor && (await table.read(visitor.idHash, now()));
      const choices = row?.state === 'live' ? row.choices : {};
      if (visitor) await table.retire(visitor.idHash, now(), visitor.expiresAt);
      if (!visitor && consent === 'required') return choices;
      const fresh = issue(res);
      if (Object.keys(choices).length > 0) await table.choose(fresh.idHash, choices, now(), fresh.expiresAt);
      return choices;
    },
    timeLeftMs: (req, res) => {
      const endsAt = res.locals.visitorEndsAt ?? sent(req)?.expiresAt;
      return endsAt === undefined ? undefined : endsAt - now();
    },
  };

  function resign(req: Request, res: Response, visitor: VisitorId): void {
    const value = resignVisitor(singleCookie(req, cookieName) ?? '', keyring);
    setCookie(res, cookieName, value, cookie, visitor.expiresAt - now());
  }
}
