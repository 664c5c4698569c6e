// Any interleaving of sign-ins, refreshes in flight, revocations, requests and checks: a sign-in that was ended is never let in again, and
// a sign-in that nobody ended is never removed once it was seen.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { keepEvents } from '../../test/support/recorder.ts';
import { createLogger } from '../http/log.ts';
import { type ClaimTable, type NoteTable, StoreUnavailable } from '../store/contract.ts';
import type { RedisClient } from '../store/redis-client.ts';
import { createRedisRevocation } from './redis-revocation.ts';
import type { GateLink } from './revocation.ts';
import { encode, seal, ticketPayload } from './ticket.fixture.ts';

const cookieName = '_g';
const key = `${cookieName}-${'a'.repeat(32)}`;
const secret = randomBytes(16);
const ada = { id: 'ada', email: 'ada@example.org' };

/** A gate whose browser keeps the same ticket forever: the hardest case, because then only the sign-in distinguishes sessions. */
function createWorld() {
  let now = 1_700_000_000_000;
  let cookieAt = now;
  let value: Buffer | undefined;
  let present: number | undefined;
  let inFlight: number | undefined;
  const nonces: Buffer[] = [];
  const calls: string[] = [];
  const faults = { gate: false, marks: false };
  const rows = new Map<string, { readonly value: unknown; readonly until: number }>();
  const read = (name: string, at: number) => {
    const row = rows.get(name);
    return row && row.until > at ? row.value : undefined;
  };
  const notes: NoteTable = {
    write: async (name, written, until) => void rows.set(name, { value: structuredClone(written), until }),
    async writeEnding(...note) {
      if (faults.marks) throw new StoreUnavailable(new Error('full'));
      await notes.write(...note);
    },
    read: async (name, at) => read(name, at),
    remove: async (name) => void rows.delete(name),
    ofPerson: async () => [],
    forgetPerson: async () => {},
  };
  const claims: ClaimTable = {
    async claim(name, mine, at, until) {
      if (read(name, at) === undefined) rows.set(name, { value: mine, until });
      return String(read(name, at));
    },
    release: async (name) => void rows.delete(name),
  };
  const drop = () => {
    const was = value === undefined ? 0 : 1;
    value = undefined;
    present = undefined;
    return was;
  };
  const redis = {
    async getBuffer(name: string) {
      calls.push(`get ${name}`);
      if (faults.gate) throw new Error('no connection');
      return (name === key && value) || null;
    },
    async del(name: string) {
      calls.push(`del ${name}`);
      if (faults.gate) throw new Error('no connection');
      return drop();
    },
    eval: async (_script: string, _count: number, _name: string, same: Buffer) =>
      value?.equals(same) ? drop() : 0,
  } as unknown as RedisClient;
  const gate = createRedisRevocation({
    redis,
    cookieName,
    expireMs: 604_800_000,
    notes,
    claims,
    now: () => now,
    wait: () => new Promise(() => {}),
    logger: createLogger('silent'),
    recorder: keepEvents(),
  });
  const save = (signIn: number, email = ada.email) => {
    const fields = { u: ada.id, e: email, ca: new Date(now), n: nonces[signIn], at: 'a-token' };
    value = seal(encode(fields), secret);
    present = signIn;
    cookieAt = now;
  };
  return {
    gate,
    calls,
    present: () => present,
    advance: (ms: number) => {
      now += ms;
    },
    signIn: (email?: string) => save(nonces.push(randomBytes(32)) - 1, email),
    faults,
    now: () => now,
    /** The gate's own sign-out, or the end of its session. */
    drop,
    startRefresh: () => {
      inFlight ??= present;
    },
    finishRefresh: () => {
      if (inFlight !== undefined) save(inFlight);
      inFlight = undefined;
    },
    request(payload = ticketPayload(key, secret), person = ada) {
      const cookie = `${cookieName}=${payload}|${Math.floor(cookieAt / 1000)}|c2ln`;
      return gate.inspect({ headers: { cookie } } as IncomingMessage, person);
    },
  };
}

const steps = ['sign in', 'start refresh', 'finish refresh', 'end', 'end all', 'request', 'look'] as const;

