// Whom data is about: the accounts behind an address, and the address behind an account.
import type { PersonTable } from '../store/contract.ts';

export interface Somebody {
  /** The provider's subjects; several where an address went from one account to another, none where nobody signed in. */
  readonly ids: readonly string[];
  readonly email: string;
}

/** Everyone behind an address, as it was written. */
export async function behindAddress(email: string, people: PersonTable): Promise<Somebody> {
  const address = email.trim().toLowerCase();
  return { ids: await people.idsOf(address), email: address };
}
