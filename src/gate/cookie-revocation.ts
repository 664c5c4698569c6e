// Revokes sessions that oauth2-proxy keeps in its cookie, as far as that is possible: oauth2-proxy cannot be told, so Gatehouse refuses
// the cookie by its digest, and by the cookie's own timestamp everything that was issued to a person before an instant.
import type { ClaimTable, NoteTable } from '../store/contract.ts';
import { readGateCookie } from './cookie-value.ts';
import type { GateCookieFacts, GateReads, GateReceipt, GateRevocation } from './revocation.ts';
import { createRevocationMarks, endPersonBy, isMarked, latestOf } from './revocation-marks.ts';
import { createRevocationReceipts } from './revocation-receipts.ts';

export interface CookieRevocationOptions {
  readonly cookieName: string;
  /** How long oauth2-proxy accepts its cookie (OAUTH2_PROXY_COOKIE_EXPIRE). */
  readonly expireMs: number;
  readonly notes: NoteTable;
  readonly claims: ClaimTable;
  readonly now: () => number;
}

export function createCookieRevocation({
  cookieName,
  expireMs,
  notes,
  claims,
  now,
}: CookieRevocationOptions): GateRevocation {
  const marks = createRevocationMarks(notes, now, expireMs);
  // There is nothing to check again later: a cookie cannot be deleted from here.
  const receipts = createRevocationReceipts({
    notes,
    claims,
    now,
    wait: async () => {},
    keepMs: expireMs,
    remove: async () => 'was gone',
    onFault: () => {},
  });

  async function end({ handle, link }: Parameters<GateRevocation['end']>[0]): Promise<GateReceipt> {
    const endedAt = now();
    if (link?.state !== 'cookie') return receipts.begin(handle, { endedAt, gate: 'unknown' });
    if (!(await isMarked(marks.endCookie(link.digest))))
      return { ...(await receipts.begin(handle, { endedAt, gate: 'unknown' })), unmarked: true };
    return receipts.begin(handle, { endedAt, gate: 'refused here' });
  }

  interface Facts extends GateCookieFacts {
    /** undefined: no cookie of oauth2-proxy. */
    readonly cookie: { readonly digest: string; readonly issuedAt: number } | undefined;
  }
  const reads: GateReads<Facts> = {
    cookieFacts(req) {
      const cookie = readGateCookie(req, cookieName);
      if (cookie === 'unreadable') return undefined;
      return { cookie, marks: cookie ? [marks.names.cookie(cookie.digest)] : [] };
    },
    personMarks: marks.names.person,
    judge({ cookie, marks: names }, { person, marks: found, personMarks }) {
      if (!cookie) return { state: 'none' };
      if (names.some((name, i) => marks.valueOf(name, found[i]) === true)) return undefined;
      const cutAt = latestOf(
        marks.names.person(person.id).map((name, i) => marks.valueOf(name, personMarks[i])),
      );
      if (isCut(cutAt, cookie.issuedAt)) return undefined;
      return { state: 'cookie', digest: cookie.digest, issuedAt: cookie.issuedAt };
    },
    readStored: async () => [],
  };

  return {
    async inspect(req, person) {
      const cookie = readGateCookie(req, cookieName);
      if (cookie === undefined) return { verdict: 'goes on', gate: { state: 'none' } };
      if (cookie === 'unreadable') return { verdict: 'goes on', gate: { state: 'unverified' } };
      const { digest, issuedAt } = cookie;
      const [isEnded, cutAt] = await Promise.all([marks.isCookieEnded(digest), marks.cutAtOf(person.id)]);
      if (isEnded || isCut(cutAt, issuedAt)) return { verdict: 'ended' };
      return { verdict: 'goes on', gate: { state: 'cookie', digest, issuedAt } };
    },
    reads,
    linkMarks: marks.ofLink,
    end,
    endPerson(personId, targets) {
      return endPersonBy(personId, targets, { marks, end });
    },
    receiptOf: receipts.of,
    cannotReach:
      'oauth2-proxy keeps its sessions in the browser, so nothing can be deleted there. This site refuses the cookie and sends the browser to sign out at the gate; other apps behind the same gate still take it until it expires. A copy of the cookie that oauth2-proxy renews, after the ending or unseen by this site, becomes a new cookie, which this site cannot tell from a new sign-in. To end that too, take the address off the list or remove the access in the Google account; with oauth2-proxy’s sessions in Redis, ending is real everywhere.',
  };
}

/** The timestamp of a cookie has whole seconds, so one issued in the same second as the cut-off is refused as well. */
function isCut(cutAt: number | undefined, issuedAt: number): boolean {
  return cutAt !== undefined && issuedAt <= cutAt;
}
