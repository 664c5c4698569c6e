// Indexes over the sessions in Redis. They are hints, one command per key, so that they work on a Cluster too. The row is authoritative:
// an index entry whose row is missing or has ended is dropped when it is found.
import { attempt } from './contract.ts';
import type { SessionPage, SessionQuery, SessionRow } from './contract-sessions.ts';
import { readCursor, writeCursor } from './cursor.ts';
import type { RedisClient } from './redis-client.ts';
import type { RedisClock } from './redis-clock.ts';

export interface RedisIndexes {
  add(row: SessionRow): Promise<void>;
  seen(row: SessionRow, seenAt: number): Promise<void>;
  remove(row: SessionRow): Promise<void>;
  /** Keys of every row of a person, including ended ones; some rows may no longer exist. */
  keysOf(personId: string): Promise<string[]>;
  /** Removes a person from the indexes; call it after deleting the rows. */
  forget(personId: string, rows: readonly SessionRow[]): Promise<void>;
  findByHandle(handle: string): Promise<SessionRow | undefined>;
  ofPerson(personId: string, now: number): Promise<SessionRow[]>;
  page(query: SessionQuery): Promise<SessionPage>;
  countLive(now: number): Promise<number>;
  /** Drops one batch of entries that expired before `now`. @returns how many. */
  prune(now: number): Promise<number>;
}

/** Members are `<email>\0<key>`, the same in every global index, so that one can be dropped from all of them. */
const memberOf = (row: SessionRow) => `${row.email}\0${row.key}`;
const keyOf = (member: string) => member.slice(member.indexOf('\0') + 1);
const pruneBatch = 500;

export function createRedisIndexes(
  redis: RedisClient,
  prefix: string,
  readMany: (keys: readonly string[]) => Promise<(SessionRow | undefined)[]>,
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

  /** Clean-up during a read: a read-only Redis refuses it, but still answers the read. */
  const onTheWay = (tidying: Promise<unknown>) => tidying.catch(() => undefined);

  /** The live rows of `members`, in order; all other members are dropped from the indexes. */
  async function liveRows(members: readonly string[]): Promise<SessionRow[]> {
    const rows = await readMany(members.map(keyOf));
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
      // By the earlier of two clocks: a clock that jumped ahead must not hide live sessions.
      const over = Math.min(row.createdAt, clock.now());
      await Promise.all([
        redis.zadd(index.seen, row.lastSeenAt, member),
        redis.zadd(index.created, row.createdAt, member),
        redis.zadd(index.email, 0, member),
        redis.zadd(index.expiry, row.expiresAt, member),
        redis.zadd(personKey(row.personId), row.expiresAt, row.key),
        // The set is kept as long as its last session: NX if it has no expiry yet, GT if it has an earlier one.
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
      return key === null ? undefined : (await readMany([key]))[0];
    },
    async ofPerson(personId, now) {
      const keys = await redis.zrangebyscore(personKey(personId), `(${now}`, '+inf');
      const rows = await readMany(keys);
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
        // Reads one more row than the page holds, to know whether there is another page. Dropped entries cause another round.
        for (let more = true; more && rows.length <= limit; ) {
          const members = await next(limit + 1);
          // Fewer than asked for: the index ends here.
          more = members.length > limit;
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

  /** Walks the address index upwards; each call returns the next members. */
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

  /** Walks a time index downwards. Entries with the same time are in reverse order of their members. */
  function byScore(name: string, start: ReturnType<typeof readCursor> | undefined) {
    let max: number | string = start ? Number(start.value) : '+inf';
    /** The member that was returned last; its score is `max`. Compared by order only: it may no longer exist. */
    let last = start?.key;
    return async (count: number) => {
      // Sent together: what is left at the time of the last one, and what is older.
      const [same, older] = await Promise.all([
        last === undefined ? [] : redis.zrangebyscore(name, max, max),
        redis.zrevrangebyscore(
          name,
          last === undefined ? max : `(${max}`,
          '-inf',
          'WITHSCORES',
          'LIMIT',
          0,
          count,
        ),
      ]);
      const given = last;
      const found = same
        .filter((member) => given !== undefined && isBefore(member, given))
        .reverse()
        .map((member) => ({ member, score: max }));
      for (let i = 0; i < older.length; i += 2)
        found.push({ member: older[i] ?? '', score: Number(older[i + 1]) });
      const page = found.slice(0, count);
      const end = page.at(-1);
      if (end) [max, last] = [end.score, end.member];
      return page.map(({ member }) => member);
    };
  }
}

/** By bytes, as Redis compares members. */
const isBefore = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b)) < 0;

function positionOf(row: SessionRow, order: SessionQuery['sort']) {
  const value = { seen: row.lastSeenAt, created: row.createdAt, email: row.email }[order];
  return { value, key: memberOf(row) };
}
