// Who opened an app, and who was refused there, in the last days: from the record, and from the live sessions. For operators' pages only.
import type { RecordReader } from '../audit/reader.ts';
import { endOf, type SessionLimits } from '../sessions/rules/session.ts';
import type { SessionRow, SessionTable } from '../store/contract-sessions.ts';
import { appUses } from './app-uses.ts';

/** How far the pages look back. */
export const historyDays = 30;
const dayMs = 86_400_000;
/** How many entries, or sessions, are read at most for one page. */
export const readAtMost = 10_000;
const entriesAtOnce = 500;
const sessionsAtOnce = 200;

export interface AppHistory {
  /** By address, in lower case: when last, in milliseconds, and how often by the record. */
  readonly people: ReadonlyMap<string, Happened>;
  /** How many entries name nobody any more, because the person was erased. */
  readonly erased: number;
  /** Whether there was more than is read: then the newest were. */
  readonly isPartial: boolean;
}

interface Happened {
  readonly at: number;
  readonly times: number;
}

/** The use of an app in the last day. */
export interface DayOfUse {
  /** How many live sessions and people used each app. */
  readonly apps: ReadonlyMap<string, { readonly sessions: number; readonly people: number }>;
  /** Whether only the sessions that were seen last were read. */
  readonly isPartial: boolean;
}

export interface AppHistoryOptions {
  readonly reader: Pick<RecordReader, 'page'>;
  readonly sessions: Pick<SessionTable, 'page'>;
  readonly limits: SessionLimits;
  readonly now: () => number;
}

/** Its functions throw StoreUnavailable. */
export interface AppHistories {
  /** Who opened the app, or used it in a session that is still live. */
  opened(app: string): Promise<AppHistory>;
  /** Who was refused in the app. */
  refused(app: string): Promise<AppHistory>;
  lastDay(): Promise<DayOfUse>;
}

export function createAppHistories({ reader, sessions, limits, now }: AppHistoryOptions): AppHistories {
  /** The record's entries about the app, newest first. */
  async function read(event: 'guard.entered' | 'guard.refused', app: string) {
    const people = new Map<string, Happened>();
    let [seen, erased] = [0, 0];
    let cursor: string | undefined;
    do {
      const limit = Math.min(entriesAtOnce, readAtMost - seen);
      const page = await reader.page({ event, from: now() - historyDays * dayMs, limit, cursor });
      for (const { entry, who } of page.items) {
        if (entry?.facts?.['app'] !== app) continue;
        const email = who?.email?.toLowerCase();
        if (email === undefined) erased += 1;
        else people.set(email, later(people.get(email), { at: Date.parse(entry.at), times: 1 }));
      }
      seen += page.items.length;
      cursor = page.next;
    } while (cursor !== undefined && seen < readAtMost);
    return { people, erased, isPartial: cursor !== undefined };
  }

  /** The live sessions seen since `from`, the latest first, a few at a time. @returns whether there were more than are read */
  async function walk(from: number, visit: (row: SessionRow) => void): Promise<boolean> {
    let cursor: string | undefined;
    for (let seen = 0; seen < readAtMost; ) {
      const page = await sessions.page({
        sort: 'seen',
        limit: Math.min(sessionsAtOnce, readAtMost - seen),
        ...(cursor !== undefined && { cursor }),
      });
      for (const row of page.rows) if (!endOf(row, limits, now())) visit(row);
      seen += page.rows.length;
      cursor = page.next;
      // The use of an app counts as use of the session, but each is written in its own time.
      const isPast = (page.rows.at(-1)?.lastSeenAt ?? from) < from - 2 * 60_000;
      if (cursor === undefined || isPast) return false;
    }
    return true;
  }

  return {
    async opened(app) {
      const found = await read('guard.entered', app);
      const from = now() - historyDays * dayMs;
      const hasMore = await walk(from, ({ email, data }) => {
        const at = appUses(data).get(app);
        const address = email.toLowerCase();
        if (at !== undefined && at >= from)
          found.people.set(address, later(found.people.get(address), { at, times: 0 }));
      });
      return { ...found, isPartial: found.isPartial || hasMore };
    },
    refused: (app) => read('guard.refused', app),
    async lastDay() {
      const from = now() - dayMs;
      const found = new Map<string, { sessions: number; people: Set<string> }>();
      const isPartial = await walk(from, ({ personId, data }) => {
        for (const [app, at] of appUses(data)) {
          if (at < from) continue;
          const use = found.get(app) ?? { sessions: 0, people: new Set() };
          use.sessions += 1;
          use.people.add(personId);
          found.set(app, use);
        }
      });
      const apps = [...found].map(
        ([app, { sessions, people }]) => [app, { sessions, people: people.size }] as const,
      );
      return { apps: new Map(apps), isPartial };
    },
  };
}

function later(known: Happened | undefined, { at, times }: Happened): Happened {
  return { at: Math.max(known?.at ?? 0, at), times: (known?.times ?? 0) + times };
}
