// Revocations that the store could not save: it is read-only, its disk is full, or it is down. Until it saves them, this server refuses these
// sessions, and keeps the revocations on its own disk so that a restart loses none (invariant 3).
import { stat } from 'node:fs/promises';
import type { SessionEnd, SessionRow, SessionTable } from '../../store/contract-sessions.ts';
import { createJournalFile, type JournalFile } from '../../store/journal-file.ts';

/** A session by its key, or everything the gate has issued to a person until now. */
export type PendingRevocation =
  | { readonly key: string; readonly end: SessionEnd }
  | { readonly personId: string };

export interface PendingRevocations {
  /** The session table, with pending revocations applied. */
  readonly sessions: SessionTable;
  /** Never throws: if the disk fails too, the revocation is kept in memory. */
  add(item: PendingRevocation): Promise<void>;
  /** Starts retrying pending revocations, including those of earlier processes. @returns a function that stops after a last try */
  start(finish: Finish): Promise<() => Promise<void>>;
  /** The number of pending revocations. */
  waiting(): number;
}

/** @param table as stored, without pending revocations. @throws StoreUnavailable if the store still cannot save it */
export type Finish = (item: PendingRevocation, table: SessionTable) => Promise<void>;

export interface PendingRevocationsOptions {
  readonly sessions: SessionTable;
  /** The file; undefined: in memory only. */
  readonly path: string | undefined;
  readonly logger: { warn(line: object): void; info(line: object): void };
}

const everyMs = 1_000;

export function createPendingRevocations({
  sessions: table,
  path,
  logger,
}: PendingRevocationsOptions): PendingRevocations {
  const file: JournalFile | undefined = path === undefined ? undefined : createJournalFile(path);
  /** Keyed by what they name, so that each is retried once however often it was requested. */
  const items = new Map<string, PendingRevocation>();
  /** How many lines of the file are in `items`, and when it was read. */
  let read: { readonly id: string; readonly lines: number; readonly mtimeMs: number } | undefined;
  let working: Promise<void> | undefined;
  let isTold = false;

  const nameOf = (item: PendingRevocation) => ('key' in item ? `key:${item.key}` : `person:${item.personId}`);
  const endOf = (key: string): SessionEnd | undefined => {
    const item = items.get(`key:${key}`);
    return item && 'end' in item ? item.end : undefined;
  };

  /** Reads what another process, or one that was killed, left behind. */
  async function readFile(): Promise<void> {
    if (!file || path === undefined) return;
    const found = await stat(path).catch(() => undefined);
    if (!found || found.mtimeMs === read?.mtimeMs) return;
    const now = await file.read();
    if (!now) return;
    for (const line of now.lines) {
      const item = itemOf(line);
      if (item && !items.has(nameOf(item))) items.set(nameOf(item), item);
    }
    read = { id: now.id, lines: now.lines.length, mtimeMs: found.mtimeMs };
  }

  async function work(finish: Finish): Promise<void> {
    try {
      await readFile();
      for (const [name, item] of items) {
        await finish(item, table);
        items.delete(name);
      }
      if (read && read.lines > 0 && items.size === 0) {
        const { id, lines } = read;
        await file?.clear((now) => now.id === id && now.lines.length === lines);
      }
    } catch (error) {
      // The outage itself is logged elsewhere; log here, once, that revocations are pending.
      if (items.size > 0 && !isTold)
        logger.warn({ event: 'session.ending_waits', count: items.size, err: error });
      isTold = items.size > 0;
      return;
    }
    if (isTold) logger.info({ event: 'session.endings_finished' });
    isTold = false;
  }

  const over = (row: SessionRow): SessionRow => {
    const end = row.ended ? undefined : endOf(row.key);
    if (!end) return row;
    const gateLink = end.gate ?? row.data['gate'];
    return { ...row, data: {}, ended: gateLink === undefined ? end : { ...end, gate: gateLink } };
  };
  const isOver = (row: SessionRow) => endOf(row.key) !== undefined;

  return {
    sessions: {
      ...table,
      read: async (key) => {
        const row = await table.read(key);
        return row && over(row);
      },
      async readMany(keys, noteNames, now) {
        const found = await table.readMany(keys, noteNames, now);
        return items.size === 0 ? found : { ...found, rows: found.rows.map((row) => row && over(row)) };
      },
      update: async (key, patch) => endOf(key) === undefined && table.update(key, patch),
      touch: async (key, at) => endOf(key) === undefined && table.touch(key, at),
      rotate: async (key, rotation) => endOf(key) === undefined && table.rotate(key, rotation),
      successorSeen: async (key, idHash, at) => {
        if (endOf(key) === undefined) await table.successorSeen(key, idHash, at);
      },
      findByHandle: async (handle) => {
        const row = await table.findByHandle(handle);
        return row && over(row);
      },
      ofPerson: async (personId, now) => (await table.ofPerson(personId, now)).filter((row) => !isOver(row)),
      rowsOf: async (personId) => (await table.rowsOf(personId)).map(over),
      page: async (query) => {
        const page = await table.page(query);
        return items.size === 0 ? page : { ...page, rows: page.rows.filter((row) => !isOver(row)) };
      },
    },
    async add(item) {
      items.set(nameOf(item), item);
      try {
        await file?.append([JSON.stringify(item)]);
      } catch (error) {
        logger.warn({
          event: 'session.ending_not_kept',
          setting: 'DATA_DIR',
          meaning: 'a revocation waits only in memory: a restart would lose it',
          err: error,
        });
      }
    },
    async start(finish) {
      await readFile().catch((error: unknown) =>
        logger.warn({ event: 'session.endings_unread', err: error }),
      );
      const tick = () => {
        working ??= work(finish).finally(() => {
          working = undefined;
        });
        return working;
      };
      const timer = setInterval(() => void tick(), everyMs).unref();
      return async () => {
        clearInterval(timer);
        await working;
        await tick();
      };
    },
    waiting: () => items.size,
  };
}

function itemOf(line: string): PendingRevocation | undefined {
  try {
    const item = JSON.parse(line) as Partial<{ key: string; end: SessionEnd; personId: string }> | null;
    if (typeof item?.personId === 'string') return { personId: item.personId };
    const { key, end } = item ?? {};
    return typeof key === 'string' && typeof end?.at === 'number' ? { key, end } : undefined;
  } catch {
    return undefined;
  }
}
