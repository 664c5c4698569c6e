// Indexes over the sessions in Redis: hints, one command a key, so that a Cluster takes them too. The row is the truth:
// what an index names and is not there, or has ended, is dropped from it when it is met.
import { attempt, type SessionPage, type SessionQuery, type SessionRow } from './contract.ts';
import { readCursor, writeCursor } from './cursor.ts';
import type { RedisClient } from './redis-client.ts';
import type { RedisClock } from './redis-clock.ts';

export interface RedisIndexes {
  add(row: SessionRow): Promise<void>;
  seen(row: SessionRow, seenAt: number): Promise<void>;
  remove(row: SessionRow): Promise<void>;
  /** Keys of every row of a person, ended ones too; some may be gone. */
  keysOf(personId: string): Promise<string[]>;
  /** After the rows: all that the indexes know of a person. */
  forget(personId: string, rows: readonly SessionRow[]): Promise<void>;
  findByHandle(handle: string): Promise<SessionRow | undefined>;
  ofPerson(personId: string, now: number): Promise<SessionRow[]>;
  page(query: SessionQuery): Promise<SessionPage>;
  countLive(now: number): Promise<number>;
  /** Drops what expired before `now`, a batch. @returns how many. */
  prune(now: number): Promise<number>;
}

/** Members are `<email>\0<key>`: the same one in every global index, so that it can be dropped from all of them. */
const memberOf = (row: SessionRow) => `${row.email}\0${row.key}`;
const keyOf = (member: string) => member.slice(member.indexOf('\0') + 1);
const pruneBatch = 500;

