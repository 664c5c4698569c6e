// Pseudonyms of people in Redis: one hash each, found by subject and by address; all in one Cluster slot, so that a script can change
// them atomically.
import { attempt } from './contract.ts';
import type { AliasRow, AliasTable } from './contract-record.ts';
import type { RedisClient } from './redis-client.ts';
import { evalEnding } from './redis-when-full.ts';

/** KEYS: the row, its unique key (by subject, or by address alone), the address’s set. ARGV: alias, then the fields as pairs. */
const addScript = `
  local there = redis.call('GET', KEYS[2])
  if there then return there end
  redis.call('SET', KEYS[2], ARGV[1])
  redis.call('HSET', KEYS[1], unpack(ARGV, 2))
  if #KEYS == 3 then redis.call('SADD', KEYS[3], ARGV[1]) end
  return ARGV[1]`;

/** KEYS: the row, the old address's set, the new address's set. ARGV: alias, the new address. */
const setEmailScript = `
  if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
  redis.call('SREM', KEYS[2], ARGV[1])
  redis.call('HSET', KEYS[1], 'email', ARGV[2])
  redis.call('SADD', KEYS[3], ARGV[1])
  return 1`;

/** KEYS: the row, its unique key, the address’s set. ARGV: alias. */
const removeScript = `
  local gone = redis.call('DEL', KEYS[1])
  redis.call('DEL', KEYS[2])
  if #KEYS == 3 then redis.call('SREM', KEYS[3], ARGV[1]) end
  return gone`;

/** KEYS: the unique key of a subject. ARGV: what the key of a row starts with. All keys are in one slot. */
const bySubjectScript = `
  local alias = redis.call('GET', KEYS[1])
  if not alias then return {} end
  return {alias, redis.call('HGETALL', ARGV[1] .. alias)}`;

/** KEYS: an address's set. ARGV: what the key of a row starts with. */
const byEmailScript = `
  local found = {}
  for _, alias in ipairs(redis.call('SMEMBERS', KEYS[1])) do
    found[#found + 1] = {alias, redis.call('HGETALL', ARGV[1] .. alias)}
  end
  return found`;

/** As a script returns a row: the alias, then the names and values of its hash in one list. */
type FoundRow = readonly [alias?: string, fields?: readonly string[]];

export function createRedisAliases(redis: RedisClient, prefix: string): AliasTable {
  const rowKey = (alias: string) => `${prefix}{alias}:row:${alias}`;
  const emailKey = (email: string) => `${prefix}{alias}:email:${email}`;
  const kindKey = ({ subject, email }: AliasRow) =>
    subject === undefined ? `${prefix}{alias}:address:${email}` : `${prefix}{alias}:subject:${subject}`;
  const keysOf = (row: AliasRow) => [
    rowKey(row.alias),
    kindKey(row),
    ...(row.email === undefined ? [] : [emailKey(row.email)]),
  ];

  const read = async (alias: string) => rowFrom(alias, await redis.hgetall(rowKey(alias)));

  function rowOf([alias = '', fields = []]: FoundRow): AliasRow | undefined {
    const hash: Record<string, string> = {};
    for (let i = 0; i < fields.length; i += 2) hash[fields[i] ?? ''] = fields[i + 1] ?? '';
    return rowFrom(alias, hash);
  }

  function rowFrom(alias: string, { key, subject, email }: Record<string, string>): AliasRow | undefined {
    if (key === undefined) return undefined;
    return { alias, key, ...(subject !== undefined && { subject }), ...(email !== undefined && { email }) };
  }

  return {
    add: (row) =>
      attempt(async () => {
        const { alias, ...fields } = row;
        const keys = keysOf(row);
        const there = String(
          await redis.eval(addScript, keys.length, ...keys, alias, ...Object.entries(fields).flat()),
        );
        return there === alias ? row : ((await read(there)) ?? row);
      }),
    bySubject: (subject) =>
      attempt(async () => {
        const key = kindKey({ alias: '', key: '', subject });
        return rowOf((await redis.eval(bySubjectScript, 1, key, rowKey(''))) as FoundRow);
      }),
    byEmail: (email) =>
      attempt(async () => {
        const found = (await redis.eval(byEmailScript, 1, emailKey(email), rowKey(''))) as FoundRow[];
        const rows = found.map(rowOf);
        return rows.filter((row) => row !== undefined);
      }),
    byAlias: (alias) => attempt(() => read(alias)),
    setEmail: (alias, email) =>
      attempt(async () => {
        const row = await read(alias);
        if (!row) return;
        const keys = [rowKey(alias), emailKey(row.email ?? email), emailKey(email)];
        await redis.eval(setEmailScript, keys.length, ...keys, alias, email);
      }),
    remove: (alias) =>
      attempt(async () => {
        const row = await read(alias);
        if (!row) return false;
        const keys = keysOf(row);
        return (await evalEnding(redis, removeScript, keys, alias)) === 1;
      }),
  };
}
