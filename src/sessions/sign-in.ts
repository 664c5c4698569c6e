// Begins a session. Invariant 5: session id, anti-forgery secret and visitor id are new; what the visitor chose moves along.
import type { Request, Response } from 'express';
import type { Recorder } from '../audit/recorder.ts';
import type { Keyring } from '../crypto/keyring.ts';
import { digest, randomToken } from '../crypto/tokens.ts';
import { requestFacts } from '../http/request-facts.ts';
import type { Choices, SessionRow, SignIn, Store } from '../store/contract.ts';
import { endSuperseded, endSurplus, isNewDevice } from './crowd.ts';
import { deviceOf } from './device.ts';
import type { EndOrder } from './ending.ts';
import type { ExpressStore } from './express-store.ts';
import { endOf, type SessionFacts, type SessionLimits } from './session.ts';
import { derivedSessionId, keyOf, newSessionId } from './session-id.ts';

export interface SignInOptions {
  readonly store: Store;
  readonly expressStore: ExpressStore;
  readonly keyring: Keyring;
  readonly limits: SessionLimits;
  readonly now: () => number;
  readonly recorder: Recorder;
  /** The gate's own cookie as the browser sent it: what several tabs of one browser share. */
  readonly gateCookieOf: (req: Request) => string | undefined;
  /** 0: no limit. */
  readonly maxPerUser: number;
  /** Whether a session's tie is to the gate's session of this request: the same browser. */
  readonly isThisBrowser: (res: Response, tie: unknown) => boolean;
  /** Ends a session here and at the gate. */
  readonly endSession: (row: SessionRow, order: EndOrder) => Promise<unknown>;
  /** Tells outside of the house, in the background. */
  readonly tellOfNewDevice: (person: { readonly email: string }, signIn: SignIn) => void;
  /** Replaces the visitor id and tells what the visitor had chosen. */
  readonly replaceVisitor: (req: Request, res: Response) => Promise<Choices>;
}

/** Tabs that open within this time of each other share the session that the first one begins. */
const claimMs = 10_000;

/** Puts a new session of `person` into `req.session`; express-session then sets its cookie. */
export async function beginSession(
  req: Request,
  res: Response,
  person: { readonly id: string; readonly email: string },
  options: SignInOptions,
): Promise<void> {
  const { store, expressStore, limits, now, recorder } = options;
  const claimKey = claimKeyOf(req, person.id, options);
  const signIn: SignIn = { at: now(), device: deviceOf(req.headers['user-agent']), network: req.ip ?? '' };

  let id = claimKey === undefined ? newSessionId() : await sharedId(claimKey, options);
  let row = newRow(id, person, signIn, limits);
  let created = await store.sessions.create(row);
  if (!created) {
    const first = await store.sessions.read(row.key);
    if (first?.idHash === row.idHash && first.personId === person.id && !endOf(first, limits, now())) {
      adopt(req, id, first, expressStore);
      return;
    }
    // The session that this sign-in shared is over already: begin another one, with an id of its own.
    if (claimKey !== undefined) await store.claims.release(claimKey);
    id = newSessionId();
    row = newRow(id, person, signIn, limits);
    created = await store.sessions.create(row);
    if (!created) throw new Error('a fresh random session id was taken');
  }
  adopt(req, id, row, expressStore);
  const about = { person, session: row.handle, ...requestFacts(req) };
  try {
    // Not handed out before it is recorded: where that fails, the session ends below (invariant 8).
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
      options.tellOfNewDevice(person, signIn);
    }
    const { sessions } = store;
    const isThisBrowser = (tie: unknown) => options.isThisBrowser(res, tie);
    await endSuperseded(person.id, row.key, { sessions, now, isThisBrowser, recorder });
    await endSurplus(person.id, row.key, { ...options, sessions });
  } catch (error) {
    // Half a sign-in is none: the next try must not share this session.
    await store.sessions.end(row.key, { at: now(), reason: 'signed_out' }).catch(() => false);
    if (claimKey !== undefined) await store.claims.release(claimKey).catch(() => undefined);
    throw error;
  }
}

/** A browser that opens several tabs at once must get one session, not one a tab. */
function claimKeyOf(req: Request, personId: string, { gateCookieOf }: SignInOptions): string | undefined {
  const gateCookie = gateCookieOf(req);
  return gateCookie === undefined ? undefined : digest(`sign-in\n${personId}\n${gateCookie}`);
}

/**
 * The id that all tabs of this browser arrive at: the first one's random salt is shared through the store, and the
 * id is its HMAC under a key that the store does not know.
 */
async function sharedId(claimKey: string, { store, keyring, now }: SignInOptions): Promise<string> {
  const salt = await store.claims.claim(claimKey, randomToken(), now(), now() + claimMs);
  return derivedSessionId(keyring, claimKey, salt);
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
    handle: randomToken(9),
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
