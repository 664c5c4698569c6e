// A JSON response written at once: status line, headers and body in one call. The headers are taken from the middleware that sets them for
// every other response, so that the two cannot differ.
import type { ServerResponse } from 'node:http';
import type { Request, RequestHandler, Response } from 'express';
import { randomToken } from '../crypto/tokens.ts';

/** @param middleware sets headers that depend on nothing but `res.locals.nonce`, and calls `next` before it returns */
export function createJsonWriter(middleware: readonly RequestHandler[]) {
  const before: string[] = [];
  const placeholder = randomToken(16);
  for (const [name, value] of headersOf(middleware, placeholder)) before.push(name, value);
  const noncePlace = before.findIndex((text) => text.includes(placeholder));
  const [start = '', end = ''] = before[noncePlace]?.split(placeholder) ?? [];

  /** @param status 200, 401 …; @param body is sent as JSON */
  return (res: ServerResponse, status: number, body: unknown): void => {
    const text = JSON.stringify(body);
    const length = Buffer.byteLength(text);
    const headers = before.slice();
    if (noncePlace >= 0) headers[noncePlace] = start + randomToken(16) + end;
    headers.push('Content-Type', 'application/json; charset=utf-8', 'Content-Length', String(length));
    res.writeHead(status, headers);
    // The same bytes, written at less cost.
    res.end(text, length === text.length ? 'latin1' : 'utf8');
  };
}

/** Runs `middleware` on a response that only keeps its headers. */
function headersOf(middleware: readonly RequestHandler[], nonce: string): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  const res = {
    locals: { nonce },
    setHeader(name: string, value: unknown) {
      headers.set(name, String(value));
      return res;
    },
    removeHeader(name: string) {
      headers.delete(name);
    },
  };
  for (const handler of middleware) {
    let isDone = false;
    void handler({} as Request, res as unknown as Response, (error?: unknown) => {
      if (error !== undefined) throw new Error('a middleware of constant headers failed');
      isDone = true;
    });
    if (!isDone) throw new Error('a middleware of constant headers must not wait');
  }
  return headers;
}
