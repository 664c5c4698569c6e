// The fast lane admits what is in perfect order and leaves everything else to the ordinary handlers: one case for each thing that may be
// wrong.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { keepEvents } from '../../../test/support/recorder.ts';
import { createKeyring, type Keyring } from '../../crypto/keyring.ts';
import { digest } from '../../crypto/tokens.ts';
import { createCookieRevocation } from '../../gate/cookie-revocation.ts';
import { createRedisRevocation } from '../../gate/redis-revocation.ts';
import { encode, seal, ticketPayload } from '../../gate/ticket.fixture.ts';
import { createLogger } from '../../http/log.ts';
import type { PlainRequest } from '../../http/plain-request.ts';
import type { Store } from '../../store/contract.ts';
import type { SessionRow } from '../../store/contract-sessions.ts';
import type { RedisClient } from '../../store/redis-client.ts';
import { openSqliteStore } from '../../store/sqlite.ts';
import { keyOf, newSessionId } from '../rules/session-id.ts';
import { createGroupAdmission, type GroupAdmissionOptions, type Identified } from './group-admission.ts';

const minute = 60_000;
const day = 86_400_000;
const at = Date.UTC(2026, 10, 23, 12);
const limits = { lifetimeMs: 7 * day, idleMs: day };
const agent = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';
const secrets = [randomBytes(32).toString('hex'), randomBytes(32).toString('hex')] as const;
const ada: Identified = {
  person: { id: '1', email: 'ada@example.org', operator: false },
  personMarks: ['marks of ada'],
};
const ticket = { key: `gate-${'a'.repeat(32)}`, secret: randomBytes(16) };
const ticketCookie = `gate=${ticketPayload(ticket.key, ticket.secret)}|${(at - minute) / 1_000}|c2ln`;
const plainCookie = `gate=cGF5bG9hZA==|${(at - minute) / 1_000}|c2ln`;

interface Case {
  readonly row?: Partial<SessionRow>;
  readonly data?: Readonly<Record<string, unknown>>;
  readonly end?: boolean;
  /** No such row. */
  readonly isUnknown?: boolean;
  readonly request?: Partial<PlainRequest>;
  /** The whole `Cookie` header for an id. */
  readonly cookie?: (id: string, keyring: Keyring) => string;
  readonly identified?: Identified;
  readonly options?: Partial<GroupAdmissionOptions>;
  /** Whose session oauth2-proxy's Redis holds under the ticket; absent: sessions are in its cookie. */
  readonly ticketOf?: { readonly id: string; readonly email: string } | 'nobody' | 'unreachable';
  /** Before the request is admitted. */
  readonly before?: (store: Store, gate: ReturnType<typeof createCookieRevocation>) => Promise<unknown>;
}

