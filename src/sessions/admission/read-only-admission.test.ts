// The read-only path admits what is in perfect order and leaves everything else to express-session: one case for each thing that may be
// wrong.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import type { Request, Response } from 'express';
import { createKeyring, type Keyring } from '../../crypto/keyring.ts';
import { digest } from '../../crypto/tokens.ts';
import type { Store } from '../../store/contract.ts';
import type { SessionRow } from '../../store/contract-sessions.ts';
import { openSqliteStore } from '../../store/sqlite.ts';
import { keyOf, newSessionId } from '../rules/session-id.ts';
import type { AdmitOptions } from './options.ts';
import { admitReadOnly } from './read-only-admission.ts';
import { changeableSession } from './request-session.ts';

const minute = 60_000;
const day = 86_400_000;
const at = Date.UTC(2026, 10, 23, 12);
const limits = { lifetimeMs: 7 * day, idleMs: day };
const agent = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';
const former = randomBytes(32).toString('hex');
const keyring = createKeyring([randomBytes(32).toString('hex'), former]);

interface Case {
  readonly row?: Partial<SessionRow>;
  readonly data?: Readonly<Record<string, unknown>>;
  readonly end?: boolean;
  readonly request?: Partial<Pick<Request, 'method' | 'headers' | 'ip'>>;
  readonly sent?: (id: string) => string;
  readonly locals?: Partial<Response['locals']>;
  readonly options?: Partial<AdmitOptions>;
}

const signed = (ring: Keyring) => (id: string) =>
  `s%3A${id}.${encodeURIComponent(Buffer.from(ring.mac('session cookie', id), 'base64url').toString('base64').replace(/=+$/, ''))}`;

function open(t: TestContext): Store {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-thin-'));
  const store = openSqliteStore(folder);
  t.after(async () => {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return store;
}

async function look(t: TestContext, given: Case) {
  const store = open(t);
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
  await store.sessions.create(row);
  const { previous } = given.row ?? {};
  if (previous) {
    await store.sessions.rotate(row.key, { fromHash: row.idHash, toHash: 'x', salt: previous.salt, at });
    await store.sessions.rotate(row.key, { fromHash: 'x', toHash: row.idHash, salt: previous.salt, at });
    if (previous.successorSeenAt !== undefined)
      await store.sessions.successorSeen(row.key, row.idHash, previous.successorSeenAt);
  }
  if (given.end) await store.sessions.end(row.key, { at, reason: 'revoked' });
  const value = (given.sent ?? signed(keyring))(id);
  const req = {
    method: 'GET',
    ip: '192.0.2.200',
    ...given.request,
    headers: { cookie: `session=${value}`, 'user-agent': agent, ...given.request?.headers },
  } as Request;
  const options = {
    store,
    keyring,
    limits,
    cookieName: 'session',
    now: () => at,
    rotateAfterMs: 15 * minute,
    binding: 'observe',
    isNewGateLink: () => false,
    ...given.options,
  } as unknown as AdmitOptions;
  return admitReadOnly(
    req,
    {
      locals: { person: { id: '1', email: 'ada@example.org', operator: false }, ...given.locals },
    } as Response,
    options,
  );
}

const seen = { idHash: 'before', salt: 'salt', successorSeenAt: at - minute };

const admitted: Record<string, Case> = {
  'everything is right': {},
  'HEAD reads too': { request: { method: 'HEAD' } },
  'another address in the same network': { request: { ip: '192.0.2.9' } },
  'binding is off, whatever changed': {
    request: { ip: '198.51.100.1' },
    options: { binding: 'off' },
  },
  'its id was rotated and then used': { row: { previous: seen } },
};

const left: Record<string, Case> = {
  'a change': { request: { method: 'POST' } },
  'no cookie': { request: { headers: { cookie: 'other=1' } } },
  'two cookies with the name': { sent: (id) => `${signed(keyring)(id)}; session=${signed(keyring)(id)}` },
  'a cookie without a valid signature': { sent: (id) => `s%3A${id}.AAAA` },
  'a cookie signed with a former key': { sent: (id) => signed(createKeyring([former]))(id) },
  'a cookie of another deployment': {
    sent: (id) => signed(createKeyring([randomBytes(32).toString('hex')]))(id),
  },
  'a missing session': { sent: () => signed(keyring)(newSessionId()) },
  'an ended session': { end: true },
  'the gate’s session ended': { locals: { endedAtGate: true } },
  'idle for too long': { row: { lastSeenAt: at - day } },
  'past its lifetime': { row: { createdAt: at - 7 * day } },
  'another person’s': { row: { personId: '2' } },
  'a rotated id': { row: { idHash: 'other' } },
  'not seen for a minute': { row: { lastSeenAt: at - minute } },
  'due for rotation': { row: { idIssuedAt: at - 15 * minute } },
  'the first use of a new id': { row: { previous: { idHash: 'before', salt: 'salt' } } },
  'another network': { request: { ip: '198.51.100.1' } },
  'another browser': { request: { headers: { 'user-agent': 'curl/8' } } },
  'a newer gate link': { options: { isNewGateLink: () => true } },
};

suite('the read-only path', () => {
  for (const [what, given] of Object.entries(admitted)) {
    test(`admits: ${what}`, async (t) => {
      const session = await look(t, given);
      assert.equal(session?.handle, 'handle');
      assert.equal(session.csrfSecret, 'x');
    });
  }
  for (const [what, given] of Object.entries(left)) {
    test(`leaves to express-session: ${what}`, async (t) => {
      await assert.doesNotReject(async () => assert.equal(await look(t, given), undefined));
    });
  }
  test('the admitted session cannot be changed', async (t) => {
    const session = await look(t, {});
    assert.throws(() => Object.assign(session ?? {}, { devicesSeenAt: 1 }), TypeError);
    assert.throws(() => changeableSession({ session } as unknown as Request), /changes no session/);
  });
  test('an outage is an outage, not a missing session', async (t) => {
    const read = () => Promise.reject(new Error('down'));
    await assert.rejects(look(t, { options: { store: { sessions: { read } } as unknown as Store } }), /down/);
  });
});
