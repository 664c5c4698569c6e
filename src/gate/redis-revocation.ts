// Revokes sessions that oauth2-proxy keeps in Redis: for every app behind that gate, from the next request on. Invariant 3: what a refresh
// in progress writes back is refused here and deleted again.
import type { Recorder } from '../audit/recorder.ts';
import type { Logger } from '../http/log.ts';
import { type ClaimTable, type NoteTable, StoreUnavailable } from '../store/contract.ts';
import type { RedisClient } from '../store/redis-client.ts';
import { readBuffers } from '../store/redis-many.ts';
import { type GateCookieValue, readGateCookie } from './cookie-value.ts';
import type {
  GateCookieFacts,
  GateReads,
  GateReceipt,
  GateRevocation,
  GateState,
  Inspection,
} from './revocation.ts';
import { createRevocationMarks, endPersonBy, isMarked, latestOf } from './revocation-marks.ts';
import { createRevocationReceipts, type Deletion } from './revocation-receipts.ts';
import {
  createOpener,
  isGateKey,
  type OpenSession,
  readTicket,
  type Ticket,
  type Unreadable,
} from './ticket.ts';

export interface RedisRevocationOptions {
  /** oauth2-proxy's own Redis, on a separate connection. */
  readonly redis: RedisClient;
  readonly cookieName: string;
  /** How long a gate session lives (OAUTH2_PROXY_COOKIE_EXPIRE). */
  readonly expireMs: number;
  readonly notes: NoteTable;
  readonly claims: ClaimTable;
  readonly now: () => number;
  readonly wait: (ms: number) => Promise<unknown>;
  readonly logger: Logger;
  readonly recorder: Recorder;
}

/** Deletes only the value that was read: in between, the browser may have signed in again. */
const removeIfSame = `
  if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
  return 0`;

type Look =
  | { readonly state: 'open'; readonly session: OpenSession; readonly value: Buffer }
  | { readonly state: 'missing' | 'unreachable' }
  | { readonly state: 'unreadable'; readonly reason: Unreadable };

