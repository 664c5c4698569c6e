// The people that data is about: the accounts behind an address, and the address behind an account.
import type { PersonTable } from '../store/contract.ts';

export interface Somebody {
  /** The provider's subjects; several if an address moved from one account to another, none if nobody signed in with it. */
  readonly ids: readonly string[];
  readonly email: string;
}

/** Everyone behind an address, in the spelling given. */
export async function behindAddress(email: string, people: PersonTable): Promise<Somebody> {
  const address = email.trim().toLowerCase();
  return { ids: await people.idsOf(address), email: address };
}
