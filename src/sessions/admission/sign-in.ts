// Creates a session at sign-in. Invariant 5: session id, CSRF secret and visitor id are new; the visitor's choices are carried over.
import type { Request, Response } from 'express';
import type { Recorder } from '../../audit/recorder.ts';
import type { Keyring } from '../../crypto/keyring.ts';
import { digest, randomName, randomToken } from '../../crypto/tokens.ts';
import type { Allowances } from '../../http/allowances.ts';
import { requestFacts } from '../../http/request-facts.ts';
import type { Choices, SignIn, Store } from '../../store/contract.ts';
import type { SessionEnd, SessionRow } from '../../store/contract-sessions.ts';
import type { EndOrder } from '../revocation/revoke.ts';
import { deviceOf } from '../rules/device.ts';
import { endOf, type SessionFacts, type SessionLimits } from '../rules/session.ts';
import { derivedSessionId, keyOf, newSessionId } from '../rules/session-id.ts';
import type { ExpressStore } from './express-store.ts';
import { endSuperseded, endSurplus, isNewDevice } from './other-sessions.ts';
import { countSignIn, mayStart, type NewSignIn, refuseSignIn } from './sign-in-limit.ts';

export interface SignInOptions {
  readonly store: Store;
  readonly expressStore: ExpressStore;
  readonly keyring: Keyring;
  readonly limits: SessionLimits;
  readonly now: () => number;
  readonly recorder: Recorder;
  /** Identifies this browser's sign-in at the gate, which all its tabs share; undefined: unknown. */
  readonly signInNameOf: (req: Request, res: Response) => string | undefined;
  /** Limits how many sessions may be created. */
  readonly allow: Allowances;
  /** 0: no limit. */
  readonly maxPerUser: number;
  /** Whether a session's gate link names the gate session of this request, that is, the same browser. */
  readonly isThisBrowser: (res: Response, link: unknown) => boolean;
  /** @see Revocation.here */
  readonly endHere: (key: string, end: SessionEnd) => Promise<boolean>;
  /** Ends a session in Gatehouse and at the gate. */
  readonly endSession: (row: SessionRow, order: EndOrder) => Promise<unknown>;
  /** Sends the webhook, in the background. */
  readonly notifyNewDevice: (person: { readonly email: string }, signIn: SignIn) => void;
  /** Replaces the visitor id. @returns what the visitor had chosen */
  readonly replaceVisitor: (req: Request, res: Response) => Promise<Choices>;
}

/** Tabs opened within this time of each other share the session that the first one creates. */
const claimMs = 10_000;

/** Creates a session for `person` in `req.session`; express-session then sets its cookie. */
export async function startSession(
  req: Request,
  res: Response,
  person: { readonly id: string; readonly email: string },
  options: SignInOptions,
): Promise<void> {
  const { store, expressStore, limits, now, recorder } = options;
  const name = options.signInNameOf(req, res);
  const claimKey = name === undefined ? undefined : digest(`sign-in\n${person.id}\n${name}`);
  const asked: NewSignIn = { personId: person.id, browser: claimKey };
  const signIn: SignIn = { at: now(), device: deviceOf(req.headers['user-agent']), network: req.ip ?? '' };

  let id = await idFor(res, asked, options);
  let row = newRow(id, person, signIn, limits);
  let created = await store.sessions.create(row);
  if (!created) {
    const first = await store.sessions.read(row.key);
    if (first?.idHash === row.idHash && first.personId === person.id && !endOf(first, limits, now())) {
      adopt(req, id, first, expressStore);
      return;
    }
    // The session that this sign-in shares has already ended: create another one with its own id.
    if (claimKey !== undefined) await store.claims.release(claimKey);
    await countSignIn(res, asked, options.allow);
    id = newSessionId();
    row = newRow(id, person, signIn, limits);
    created = await store.sessions.create(row);
    if (!created) throw new Error('a fresh random session id was taken');
  }
  adopt(req, id, row, expressStore);
  const about = { person, session: row.handle, ...requestFacts(req) };
  try {
    // The session is recorded before its cookie is sent; if recording fails, the session ends below (invariant 8).
    await recorder.write({
      event: 'session.created',
      ...about,
      facts: { browser: signIn.device.browser, os: signIn.device.os, kind: signIn.device.kind },
    });
    const choices = await options.replaceVisitor(req, res);
    recorder.note({ event: 'visitor.rotated', ...about });
    const previousSignIn = await store.people.signIn(person.id, person.email, signIn, choices);
    if (previousSignIn) req.session.previousSignIn = previousSignIn;
    if (await isNewDevice(person.id, signIn.device, { notes: store.notes, now })) {
      req.session.newDevice = true;
      recorder.note({ event: 'device.new', ...about });
      options.notifyNewDevice(person, signIn);
    }
    const { sessions } = store;
    const isThisBrowser = (link: unknown) => options.isThisBrowser(res, link);
    await endSuperseded(person.id, row.key, {
      sessions,
      now,
      isThisBrowser,
      recorder,
      endHere: options.endHere,
    });
    await endSurplus(person.id, row.key, { ...options, sessions });
  } catch (error) {
    // Undo an incomplete sign-in: the next attempt must not share this session.
    await store.sessions.end(row.key, { at: now(), reason: 'signed_out' }).catch(() => false);
    if (claimKey !== undefined) await store.claims.release(claimKey).catch(() => undefined);
    throw error;
  }
}

/** Stored instead of a salt when no session may be created. */
const full = 'full';

/**
 * Derives the same id in all tabs of this browser: they share the first tab's random salt through the store, and the id is an HMAC of
 * it under a key that the store does not know. Only the first tab counts against the limit; the others share its session or its refusal.
 * @throws HttpError too_many_sign_ins
 */
async function idFor(res: Response, asked: NewSignIn, options: SignInOptions): Promise<string> {
  const { store, keyring, now, allow } = options;
  const { browser } = asked;
  if (browser === undefined) {
    await countSignIn(res, asked, allow);
    return newSessionId();
  }
  const mine = (await mayStart(asked, allow)) ? randomToken() : full;
  const salt = await store.claims.claim(browser, mine, now(), now() + claimMs);
  if (salt === full) await refuseSignIn(res, asked, allow);
  if (salt === mine) await countSignIn(res, asked, allow);
  return derivedSessionId(keyring, browser, salt);
}

function newRow(
  id: string,
  person: { id: string; email: string },
  signIn: SignIn,
  limits: SessionLimits,
): SessionRow {
  const facts: SessionFacts = {
    csrfSecret: randomToken(24),
    staySignedIn: true,
    device: signIn.device,
    network: signIn.network,
  };
  return {
    key: keyOf(id),
    handle: randomName(),
    personId: person.id,
    email: person.email,
    createdAt: signIn.at,
    lastSeenAt: signIn.at,
    expiresAt: signIn.at + limits.lifetimeMs,
    idHash: digest(id),
    idIssuedAt: signIn.at,
    data: { ...facts },
  };
}

function adopt(req: Request, id: string, row: SessionRow, expressStore: ExpressStore): void {
  req.sessionID = id;
  req.sessionStore.createSession(req, expressStore.toSession(row, digest(id)));
}
