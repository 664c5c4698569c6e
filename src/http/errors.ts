// Every refusal: its code, status and words. No stack and no internal message reaches a reader (ASVS 16.5.1).
import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express';
import { errorPage } from '../../views/error.ts';
import { faultIn, type KnownFault } from './known-fault.ts';
import type { Logger } from './log.ts';
import { wantsHtml } from './navigation.ts';
import { pageFrame, sendPage } from './page.ts';

interface Words {
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  readonly action?: { readonly label: string; readonly href: string };
}

const home = { label: 'Go to the dashboard', href: '/dashboard' };

const problems = {
  bad_request: {
    status: 400,
    title: 'That request cannot be read',
    detail: 'Something in it is not what this page expects. Nothing was changed.',
    action: home,
  },
  bad_identity: {
    status: 400,
    title: 'The gate’s message cannot be read',
    detail:
      'It names nobody, or more than one person, so nobody was let in. If this happens again, tell whoever runs this site.',
  },
  ambiguous_cookie: {
    status: 400,
    title: 'Your browser sent the same cookie twice',
    detail:
      'It is not clear which one is yours, so neither was used. Clear the cookies of this site in your browser, then sign in again.',
  },
  no_session: {
    status: 401,
    title: 'You are not signed in',
    detail: 'Sign in to go on. Nothing was changed.',
  },
  session_ended: {
    status: 401,
    title: 'You were signed out meanwhile',
    detail:
      'This session ended while your request was under way, so nothing was changed. Sign in again and repeat the step.',
  },
  gate_untrusted: {
    status: 401,
    title: 'The gate could not prove itself',
    detail:
      'This request did not come through the sign-in gate, or the gate and this site do not share the same secret. Whoever runs this site: GATE_SECRET must equal oauth2-proxy’s basic_auth_password, with pass_basic_auth on.',
  },
  bad_origin: {
    status: 403,
    title: 'That came from another place',
    detail:
      'Changes are only accepted from this site’s own pages. Nothing was changed. Open the page here and try again.',
    action: home,
  },
  bad_csrf_token: {
    status: 403,
    title: 'This page is out of date',
    detail:
      'It was opened before your present session began, or in another one. Nothing was changed. Open it again and repeat the step.',
    action: home,
  },
  cross_site: {
    status: 403,
    title: 'Not for other sites',
    detail: 'This address answers only requests from this site.',
  },
  not_operator: {
    status: 403,
    title: 'This page is for operators',
    detail:
      'Your account may use the rest of the site, but not this part. Operators are named in ADMIN_EMAILS by whoever runs it.',
    action: home,
  },
  not_found: {
    status: 404,
    title: 'There is nothing here',
    detail: 'The address may be mistyped, or what it named is gone.',
    action: home,
  },
  method_not_allowed: {
    status: 405,
    title: 'That is not how this page works',
    detail: 'Open it from the menu instead.',
    action: home,
  },
  too_large: {
    status: 413,
    title: 'That is too much at once',
    detail: 'What was sent is larger than this page takes. Nothing was changed.',
    action: home,
  },
  uri_too_long: {
    status: 414,
    title: 'That address is too long',
    detail: 'Open the page from the menu instead.',
    action: home,
  },
  unsupported_media_type: {
    status: 415,
    title: 'That format is not understood',
    detail: 'Send a form, or JSON as application/json in UTF-8. Nothing was changed.',
    action: home,
  },
  misdirected: {
    status: 421,
    title: 'Wrong address',
    detail: 'This site does not answer under that name. Use the address that you were given.',
  },
  other_name: {
    status: 421,
    title: 'This name only leads to the site',
    detail:
      'Changes are taken under the site’s main address alone. Nothing was changed. Open the page there and repeat the step.',
    action: home,
  },
  too_many_requests: {
    status: 429,
    title: 'A moment, please',
    detail: 'There were many requests in a short time. Wait a little, then go on where you were.',
  },
  too_many_sign_ins: {
    status: 429,
    title: 'Many sign-ins in a short time',
    detail:
      'New sessions began one after the other, so no further one begins for now. Devices that are signed in stay signed in. If your browser blocks cookies, allow them for this site. Signing in to the provider again also helps.',
  },
  internal: {
    status: 500,
    title: 'Something went wrong here',
    detail:
      'It is not your fault, and you are still signed in. Try again; if it stays, tell whoever runs this site and give the reference.',
    action: home,
  },
  store_unavailable: {
    status: 503,
    title: 'One moment: the session store does not answer',
    detail: 'You are still signed in. This page tries again by itself.',
  },
  record_unavailable: {
    status: 503,
    title: 'One moment: the record cannot be written',
    detail: 'Every change is recorded first, so nothing was changed. This page tries again by itself.',
  },
} as const satisfies Record<string, Words>;

