// Controls: what makes the fast lane step aside, and what empties its caches.
import type { Control } from '../support/controls.ts';

const lane = 'test/fast-lane.test.ts';
const plainRequest = 'src/http/plain-request.ts';
const plainRequestTest = 'src/http/plain-request.test.ts';
const fastLane = 'src/wiring/fast-lane.ts';
const groupAdmission = 'src/sessions/admission/group-admission.ts';
const groupAdmissionTest = 'src/sessions/admission/group-admission.test.ts';

export const controls: readonly Control[] = [
  {
    invariant: 'the fast lane leaves what is unusual to the ordinary handlers',
    defence: 'a doubled header steps aside',
    file: plainRequest,
    find: 'place === refused || values[place] !== undefined',
    replace: 'place === refused',
    tests: plainRequestTest,
    sees: 'a header that is read steps aside if it is doubled',
  },
  {
    invariant: 'the fast lane leaves what is unusual to the ordinary handlers',
    defence: 'conditional requests, bodies and upgrades step aside',
    file: plainRequest,
    find: 'unusual.has(lower) ? refused : ',
    replace: '',
    tests: plainRequestTest,
    sees: 'a header with which the answer could be another one steps aside',
  },
  {
    invariant: 'the fast lane answers as the ordinary handlers do',
    defence: 'a foreign Host steps aside',
    file: plainRequest,
    find: 'if (host !== publicHost && !isLocalHost(raw, host)) return undefined;',
    replace: '',
    tests: 'test/fast-lane-fuzz.test.ts',
    sees: 'get the same answer both ways, with binding observe',
  },
  {
    invariant: 'no proof, no identity',
    defence: 'the cache of proofs is emptied when the gate’s secrets change',
    file: fastLane,
    find: 'version: secrets }',
    replace: 'version: () => 0 }',
    tests: lane,
    sees: 'a proof is refused as soon as the gate’s secret is another one',
  },
  {
    invariant: 'operators only',
    defence: 'the role is looked up for each request of the fast lane',
    file: fastLane,
    find: 'operator: gate.operators.has(person.email)',
    replace: 'operator: ((proven as any).role ??= gate.operators.has(person.email))',
    tests: lane,
    sees: 'an operator is one from the next request on, and no longer',
  },
  {
    invariant: 'requests are limited',
    defence: 'the fast lane counts what it answers',
    file: 'src/http/lane.ts',
    find: ' || !byNetwork.take(network) || !byPerson.take(plan.personId)',
    replace: '',
    tests: lane,
    sees: 'counts what it answers: the request after the limit is refused',
  },
  {
    invariant: 'a removed key signs nothing any more',
    defence: 'the cache of cookies is emptied when the key ring changes',
    file: groupAdmission,
    find: 'version: () => keyring.generation()',
    replace: 'version: () => 0',
    tests: groupAdmissionTest,
    sees: 'a cookie signed by a removed key is refused from the next request on',
  },
  {
    invariant: 'a session serves its owner only',
    defence: 'the owner is compared with the identified person',
    file: 'src/sessions/admission/read-only-admission.ts',
    find: 'session.personId === personId &&',
    replace: '',
    tests: groupAdmissionTest,
    sees: 'leaves alone the session of another person',
  },
  {
    invariant: 'cookies are signed again while a key is phased out',
    defence: 'a visitor cookie due for that steps aside',
    file: groupAdmission,
    find: ' || options.needsVisitorRenewal(header)',
    replace: '',
    tests: groupAdmissionTest,
    sees: 'a visitor cookie due for a new signature',
  },
  {
    invariant: 'cookies are signed again while a key is phased out',
    defence: 'a session cookie of a former key steps aside',
    file: groupAdmission,
    find: "sent?.signedBy !== 'current'",
    replace: 'sent === undefined',
    tests: groupAdmissionTest,
    sees: 'leaves alone a signature of a former key',
  },
  {
    invariant: 'a cookie that was sent twice is refused',
    defence: 'the fast lane admits no ambiguous cookie',
    file: groupAdmission,
    find: 'isAmbiguous(header, cookieName) || ',
    replace: '',
    tests: groupAdmissionTest,
    sees: 'a name that only a lenient parser takes for it',
  },
  {
    invariant: 'a gate session serves its person only',
    defence: 'the person in the ticket’s session is compared with the identified one',
    file: 'src/gate/redis-revocation.ts',
    find: "if (typeof session === 'string' || !isSame(session, person)) return undefined;",
    replace: "if (typeof session === 'string') return undefined;",
    tests: groupAdmissionTest,
    sees: 'leaves alone a gate ticket of another person',
  },
  {
    invariant: 'what one process counts, every replica knows',
    defence: 'counts are added in Redis',
    file: 'src/http/rate-counters.ts',
    find: 'count.hits = shared.hits + count.unsent;',
    replace: '',
    tests: 'src/http/rate-counters.test.ts',
    sees: 'what each of two replicas counted adds up',
  },
];
