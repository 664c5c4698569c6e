// Visitors, people, claims and notes in Redis: one key per row, changed in one script, expired by Redis itself.
import {
  attempt,
  type Choices,
  type ClaimTable,
  type NoteTable,
  type PersonTable,
  type SignIn,
  type VisitorTable,
} from './contract.ts';
import type { RedisClient } from './redis-client.ts';
import type { RedisClock } from './redis-clock.ts';
import { evalEnding } from './redis-when-full.ts';
import { choicesFrom } from './stored-rows.ts';

/** A visitor's hash has either a field `retired` or the choices as fields. Nothing is written to a retired id. */
const choose = `
  if redis.call('HEXISTS', KEYS[1], 'retired') == 1 then return 0 end
  redis.call('HSET', KEYS[1], unpack(ARGV, 2))
  redis.call('PEXPIREAT', KEYS[1], ARGV[1])
  return 1`;

const retire = `
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[1], 'retired', '1')
  redis.call('PEXPIREAT', KEYS[1], ARGV[1])
  return 1`;

/** ARGV: email, sign-in, then choices as pairs, which are stored only if the person has not chosen. */
const signIn = `
  local before = redis.call('HGET', KEYS[1], 'lastSignIn')
  redis.call('HSET', KEYS[1], 'email', ARGV[1], 'lastSignIn', ARGV[2])
  for i = 3, #ARGV, 2 do redis.call('HSETNX', KEYS[1], ARGV[i], ARGV[i + 1]) end
  return before`;

const chooseIfKnown = `
  if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
  redis.call('HSET', KEYS[1], unpack(ARGV))
  return 1`;

/** A claim with more time left than a claim of this length can have was made before Redis's clock was set back. */
const claim = `
  if redis.call('PTTL', KEYS[1]) > 2 * ARGV[2] then redis.call('DEL', KEYS[1]) end
  if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return ARGV[1] end
  return redis.call('GET', KEYS[1])`;

/** ARGV: the key, and the expiry of its set, which is kept as long as its last note. */
const nameNote = `
  local ttl = redis.call('PTTL', KEYS[1])
  redis.call('SADD', KEYS[1], ARGV[1])
  local time = redis.call('TIME')
  local left = tonumber(ARGV[2]) - (time[1] * 1000 + math.floor(time[2] / 1000))
  if ttl < left then redis.call('PEXPIREAT', KEYS[1], ARGV[2]) end
  return 1`;

const setNote = `
  redis.call('SET', KEYS[1], ARGV[1])
  redis.call('PEXPIREAT', KEYS[1], ARGV[2])
  return 1`;

export function createRedisVisitors(redis: RedisClient, prefix: string, clock: RedisClock): VisitorTable {
  const keyOf = (idHash: string) => `${prefix}visitor:${idHash}`;
  return {
    read: (idHash) =>
      attempt(async () => {
        const fields = await redis.hgetall(keyOf(idHash));
        if (Object.keys(fields).length === 0) return undefined;
        if (fields['retired']) return { state: 'retired' } as const;
        return { state: 'live', choices: choicesFrom(fields) } as const;
      }),
    choose: (idHash, choices, _now, expiresAt) =>
      attempt(async () => {
        const pairs = toPairs(choices);
        if (pairs.length === 0) return true;
        return (await redis.eval(choose, 1, keyOf(idHash), await clock.endOf(expiresAt), ...pairs)) === 1;
      }),
    retire: (idHash, _now, expiresAt) =>
      attempt(async () => {
        await redis.eval(retire, 1, keyOf(idHash), await clock.endOf(expiresAt));
      }),
  };
}

