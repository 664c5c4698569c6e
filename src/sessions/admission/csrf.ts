// The CSRF token, bound to the session and its id (ASVS 3.5.1): in a header or in the body, never in the URL. It is replaced
// together with the id, and the previous token is valid as long as the previous id.
import csurf from 'csurf';
import type { ErrorRequestHandler, Request, RequestHandler } from 'express';
import type { Recorder } from '../../audit/recorder.ts';
import { digest, randomToken } from '../../crypto/tokens.ts';
import { requestFacts } from '../../http/request-facts.ts';
import { stateOfId } from '../rules/session.ts';
import type { AdmittedSession } from './express-store.ts';
import { sessionOf } from './request-session.ts';

declare global {
  namespace Express {
    interface Request {
      /** Where csurf reads the token secret of this request. */
      tokenSecret?: { csrfSecret: string };
    }
  }
}

/**
 * csurf in session mode, with a secret derived from the session's secret and the digest of its id. By default csurf also accepts
 * the token from the query string, which ends up in logs and browser histories.
 */
export function checkCsrf({ now }: { readonly now: () => number }): RequestHandler {
  const check = csurf({
    sessionKey: 'tokenSecret',
    value: (req: Request) => {
      const header = req.headers['x-csrf-token'];
      const field: unknown = (req.body as Record<string, unknown> | undefined)?.['_csrf'];
      const token = header ?? field;
      return typeof token === 'string' ? token : '';
    },
  }) as RequestHandler;
  return (req, res, next) => {
    const session = sessionOf(res);
    const secretFor = (idHash: string) => tokenSecretOf(session.csrfSecret, idHash);
    req.tokenSecret = secretFor(session.idHash);
    check(req, res, (error?: unknown) => {
      const { previous } = session;
      if (!isRefused(error) || !previous || stateOfId(session, previous.idHash, now()) !== 'previous')
        return next(error);
      req.tokenSecret = secretFor(previous.idHash);
      check(req, res, (again?: unknown) => {
        // Tokens issued with this response belong to the current id.
        req.tokenSecret = secretFor(session.idHash);
        next(again);
      });
    });
  };
}

function tokenSecretOf(csrfSecret: string, idHash: string): { csrfSecret: string } {
  return { csrfSecret: digest(`token\n${csrfSecret}\n${idHash}`) };
}

/**
 * A fresh token for the current id of a session, in the form of csurf's tokens (its `logic/tokens.js`): eight characters of salt without
 * a dash, a dash, and the digest of both with the secret. csurf itself asks the system for six random bytes each time, which costs more
 * than all the rest.
 */
export function csrfTokenOf({ csrfSecret, idHash }: Pick<AdmittedSession, 'csrfSecret' | 'idHash'>): string {
  const salt = randomToken(6).replaceAll('-', '_');
  return `${salt}-${digest(`${salt}-${tokenSecretOf(csrfSecret, idHash).csrfSecret}`)}`;
}

function isRefused(error: unknown): boolean {
  return (error as { code?: unknown } | undefined)?.code === 'EBADCSRFTOKEN';
}

export function recordCsrf(recorder: Recorder): ErrorRequestHandler {
  return (error: unknown, req, res, next) => {
    if (isRefused(error)) {
      const { person } = res.locals;
      recorder.note({
        event: 'csrf.rejected',
        outcome: 'refused',
        reason: 'token',
        ...(person && { person: { id: person.id, email: person.email } }),
        ...requestFacts(req),
      });
    }
    next(error);
  };
}
