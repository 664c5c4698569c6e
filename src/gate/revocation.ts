// Revocation at the gate, as other modules see it, whichever way oauth2-proxy keeps its sessions.
import type { IncomingMessage } from 'node:http';
import type { CookieHeader } from '../http/request-cookies.ts';

/**
 * The gate session of this request. `verified`: decrypted, and it names the same person. `cookie`: oauth2-proxy keeps sessions in its
 * cookie, which only it can decrypt. `unverified`: not readable now. `none`: no cookie of oauth2-proxy.
 */
export type GateState =
  | {
      readonly state: 'verified';
      readonly key: string;
      /** Identifies the sign-in: stays the same through refreshes. */
      readonly signIn?: string;
      readonly createdAt: number;
    }
  | { readonly state: 'cookie'; readonly digest: string; readonly issuedAt: number }
  | { readonly state: 'unverified' | 'none' };

/** The link between a session of Gatehouse and a gate session, stored with the session and updated when it changes. */
export type GateLink = Extract<GateState, { state: 'verified' | 'cookie' }>;

/** A link as it was stored with a session; undefined if the session has none. */
export function storedLink(value: unknown): GateLink | undefined {
  return value as GateLink | undefined;
}

/** Whether `gate` is a newer link than `kept`. With sessions in Redis, a refresh alone changes nothing. */
export function isNewLink(gate: GateState, kept: GateLink | undefined): gate is GateLink {
  // A late request with an older cookie must not move the link back.
  if (gate.state === 'cookie') {
    return kept?.state !== 'cookie' || (kept.digest !== gate.digest && gate.issuedAt >= kept.issuedAt);
  }
  if (gate.state !== 'verified') return false;
  return kept?.state !== 'verified' || kept.key !== gate.key || kept.signIn !== gate.signIn;
}

/**
 * Whether the person signed in at the provider again since a session with the link `before` ended: another ticket, or another sign-in
 * on the same one. A cookie issued since then counts as well: a renewal looks the same, but the one before it is refused here.
 */
export function isNewSignIn(
  gate: GateState | undefined,
  before: GateLink | undefined,
  endedAt: number,
): boolean {
  if (gate?.state === 'cookie' && before?.state === 'cookie') {
    return gate.digest !== before.digest && gate.issuedAt > endedAt - 1000;
  }
  if (gate?.state !== 'verified' || before?.state !== 'verified') return false;
  return gate.key !== before.key || (gate.signIn !== undefined && gate.signIn !== before.signIn);
}

/** Whether two links belong to one browser: the same ticket, whoever signed in on it last, or the same cookie. */
export function isSameBrowser(a: GateState | undefined, b: GateState | undefined): boolean {
  if (a?.state === 'verified') return b?.state === 'verified' && a.key === b.key;
  return a?.state === 'cookie' && b?.state === 'cookie' && a.digest === b.digest;
}

/** The current outcome of a revocation. */
export interface GateReceipt {
  readonly endedAt: number;
  /**
   * `ended`: the gate session was deleted. `nothing to end`: it was gone already. `unreachable`: oauth2-proxy's Redis did not answer;
   * Gatehouse refuses the session and tries again. `refused here`: oauth2-proxy keeps sessions in cookies, so Gatehouse refuses the
   * cookie. `unknown`: the session was never linked to a gate session.
   */
  readonly gate: 'ended' | 'nothing to end' | 'unreachable' | 'refused here' | 'unknown';
  /** When the last check found nothing any more; absent: not checked again yet, or there is nothing to check. */
  readonly verifiedAt?: number;
  /** How often a refresh in progress wrote the session back, and it was deleted again. */
  readonly writtenBack: number;
  /** The store accepted no mark, so what oauth2-proxy still lets through is not refused here yet. */
  readonly unmarked?: true;
}

export interface EndTarget {
  /** The handle of the session; the receipt is stored under it. */
  readonly handle: string;
  readonly link?: GateLink | undefined;
}

export type Inspection =
  | { readonly verdict: 'goes on'; readonly gate: GateState }
  | { readonly verdict: 'ended' }
  | { readonly verdict: 'another person' };

/** What a gate cookie says, as far as its bytes tell. */
export interface GateCookieFacts {
  /** Names of the notes that mark it as ended. */
  readonly marks: readonly string[];
  /** Its key in oauth2-proxy's Redis, which must be read as well; absent: there is nothing to read there. */
  readonly gateKey?: string;
}

/** What the fast lane found for one gate cookie, read after its request arrived. */
export interface GateFindings {
  readonly person: { readonly id: string; readonly email: string };
  /** The stored value of each name in `marks`, then of each name in `personMarks`. */
  readonly marks: readonly unknown[];
  readonly personMarks: readonly unknown[];
  /** The value under `gateKey`; undefined: not read, or unreachable. */
  readonly stored: Buffer | null | undefined;
}

/** The same judgement as `inspect`, parted so that one read serves many requests. It only admits: undefined means that `inspect` must decide. */
export interface GateReads<Facts extends GateCookieFacts = GateCookieFacts> {
  /** Depends on the `Cookie` header alone. */
  cookieFacts(req: CookieHeader): Facts | undefined;
  /** Names of the notes that mark everything of a person as ended. */
  personMarks(personId: string): readonly string[];
  judge(facts: Facts, findings: GateFindings): GateState | undefined;
  /** Values by key, in the order of `keys`; null where there is none. @throws if oauth2-proxy's Redis does not answer */
  readStored(keys: readonly string[]): Promise<readonly (Buffer | null)[]>;
}

/** Which notes end a session that is linked to the gate's, and what they say. */
export interface LinkMarks {
  /** @param link undefined: the session was never linked, so only the notes about its person apply */
  names(link: GateLink | undefined, personId: string): readonly string[];
  /**
   * Whether one of them ends the session. It may be too strict: a session that oauth2-proxy refreshed since it was last seen here counts
   * as old. The desk decides then.
   * @param values in the order of `names`
   * @param createdAt when the session was created here, in milliseconds
   */
  isEnded(
    link: GateLink | undefined,
    personId: string,
    createdAt: number,
    values: readonly unknown[],
  ): boolean;
}

export interface GateRevocation {
  /** For requests that are admitted in groups. */
  readonly reads: GateReads;
  /** For requests of other apps, which carry no gate cookie. */
  readonly linkMarks: LinkMarks;
  /** The state of this request's gate session. @throws StoreUnavailable if Gatehouse's own store is down */
  inspect(req: IncomingMessage, person: { readonly id: string; readonly email: string }): Promise<Inspection>;
  /** Ends one session; the receipt is completed in the background. If the store accepts no mark, the receipt says so. */
  end(target: EndTarget): Promise<GateReceipt>;
  /**
   * Ends `targets`, in their order, and refuses everything else that was issued to the person before now.
   * @throws StoreUnavailable if there are no targets and the store accepts no mark: nothing was done then
   */
  endPerson(personId: string, targets: readonly EndTarget[]): Promise<GateReceipt[]>;
  /** The current receipt of a revocation; checks that are due are made first. */
  receiptOf(handle: string): Promise<GateReceipt | undefined>;
  /** Plain words for the page: what a revocation does not reach. */
  readonly cannotReach: string;
}
