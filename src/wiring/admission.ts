// Assembles session admission: what it may ask of oauth2-proxy, the store and revocation, and whom it notifies.
import type { Request, RequestHandler, Response } from 'express';
import { createAliases } from '../audit/aliases.ts';
import { signInNameOf } from '../gate/cookie-value.ts';
import { refuseEnded } from '../gate/refuse-ended.ts';
import { personOf } from '../http/person.ts';
import { isAmbiguous, singleCookie } from '../http/request-cookies.ts';
import { createWebhook } from '../ops/webhook.ts';
import { admitSession } from '../sessions/admission/admit.ts';
import type { ConfirmOptions } from '../sessions/admission/confirm-change.ts';
import { ExpressStore } from '../sessions/admission/express-store.ts';
import type { ReplayOptions } from '../sessions/admission/replay.ts';
import { signedBy } from '../sessions/admission/session-cookie.ts';
import { networkOf } from '../store/network.ts';
import type { AppParts } from './app-parts.ts';

/** Loads or creates the session of the person that oauth2-proxy named, or answers why not. */
export function admission(parts: AppParts): RequestHandler[] {
  const { config, store, recorder, now, keyring, paths, visitors, sessionControl, allow, logger } = parts;
  const { session, gate, ownCookies } = config;
  const { revocation, atGate } = sessionControl;
  const aliases = createAliases(store.aliases);
  const notify = config.webhook ? createWebhook({ ...config.webhook, logger }) : async () => undefined;
  return admitSession({
    store,
    expressStore: new ExpressStore({ table: store.sessions, limits: session, cookie: ownCookies, now }),
    keyring,
    limits: session,
    now,
    recorder,
    cookieName: session.cookieName,
    cookie: ownCookies,
    addressOf: async (pseudonym) => (await aliases.personOf(pseudonym))?.email,
    signInAgain: paths.signInAgain,
    signInNameOf: (req, res) => signInNameOf(req, res.locals.gate, gate.cookie.name),
    allow,
    replaceVisitor: visitors.replace,
    rotateAfterMs: session.rotateAfterMs,
    onRotated: parts.metrics?.counter('gatehouse_session_rotations_total'),
    maxPerUser: session.maxPerUser,
    binding: session.binding,
    endSession: revocation.one,
    endHere: revocation.here,
    isNewGateLink: sessionControl.isNewGateLink,
    keepGateLink: sessionControl.keepGateLink,
    rememberOwner: sessionControl.rememberOwner,
    refuseEndedAtGate: refuseEnded({ revocation: atGate, paths, recorder }),
    isNewSignIn: sessionControl.isNewSignIn,
    isThisBrowser: sessionControl.isThisBrowser,
    notifyReplay: replayNotice(parts),
    notifyNewDevice: ({ email }, { at, device, network }) => {
      const name = `${device.browser} on ${device.os}`;
      void notify({
        event: 'device.new',
        text: `${email} signed in on a new device: ${name}.`,
        at,
        facts: { person: email, device: name, network: networkOf(network) },
      });
    },
  });
}

/** Tells the operators by webhook, in the background, that somebody has a copy of a cookie. */
export function replayNotice({ config, logger, now }: AppParts): ReplayOptions['notifyReplay'] {
  const notify = config.webhook && createWebhook({ ...config.webhook, logger });
  return ({ email, device }) =>
    void notify?.({
      event: 'session.replayed',
      text: `A cookie of ${email} that had been replaced was used again; the session ended everywhere.`,
      at: now(),
      facts: { person: email, device: `${device.browser} on ${device.os}` },
    });
}

/** What a change checks again before it is made: the session, here and at oauth2-proxy. */
export function confirmation({ config, store, now, sessionControl }: AppParts): ConfirmOptions {
  return {
    sessions: store.sessions,
    limits: config.session,
    now,
    isEndedAtGate: async (req, res) =>
      !config.devMode && (await sessionControl.atGate.inspect(req, personOf(res))).verdict !== 'goes on',
  };
}

/** For the metrics: what is wrong with the session cookie of a browser that was not admitted with it. */
export function cookieErrorOf({ config: { session }, keyring }: AppParts) {
  return (req: Request, res: Response): 'ambiguous' | 'unsigned' | undefined => {
    const { session: admitted, isNewSession, person } = res.locals;
    if (!person || (admitted && !isNewSession)) return undefined;
    if (isAmbiguous(req, session.cookieName)) return 'ambiguous';
    const sent = singleCookie(req, session.cookieName);
    return sent !== undefined && signedBy(sent, keyring) === undefined ? 'unsigned' : undefined;
  };
}