export function createRedisIndexes(
  redis: RedisClient,
  prefix: string,
  read: (key: string) => Promise<SessionRow | undefined>,
  clock: RedisClock,
): RedisIndexes {
  const index = {
    seen: `${prefix}sessions:seen`,
    created: `${prefix}sessions:created`,
    email: `${prefix}sessions:email`,
    expiry: `${prefix}sessions:expiry`,
  };
  const personKey = (personId: string) => `${prefix}sessions:of:${personId}`;
  const everOfKey = (personId: string) => `${prefix}sessions:ever-of:${personId}`;
  const handleKey = (handle: string) => `${prefix}handle:${handle}`;

  async function drop(members: readonly string[]): Promise<void> {
    if (members.length === 0) return;
    await Promise.all(Object.values(index).map((name) => redis.zrem(name, ...members)));
  }

  /** While reading, on the way: a Redis that only reads refuses it, and answers the question all the same. */
  const onTheWay = (tidying: Promise<unknown>) => tidying.catch(() => undefined);

  /** The live rows of `members`, in order; the others are dropped from the indexes. */
  async function liveRows(members: readonly string[]): Promise<SessionRow[]> {
    const rows = await Promise.all(members.map((member) => read(keyOf(member))));
    await onTheWay(drop(members.filter((_, i) => rows[i] === undefined || rows[i]?.ended !== undefined)));
    return rows.filter((row): row is SessionRow => row !== undefined && row.ended === undefined);
  }

  async function prune(now: number): Promise<number> {
    const over = await redis.zrangebyscore(index.expiry, '-inf', now, 'LIMIT', 0, pruneBatch);
    await drop(over);
    return over.length;
  }

  return {
    prune,
    async add(row) {
      const member = memberOf(row);
      const end = await clock.endOf(row.expiresAt);
      // By the earlier of two clocks: one that jumped ahead must not hide the sessions that live.
      const over = Math.min(row.createdAt, clock.now());
      await Promise.all([
        redis.zadd(index.seen, row.lastSeenAt, member),
        redis.zadd(index.created, row.createdAt, member),
        redis.zadd(index.email, 0, member),
        redis.zadd(index.expiry, row.expiresAt, member),
        redis.zadd(personKey(row.personId), row.expiresAt, row.key),
        // The set is kept as long as its last session: NX where it has no end yet, GT where it has an earlier one.
        redis.pexpireat(personKey(row.personId), end, 'NX'),
        redis.pexpireat(personKey(row.personId), end, 'GT'),
        redis.zadd(everOfKey(row.personId), row.expiresAt, row.key),
        redis.zremrangebyscore(personKey(row.personId), '-inf', over),
        redis.zremrangebyscore(everOfKey(row.personId), '-inf', over),
        redis.pexpireat(everOfKey(row.personId), end, 'NX'),
        redis.pexpireat(everOfKey(row.personId), end, 'GT'),
        redis.set(handleKey(row.handle), row.key, 'PXAT', end, 'NX'),
      ]);
    },
    async seen(row, seenAt) {
      await redis.zadd(index.seen, 'XX', 'GT', seenAt, memberOf(row));
    },
    async remove(row) {
      await Promise.all([drop([memberOf(row)]), redis.zrem(personKey(row.personId), row.key)]);
    },
    keysOf: (personId) => redis.zrange(everOfKey(personId), '0', '-1'),
    async forget(personId, rows) {
      await drop(rows.map(memberOf));
      await Promise.all(rows.map((row) => redis.del(handleKey(row.handle))));
      await redis.del(personKey(personId));
      await redis.del(everOfKey(personId));
    },
    async findByHandle(handle) {
      const key = await redis.get(handleKey(handle));
      return key === null ? undefined : read(key);
    },
    async ofPerson(personId, now) {
      const keys = await redis.zrangebyscore(personKey(personId), `(${now}`, '+inf');
      const rows = await Promise.all(keys.map(read));
      const gone = keys.filter((_, i) => rows[i] === undefined || rows[i]?.ended !== undefined);
      if (gone.length > 0) await onTheWay(redis.zrem(personKey(personId), ...gone));
      const live = rows.filter((row): row is SessionRow => row !== undefined && row.ended === undefined);
      return live.sort((a, b) => b.createdAt - a.createdAt);
    },
    async page({ sort, emailPrefix, cursor, limit }) {
      const order = emailPrefix === undefined ? sort : 'email';
      const start =
        cursor === undefined ? undefined : readCursor(cursor, order === 'email' ? 'string' : 'number');
      const next = order === 'email' ? byEmail(emailPrefix ?? '', start) : byScore(index[order], start);
      return attempt(async () => {
        const rows: SessionRow[] = [];
        // One more than the page holds tells whether there is another one. Dropped entries make a further round.
        for (let more = true; more && rows.length <= limit; ) {
          const members = await next(limit + 1);
          more = members.length > 0;
          rows.push(...(await liveRows(members)));
        }
        const page = rows.slice(0, limit);
        const last = page.at(-1);
        return {
          rows: page,
          next: rows.length > limit && last ? writeCursor(positionOf(last, order)) : undefined,
        };
      });
    },
    async countLive(now) {
      return redis.zcount(index.expiry, `(${now}`, '+inf');
    },
  };

  /** Walks the address index upwards; each call gives the next members. */
  function byEmail(emailPrefix: string, start: ReturnType<typeof readCursor> | undefined) {
    let from = start ? `(${start.key}` : `[${emailPrefix}`;
    const to = emailPrefix === '' ? '+' : `[${emailPrefix}\u{10ffff}`;
    return async (count: number) => {
      const members = await redis.zrangebylex(index.email, from, to, 'LIMIT', 0, count);
      const last = members.at(-1);
      if (last !== undefined) from = `(${last}`;
      return members;
    };
  }

  /** Walks a time index downwards. Entries of the same instant are in reverse order of their member. */
  function byScore(name: string, start: ReturnType<typeof readCursor> | undefined) {
    let max: number | string = start ? Number(start.value) : '+inf';
    // Members of the instant `max` that were given already.
    let given = new Set<string>();
    let pending = start;
    return async (count: number) => {
      if (pending) {
        // By the order alone: the entry that the page before ended with may be gone since.
        const { key: member } = pending;
        given = new Set((await redis.zrangebyscore(name, max, max)).filter((same) => same >= member));
        pending = undefined;
      }
      const found = await redis.zrevrangebyscore(
        name,
        max,
        '-inf',
        'WITHSCORES',
        'LIMIT',
        0,
        count + given.size,
      );
      const members: string[] = [];
      for (let i = 0; i < found.length; i += 2) {
        const [member = '', score = ''] = [found[i], found[i + 1]];
        if (given.has(member)) continue;
        members.push(member);
        if (Number(score) !== max) given = new Set();
        max = Number(score);
        given.add(member);
      }
      return members;
    };
  }
}

function positionOf(row: SessionRow, order: SessionQuery['sort']) {
  const value = { seen: row.lastSeenAt, created: row.createdAt, email: row.email }[order];
  return { value, key: memberOf(row) };
}
