// GET and POST /settings: the theme, and whether this device stays signed in.
import type { Request, RequestHandler, Response } from 'express';
import { z } from 'zod';
import { settings } from '../../../views/settings.ts';
import { parseInput, tokenField } from '../../http/form.ts';
import { pageFrame, sendPage } from '../../http/page.ts';
import type { Choices, PersonTable } from '../../store/contract.ts';
import { changeableSession, sessionOf } from '../admission/request-session.ts';
import { renewCookie } from '../admission/session-cookie.ts';
import type { SessionLimits } from '../rules/session.ts';

export interface SettingsOptions {
  readonly people: PersonTable;
  readonly limits: SessionLimits;
  /** Applies the choices to the public pages in this browser too. */
  readonly rememberForVisitor: (req: Request, res: Response, choices: Choices) => Promise<void>;
}

const form = z.strictObject({
  ...tokenField,
  theme: z.enum(['auto', 'light', 'dark']),
  staySignedIn: z.literal('on').optional(),
});

export function settingsPage({ limits }: SettingsOptions): RequestHandler {
  return (req, res) => {
    const { staySignedIn } = sessionOf(res);
    const saved = req.query['saved'] === '1';
    sendPage(res, settings(pageFrame(req, res), { staySignedIn, ...limits, saved }));
  };
}

export function saveSettings({ people, rememberForVisitor }: SettingsOptions): RequestHandler {
  return async (req, res) => {
    const { theme, staySignedIn } = parseInput(form, req.body);
    const session = changeableSession(req);
    await people.choose(session.personId, { theme });
    await rememberForVisitor(req, res, { theme });
    if (session.staySignedIn !== (staySignedIn === 'on')) {
      session.staySignedIn = staySignedIn === 'on';
      renewCookie(session);
    }
    // Save now, not at the end of the response as express-session would: the page must not say "saved" too early.
    await new Promise<void>((resolve, reject) => {
      session.save((error?: unknown) => (error ? reject(error) : resolve()));
    });
    res.redirect(303, '/settings?saved=1');
  };
}
