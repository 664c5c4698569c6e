// A session as pages and API clients see it: never its id, never its gate link (invariant 4).
import type { SessionRow } from '../../store/contract-sessions.ts';
import type { Follows, GateReceipt } from '../revocation/revoke.ts';
import { absoluteEndOf, type SessionFacts, type SessionLimits } from './session.ts';

const kinds = ['desktop', 'mobile', 'tablet', 'bot', 'unknown'] as const;

/** `verified`: its gate session is known; `cookie`: only its gate cookie is known; `unverified`: neither. */
export type GateLinkState = 'verified' | 'cookie' | 'unverified';

export interface SessionSummary {
  readonly handle: string;
  readonly personId: string;
  readonly email: string;
  readonly device: { readonly browser: string; readonly os: string; readonly kind: (typeof kinds)[number] };
  readonly network: string;
  readonly createdAt: number;
  readonly lastSeenAt: number;
  readonly expiresAt: number;
  readonly staySignedIn: boolean;
  readonly gate: GateLinkState;
}

type Columns = Pick<SessionRow, 'handle' | 'personId' | 'email' | 'createdAt' | 'lastSeenAt' | 'expiresAt'>;
/** As stored; empty for an ended session. */
type Data = Partial<Pick<SessionFacts, 'device' | 'network' | 'staySignedIn'>> & { readonly gate?: unknown };

/** For a loaded session, which has columns and data in one object. */
export function summaryOf(session: Columns & Data, limits: SessionLimits): SessionSummary {
  const { handle, personId, email, network, createdAt, lastSeenAt, staySignedIn } = session;
  return {
    handle,
    personId,
    email,
    device: deviceOf(session.device),
    network: network ?? '',
    createdAt,
    lastSeenAt,
    expiresAt: absoluteEndOf(session, limits),
    staySignedIn: staySignedIn ?? true,
    gate: linkStateOf(session.gate),
  };
}

export function summaryOfRow(row: SessionRow, limits: SessionLimits): SessionSummary {
  return summaryOf({ ...(row.data as Data), ...row }, limits);
}

export function deviceOf(device: SessionFacts['device'] | undefined): SessionSummary['device'] {
  const { browser = 'Unknown browser', os = 'unknown system', kind } = device ?? {};
  return { browser, os, kind: kinds.find((known) => known === kind) ?? 'unknown' };
}

function linkStateOf(link: unknown): GateLinkState {
  const { state } = (link ?? {}) as { readonly state?: unknown };
  return state === 'verified' || state === 'cookie' ? state : 'unverified';
}

/** A session in API responses; times are ISO 8601, UTC. */
export interface SessionView {
  readonly handle: string;
  /** Whether it is the session of this request. */
  readonly current: boolean;
  readonly person: { readonly id: string; readonly email: string };
  readonly device: SessionSummary['device'];
  readonly network: string;
  readonly createdAt: string;
  readonly lastSeenAt: string;
  readonly expiresAt: string;
  readonly staySignedIn: boolean;
  readonly gate: GateLinkState;
}

export function viewSession(session: SessionSummary, currentHandle: string | undefined): SessionView {
  const { handle, personId, email, device, network, staySignedIn, gate } = session;
  return {
    handle,
    current: handle === currentHandle,
    person: { id: personId, email },
    device,
    network,
    createdAt: new Date(session.createdAt).toISOString(),
    lastSeenAt: new Date(session.lastSeenAt).toISOString(),
    expiresAt: new Date(session.expiresAt).toISOString(),
    staySignedIn,
    gate,
  };
}

/** The result of a revocation in API responses; a later request may show progress. */
export interface ReceiptView {
  readonly ended: true;
  readonly gate: GateReceipt['gate'];
  readonly verifiedAt: string | null;
  /**
   * `note`: the audit entry is still to be written; `row`: the store does not have the revocation yet either, and only this server
   * refuses the session.
   */
  readonly follows?: Follows;
}

export function viewReceipt({ gate, verifiedAt }: GateReceipt, follows?: Follows): ReceiptView {
  return {
    ended: true,
    gate,
    verifiedAt: verifiedAt === undefined ? null : new Date(verifiedAt).toISOString(),
    ...(follows && { follows }),
  };
}
