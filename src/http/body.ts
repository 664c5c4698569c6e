// Reads a request's body: small and of a declared type, or not at all (ASVS 4.1, 13.2; 15.3.6).
import express, { type RequestHandler } from 'express';
import { HttpError } from './errors.ts';
import { hasStrangeName } from './field-names.ts';

const limit = '16kb';

/** For changes: puts a form or JSON in UTF-8 into `req.body`; no body is an empty object; any other type is refused with 415. */
export function readBody(): RequestHandler[] {
  const readJson = express.json({ limit, strict: true, inflate: false });
  const readForm = express.urlencoded({
    limit,
    extended: false,
    parameterLimit: 50,
    inflate: false,
    // The parser drops `__proto__` silently, so no schema would see it.
    verify(_req, _res, body) {
      if (hasStrangeName(body.toString('latin1'))) throw new HttpError('bad_request');
    },
  });
  return [checkType, readJson, readForm];
}

const checkType: RequestHandler = (req, _res, next) => {
  req.body = {};
  const hasBody =
    req.headers['transfer-encoding'] !== undefined || Number(req.headers['content-length'] ?? 0) > 0;
  if (!hasBody) {
    next();
    return;
  }
  const [type = '', ...parameters] = (req.headers['content-type'] ?? '')
    .toLowerCase()
    .split(';')
    .map((part) => part.trim());
  const known = type === 'application/json' || type === 'application/x-www-form-urlencoded';
  const utf8 = parameters.every((part) => !part.startsWith('charset=') || /^charset="?utf-8"?$/.test(part));
  next(known && utf8 ? undefined : new HttpError('unsupported_media_type'));
};
