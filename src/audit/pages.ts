// GET /record, /record/export and /api/audit: the audit log, for operators; and GET /activity: a member's own part of it, in plain words.

import type { RequestHandler, Response } from 'express';
import { activity } from '../../views/activity.ts';
import { record as recordPageView } from '../../views/record.ts';
import { HttpError } from '../http/errors.ts';
import { whileAdmitted } from '../http/long-response.ts';
import { pageFrame, sendPage } from '../http/page.ts';
import { personOf } from '../http/person.ts';
import { requestFacts } from '../http/request-facts.ts';
import type { ChainState } from './chain-state.ts';
import { type EventName, events } from './events.ts';
import { csvHeader, csvLine, exported, jsonLine } from './export.ts';
import { rowOf } from './page-rows.ts';
import { isFiltered, readAsked, toQuery } from './query.ts';
import type { RecordPage, RecordQuery, RecordReader } from './reader.ts';
import type { Recorder } from './recorder.ts';

export interface RecordPagesOptions {
  readonly reader: RecordReader;
  readonly recorder: Recorder;
  readonly chainState: () => Promise<ChainState>;
  readonly now: () => number;
  /** Limits how many exports may be made: each is recorded although it is a GET. */
  readonly limitCopies: RequestHandler;
}

const pageSize = 50;

export function recordPage(options: RecordPagesOptions): RequestHandler {
  const { reader, chainState, now } = options;
  return async (req, res) => {
    const asked = readAsked(req.query);
    const [page, chain] = await Promise.all([
      pageOf(reader, { ...toQuery(asked), limit: pageSize }),
      chainState(),
    ]);
    const rows = page.items.map(rowOf);
    sendPage(
      res,
      recordPageView(pageFrame(req, res), {
        now: now(),
        chain,
        rows,
        next: page.next,
        isLater: asked.cursor !== undefined,
        filtered: isFiltered(asked),
        asked,
        events: (Object.keys(events) as EventName[]).map((name) => [name, events[name].about] as const),
      }),
    );
  };
}

/** The filtered audit log as a file. Recorded, because it takes addresses out of Gatehouse. */
export function exportRecord({ reader, recorder }: RecordPagesOptions): RequestHandler {
  return async (req, res) => {
    const { cursor: _, ...asked } = readAsked(req.query);
    const format = req.query['format'] === 'csv' ? 'csv' : 'json';
    const { id, email } = personOf(res);
    await recorder.write({
      event: 'record.exported',
      by: { id, email },
      facts: { format },
      ...requestFacts(req),
    });
    res.setHeader(
      'Content-Type',
      format === 'csv' ? 'text/csv; charset=utf-8' : 'application/x-ndjson; charset=utf-8',
    );
    res.setHeader(
      'Content-Disposition',
      `attachment; filename="gatehouse-record.${format === 'csv' ? 'csv' : 'jsonl'}"`,
    );
    if (format === 'csv') res.write(csvHeader);
    const line = format === 'csv' ? csvLine : jsonLine;
    for await (const items of whileAdmitted(res, reader.all(toQuery(asked)))) {
      if (res.destroyed) return;
      if (items.length > 0 && !res.write(items.map(line).join(''))) await drained(res);
    }
    res.end();
  };
}

/** Operators get everyone's entries, members their own. */
export function apiAudit({ reader }: RecordPagesOptions): RequestHandler {
  return async (req, res) => {
    const asked = readAsked(req.query);
    const { id, email, operator } = personOf(res);
    const query = toQuery(asked);
    const own = { person: { id, email }, doings: false };
    const page = await pageOf(reader, { ...query, ...(!operator && own), limit: pageSize });
    const items = operator ? page.items : page.items.filter(isOwn);
    res.json({ entries: items.map(exported), next: page.next ?? null });
  };
}

export function activityPage({ reader, now }: RecordPagesOptions): RequestHandler {
  return async (req, res) => {
    const { cursor } = readAsked(req.query);
    const { id, email } = personOf(res);
    const page = await pageOf(reader, { person: { id, email }, limit: pageSize, cursor });
    const items = page.items.filter(isOwn).flatMap(({ seq, entry, by }) => {
      const words = entry && wordsFor(entry.event);
      if (!entry || words === undefined) return [];
      const { reason, network, session, facts = {} } = entry;
      const browser = facts['browser'];
      const os = facts['os'];
      return [
        {
          seq,
          at: Date.parse(entry.at),
          weight: events[entry.event as EventName].weight,
          words,
          reason,
          network,
          session,
          device: typeof browser === 'string' && typeof os === 'string' ? { browser, os } : undefined,
          bySomebodyElse: by !== undefined,
        },
      ];
    });
    sendPage(
      res,
      activity(pageFrame(req, res), { now: now(), items, next: page.next, isLater: cursor !== undefined }),
    );
  };
}

function isOwn({ entry }: RecordPage['items'][number]): boolean {
  return entry !== undefined && wordsFor(entry.event) !== undefined;
}

function wordsFor(event: string): string | undefined {
  const words: Readonly<Record<string, { readonly own?: string; readonly about: string }>> = events;
  return Object.hasOwn(words, event) ? words[event]?.own : undefined;
}

async function pageOf(reader: RecordReader, query: RecordQuery): Promise<RecordPage> {
  try {
    return await reader.page(query);
  } catch (error) {
    throw error instanceof RangeError ? new HttpError('bad_request', { cause: error }) : error;
  }
}

function drained(res: Response): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      res.off('drain', done).off('close', done);
      resolve();
    };
    res.on('drain', done).on('close', done);
  });
}
