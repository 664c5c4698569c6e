// Controls: the attack on the fast lane: what was ended before a request came is not admitted.
import type { Control } from '../support/controls.ts';

const tests = 'test/fast-lane-attack.test.ts';
const lane = 'src/http/lane.ts';
const groupAdmission = 'src/sessions/admission/group-admission.ts';

/** The facts of a row are gone once it has ended, so what the response needs is made up. */
const admitsEnded = {
  file: groupAdmission,
  find: 'const session = readRow(row, cookies.idHash, limits, at);',
  replace: `
        const madeUp = { csrfSecret: '0', device: deviceOf(request.userAgent), network: request.ip };
        const session = { ...madeUp, ...readRow(row, cookies.idHash, limits, at), ended: undefined };`,
};

export const controls: readonly Control[] = [
  {
    invariant: '3 an ended session stays ended (fast lane)',
    defence: 'the fast lane admits no row that has ended',
    ...admitsEnded,
    tests,
    sees: 'the person ends all other devices',
  },
  {
    invariant: '3 an ended session stays ended (fast lane, terminal)',
    defence: 'the fast lane admits no row that has ended',
    ...admitsEnded,
    tests,
    sees: 'a person is ended in a terminal',
  },
  {
    invariant: '3 an ended session stays ended (fast lane, a mark of a cookie)',
    defence: 'the fast lane reads the gate’s marks',
    file: 'src/gate/cookie-revocation.ts',
    find: 'if (names.some((name, i) => marks.valueOf(name, found[i]) === true)) return undefined;',
    replace: '',
    tests,
    sees: 'the gate’s marks alone',
  },
  {
    invariant: '3 an ended session stays ended (fast lane, a mark of a person)',
    defence: 'the fast lane reads the gate’s marks',
    file: 'src/gate/cookie-revocation.ts',
    find: 'if (isCut(cutAt, cookie.issuedAt)) return undefined;',
    replace: '',
    tests,
    sees: 'the gate’s marks alone',
  },
  {
    invariant: '3 an ended session stays ended (fast lane, a mark of a ticket)',
    defence: 'the fast lane reads the gate’s marks',
    file: 'src/gate/redis-revocation.ts',
    find: 'if (!stored || names.some((name, i) => marks.valueOf(name, found[i]) === true)) return undefined;',
    replace: 'if (!stored) return undefined;',
    tests,
    sees: 'an operator ends a person while oauth2-proxy renews their sessions',
  },
  {
    invariant: '3 an ended session stays ended (fast lane, a mark of a person with a ticket)',
    defence: 'the fast lane reads the gate’s marks',
    file: 'src/gate/redis-revocation.ts',
    find: 'if (isCut(cutAt, cookie, session)) return undefined;',
    replace: '',
    tests,
    sees: 'an operator ends a person while oauth2-proxy renews their sessions',
  },
  {
    invariant: '3 an ended session stays ended (fast lane, no cache)',
    defence: 'every group reads the rows from the store',
    file: groupAdmission,
    find: 'const row = rows[keys.placeOf(cookies.key)];',
    replace: `
        const kept = ((globalThis as any).kept ??= new Map());
        const before = kept.get(cookies.key);
        const row = before && at - before.at < 3_000 ? before.row : rows[keys.placeOf(cookies.key)];
        if (row !== before?.row) kept.set(cookies.key, { row, at });`,
    tests,
    sees: 'an operator ends a person$',
  },
  {
    invariant: '3 an ended session stays ended (fast lane, when the read begins)',
    defence: 'the read begins after the requests arrived',
    file: lane,
    find: 'const found = await admitOrNone(group.map(({ plan }) => plan));',
    replace: `
    const ahead = ((globalThis as any).ahead ??= new Map());
    const read = (plan: Plan) => admit([plan]).catch(() => []);
    const found = await Promise.all(
      group.map(async ({ plan }) => {
        const { key } = (plan as any).cookies;
        const begun = ahead.get(key) ?? [];
        ahead.set(key, begun);
        begun.push(read(plan));
        const reading = begun.length > 30 ? begun.shift() : read(plan);
        return (await reading)[0];
      }),
    );`,
    tests,
    sees: 'an operator ends one session',
  },
  {
    invariant: '7 both limits hold (fast lane)',
    defence: 'the limits are applied to each request',
    file: groupAdmission,
    find: 'const session = readRow(row, cookies.idHash, limits, at);',
    replace:
      'const session = readRow({ ...row, createdAt: at, expiresAt: at + 9e6 }, cookies.idHash, limits, at);',
    tests,
    sees: 'a lifetime is over',
  },
  {
    invariant: 'what Redis cannot confirm is not admitted',
    defence: 'the fast lane admits nobody by an earlier read',
    file: groupAdmission,
    find: 'sessions.readMany(keys.all, names.all, at),',
    replace: `
        sessions.readMany(keys.all, names.all, at).then(
          (found) => {
            const kept = ((globalThis as any).kept ??= new Map());
            for (const [i, key] of keys.all.entries()) kept.set(key, found.rows[i]);
            return found;
          },
          () => ({ rows: keys.all.map((key) => (globalThis as any).kept?.get(key)), notes: [] as unknown[] }),
        ),`,
    tests,
    sees: 'Redis is killed and comes back with its data',
  },
];
