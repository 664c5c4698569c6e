// Sends pages: the frame of a request, and the type of the response.
import type { Request, RequestHandler, Response } from 'express';
import type { Html } from '../../views/html.ts';
import type { Frame, Theme } from '../../views/layout.ts';
import { randomToken } from '../crypto/tokens.ts';

declare global {
  namespace Express {
    interface Locals {
      /** The CSP nonce of this response. */
      nonce: string;
      /** What the frame of the page shows; middleware adds parts to it. */
      frame: Omit<Frame, 'nonce' | 'path' | 'hasApps'> & Pick<FrameBase, 'hasApps'>;
    }
  }
}

export interface FrameBase {
  readonly asset: (name: string) => string;
  readonly devMode: boolean;
  /** Looks at the apps file, so only pages ask; absent: there is no guard. */
  readonly hasApps?: () => boolean;
  readonly signInPath: string;
}

/** Gives each response its nonce and the frame of a visitor's page. */
export function prepareFrame(base: FrameBase): RequestHandler {
  return (_req, res, next) => {
    res.locals.nonce = randomToken(16);
    res.locals.frame = { theme: 'auto', ...base };
    next();
  };
}

/** Adds to the frame what has become known. */
export function addToFrame(
  res: Response,
  known: {
    theme?: Theme | undefined;
    person?: NonNullable<Frame['person']>;
    csrfToken?: string;
    signedInAgain?: true;
  },
): void {
  const { theme = res.locals.frame.theme, ...rest } = known;
  res.locals.frame = { ...res.locals.frame, ...rest, theme };
}

export function pageFrame(req: Request, res: Response): Frame {
  const { hasApps, ...frame } = res.locals.frame;
  return { ...frame, hasApps: hasApps?.() ?? false, nonce: res.locals.nonce, path: req.path };
}

/** Sends a page. Like `res.send`, which would parse the type that it has just set, and compare conditions that no page has. */
export function sendPage(res: Response, { markup }: Html): void {
  res.setHeader('Content-Type', 'text/html; charset=utf-8');
  res.setHeader('Content-Length', Buffer.byteLength(markup));
  res.end(markup);
}