export type ProblemCode = keyof typeof problems;

/** A refusal with words for its reader; the log names it by `code`. */
export class HttpError extends Error {
  readonly code: ProblemCode;
  readonly status: number;
  constructor(code: ProblemCode, options?: ErrorOptions) {
    super(problems[code].title, options);
    this.name = 'HttpError';
    this.code = code;
    this.status = problems[code].status;
  }
}

const retryAfterS = 10;

/** Answers a refusal as a page or, for scripts, as `{"error":{"code","message"}}`. */
export function sendProblem(
  req: Request,
  res: Response,
  code: ProblemCode,
  signInPath?: string,
  cause?: KnownFault,
): void {
  const words: Words = problems[code];
  res.status(words.status);
  if (words.status === 503) res.setHeader('Retry-After', retryAfterS);
  res.setHeader('Cache-Control', 'no-store');
  if (!wantsHtml(req)) {
    res.json({ error: { code, message: `${words.title}. ${words.detail}` } });
    return;
  }
  const isOver = code === 'session_ended' || code === 'no_session';
  const wayIn = signInPath ?? (code === 'session_ended' ? res.locals.frame.signInPath : undefined);
  const action = isOver && wayIn ? { label: 'Sign in', href: wayIn } : words.action;
  // A reader without a session is shown no link that needs one.
  if (isOver) Reflect.deleteProperty(res.locals.frame, 'person');
  const { status, title, detail } = words;
  const page = errorPage(pageFrame(req, res), {
    status,
    title,
    detail,
    action,
    reference: typeof req.id === 'string' ? req.id : '',
    ...(status === 503 && { retryAfterS }),
    ...(cause && { cause }),
  });
  sendPage(res, page);
}

export const notFound: RequestHandler = (req, res) => sendProblem(req, res, 'not_found');

/** For a known path: every method except `methods` is answered with 405 and `Allow`. */
export function onlyMethods(...methods: readonly string[]): RequestHandler {
  const allow = (methods.includes('GET') ? [...methods, 'HEAD'] : methods).join(', ');
  return (req, res) => {
    res.setHeader('Allow', allow);
    sendProblem(req, res, 'method_not_allowed');
  };
}

/** The last handler: known errors by their code, everything else as `internal`, logged with its stack frames. */
export function errorHandler(logger: Logger): ErrorRequestHandler {
  return (error: unknown, req, res, _next) => {
    const code = codeOf(error);
    const line = { event: `request.${code}`, reqId: req.id, err: error };
    if (code === 'internal' || code === 'store_unavailable' || code === 'record_unavailable')
      logger.error(line);
    if (res.headersSent) {
      // Too late for an error page. Not `next`: Express would write the error to the console as it is.
      if (!res.writableEnded) res.destroy();
      return;
    }
    // An operator can fix it and sees how; everyone else is told nothing.
    const cause = res.locals.frame?.person?.operator ? faultIn(error) : undefined;
    sendProblem(req, res, code, undefined, cause);
  };
}

function codeOf(error: unknown): ProblemCode {
  if (error instanceof HttpError) return error.code;
  const { code, status, type } = error as { code?: unknown; status?: unknown; type?: unknown };
  if (code === 'store_unavailable' || code === 'record_unavailable') return code;
  if (code === 'EBADCSRFTOKEN') return 'bad_csrf_token';
  if (type === 'entity.too.large' || type === 'parameters.too.many') return 'too_large';
  if (status === 415) return 'unsupported_media_type';
  return typeof status === 'number' && status >= 400 && status < 500 ? 'bad_request' : 'internal';
}
