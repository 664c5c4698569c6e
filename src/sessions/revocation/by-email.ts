// Ends all sessions of everyone with an email address. Sessions are stored by subject, and an address may belong to several.
import type { SessionTable } from '../../store/contract-sessions.ts';
import type { EndOrder, Revocation } from './revoke.ts';

/** @returns how many sessions ended in Gatehouse */
export async function endPersonByEmail(
  email: string,
  order: EndOrder,
  { sessions, revocation }: { readonly sessions: SessionTable; readonly revocation: Revocation },
): Promise<number> {
  const ids = new Set<string>();
  let cursor: string | undefined;
  do {
    const page = await sessions.page({
      sort: 'email',
      emailPrefix: email,
      limit: 100,
      ...(cursor !== undefined && { cursor }),
    });
    for (const row of page.rows) if (row.email === email) ids.add(row.personId);
    // Sorted by address: once a different address appears, there are no more matches.
    cursor = page.rows.at(-1)?.email === email ? page.next : undefined;
  } while (cursor !== undefined);
  let ended = 0;
  for (const id of ids)
    ended += (await revocation.person(id, order)).filter(({ endedNow }) => endedNow).length;
  return ended;
}
