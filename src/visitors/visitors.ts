// Visitors: people who have not signed in. Identified only by a random id; only their choices are stored.
import type { Request, Response } from 'express';
import type { Keyring } from '../crypto/keyring.ts';
import { HttpError } from '../http/errors.ts';
import type { Logger } from '../http/log.ts';
import { type CookieHeader, isAmbiguous, singleCookie } from '../http/request-cookies.ts';
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
  /** Counts one visitor for this request's network. @returns false if the network has too many */
  readonly takeRoom: (req: Request) => Promise<boolean>;
}

declare global {
  namespace Express {
    interface Locals {
      /** When the visitor cookie set by this response expires. */
      visitorEndsAt?: number;
    }
  }
}

export interface Visitors {
  /** Returns the choices of a visitor on a public page; gives a new visitor a cookie if consent allows it. Never throws if the store is down. */
  meet(req: Request, res: Response): Promise<Choices>;
  /**
   * Stores a visitor's choices. Making a choice counts as consent.
   * @returns false if nothing may be stored
   * @throws HttpError too_many_requests if this network already has too many visitors
   */
  choose(req: Request, res: Response, choices: Choices): Promise<boolean>;
  /** For signed-in pages: re-signs a cookie signed with a former key, so that no page keeps an old key in use. */
  renew(req: Request, res: Response): Promise<void>;
  /** Whether `renew` may have something to do for a request with these cookies. */
  needsRenewal(req: CookieHeader): boolean;
  /** At sign-in: retires the old id and issues a new one (invariant 5). @returns the visitor's choices */
  replace(req: Request, res: Response): Promise<Choices>;
  /** Milliseconds until the browser's visitor cookie expires, counting the one set by this response; undefined if it has no valid one. */
  timeLeftMs(req: Request, res: Response): number | undefined;
  /** Whether anything may be stored about this visitor. */
  mayKeep(req: Request): boolean;
}

export function createVisitors(options: VisitorOptions): Visitors {
  const { table, keyring, cookieName, cookie, ttlMs, consent, now, logger } = options;

  const sent = (req: CookieHeader): VisitorId | undefined => {
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
        // Public pages keep working; leave the cookie unchanged.
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
    needsRenewal: (req) => keyring.hasFormer() && sent(req)?.signedBy === 'fallback',
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