export function createRedisRevocation(options: RedisRevocationOptions): GateRevocation {
  const { redis, cookieName, expireMs, notes, claims, now, wait, logger, recorder } = options;
  const marks = createRevocationMarks(notes, now, expireMs);
  const open = createOpener();

  async function look(key: string, secret: Buffer): Promise<Look> {
    let value: Buffer | null;
    try {
      value = await redis.getBuffer(key);
    } catch {
      return { state: 'unreachable' };
    }
    if (value === null) return { state: 'missing' };
    const session = open(key, value, secret);
    return typeof session === 'string'
      ? { state: 'unreadable', reason: session }
      : { state: 'open', session, value };
  }

  async function remove(key: string): Promise<'deleted' | 'was gone' | 'unreachable'> {
    try {
      return (await redis.del(key)) > 0 ? 'deleted' : 'was gone';
    } catch (error) {
      logger.warn({ event: 'gate.unreachable', err: error });
      return 'unreachable';
    }
  }

  const receipts = createRevocationReceipts({
    notes,
    claims,
    now,
    wait,
    keepMs: expireMs,
    async remove(key): Promise<Deletion> {
      const taker = await marks.takenBy(key);
      return taker !== undefined && !(await marks.isSignInEnded(key, taker)) ? 'taken' : remove(key);
    },
    onFault: (error) => logger.error({ event: 'gate.look_failed', err: error }),
  });

  async function end({ handle, link }: Parameters<GateRevocation['end']>[0]): Promise<GateReceipt> {
    const endedAt = now();
    if (link?.state !== 'verified' || !isGateKey(link.key, cookieName))
      return receipts.begin(handle, { endedAt, gate: 'unknown' });
    const isRefused = await isMarked(marks.endTicket(link.key, link.signIn));
    const gate = ({ deleted: 'ended', 'was gone': 'nothing to end', unreachable: 'unreachable' } as const)[
      await remove(link.key)
    ];
    recorder.note({ event: 'gate.ended', session: handle, reason: gate });
    const receipt = await receipts.begin(handle, { endedAt, gate }, link.key);
    return isRefused ? receipt : { ...receipt, unmarked: true };
  }

  async function inspect(
    req: Parameters<GateRevocation['inspect']>[0],
    person: Parameters<GateRevocation['inspect']>[1],
  ): Promise<Inspection> {
    const cookie = readGateCookie(req, cookieName);
    if (cookie === undefined) return { verdict: 'goes on', gate: { state: 'none' } };
    const ticket = cookie === 'unreadable' ? undefined : readTicket(cookie.payload, cookieName);
    if (cookie === 'unreadable' || !ticket) return { verdict: 'goes on', gate: { state: 'unverified' } };

    const [seen, isMarked, cutAt] = await Promise.all([
      look(ticket.key, ticket.secret),
      marks.isTicketMarked(ticket.key),
      marks.cutAtOf(person.id),
    ]);
    // One slow answer must not sign out an honest person: what the ticket holds now is simply unknown.
    if (isMarked && seen.state === 'unreachable') throw new StoreUnavailable(new Error('the gate’s Redis'));
    const session = seen.state === 'open' ? seen.session : undefined;
    if (session && !isSame(session, person)) return { verdict: 'another person' };
    // What cannot be decrypted under a marked ticket counts as the session that was ended.
    const isEnded = isMarked && (!session || (await marks.isEnded(ticket.key, session)));
    if (isEnded || isCut(cutAt, cookie, session)) {
      await forget(ticket.key, seen);
      return { verdict: 'ended' };
    }
    // There was a later sign-in on the same ticket: the later checks of the revocation must leave it alone.
    if (isMarked && session?.signIn !== undefined && (await marks.takenBy(ticket.key)) !== session.signIn)
      await marks.take(ticket.key, session.signIn);
    return { verdict: 'goes on', gate: stateOf(ticket.key, seen) };
  }

  async function forget(key: string, seen: Look): Promise<void> {
    if (seen.state !== 'open') return;
    try {
      await redis.eval(removeIfSame, 1, key, seen.value);
    } catch (error) {
      logger.warn({ event: 'gate.unreachable', err: error });
    }
  }

  interface Facts extends GateCookieFacts {
    /** undefined: no cookie of oauth2-proxy. */
    readonly sent: { readonly cookie: GateCookieValue; readonly ticket: Ticket } | undefined;
  }
  const reads: GateReads<Facts> = {
    cookieFacts(req) {
      const cookie = readGateCookie(req, cookieName);
      if (cookie === undefined) return { sent: undefined, marks: [] };
      const ticket = cookie === 'unreadable' ? undefined : readTicket(cookie.payload, cookieName);
      if (cookie === 'unreadable' || !ticket) return undefined;
      return { sent: { cookie, ticket }, marks: [marks.names.ticket(ticket.key)], gateKey: ticket.key };
    },
    personMarks: marks.names.person,
    judge({ sent, marks: names }, { person, marks: found, personMarks, stored }) {
      if (!sent) return { state: 'none' };
      const { cookie, ticket } = sent;
      if (!stored || names.some((name, i) => marks.valueOf(name, found[i]) === true)) return undefined;
      const session = open(ticket.key, stored, ticket.secret);
      if (typeof session === 'string' || !isSame(session, person)) return undefined;
      const cutAt = latestOf(
        marks.names.person(person.id).map((name, i) => marks.valueOf(name, personMarks[i])),
      );
      if (isCut(cutAt, cookie, session)) return undefined;
      return stateOf(ticket.key, { state: 'open', session, value: stored });
    },
    readStored: (keys) => readBuffers(redis, keys),
  };

  return {
    inspect,
    reads,
    linkMarks: marks.ofLink,
    end,
    endPerson: (personId, targets) => endPersonBy(personId, targets, { marks, end }),
    receiptOf: receipts.of,
    cannotReach:
      'Ending deletes the session at the gate, for every app behind it. A session at the gate that never opened this dashboard is not known here by its person: the radar lists it, and it ends when its address leaves the list.',
  };
}

function isSame(session: OpenSession, person: { readonly id: string; readonly email: string }): boolean {
  return session.personId === person.id && (session.email === '' || session.email === person.email);
}

/**
 * Whether it was issued before all sessions of the person were ended. A refresh sets a new created-at, but the request in which it
 * happens still carries the earlier cookie.
 */
function isCut(
  cutAt: number | undefined,
  cookie: GateCookieValue,
  session: OpenSession | undefined,
): boolean {
  if (cutAt === undefined) return false;
  return cookie.issuedAt + 999 <= cutAt || (session !== undefined && session.createdAt <= cutAt);
}

function stateOf(key: string, seen: Look): GateState {
  if (seen.state !== 'open') return { state: 'unverified' };
  const { signIn, createdAt } = seen.session;
  return { state: 'verified', key, createdAt, ...(signIn !== undefined && { signIn }) };
}