export function createRedisPeople(redis: RedisClient, prefix: string): PersonTable {
  const keyOf = (id: string) => `${prefix}person:${id}`;
  // Only hints: the row is authoritative.
  const ofEmail = (email: string) => `${prefix}people:of:${email}`;
  const bySignIn = `${prefix}people:by-sign-in`;
  return {
    read: (id) =>
      attempt(async () => {
        const fields = await redis.hgetall(keyOf(id));
        const { email, lastSignIn } = fields;
        if (email === undefined || lastSignIn === undefined) return undefined;
        return { id, email, choices: choicesFrom(fields), lastSignIn: JSON.parse(lastSignIn) as SignIn };
      }),
    signIn: (id, email, entry, choices) =>
      attempt(async () => {
        const former = await redis.hget(keyOf(id), 'email');
        // Before the row: once the row names the new address, nothing would lead to the former one.
        if (former !== null && former !== email) await redis.srem(ofEmail(former), id);
        await Promise.all([redis.sadd(ofEmail(email), id), redis.zadd(bySignIn, 'GT', entry.at, id)]);
        const before = await redis.eval(
          signIn,
          1,
          keyOf(id),
          email,
          JSON.stringify(entry),
          ...toPairs(choices),
        );
        return typeof before === 'string' ? (JSON.parse(before) as SignIn) : undefined;
      }),
    choose: (id, choices) =>
      attempt(async () => {
        const pairs = toPairs(choices);
        if (pairs.length > 0) await redis.eval(chooseIfKnown, 1, keyOf(id), ...pairs);
      }),
    idsOf: (email) =>
      attempt(async () => {
        const ids = await redis.smembers(ofEmail(email));
        const emails = await Promise.all(ids.map((id) => redis.hget(keyOf(id), 'email')));
        return ids.filter((_, i) => emails[i] === email);
      }),
    awaySince: (before, limit) =>
      attempt(() => redis.zrangebyscore(bySignIn, '-inf', `(${before}`, 'LIMIT', 0, limit)),
    remove: (id) =>
      attempt(async () => {
        const email = await redis.hget(keyOf(id), 'email');
        // Sent together: if the process died between two of them, nothing would lead to what is left.
        await Promise.all([
          email === null ? 0 : redis.srem(ofEmail(email), id),
          redis.zrem(bySignIn, id),
          redis.del(keyOf(id)),
        ]);
      }),
  };
}

export function createRedisClaims(redis: RedisClient, prefix: string): ClaimTable {
  const keyOf = (key: string) => `${prefix}claim:${key}`;
  return {
    claim: (key, value, now, expiresAt) =>
      attempt(async () => {
        const ttlMs = Math.max(1, expiresAt - now);
        return String(await redis.eval(claim, 1, keyOf(key), value, ttlMs));
      }),
    release: (key) =>
      attempt(async () => {
        await redis.del(keyOf(key));
      }),
  };
}

export function createRedisNotes(redis: RedisClient, prefix: string, clock: RedisClock): NoteTable {
  const keyOf = (key: string) => `${prefix}note:${key}`;
  const ofPerson = (personId: string) => `${prefix}notes:of:${personId}`;
  return {
    write: (key, value, expiresAt, personId) =>
      attempt(async () => {
        const end = await clock.endOf(expiresAt);
        if (personId !== undefined) {
          // Before the note: a set member without a note is harmless. The set is kept as long as its last note.
          await Promise.all([
            redis.sadd(ofPerson(personId), key),
            redis.pexpireat(ofPerson(personId), end, 'NX'),
            redis.pexpireat(ofPerson(personId), end, 'GT'),
          ]);
        }
        await redis.set(keyOf(key), JSON.stringify(value), 'PXAT', end);
      }),
    writeEnding: (key, value, expiresAt, personId) =>
      attempt(async () => {
        const end = await clock.endOf(expiresAt);
        if (personId !== undefined) {
          await evalEnding(redis, nameNote, [ofPerson(personId)], key, end);
        }
        await evalEnding(redis, setNote, [keyOf(key)], JSON.stringify(value), end);
      }),
    read: (key) =>
      attempt(async () => {
        const text = await redis.get(keyOf(key));
        return text === null ? undefined : (JSON.parse(text) as unknown);
      }),
    remove: (key) =>
      attempt(async () => {
        await redis.del(keyOf(key));
      }),
    ofPerson: (personId) =>
      attempt(async () => {
        const keys = await redis.smembers(ofPerson(personId));
        const texts = await Promise.all(keys.map((key) => redis.get(keyOf(key))));
        return keys.flatMap((key, i) => {
          const text = texts[i];
          return typeof text === 'string' ? [{ key, value: JSON.parse(text) as unknown }] : [];
        });
      }),
    forgetPerson: (personId) =>
      attempt(async () => {
        const keys = await redis.smembers(ofPerson(personId));
        await Promise.all(keys.map((key) => redis.del(keyOf(key))));
        await redis.del(ofPerson(personId));
      }),
  };
}

function toPairs(choices: Choices): string[] {
  return Object.entries(choices).flatMap(([key, value]) => (value === undefined ? [] : [key, String(value)]));
}
