// The public pages. Everyone is a visitor here, even if the gate names a person.
import type { RequestHandler } from 'express';
import { z } from 'zod';
import { landing } from '../../views/landing.ts';
import { privacyNotice, type StoredItem } from '../../views/privacy-notice.ts';
import { signedOut } from '../../views/signed-out.ts';
import { parseInput } from '../http/form.ts';
import { addToFrame, pageFrame, sendPage } from '../http/page.ts';
import type { Choices } from '../store/contract.ts';
import type { Visitors } from './visitors.ts';

declare global {
  namespace Express {
    interface Locals {
      /** What this page's visitor chose. */
      choices?: Choices;
    }
  }
}

/** Runs before each public page: reads the visitor's choices, and sets the visitor cookie if consent allows it. */
export function meetVisitor(visitors: Visitors): RequestHandler {
  return async (req, res, next) => {
    if (req.method !== 'GET' && req.method !== 'HEAD') return next();
    res.setHeader('Cache-Control', 'no-store');
    const choices = await visitors.meet(req, res);
    res.locals.choices = choices;
    addToFrame(res, { theme: choices.theme });
    next();
  };
}

/** For signed-in pages, which receive the visitor cookie too. */
export function renewVisitor(visitors: Visitors): RequestHandler {
  return async (req, res, next) => {
    await visitors.renew(req, res);
    next();
  };
}

export interface LandingOptions {
  readonly consent: 'notice' | 'required';
  readonly ttlMs: number;
  readonly visitors: Visitors;
}

export function landingPage({ consent, ttlMs, visitors }: LandingOptions): RequestHandler {
  return (req, res) => {
    const page = landing(pageFrame(req, res), {
      showNotice: visitors.mayKeep(req) && res.locals.choices?.noticeSeen !== true,
      consent,
      canChoose: visitors.mayKeep(req),
      visitorTtlDays: Math.round(ttlMs / 86_400_000),
    });
    sendPage(res, page);
  };
}

const form = z.strictObject({
  theme: z.enum(['auto', 'light', 'dark']).optional(),
  notice: z.literal('seen').optional(),
});

/** POST `/`: saves a theme, or that the notice was seen. There is no session to bind a CSRF token to: the Origin check protects it. */
export function saveChoices(visitors: Visitors): RequestHandler {
  return async (req, res) => {
    const { theme, notice } = parseInput(form, req.body);
    const choices: Choices = { ...(theme && { theme }), ...(notice && { noticeSeen: true }) };
    if (Object.keys(choices).length > 0) await visitors.choose(req, res, choices);
    res.redirect(303, '/');
  };
}

export const signedOutPage: RequestHandler = (req, res) => {
  const { follows } = req.query;
  const known = follows === 'note' || follows === 'row' ? follows : undefined;
  sendPage(res, signedOut(pageFrame(req, res), known));
};

export function privacyNoticePage(
  consent: 'notice' | 'required',
  items: readonly StoredItem[],
): RequestHandler {
  return (req, res) => sendPage(res, privacyNotice(pageFrame(req, res), { consent, items }));
}
