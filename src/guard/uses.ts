// Notes in the session's row that the session and an app are used: each at most once a minute, after the answer was sent, and without
// effect on a session that ended meanwhile.
import { type SessionLimits, touchIntervalMs } from '../sessions/rules/session.ts';
import type { SessionRow, SessionTable } from '../store/contract-sessions.ts';
import type { GuardedApp } from './contract.ts';
import { useName, useOf } from './grants.ts';
import type { LastUsed } from './last-used.ts';

export interface UseOptions {
  readonly sessions: Pick<SessionTable, 'update' | 'touch'>;
  readonly limits: SessionLimits;
  /** Notes that the app is used, not by whom. */
  readonly noteApp: LastUsed['note'];
  readonly logger: { warn(line: object): void };
}

const notedAtMost = 20_000;
const longestIntervalMs = 60_000;

/** @returns notes a use at `at`, in milliseconds. It does not wait, and never throws. */
export function createUses({ sessions, limits, noteApp, logger }: UseOptions) {
  /** When each was written last by this process, so that a page with a hundred requests writes once. */
  const noted = new Map<string, number>();

  function isDue(name: string, lastAt: number, at: number, everyMs: number): boolean {
    if (at - Math.max(lastAt, noted.get(name) ?? 0) < everyMs) return false;
    if (noted.size >= notedAtMost) noted.clear();
    noted.set(name, at);
    return true;
  }

  return (row: SessionRow, app: GuardedApp, at: number): void => {
    const writes: Promise<unknown>[] = [];
    if (isDue(row.key, row.lastSeenAt, at, touchIntervalMs(limits))) writes.push(sessions.touch(row.key, at));
    const everyMs = Math.min(longestIntervalMs, (app.idleMs ?? Number.POSITIVE_INFINITY) / 10);
    const usedAt = useOf(row.data, app.name)?.usedAt ?? 0;
    if (isDue(`${row.key} ${app.name}`, usedAt, at, everyMs))
      writes.push(sessions.update(row.key, { [useName(app.name)]: at }));
    // Also a visit that is shorter than the interval, whose time of use was written when the person entered.
    if (isDue(` ${app.name}`, 0, at, longestIntervalMs)) writes.push(noteApp(app.name));
    for (const write of writes)
      write.catch((error: unknown) => logger.warn({ event: 'guard.use_not_noted', err: error }));
  };
}
