// Revocation a session at the gate: what the rest of the house knows of it, whichever way oauth2-proxy keeps its sessions.
import type { IncomingMessage } from 'node:http';

/**
 * What this request's session at the gate is. `verified`: opened, and it names the same person. `cookie`: the gate
 * keeps sessions in its cookie, which only it can open. `unverified`: not readable now. `none`: no cookie of the gate.
 */
export type GateState =
  | {
      readonly state: 'verified';
      readonly key: string;
      /** Names the sign-in: stays through refreshes. */
      readonly signIn?: string;
      readonly createdAt: number;
    }
  | { readonly state: 'cookie'; readonly digest: string; readonly issuedAt: number }
  | { readonly state: 'unverified' | 'none' };

/** The tie between a session of the house and the gate's, to be kept with the session and renewed where it changed. */
export type GateLink = Extract<GateState, { state: 'verified' | 'cookie' }>;

/** Whether `gate` is a newer tie than `kept`. A refresh alone changes nothing with sessions in Redis. */
export function isNewLink(gate: GateState, kept: GateLink | undefined): gate is GateLink {
  // A late request with an older cookie must not move the tie back.
  if (gate.state === 'cookie') {
    return kept?.state !== 'cookie' || (kept.digest !== gate.digest && gate.issuedAt >= kept.issuedAt);
  }
  if (gate.state !== 'verified') return false;
  return kept?.state !== 'verified' || kept.key !== gate.key || kept.signIn !== gate.signIn;
}

/**
 * Whether the person passed the provider again since a session with the tie `before` ended: another ticket, or another sign-in
 * on the same one. A cookie that was issued since counts too: a renewal looks the same, but the one before is refused here.
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

/** Whether two ties are one browser's: the same ticket, whoever signed in on it last, or the same cookie. */
export function isSameBrowser(a: GateState | undefined, b: GateState | undefined): boolean {
  if (a?.state === 'verified') return b?.state === 'verified' && a.key === b.key;
  return a?.state === 'cookie' && b?.state === 'cookie' && a.digest === b.digest;
}

/** How an ending went, as it stands now. */
export interface GateReceipt {
  readonly endedAt: number;
  /**
   * `ended`: the gate's session was deleted. `nothing to end`: it was gone. `unreachable`: the gate's Redis did not
   * answer, the house refuses the session, and it is tried again. `refused here`: the gate keeps sessions in cookies,
   * so the house refuses the cookie. `unknown`: the session was never tied to one of the gate's.
   */
  readonly gate: 'ended' | 'nothing to end' | 'unreachable' | 'refused here' | 'unknown';
  /** When the last look found nothing any more; absent: not looked again yet, or nothing to look at. */
  readonly verifiedAt?: number;
  /** How often a refresh in flight had written the session back, and it was deleted again. */
  readonly writtenBack: number;
  /** The store took no mark, so what the gate still lets in is not refused here yet. */
  readonly unmarked?: true;
}

export interface EndTarget {
  /** The session's public name: the receipt is found by it. */
  readonly handle: string;
  readonly link?: GateLink | undefined;
}

export type Inspection =
  | { readonly verdict: 'goes on'; readonly gate: GateState }
  | { readonly verdict: 'ended' }
  | { readonly verdict: 'another person' };

export interface GateRevocation {
  /** What the request's session at the gate is worth. @throws StoreUnavailable where the house's own store is down. */
  inspect(req: IncomingMessage, person: { readonly id: string; readonly email: string }): Promise<Inspection>;
  /** Ends one; the receipt goes on to fill in by itself. Where the store takes no mark, the receipt says so. */
  end(target: EndTarget): Promise<GateReceipt>;
  /**
   * Ends those of `targets`, and refuses whatever else was issued to the person before now. In the order of `targets`.
   * @throws StoreUnavailable where there are none, and the store takes no mark: then nothing was done
   */
  endPerson(personId: string, targets: readonly EndTarget[]): Promise<GateReceipt[]>;
  /** The receipt of an ending as it stands now; looks that are due are made first. */
  receiptOf(handle: string): Promise<GateReceipt | undefined>;
  /** Plain words for the page: what an ending does not reach. */
  readonly cannotReach: string;
}