function open(t: TestContext): Store {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-group-'));
  const store = openSqliteStore(folder);
  t.after(async () => {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return store;
}

const signed = (id: string, ring: Keyring, name = 'session') =>
  `${name}=s%3A${id}.${encodeURIComponent(Buffer.from(ring.mac('session cookie', id), 'base64url').toString('base64').replace(/=+$/, ''))}`;

function gateOf(store: Store, ticketOf: Case['ticketOf']) {
  const common = {
    cookieName: 'gate',
    expireMs: 7 * day,
    now: () => at,
    notes: store.notes,
    claims: store.claims,
  };
  const inCookie = createCookieRevocation(common);
  if (ticketOf === undefined) return { gate: inCookie, reads: inCookie.reads };
  const value = () => {
    if (ticketOf === 'unreachable') throw new Error('no connection');
    if (ticketOf === 'nobody') return null;
    const fields = {
      u: ticketOf.id,
      e: ticketOf.email,
      ca: new Date(at - minute),
      n: Buffer.alloc(32),
      at: 'a-token',
    };
    return seal(encode(fields), ticket.secret);
  };
  const inRedis = createRedisRevocation({
    ...common,
    redis: { getBuffer: async () => value(), isCluster: false } as unknown as RedisClient,
    wait: () => new Promise(() => {}),
    logger: createLogger('silent'),
    recorder: keepEvents(),
  });
  return { gate: inCookie, reads: inRedis.reads };
}

async function world(t: TestContext, given: Case) {
  const store = open(t);
  const keyring = createKeyring([...secrets]);
  const id = newSessionId();
  const row: SessionRow = {
    key: keyOf(id),
    handle: 'handle',
    personId: '1',
    email: 'ada@example.org',
    createdAt: at - day,
    lastSeenAt: at - 10_000,
    expiresAt: at + 6 * day,
    idHash: digest(id),
    idIssuedAt: at - minute,
    ...given.row,
    data: {
      csrfSecret: 'x',
      staySignedIn: true,
      device: { browser: 'Firefox', os: 'Linux', kind: 'desktop' },
      network: '192.0.2.7',
      ...given.data,
    },
  };
  if (!given.isUnknown) await store.sessions.create(row);
  const { previous } = given.row ?? {};
  if (previous) {
    await store.sessions.rotate(row.key, { fromHash: row.idHash, toHash: 'x', salt: previous.salt, at });
    await store.sessions.rotate(row.key, { fromHash: 'x', toHash: row.idHash, salt: previous.salt, at });
    if (previous.successorSeenAt !== undefined)
      await store.sessions.successorSeen(row.key, row.idHash, previous.successorSeenAt);
  }
  if (given.end) await store.sessions.end(row.key, { at, reason: 'revoked' });
  const { gate, reads } = gateOf(store, given.ticketOf);
  const admission = createGroupAdmission({
    sessions: store.sessions,
    keyring,
    cookieName: 'session',
    now: () => at,
    gate: reads,
    identify: () => given.identified ?? { ...ada, personMarks: reads.personMarks('1') },
    limits,
    rotateAfterMs: 15 * minute,
    binding: 'observe',
    isNewGateLink: () => false,
    isOwnerRemembered: () => true,
    needsVisitorRenewal: () => false,
    ...given.options,
  });
  const request: PlainRequest = {
    raw: {} as IncomingMessage,
    authorization: '',
    forwardedUser: '',
    forwardedEmail: '',
    cookie: given.cookie?.(id, keyring) ?? signed(id, keyring),
    userAgent: agent,
    ip: '192.0.2.200',
    ...given.request,
  };
  await given.before?.(store, gate);
  return { store, keyring, admission, request };
}

/** @returns the handle of the session that was admitted; undefined: the request was left to the ordinary handlers */
async function look(t: TestContext, given: Case) {
  const { admission, request } = await world(t, given);
  const plan = admission.plan(request);
  const [admitted] = plan ? await admission.admit([plan]) : [];
  return admitted?.session.handle;
}

const withGate = (cookie: string) => (id: string, ring: Keyring) => `${signed(id, ring)}; ${cookie}`;
const endPerson: Case['before'] = (_store, gate) => gate.endPerson('1', []);

const admitted: Record<string, Case> = {
  'everything is right': {},
  'other cookies beside it': { cookie: (id, ring) => `a=b; ${signed(id, ring)}; c` },
  'a prefix that is not percent-encoded': { cookie: (id, ring) => signed(id, ring).replace('s%3A', 's:') },
  'percent-encoding in lower case': {
    cookie: (id, ring) => signed(id, ring).replaceAll(/%../g, (code) => code.toLowerCase()),
  },
  'a gate cookie': { cookie: withGate(plainCookie) },
  'a gate ticket of the same person': { cookie: withGate(ticketCookie), ticketOf: ada.person },
  'binding is off, whatever changed': { request: { ip: '198.51.100.1' }, options: { binding: 'off' } },
  'another address in the same network': { request: { ip: '192.0.2.9' } },
  'its id was rotated and then used': {
    row: { previous: { idHash: 'before', salt: 'salt', successorSeenAt: at - minute } },
  },
  'another person was ended at the gate': {
    cookie: withGate(plainCookie),
    before: (_store, gate) => gate.endPerson('2', []),
  },
};

const leftAlone: Record<string, Case> = {
  'nobody is identified': { options: { identify: () => undefined } },
  'no session cookie': { cookie: () => 'a=b' },
  'no cookie at all': { cookie: () => '' },
  'the session cookie twice': { cookie: (id, ring) => `${signed(id, ring)}; ${signed(id, ring)}` },
  'a name that only a lenient parser takes for it': {
    cookie: (id, ring) => `${signed(id, ring)}; \u00a0session=x`,
  },
  'another name': { cookie: (id, ring) => signed(id, ring, 'Session') },
  'a signature of nobody': { cookie: (id) => signed(id, createKeyring([randomBytes(32).toString('hex')])) },
  'a signature of a former key': { cookie: (id) => signed(id, createKeyring([secrets[1]])) },
  // express-session accepts neither of these two.
  'an upper-case prefix': { cookie: (id, ring) => signed(id, ring).replace('s%3A', 'S%3A') },
  'no prefix': { cookie: (id, ring) => signed(id, ring).replace('s%3A', '') },
  'no signature': { cookie: (id) => `session=s%3A${id}` },
  'a visitor cookie due for a new signature': { options: { needsVisitorRenewal: () => true } },
  'an unreadable gate cookie': { cookie: withGate('gate=x') },
  'an unreadable ticket': { cookie: withGate(plainCookie), ticketOf: ada.person },
  'no such session': { isUnknown: true },
  'another secret of the same session': { row: { idHash: digest('another id') } },
  'an ended session': { end: true },
  'the session of another person': { row: { personId: '2' } },
  'past its lifetime': { row: { createdAt: at - 8 * day, expiresAt: at - 1 } },
  'past its idle limit': { row: { lastSeenAt: at - day - 1 } },
  'due for a touch': { row: { lastSeenAt: at - 61_000 } },
  'due for a new id': { row: { idIssuedAt: at - 15 * minute - 1 } },
  'a new id not used before': { row: { previous: { idHash: 'before', salt: 'salt' } } },
  'another network': { request: { ip: '198.51.100.1' } },
  'another browser': { request: { userAgent: 'curl/8.0' } },
  'no browser': { request: { userAgent: undefined } },
  'binding is enforced, and the network is another one': {
    request: { ip: '198.51.100.1' },
    options: { binding: 'enforce' },
  },
  'a newer gate link': { cookie: withGate(plainCookie), options: { isNewGateLink: () => true } },
  'an owner to be noted': { cookie: withGate(plainCookie), options: { isOwnerRemembered: () => false } },
  'the person was ended at the gate': { cookie: withGate(plainCookie), before: endPerson },
  'the gate cookie was ended': {
    cookie: withGate(plainCookie),
    before: (_store, gate) =>
      gate.end({
        handle: 'other',
        link: {
          state: 'cookie',
          digest: digest(`cGF5bG9hZA==${(at - minute) / 1_000}`),
          issuedAt: at - minute,
        },
      }),
  },
  'a gate ticket of another person': {
    cookie: withGate(ticketCookie),
    ticketOf: { id: '2', email: 'grace@example.org' },
  },
  'a gate ticket of the person by another address': {
    cookie: withGate(ticketCookie),
    ticketOf: { id: '1', email: 'grace@example.org' },
  },
  'a gate ticket without a session': { cookie: withGate(ticketCookie), ticketOf: 'nobody' },
  'a gate ticket of a person who was ended': {
    cookie: withGate(ticketCookie),
    ticketOf: ada.person,
    before: endPerson,
  },
};

suite('the group admission admits', () => {
  for (const [what, given] of Object.entries(admitted))
    test(what, async (t) => assert.equal(await look(t, given), 'handle'));
});

suite('the group admission leaves alone', () => {
  for (const [what, given] of Object.entries(leftAlone))
    test(what, async (t) => assert.equal(await look(t, given), undefined));
});

test('fails if oauth2-proxy’s Redis does not answer', async (t) => {
  await assert.rejects(look(t, { cookie: withGate(ticketCookie), ticketOf: 'unreachable' }), /no connection/);
});

test('one read serves a group, and each request is judged by itself', async (t) => {
  const { admission, request, store } = await world(t, {});
  const asked = t.mock.method(store.sessions, 'readMany');
  const plan = admission.plan(request);
  const moved = admission.plan({ ...request, ip: '198.51.100.1' });
  assert.ok(plan && moved);
  const found = await admission.admit([plan, moved, plan]);
  assert.deepEqual(
    found.map((one) => one?.session.handle),
    ['handle', undefined, 'handle'],
  );
  assert.equal(asked.mock.callCount(), 1);
  assert.equal(asked.mock.calls[0]?.arguments[0].length, 1, 'each key once');
});

test('a cookie signed by a removed key is refused from the next request on', async (t) => {
  const { admission, request, keyring } = await world(t, {});
  assert.ok(admission.plan(request));
  const next = randomBytes(32).toString('hex');
  keyring.replace([next, secrets[0]]);
  assert.equal(admission.plan(request), undefined, 'a former key: the cookie must be signed again');
  keyring.replace([next]);
  assert.equal(admission.plan(request), undefined, 'a removed key');
  keyring.replace([...secrets]);
  assert.ok(admission.plan(request), 'the first key again');
});
