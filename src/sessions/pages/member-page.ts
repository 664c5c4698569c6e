// What every signed-in page needs: the person's theme and the CSRF token for its forms.
import type { RequestHandler } from 'express';
import { wantsHtml } from '../../http/navigation.ts';
import { addToFrame } from '../../http/page.ts';
import { personOf } from '../../http/person.ts';
import { wasNotTaken } from '../../http/routes.ts';
import type { PersonRow, PersonTable } from '../../store/contract.ts';
import { sessionOf } from '../admission/request-session.ts';

declare global {
  namespace Express {
    interface Locals {
      /** The row of the person of a page, being read. */
      personRow?: Promise<PersonRow | undefined>;
    }
  }
}

/** Runs before admission: starts to read the person's row, so that it arrives together with the session. */
export function startReadingPerson(people: PersonTable): RequestHandler {
  return (req, res, next) => {
    if (wantsHtml(req)) {
      const reading = people.read(personOf(res).id);
      // A request that is not admitted does not wait for it.
      reading.catch(() => undefined);
      res.locals.personRow = reading;
    }
    next();
  };
}

export function prepareMemberPage(people: PersonTable): RequestHandler {
  return async (req, res, next) => {
    if (wantsHtml(req)) {
      // A sign-in takes over what the visitor chose, after the first reading began.
      const isKnown = res.locals.isNewSession !== true && res.locals.personRow !== undefined;
      const person = await (isKnown ? res.locals.personRow : people.read(sessionOf(res).personId));
      addToFrame(res, {
        theme: person?.choices.theme,
        csrfToken: req.csrfToken(),
        ...(wasNotTaken(req) && { signedInAgain: true as const }),
      });
    }
    next();
  };
}
