// Admits requests in groups, for the fast lane: what each one needs is planned from its headers, then read together, then judged by the same
// rules as `read-only-admission.ts`. Whatever needs more than reading is not admitted here. Invariants 1, 2, 3, 6 and 7.

import type { Keyring } from '../../crypto/keyring.ts';
import { digest } from '../../crypto/tokens.ts';
import type { GateCookieFacts, GateReads, GateState } from '../../gate/revocation.ts';
import { createExactCache } from '../../http/exact-cache.ts';
import type { Person } from '../../http/person.ts';
import type { PlainRequest } from '../../http/plain-request.ts';
import { type CookieHeader, isAmbiguous, singleCookie } from '../../http/request-cookies.ts';
import type { SessionTable } from '../../store/contract-sessions.ts';
import { deviceOf } from '../rules/device.ts';
import { keyOf } from '../rules/session-id.ts';
import { type AdmittedSession, readRow } from './express-store.ts';
import { type NeedsNothingOptions, needsNothing } from './read-only-admission.ts';
import { readSessionCookie } from './session-cookie.ts';

export interface GroupAdmissionOptions extends NeedsNothingOptions {
  readonly sessions: Pick<SessionTable, 'readMany'>;
  readonly keyring: Keyring;
  readonly cookieName: string;
  readonly now: () => number;
  readonly gate: GateReads;
  /** The person that oauth2-proxy names, by its current secret; undefined: leave the request to the ordinary handlers. */
  readonly identify: (request: PlainRequest) => Identified | undefined;
  /** Whether something must be written about who owns the gate session. */
  readonly isOwnerRemembered: (
    gate: NonNullable<ReturnType<GateReads['judge']>>,
    session: AdmittedSession,
  ) => boolean;
  /** Whether the visitor cookie among these is due for a new signature. */
  readonly needsVisitorRenewal: (req: CookieHeader) => boolean;
}

export interface Identified {
  readonly person: Person;
  /** Names of the notes that end everything of this person at the gate. */
  readonly personMarks: readonly string[];
}

interface CookieFacts {
  readonly key: string;
  readonly idHash: string;
  readonly gate: GateCookieFacts;
}

export interface AdmissionPlan extends Identified {
  readonly personId: string;
  readonly cookies: CookieFacts;
  readonly request: PlainRequest;
}

export interface GroupAdmitted {
  readonly person: Person;
  readonly session: AdmittedSession;
  readonly gate: GateState;
}

const cached = { entries: 5_000, characters: 4_000_000 };

export function createGroupAdmission(options: GroupAdmissionOptions) {
  const { sessions, keyring, cookieName, now, gate, identify, limits, isOwnerRemembered } = options;
  const cache = createExactCache<CookieFacts>({ ...cached, version: () => keyring.generation() });

  function factsOf(cookie: string): CookieFacts | undefined {
    const known = cache.get(cookie);
    if (known) return known;
    const header: CookieHeader = { headers: { cookie } };
    if (isAmbiguous(header, cookieName) || options.needsVisitorRenewal(header)) return undefined;
    const sent = readSessionCookie(singleCookie(header, cookieName) ?? '', keyring);
    if (sent?.signedBy !== 'current') return undefined;
    const gateFacts = gate.cookieFacts(header);
    if (!gateFacts) return undefined;
    const facts = { key: keyOf(sent.id), idHash: digest(sent.id), gate: gateFacts };
    cache.set(cookie, facts);
    return facts;
  }

  return {
    /** From the headers alone; undefined: leave the request to the ordinary handlers. */
    plan(request: PlainRequest): AdmissionPlan | undefined {
      const identified = identify(request);
      const cookies = identified && factsOf(request.cookie);
      return cookies && { ...identified, personId: identified.person.id, cookies, request };
    },

    /** One read of each store for all of `plans`. @throws StoreUnavailable, or if oauth2-proxy's Redis does not answer */
    async admit(plans: readonly AdmissionPlan[]): Promise<(GroupAdmitted | undefined)[]> {
      const at = now();
      const names = createIndex(
        plans.flatMap(({ cookies, personMarks }) => [...cookies.gate.marks, ...personMarks]),
      );
      const keys = createIndex(plans.map(({ cookies }) => cookies.key));
      const gateKeys = createIndex(plans.flatMap(({ cookies }) => cookies.gate.gateKey ?? []));
      const [{ rows, notes }, stored] = await Promise.all([
        sessions.readMany(keys.all, names.all, at),
        gateKeys.all.length === 0 ? [] : gate.readStored(gateKeys.all),
      ]);
      const noteOf = (name: string) => notes[names.placeOf(name)];

      return plans.map(({ person, personId, personMarks, cookies, request }) => {
        const row = rows[keys.placeOf(cookies.key)];
        const gateState = gate.judge(cookies.gate, {
          person,
          marks: cookies.gate.marks.map(noteOf),
          personMarks: personMarks.map(noteOf),
          stored:
            cookies.gate.gateKey === undefined ? undefined : stored[gateKeys.placeOf(cookies.gate.gateKey)],
        });
        if (!row || !gateState) return undefined;
        const session = readRow(row, cookies.idHash, limits, at);
        const here = () => ({ device: deviceOf(request.userAgent), network: request.ip });
        if (!needsNothing(session, { personId, here, gate: gateState }, at, options)) return undefined;
        return isOwnerRemembered(gateState, session) ? { person, session, gate: gateState } : undefined;
      });
    },
  };
}

/** Each of `names` once, and its place. */
function createIndex(names: readonly string[]) {
  const places = new Map<string, number>();
  for (const name of names) if (!places.has(name)) places.set(name, places.size);
  return { all: [...places.keys()], placeOf: (name: string) => places.get(name) ?? -1 };
}
