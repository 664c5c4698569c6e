// GET /record/live: new entries as server-sent events. A stream lives for a minute; the browser then asks again from the entry that
// it had last. Whoever lost the session sees no more from then on, and watching is no use of it: it runs out by itself.
import type { Request, RequestHandler, Response } from 'express';
import { recordRow } from '../../views/record-row.ts';
import { rowOf } from './page-rows.ts';
import type { RecordItem, RecordReader } from './reader.ts';

export interface StreamOptions {
  readonly reader: RecordReader;
  readonly now: () => number;
  /** Calls when the server stops. @returns how to be forgotten */
  readonly onStop: (listener: () => void) => () => void;
  /** @returns how to ask whether the reader's session still lives, here and at the gate */
  readonly watchSession: (req: Request, res: Response) => () => Promise<boolean>;
}

const livesForMs = 60_000;
const beatMs = 15_000;
/** A reader that takes nothing any more is let go. */
const mostWaiting = 256 * 1024;
/** What a browser missed between two streams. */
const missedAtMost = 200;

export function recordStream({ reader, now, onStop, watchSession }: StreamOptions): RequestHandler {
  return (req, res) => {
    res.setHeader('Content-Type', 'text/event-stream');
    res.setHeader('X-Accel-Buffering', 'no');
    res.flushHeaders();
    const isLive = watchSession(req, res);
    const closing: (() => unknown)[] = [];
    const end = () => {
      for (const close of closing.splice(0)) close();
      res.end();
    };
    const send = (text: string) => {
      if (res.writableEnded) return;
      if (res.writableLength > mostWaiting) end();
      else res.write(text);
    };
    let turn = Promise.resolve();
    /** One after the other, and nothing to whom it is no longer for: also where that cannot be known. */
    const tell = (what: () => string | Promise<string>) => {
      turn = turn.then(async () => {
        if (res.writableEnded) return;
        if (await isLive()) send(await what());
        else end();
      });
      turn = turn.catch(end);
    };
    const tellItems = (items: readonly RecordItem[]) => items.map((item) => eventOf(item, now())).join('');
    res.write('retry: 1000\n\n');
    req.on('close', end);
    closing.push(reader.subscribe((items) => tell(() => tellItems(items))));
    const since = lastSeen(req);
    if (since !== undefined) {
      tell(async () => {
        const { items } = await reader.page({ limit: missedAtMost });
        return tellItems(items.filter(({ seq }) => seq > since).reverse());
      });
    }
    const beat = setInterval(() => tell(() => ':\n\n'), beatMs);
    const limit = setTimeout(end, livesForMs);
    closing.push(
      () => clearInterval(beat),
      () => clearTimeout(limit),
    );
    closing.push(onStop(end));
  };
}

function eventOf(item: RecordItem, now: number): string {
  // One line: a line's end, of any of the three kinds, would end the field.
  const markup = recordRow(rowOf(item), now).markup.replace(/[\r\n]+/g, ' ');
  return `id: ${item.seq}\ndata: ${markup}\n\n`;
}

/** The last entry that the browser has: by its own word, or by the page's. */
function lastSeen(req: Request): number | undefined {
  const text = req.get('last-event-id') ?? req.query['after'];
  return typeof text === 'string' && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
