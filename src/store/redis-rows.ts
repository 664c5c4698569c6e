// Reads and removes everything that a deployment keeps in Redis. Uses SCAN on every primary: data that changes meanwhile may be read
// in its old or new state.
import type { Redis } from 'ioredis';
import type { SignIn } from './contract.ts';
import type { AliasRow } from './contract-record.ts';
import type { SessionRow } from './contract-sessions.ts';
import type { RedisPlace } from './redis-migrate.ts';
import { choicesFrom, type StoredRow } from './stored-rows.ts';

const scanCount = 500;
/** The expiry for keys that have none in Redis: the year 2100. */
const withoutEnd = Date.UTC(2100, 0);

/** @throws if Redis does not answer */
export async function* rowsOfRedis(place: RedisPlace): AsyncGenerator<StoredRow> {
  const { redis, prefix } = place;
  const ownerOfNote = await noteOwners(place);
  for await (const keys of scan(place, '*')) {
    const rows = await Promise.all(
      keys.map((key) => readRow(place, key.slice(prefix.length), key, ownerOfNote)),
    );
    for (const row of rows) if (row) yield row;
  }
  for (const [name, value] of Object.entries(await redis.hgetall(`${prefix}store`)))
    yield { table: 'fact', name, value };
}

async function readRow(
  { redis }: RedisPlace,
  name: string,
  key: string,
  ownerOfNote: ReadonlyMap<string, string>,
): Promise<StoredRow | undefined> {
  const [, table = '', id = ''] =
    /^(session|visitor|person|note|counter|\{alias\}:row):(.*)$/s.exec(name) ?? [];
  if (table === '') return undefined;
  // Sent together: a key missing in either reply no longer exists.
  const [endsAt, fields, text] = await Promise.all([
    redis.pexpiretime(key),
    table === 'session' || table === 'note' ? {} : redis.hgetall(key),
    table === 'session' || table === 'note' ? redis.get(key) : null,
  ]);
  const expiresAt = endsAt > 0 ? endsAt : withoutEnd;
  const hash = fields as Record<string, string>;
  if (text === null && Object.keys(hash).length === 0) return undefined;
  switch (table) {
    case 'session':
      return { table, row: JSON.parse(text ?? '') as SessionRow };
    case 'note': {
      const personId = ownerOfNote.get(id);
      return { table, key: id, value: JSON.parse(text ?? '') as unknown, expiresAt, personId };
    }
    case 'visitor': {
      const row = hash['retired']
        ? ({ state: 'retired' } as const)
        : ({ state: 'live', choices: choicesFrom(hash) } as const);
      return { table, idHash: id, row, expiresAt };
    }
    case 'person': {
      const { email = '', lastSignIn = '' } = hash;
      const choices = choicesFrom(hash);
      return { table, row: { id, email, choices, lastSignIn: JSON.parse(lastSignIn) as SignIn } };
    }
    case 'counter': {
      const counts = Object.fromEntries(Object.entries(hash).map(([one, n]) => [one, Number(n)]));
      return { table, day: id, counts, expiresAt };
    }
    default: {
      const { key: made = '', subject, email } = hash;
      const row: AliasRow = {
        alias: id,
        key: made,
        ...(subject !== undefined && { subject }),
        ...(email !== undefined && { email }),
      };
      return { table: 'alias', row };
    }
  }
}

/** The person that each note is about, by the note's key. */
async function noteOwners(place: RedisPlace): Promise<Map<string, string>> {
  const owners = new Map<string, string>();
  const of = `${place.prefix}notes:of:`;
  for await (const keys of scan(place, 'notes:of:*')) {
    for (const key of keys)
      for (const note of await place.redis.smembers(key)) owners.set(note, key.slice(of.length));
  }
  return owners;
}

/** Whether this deployment has no keys besides facts about the store itself. */
export async function isEmptyRedis(place: RedisPlace): Promise<boolean> {
  for await (const keys of scan(place, '*'))
    if (keys.some((key) => key !== `${place.prefix}store`)) return false;
  return true;
}

/** Removes every key of this deployment except its facts, which say that this is in progress. */
export async function clearRedis(place: RedisPlace): Promise<void> {
  for await (const keys of scan(place, '*')) {
    const others = keys.filter((key) => key !== `${place.prefix}store`);
    await Promise.all(others.map((key) => place.redis.del(key)));
  }
}

/** Removes the facts about the store itself, except those in `kept`. */
export async function removeFacts({ redis, prefix }: RedisPlace, kept: readonly string[]): Promise<void> {
  const names = Object.keys(await redis.hgetall(`${prefix}store`)).filter((name) => !kept.includes(name));
  if (names.length > 0) await redis.hdel(`${prefix}store`, ...names);
}

/** Yields each key at least once, possibly twice. */
async function* scan({ redis, prefix }: RedisPlace, pattern: string): AsyncGenerator<string[]> {
  const masters: Redis[] = 'nodes' in redis ? redis.nodes('master') : [redis];
  const escaped = prefix.replace(/[\\*?[\]^]/g, '\\$&');
  for (const master of masters) {
    let cursor = '0';
    do {
      const [next, found] = await master.scan(cursor, 'MATCH', `${escaped}${pattern}`, 'COUNT', scanCount);
      if (found.length > 0) yield found;
      cursor = next;
    } while (cursor !== '0');
  }
}