suite('interleavings', () => {
  test('what was ended stays ended, and nothing else is affected', async () => {
    const step = fc.tuple(fc.constantFrom(...steps), fc.integer({ min: 1, max: 12_000 }));
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (plan) => {
        const world = createWorld();
        const ended = new Set<number>();
        const handles: string[] = [];
        /** What the app saw last, and linked its session to. */
        let tied: { readonly link: GateLink; readonly signIn: number } | undefined;
        for (const [what, ms] of plan) {
          world.advance(ms);
          const present = world.present();
          switch (what) {
            case 'sign in':
              world.signIn();
              break;
            case 'start refresh':
              world.startRefresh();
              break;
            case 'finish refresh':
              world.finishRefresh();
              break;
            case 'end':
            case 'end all': {
              if (!tied) break;
              const target = { handle: `h${handles.length}`, link: tied.link };
              if (what === 'end') await world.gate.end(target);
              else await world.gate.endPerson(ada.id, [target]);
              assert.equal(world.present(), undefined);
              handles.push(target.handle);
              ended.add(tied.signIn);
              tied = undefined;
              break;
            }
            case 'request': {
              if (present === undefined) break;
              const found = await world.request();
              if (ended.has(present)) {
                assert.equal(found.verdict, 'ended');
                assert.equal(world.present(), undefined, 'and is deleted');
              } else if (found.verdict === 'goes on') {
                assert.equal(found.gate.state, 'verified');
                if (found.gate.state === 'verified') tied = { link: found.gate, signIn: present };
              }
              break;
            }
            case 'look':
              for (const handle of handles) await world.gate.receiptOf(handle);
              if (tied && present === tied.signIn) assert.equal(world.present(), present);
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  test('a sign-in after an ending is admitted, on the same ticket', async () => {
    const step = fc.constantFrom('end', 'end all');
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 5 }), async (endings) => {
        const world = createWorld();
        for (const [index, how] of endings.entries()) {
          world.signIn();
          const found = await world.request();
          assert.ok(found.verdict === 'goes on' && found.gate.state === 'verified');
          const target = { handle: `${index}`, link: found.gate };
          if (how === 'end') await world.gate.end(target);
          else await world.gate.endPerson(ada.id, [target]);
          world.advance(1000);
        }
        world.signIn();
        assert.equal((await world.request()).verdict, 'goes on');
        world.advance(86_400_000);
        for (const index of endings.keys()) await world.gate.receiptOf(`${index}`);
        assert.equal((await world.request()).verdict, 'goes on', 'after late looks too');
      }),
    );
  });
});

test('a hostile ticket reaches no key', async () => {
  const world = createWorld();
  world.signIn();
  for (const id of ['*', `${cookieName}-*`, `${key}.lock`, 'gatehouse:note:x', `${key}\r\nFLUSHALL`, ''])
    assert.deepEqual(await world.request(ticketPayload(id, secret)), {
      verdict: 'goes on',
      gate: { state: 'unverified' },
    });
  assert.deepEqual(world.calls, []);
});

test('the right key with another secret is unverified: it names nobody', async () => {
  const world = createWorld();
  world.signIn();
  const found = await world.request(ticketPayload(key, randomBytes(16)));
  assert.deepEqual(found, { verdict: 'goes on', gate: { state: 'unverified' } });
});

suite('one request', () => {
  type World = ReturnType<typeof createWorld>;
  const signedIn = (email?: string) => {
    const world = createWorld();
    world.signIn(email);
    return world;
  };
  const verdict = async (world: World) => (await world.request()).verdict;
  async function linkOf(world: World): Promise<GateLink> {
    const found = await world.request();
    assert.ok(found.verdict === 'goes on' && found.gate.state === 'verified');
    return found.gate;
  }
  const end = async (world: World, handle = 'h') => world.gate.end({ handle, link: await linkOf(world) });

  test('a session that names another person or address is refused; one without an address is not', async () => {
    assert.equal((await signedIn().request(undefined, { ...ada, id: 'grace' })).verdict, 'another person');
    assert.equal(await verdict(signedIn('grace@example.org')), 'another person');
    assert.equal(await verdict(signedIn('')), 'goes on');
  });

  test('only the key of a session is ever deleted, whatever a link says', async () => {
    const world = signedIn();
    for (const other of ['gatehouse:note:x', `${key}.lock`, '*']) {
      const link: GateLink = { state: 'verified', key: other, createdAt: world.now() };
      assert.equal((await world.gate.end({ handle: 'h', link })).gate, 'unknown');
    }
    assert.deepEqual(world.calls, []);
  });

  test('without an answer from the gate’s Redis, a marked ticket is neither admitted nor reported as ended', async () => {
    const world = signedIn();
    world.faults.gate = true;
    assert.deepEqual(await world.request(), { verdict: 'goes on', gate: { state: 'unverified' } });
    world.faults.gate = false;
    await end(world);
    world.faults.gate = true;
    await assert.rejects(world.request(), StoreUnavailable);
  });

  test('under a marked ticket, a session that cannot be opened or is gone is treated as ended', async () => {
    const world = signedIn();
    await end(world);
    assert.equal(await verdict(world), 'ended');
    world.signIn();
    assert.equal((await world.request(ticketPayload(key, randomBytes(16)))).verdict, 'ended');
    assert.equal(await verdict(world), 'goes on');
  });

  test('all of a person ended: what was issued until then is refused, to the millisecond', async () => {
    const world = signedIn();
    await world.gate.endPerson(ada.id, []);
    assert.equal(await verdict(world), 'ended', 'issued in the very same millisecond');
    world.advance(1);
    world.signIn();
    assert.equal(await verdict(world), 'goes on', 'a cookie of the same second, a session of later');
    world.drop();
    assert.equal(await verdict(world), 'goes on', 'a cookie has whole seconds: it may be of later');
    world.advance(998);
    await world.gate.endPerson(ada.id, []);
    assert.equal(await verdict(world), 'ended', 'the second of the cookie is over');
  });

  test('a mark that the store refuses is reported, and this process still applies it', async () => {
    const world = signedIn();
    world.faults.marks = true;
    world.startRefresh();
    assert.deepEqual(await end(world), {
      endedAt: world.now(),
      gate: 'ended',
      writtenBack: 0,
      unmarked: true,
    });
    world.finishRefresh();
    assert.equal(await verdict(world), 'ended');
  });

  test('a later sign-in on the same ticket, ended too, is deleted by the looks of both endings', async () => {
    const world = signedIn();
    await end(world, 'first');
    world.signIn();
    world.startRefresh();
    await end(world, 'second');
    world.advance(3000);
    world.finishRefresh();
    assert.equal((await world.gate.receiptOf('first'))?.writtenBack, 1);
    assert.equal(world.present(), undefined);
  });
});
