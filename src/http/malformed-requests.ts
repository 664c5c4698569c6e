// Refuses requests that no honest client sends, before anything else handles them.
import type { RequestHandler } from 'express';
import { HttpError } from './errors.ts';
import { hasDoubledName, hasStrangeName } from './field-names.ts';

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
const urlLimit = 4096;

/**
 * TRACE and unknown methods are 405; a URL longer than 4,096 characters is 414; a query with `a[b]`, `__proto__` or a repeated name is
 * 400. JSON is never shown as a page (ASVS 3.2.1).
 */
export const refuseStrangeRequests: RequestHandler = (req, res, next) => {
  if (!methods.has(req.method)) {
    res.setHeader('Allow', 'GET, HEAD');
    return next(new HttpError('method_not_allowed'));
  }
  if (req.url.length > urlLimit) return next(new HttpError('uri_too_long'));
  const query = req.url.slice(`${req.url}?`.indexOf('?') + 1);
  if (hasStrangeName(query) || hasDoubledName(query)) return next(new HttpError('bad_request'));
  if (req.path.startsWith('/api/') && req.headers['sec-fetch-dest'] === 'document') {
    res.setHeader('Content-Disposition', 'attachment; filename="gatehouse.json"');
  }
  next();
};
