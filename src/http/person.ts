// The signed-in person of a request. `requirePerson` (src/gate/identity.ts) sets it from the headers that carry oauth2-proxy's proof.
import type { Response } from 'express';

export interface Person {
  /** The provider's subject: stays when the address changes. */
  readonly id: string;
  readonly email: string;
  /** Listed in `ADMIN_EMAILS` at this request. */
  readonly operator: boolean;
}

declare global {
  namespace Express {
    interface Locals {
      /** Set behind the gate. */
      person?: Person;
    }
  }
}

/** The person that `requirePerson` admitted. @throws Error on a route that is not behind the gate */
export function personOf(res: Response): Person {
  const { person } = res.locals;
  if (!person) throw new Error('this route is not behind the gate');
  return person;
}
