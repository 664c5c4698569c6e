// GET /record/live: new entries as server-sent events. A stream lasts a minute; the browser then reconnects from the last entry it has.
// A reader whose session ended gets nothing more. Watching does not count as using the session: it still reaches its idle limit.
import type { Request, RequestHandler, Response } from 'express';
import { recordRow } from '../../views/record-row.ts';
import { rowOf } from './page-rows.ts';
import type { RecordItem, RecordReader } from './reader.ts';

export interface StreamOptions {
  readonly reader: RecordReader;
  readonly now: () => number;
  /** Calls `listener` when the server stops. @returns a function that unsubscribes */
  readonly onStop: (listener: () => void) => () => void;
  /** @returns a function that says whether the reader's session is still valid, here and at the gate */
  readonly watchSession: (req: Request, res: Response) => () => Promise<boolean>;
}

const livesForMs = 60_000;
const beatMs = 15_000;
/** A reader that has stopped reading is disconnected. */
const mostWaiting = 256 * 1024;
/** How many entries a browser can catch up on between two streams. */
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
    /** Sends one after the other, and nothing once the session is not valid any more, or that cannot be determined. */
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
  // One line: a line end, of any of the three kinds, would end the field.
  const markup = recordRow(rowOf(item), now).markup.replace(/[\r\n]+/g, ' ');
  return `id: ${item.seq}\ndata: ${markup}\n\n`;
}

/** The last entry that the browser has, from its own header or from the page. */
function lastSeen(req: Request): number | undefined {
  const text = req.get('last-event-id') ?? req.query['after'];
  return typeof text === 'string' && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
