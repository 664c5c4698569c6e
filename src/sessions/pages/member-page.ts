// What every signed-in page needs: the person's theme and the CSRF token for its forms.
import type { RequestHandler } from 'express';
import { wantsHtml } from '../../http/navigation.ts';
import { addToFrame } from '../../http/page.ts';
import { wasNotTaken } from '../../http/routes.ts';
import type { PersonTable } from '../../store/contract.ts';
import { sessionOf } from '../admission/request-session.ts';

export function prepareMemberPage(people: PersonTable): RequestHandler {
  return async (req, res, next) => {
    if (wantsHtml(req)) {
      const person = await people.read(sessionOf(res).personId);
      addToFrame(res, {
        theme: person?.choices.theme,
        csrfToken: req.csrfToken(),
        ...(wasNotTaken(req) && { signedInAgain: true as const }),
      });
    }
    next();
  };
}
