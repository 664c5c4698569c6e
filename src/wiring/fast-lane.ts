// Assembles the fast lane: which requests it answers, who is identified by oauth2-proxy's proof, and what is measured and logged.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { readProof } from '../gate/proof.ts';
import { createExactCache } from '../http/exact-cache.ts';
import { noStore, securityHeaders } from '../http/headers.ts';
import { createLane } from '../http/lane.ts';
import { logAnswered } from '../http/log.ts';
import { createPlainReader, type PlainRequest } from '../http/plain-request.ts';
import { createJsonWriter } from '../http/whole-response.ts';
import type { RequestMeter } from '../ops/requests.ts';
import { csrfTokenOf } from '../sessions/admission/csrf.ts';
import {
  createGroupAdmission,
  type GroupAdmitted,
  type Identified,
} from '../sessions/admission/group-admission.ts';
import { meOf } from '../sessions/pages/api-sessions.ts';
import type { AppParts } from './app-parts.ts';

type Proven = Omit<Identified, 'person'> & { readonly person: Omit<Identified['person'], 'operator'> };

/** @param meter counts what is answered here; absent: nothing is counted */
export function createFastLane(parts: AppParts, meter: RequestMeter | undefined) {
  const { config, liveSettings, keyring, store, logger, now, visitors, sessionControl, limits } = parts;
  const { session, gate } = config;
  const { reads } = sessionControl.atGate;
  const secrets = () => liveSettings.config().gate.secrets;
  const proofs = createExactCache<Proven>({ entries: 5_000, characters: 2_000_000, version: secrets });

  /** By the exact bytes of the three headers. Whether somebody is an operator is looked up each time. */
  function identify({
    raw,
    authorization,
    forwardedUser,
    forwardedEmail,
  }: PlainRequest): Identified | undefined {
    const bytes = `${authorization}\n${forwardedUser}\n${forwardedEmail}`;
    let proven = proofs.get(bytes);
    if (!proven) {
      const proof = readProof(raw, secrets());
      // That a former secret is still in use must be noted.
      if (proof.kind !== 'person' || proof.secret > 0) return undefined;
      proven = { person: proof.identity, personMarks: reads.personMarks(proof.identity.id) };
      proofs.set(bytes, proven);
    }
    const { person, personMarks } = proven;
    return { person: { ...person, operator: gate.operators.has(person.email) }, personMarks };
  }

  const admission = createGroupAdmission({
    sessions: store.sessions,
    keyring,
    cookieName: session.cookieName,
    now,
    gate: reads,
    identify,
    limits: session,
    rotateAfterMs: session.rotateAfterMs,
    binding: session.binding,
    isNewGateLink: sessionControl.isNewGateLink,
    isOwnerRemembered: sessionControl.isOwnerRemembered,
    needsVisitorRenewal: visitors.needsRenewal,
  });
  const writeJson = createJsonWriter([
    securityHeaders({ https: config.publicOrigin.startsWith('https:'), loginOrigin: gate.loginOrigin }),
    noStore,
  ]);
  const answers = new Map([
    [
      '/api/me',
      (res: ServerResponse, { person, session: admitted }: GroupAdmitted) =>
        writeJson(res, 200, meOf(person, admitted, session, csrfTokenOf(admitted))),
    ],
  ]);

  return createLane({
    answers: config.devMode ? new Map<string, never>() : answers,
    readRequest: createPlainReader(config),
    plan: admission.plan,
    admit: admission.admit,
    byNetwork: limits.network,
    byPerson: limits.person,
    onAnswer(req: IncomingMessage, res: ServerResponse, arrivedAt: number) {
      meter?.begin(req.url ?? '', res, arrivedAt);
      logAnswered(logger, req, res, arrivedAt);
    },
  });
}
