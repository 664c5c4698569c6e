// The audit log in Redis: a stream, its head and its indexes, all in one Cluster slot so that one script can update all of them.
import { setTimeout as delay } from 'node:timers/promises';
import { attempt } from './contract.ts';
import type {
  JournalStep,
  RecordAddition,
  RecordEnd,
  RecordName,
  RecordRow,
  RecordTable,
} from './contract-record.ts';
import type { RedisClient } from './redis-client.ts';
import { packEntry, unpackEntry } from './redis-entry.ts';

/**
 * KEYS: head, stream, journals, then the indexes. ARGV: the head as it was read, the new head, the journal (empty: none), its position
 * before and after, then for each entry its number, how many fields and values follow, those, and the positions in KEYS of its indexes.
 * Adds nothing and returns the current head if another writer was faster; 1 if an entry lies beyond the head; 2 if the journal's
 * position is a different one.
 */
const appendScript = `
  if ARGV[3] ~= '' and (redis.call('HGET', KEYS[3], ARGV[3]) or '0') ~= ARGV[4] then return 2 end
  local head = redis.call('GET', KEYS[1]) or ''
  if head ~= ARGV[1] then return head end
  local last = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)[1]
  if last and ARGV[6] and tonumber(string.match(last[1], '^%d+')) >= tonumber(ARGV[6]) then return 1 end
  local i = 6
  while i < #ARGV do
    local places = i + 2 + tonumber(ARGV[i + 1])
    redis.call('XADD', KEYS[2], ARGV[i] .. '-0', unpack(ARGV, i + 2, places - 1))
    for place in string.gmatch(ARGV[places], '%d+') do
      local index = KEYS[tonumber(place)]
      while tonumber(redis.call('LINDEX', index, -1) or '0') >= tonumber(ARGV[i]) do redis.call('RPOP', index) end
      redis.call('RPUSH', index, ARGV[i])
    end
    i = places + 1
  end
  redis.call('SET', KEYS[1], ARGV[2])
  if ARGV[3] ~= '' then redis.call('HSET', KEYS[3], ARGV[3], ARGV[5]) end
  return false`;

/** KEYS: anchor. ARGV: the new anchor and its number. Another replica may have pruned more meanwhile. */
const anchorScript = `
  local before = redis.call('GET', KEYS[1])
  if before and cjson.decode(before).seq >= tonumber(ARGV[2]) then return 0 end
  redis.call('SET', KEYS[1], ARGV[1])
  return 1`;

/** Lua: the position of the first number not below `max` in an ascending list. */
const placeOf = `
  local function placeOf(index, max)
    local low, high = 0, redis.call('LLEN', index)
    while low < high do
      local middle = math.floor((low + high) / 2)
      if tonumber(redis.call('LINDEX', index, middle)) < max then low = middle + 1 else high = middle end
    end
    return low
  end`;

/**
 * KEYS: an index, the same index of the previous layout, and the stream. ARGV: the exclusive upper bound, and the maximum count.
 * Returns the entries, newest first.
 */
const beforeScript = `${placeOf}
  local limit = tonumber(ARGV[2])
  local last = placeOf(KEYS[1], tonumber(ARGV[1]))
  local ids = last == 0 and {} or redis.call('LRANGE', KEYS[1], math.max(0, last - limit), last - 1)
  local former = redis.call('ZREVRANGEBYSCORE', KEYS[2], '(' .. ARGV[1], '-inf', 'LIMIT', 0, limit)
  for _, id in ipairs(former) do ids[#ids + 1] = id end
  table.sort(ids, function(a, b) return tonumber(a) > tonumber(b) end)
  local found, before, count = {}, nil, 0
  for _, id in ipairs(ids) do
    if id ~= before then
      if count == limit then break end
      count = count + 1
      local entry = redis.call('XRANGE', KEYS[3], id .. '-0', id .. '-0')[1]
      if entry then found[#found + 1] = entry end
    end
    before = id
  end
  return found`;

/** KEYS: stream, then the indexes of the removed entries, of this layout or the previous one. ARGV: the first number that stays. */
const pruneScript = `${placeOf}
  for i = 2, #KEYS do
    if redis.call('TYPE', KEYS[i]).ok == 'zset' then
      redis.call('ZREMRANGEBYSCORE', KEYS[i], '-inf', '(' .. ARGV[1])
    else
      redis.call('LTRIM', KEYS[i], placeOf(KEYS[i], tonumber(ARGV[1])), -1)
    end
  end
  return redis.call('XTRIM', KEYS[1], 'MINID', ARGV[1])`;

/** ioredis has this method; its types do not. */
type WithBuffers = RedisClient & { evalBuffer: RedisClient['eval'] };

const names: readonly RecordName[] = ['who', 'by', 'event', 'session'];
const pruneBatch = 200;
/** Writers of other replicas may be faster several times in a row, but not forever. */
const triesAtMost = 200;

