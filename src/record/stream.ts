// GET /record/live: new entries as server-sent events. A stream lives for a minute; the browser then asks again, and is asked again
// who it is: whoever lost the session or the role sees no more.
import type { RequestHandler } from 'express';
import { recordRow } from '../../views/record-row.ts';
import type { RecordReader } from '../audit/reader.ts';
import { rowOf } from './rows.ts';

export interface StreamOptions {
  readonly reader: RecordReader;
  readonly now: () => number;
  /** Calls when the server stops. @returns how to be forgotten */
  readonly onStop: (listener: () => void) => () => void;
}

const livesForMs = 60_000;
const beatMs = 15_000;
/** A reader that takes nothing any more is let go. */
const mostWaiting = 256 * 1024;

export function recordStream({ reader, now, onStop }: StreamOptions): RequestHandler {
  return (req, res) => {
    res.setHeader('Content-Type', 'text/event-stream');
    res.setHeader('X-Accel-Buffering', 'no');
    res.flushHeaders();
    res.write('retry: 1000\n\n');
    const end = () => {
      clearInterval(beat);
      clearTimeout(limit);
      stop();
      forget();
      res.end();
    };
    const send = (text: string) => {
      if (res.writableLength > mostWaiting) end();
      else res.write(text);
    };
    const stop = reader.subscribe((items) => {
      for (const item of items) {
        // One line: a line's end would end the field.
        const markup = recordRow(rowOf(item), now()).markup.replaceAll('\n', ' ');
        send(`id: ${item.seq}\ndata: ${markup}\n\n`);
      }
    });
    const beat = setInterval(() => send(':\n\n'), beatMs);
    const limit = setTimeout(end, livesForMs);
    const forget = onStop(end);
    req.on('close', end);
  };
}
