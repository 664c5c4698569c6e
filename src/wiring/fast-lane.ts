// Assembles the fast lane: which requests it answers, who is identified by oauth2-proxy's proof, and what is measured and logged.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Request, RequestHandler, Response } from 'express';
import { randomName } from '../crypto/tokens.ts';
import { readProof } from '../gate/proof.ts';
import { errorHandler } from '../http/errors.ts';
import { createExactCache } from '../http/exact-cache.ts';
import { createExpress } from '../http/express.ts';
import { noStore } from '../http/headers.ts';
import { createLane } from '../http/lane.ts';
import { logAnswered } from '../http/log.ts';
import { addToFrame, prepareFrame } from '../http/page.ts';
import { createPlainReader, type PlainRequest } from '../http/plain-request.ts';
import type { BoundRoute } from '../http/routes.ts';
import { createJsonWriter } from '../http/whole-response.ts';
import type { RequestMeter } from '../ops/requests.ts';
import { csrfTokenOf } from '../sessions/admission/csrf.ts';
import {
  createGroupAdmission,
  type GroupAdmitted,
  type Identified,
} from '../sessions/admission/group-admission.ts';
import { meOf } from '../sessions/pages/api-sessions.ts';
import { prepareMemberPage } from '../sessions/pages/member-page.ts';
import type { PersonRow } from '../store/contract.ts';
import type { AppParts } from './app-parts.ts';

type Proven = Omit<Identified, 'person'> & { readonly person: Omit<Identified['person'], 'operator'> };

type Answer = (req: IncomingMessage, res: ServerResponse, admitted: GroupAdmitted) => void;

/** @param meter counts what is answered here; absent: nothing is counted */
export function createFastLane(
  parts: AppParts,
  meter: RequestMeter | undefined,
  routes: readonly BoundRoute[],
) {
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
  const writeJson = createJsonWriter([parts.headers, noStore]);
  const pages = admittedPages(parts, routes);
  const answers = new Map<string, Answer>([
    [
      '/api/me',
      (_req, res, { person, session: admitted }) =>
        writeJson(res, 200, meOf(person, admitted, session, csrfTokenOf(admitted))),
    ],
    ...routes.filter(({ isFast }) => isFast).map(({ path }) => [path, pages.show] as const),
  ]);

  return createLane({
    answers: config.devMode ? new Map<string, never>() : answers,
    readRequest: createPlainReader(config),
    plan: admission.plan,
    admit(plans) {
      for (const { request, personId } of plans)
        if (request.raw.url !== '/api/me') pages.prepare(request.raw, personId);
      return admission.admit(plans);
    },
    byNetwork: limits.network,
    byPerson: limits.person,
    onAnswer(req: IncomingMessage, res: ServerResponse, arrivedAt: number) {
      meter?.begin(req.url ?? '', res, arrivedAt);
      logAnswered(logger, req, res, arrivedAt);
    },
  });
}

interface AdmittedPages {
  /** Starts to read the row of the person, so that it arrives together with the session. */
  prepare(req: IncomingMessage, personId: string): void;
  readonly show: Answer;
}

/**
 * The pages of the rows that are marked as fast, behind nothing but their headers: the lane has done what the guards do. Express's router
 * is passed over as well; its request and response objects are what the handlers expect.
 */
function admittedPages(parts: AppParts, routes: readonly BoundRoute[]): AdmittedPages {
  const { request, response } = createExpress(parts.config.trustedHops);
  const before = [
    prepareFrame(parts.frame),
    parts.headers,
    noStore,
    useAdmitted,
    prepareMemberPage(parts.store.people),
  ];
  const pages = new Map(
    routes.filter(({ isFast }) => isFast).map(({ path, handlers }) => [path, [...before, ...handlers]]),
  );
  const onError = errorHandler(parts.logger);
  const personRows = new WeakMap<IncomingMessage, Promise<PersonRow | undefined>>();
  return {
    prepare(req, personId) {
      const reading = parts.store.people.read(personId);
      // A request that is not admitted does not wait for it.
      reading.catch(() => undefined);
      personRows.set(req, reading);
    },
    show(plainReq, plainRes, admitted) {
      const personRow = personRows.get(plainReq);
      const req = Object.setPrototypeOf(plainReq, request) as Request;
      const res = Object.setPrototypeOf(plainRes, response) as Response;
      Object.assign(req, { res, originalUrl: req.url, baseUrl: '', params: {}, id: randomName() });
      Object.assign(res, { req, locals: { admitted, personRow } });
      const handlers = pages.get(req.url) ?? [];
      void runInTurn(handlers, req, res)
        .catch((thrown: unknown) => thrown)
        .then((error) => error !== undefined && onError(error, req, res, () => undefined));
    },
  };
}

/** Like Express's router: each handler calls `next` or answers. @returns what a handler passed to `next` as an error. @throws what one throws */
async function runInTurn(handlers: readonly RequestHandler[], req: Request, res: Response): Promise<unknown> {
  for (const handler of handlers) {
    let isPassedOn = false;
    let passed: unknown;
    await handler(req, res, (error?: unknown) => {
      isPassedOn = true;
      passed = error;
    });
    if (!isPassedOn || passed !== undefined) return passed;
  }
  return undefined;
}

declare global {
  namespace Express {
    interface Locals {
      /** What the fast lane admitted this request with. */
      admitted?: GroupAdmitted;
    }
  }
}

/** Leaves what the guards leave in `res.locals` and in the request. */
const useAdmitted: RequestHandler = (req, res, next) => {
  const { admitted } = res.locals;
  if (!admitted) throw new Error('only the fast lane may call this');
  const { person, session, gate } = admitted;
  req.csrfToken = () => csrfTokenOf(session);
  // express-session's own object is missing, so nothing can be saved or set.
  Object.assign(res.locals, { person, session: Object.freeze(session), gate, isNewSession: false });
  addToFrame(res, { person: { email: person.email, operator: person.operator } });
  next();
};