export function createRedisRecord(redis: RedisClient, prefix: string): RecordTable {
  const keys = {
    head: `${prefix}{record}:head`,
    anchor: `${prefix}{record}:anchor`,
    entries: `${prefix}{record}:entries`,
    journals: `${prefix}{record}:journals`,
  };
  /** A list of ascending numbers, a few bytes each. */
  const indexOf = (name: RecordName, value: string) => `${prefix}{record}:n:${name}:${value}`;
  /** For entries written by version 1 of the layout: a sorted set. */
  const formerIndexOf = (name: RecordName, value: string) => `${prefix}{record}:${name}:${value}`;
  /** The head that this process last wrote: usually still current, which saves a read. */
  let known: string | undefined;

  const namesOf = (text: string): [RecordName, string][] => {
    const entry = parsed(text);
    return names.flatMap((name): [RecordName, string][] => {
      const value = entry[name];
      return typeof value === 'string' ? [[name, value]] : [];
    });
  };

  const readHead = async () => (await redis.get(keys.head)) ?? undefined;
  const readLast = async () => {
    const [last] = await redis.xrevrangeBuffer(keys.entries, '+', '-', 'COUNT', 1);
    return last ? toRow(last) : null;
  };

  async function add(
    before: string,
    rows: readonly RecordRow[],
    head: string,
    step: JournalStep | undefined,
    packed: Map<string, Buffer>,
  ): Promise<'added' | 'beyond' | 'elsewhere' | { readonly head: string }> {
    const touched = [keys.head, keys.entries, keys.journals];
    const places = new Map<string, number>();
    const placeOf = (key: string) => {
      const place = places.get(key) ?? touched.push(key);
      places.set(key, place);
      return place;
    };
    const values = rows.flatMap((row) => {
      const fields = packEntry(row, packed);
      const places = namesOf(row.text).map((name) => placeOf(indexOf(...name)));
      return [row.seq, fields.length, ...fields, places.join(' ')];
    });
    const { journal = '', from = 0, to = 0 } = step ?? {};
    const fixed = [before, head, journal, from, to];
    const found = await redis.eval(appendScript, touched.length, ...touched, ...fixed, ...values);
    if (typeof found === 'string') return { head: found };
    return found === 1 ? 'beyond' : found === 2 ? 'elsewhere' : 'added';
  }

  async function append(
    seal: (end: RecordEnd) => RecordAddition | undefined,
    step: JournalStep | undefined,
  ): Promise<RecordAddition | undefined> {
    let head = known ?? (await readHead());
    let beyond = false;
    const packed = new Map<string, Buffer>();
    for (let tries = 0; tries < triesAtMost; tries++) {
      const blind = beyond ? undefined : seal({ head });
      const addition = blind ?? seal({ head, last: await readLast() });
      if (!addition) throw new Error('nothing was sealed');
      known = undefined;
      const found = await add(head ?? '', addition.rows, addition.head, step, packed);
      if (found === 'elsewhere') return undefined;
      if (found === 'added') {
        known = addition.head;
        return addition;
      }
      // Delays only some retries, by a random time: otherwise two writers could keep colliding.
      if (tries % 3 === 2) await delay(Math.random() * 4);
      // Only a writer other than this program can put an entry beyond the head.
      beyond = found === 'beyond';
      if (found !== 'beyond') head = found.head === '' ? undefined : found.head;
    }
    throw new Error('other writers were always faster');
  }

  return {
    append: (seal) =>
      attempt(async () => {
        const addition = await append(seal, undefined);
        if (!addition) throw new Error('there is no journal to wait for');
        return addition;
      }),
    appendOnce: (step, seal) => attempt(() => append(seal, step)),
    journaled: (journal) => attempt(async () => Number((await redis.hget(keys.journals, journal)) ?? 0)),
    dropJournal: (journal) =>
      attempt(async () => {
        await redis.hdel(keys.journals, journal);
      }),
    head: () => attempt(readHead),
    anchor: () => attempt(async () => (await redis.get(keys.anchor)) ?? undefined),
    after: (seq, limit) =>
      attempt(async () =>
        (await redis.xrangeBuffer(keys.entries, `${seq + 1}-0`, '+', 'COUNT', limit)).map(toRow),
      ),
    before: (seq, limit, name) =>
      attempt(async () => {
        const last = Number.isFinite(seq) ? `${seq - 1}-0` : '+';
        if (seq <= 1) return [];
        if (!name) return (await redis.xrevrangeBuffer(keys.entries, last, '-', 'COUNT', limit)).map(toRow);
        const bound = Number.isFinite(seq) ? seq : Number.MAX_SAFE_INTEGER;
        const indexes = [indexOf(...name), formerIndexOf(...name)];
        const keyed = [...indexes, keys.entries];
        const { length } = keyed;
        const found = await (redis as WithBuffers).evalBuffer(beforeScript, length, ...keyed, bound, limit);
        return (found as [id: Buffer, fields: Buffer[]][]).map(toRow);
      }),
    prune: (seq, anchor) =>
      attempt(async () => {
        // Writes the anchor first: entries before it count as removed, wherever this is interrupted.
        await redis.eval(anchorScript, 1, keys.anchor, anchor, seq);
        let total = 0;
        for (;;) {
          const rows = (await redis.xrangeBuffer(keys.entries, '-', `${seq}-0`, 'COUNT', pruneBatch)).map(
            toRow,
          );
          const last = rows.at(-1);
          if (!last) return total;
          const gone = rows.flatMap(({ text }) => namesOf(text));
          const indexes = [...new Set(gone.flatMap((name) => [indexOf(...name), formerIndexOf(...name)]))];
          total += Number(
            await redis.eval(pruneScript, indexes.length + 1, keys.entries, ...indexes, last.seq + 1),
          );
        }
      }),
  };
}

function toRow([id, fields]: [id: Buffer, fields: Buffer[]]): RecordRow {
  return { seq: Number(id.toString().split('-')[0]), ...unpackEntry(fields) };
}

/** An entry that somebody changed in Redis may no longer be JSON; it is still pruned when its time comes. */
function parsed(text: string): Record<string, unknown> {
  try {
    return (JSON.parse(text) ?? {}) as Record<string, unknown>;
  } catch {
    return {};
  }
}
